"""Stage4 Ledger: a runbook that runs, on a ledger that proves itself."""
