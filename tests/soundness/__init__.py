"""A home's own verification: attacks on everything that the ledger decides from, and honest homes."""
