"""The store of a home on one machine, in SQLite files and lock files: what `ledger.store.contract` promises."""
