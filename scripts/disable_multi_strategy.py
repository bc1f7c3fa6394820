#!/usr/bin/env python3
"""Runbook step 1, and the stop."""

if __package__:  # as a module of the wheel: python -m ledger.scripts.disable_multi_strategy
    from ledger.scripts._project import run
else:
    from _project import run

if __name__ == "__main__":
    run("disable")
