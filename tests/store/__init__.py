"""The store: real SQLite files, real folders."""
