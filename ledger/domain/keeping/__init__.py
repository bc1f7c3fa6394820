"""The ledger itself and what it keeps."""
