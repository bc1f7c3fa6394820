#!/usr/bin/env python3
"""Runbook step 6, and the verifier of decision logs."""

from _project import run

if __name__ == "__main__":
    run("verify_log")
