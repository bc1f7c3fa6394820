#!/usr/bin/env python3
"""Runbook step 6, and the verifier of decision logs."""

if __package__:  # as a module of the wheel: python -m ledger.scripts.verify_decision_log
    from ledger.scripts._project import run
else:
    from _project import run

if __name__ == "__main__":
    run("verify_log")
