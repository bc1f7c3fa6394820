"""Who signed in: the access ledger."""
