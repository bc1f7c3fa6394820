"""Closing: summary, closing entry, abort."""
