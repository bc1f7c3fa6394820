"""Silences: the rollback's own and those of others."""
