"""Who people are: the directory of names, accounts, roles known last."""
