"""The outside world, one file per neighbour: what comes in is a fact with its time, what fails is one sentence."""

from ledger import regexes as regexes  # what others wrote is matched by RE2
