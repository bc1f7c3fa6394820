"""What is read: state for pages, terminal and machines, the timeline, what the outside looks like."""
