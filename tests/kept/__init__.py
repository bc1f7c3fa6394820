"""Homes that an earlier build made, kept as they were, and what today's build says of them."""
