"""Adapters against real servers, and against one that answers wrongly in every way."""
