"""Who is on duty for each role of the runbook, by the schedules that the settings name.

It is shown beside the role and gives no right: rights are the ledger's. What could not be had is not known, and never a
name of before.
"""
