"""The only place that knows eventsourcing and SQLite: entries, checkpoints, receipts, artefacts."""
