"""The offline verifier: honest ledgers have no finding, every attack is named with its place."""
