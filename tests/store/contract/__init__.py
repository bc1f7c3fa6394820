"""What every store promises (ledger/store/contract.py), as tests: a class for each protocol.

A store runs them by deriving from these classes and giving the fixture ``place``: a place of :mod:`.places`, which says
how the store is opened there and lends a stranger's hand where a rule is about one.
"""
