"""What is learnt from a rollback: what contributed, lessons, follow-ups."""
