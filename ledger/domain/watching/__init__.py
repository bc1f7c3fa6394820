"""The watch of step 4."""
