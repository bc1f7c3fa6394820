#!/usr/bin/env python3
"""Runbook step 1, and the stop."""

from _project import run

if __name__ == "__main__":
    run("disable")
