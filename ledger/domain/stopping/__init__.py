"""The stop: the override, and the look whether it worked."""
