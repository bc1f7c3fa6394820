"""The post-mortem, read off the timeline."""
