"""The runbook's steps as a person takes them: gather facts, submit, deliver, check what came of it."""
