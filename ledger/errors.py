"""The error tree: who is at fault, and what to do about it.

Every error carries one sentence for the person who reads it. The command line turns the class into an exit status
(1 refused, conflict or corrupt; 3 unreachable), the web into a 4xx or 503.
"""

from __future__ import annotations


class LedgerError(Exception):
    """Anything this project reports on purpose; ``str(error)`` is a sentence for a person."""


class Refused(LedgerError):
    """A rule of the runbook says no. ``owed`` lists what would have to happen first, one sentence each."""

    def __init__(self, sentence: str, owed: tuple[str, ...] = ()) -> None:
        super().__init__(sentence)
        self.owed = owed


class NotYours(Refused):
    """The person does not hold the role that this takes."""


class Standing(Refused):
    """A stop that finds nothing left to do: what is seen at this moment stops the component. ``rollback`` may be ""."""

    def __init__(self, sentence: str, rollback: str = "") -> None:
        super().__init__(sentence)
        self.rollback = rollback


class Conflict(LedgerError):
    """The rollback moved since the person decided, or the same request id came with another command."""


class Corrupt(LedgerError):
    """Bytes do not verify. The sentence names the place, what was expected and what was found."""


class Unreachable(LedgerError):
    """An adapter's server, the store or a file cannot be had. The sentence names it and what to try."""


class Undecidable(Refused):
    """The ledger cannot be decided on: it holds an entry that this build does not know. The stop works all the same."""


class Erased(Unreachable):
    """The artefact was erased on purpose, by two people. The sentence names the entry and the ground."""


def kind_of(error: LedgerError) -> str:
    """``refused``, ``conflict``, ``corrupt`` or ``unreachable``, for machines."""
    kinds = (Refused, Conflict, Corrupt, Unreachable)
    return next((kind.__name__.lower() for kind in kinds if isinstance(error, kind)), "error")
