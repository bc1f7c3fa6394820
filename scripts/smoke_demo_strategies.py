#!/usr/bin/env python3
"""Runbook steps 3 and 5: the scheduler's own word."""

if __package__:  # as a module of the wheel: python -m ledger.scripts.smoke_demo_strategies
    from ledger.scripts._project import run
else:
    from _project import run

if __name__ == "__main__":
    run("smoke")
