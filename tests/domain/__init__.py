"""The pure core: every rule of the runbook, told as short stories."""
