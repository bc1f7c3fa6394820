#!/usr/bin/env python3
"""Runbook step 4: the watch."""

from _project import run

if __name__ == "__main__":
    run("watch")
