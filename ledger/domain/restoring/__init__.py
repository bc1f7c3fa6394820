"""Restoring trading: the removal, the restart, the all-clear."""
