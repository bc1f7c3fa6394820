#!/usr/bin/env python3
"""Runbook step 4: the watch."""

if __package__:  # as a module of the wheel: python -m ledger.scripts.watch_metrics_stream
    from ledger.scripts._project import run
else:
    from _project import run

if __name__ == "__main__":
    run("watch")
