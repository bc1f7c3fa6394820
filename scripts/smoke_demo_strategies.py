#!/usr/bin/env python3
"""Runbook steps 3 and 5: the scheduler's own word."""

from _project import run

if __name__ == "__main__":
    run("smoke")
