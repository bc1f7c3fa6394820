"""Measure appending and verifying beside other ledgers, in one run, as ratios: ``python -m bench``."""
