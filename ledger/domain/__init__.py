"""Pure rules: words, events, state and decisions. Imports nothing but the standard library and ledger.errors."""
