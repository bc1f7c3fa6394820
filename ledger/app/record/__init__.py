"""What is recorded: the ledger, its publication, the delivery of what it asked for."""
