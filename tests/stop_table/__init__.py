"""Every state of path x ledger x scheduler x way: after the stop an override stops trading, or it says that not."""
