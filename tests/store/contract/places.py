"""What a store gives to the tests: a place where it can be opened any number of times, also by another process.

A place is pickled on its way into another process. What begins with ``stranger_`` is done behind the store's back, by
whoever has the database and none of our code; where a database admits no such thing, it calls ``pytest.skip``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Literal, TypeVar

from ledger.store.contract import AccountStore, Locks, Log, RawLog, SnapshotStore, TimelineStore
from ledger.store.values import Difference, Receipt

T = TypeVar("T")
Value = bytes | str | int | None
"""What a column of lines may hold by a stranger's hand."""


class Place(ABC):
    """What every place can say of itself."""

    @abstractmethod
    def is_for_its_owner_alone(self) -> bool:
        """Whether nobody else may read anything that is kept here."""

    @abstractmethod
    def deny_writes(self) -> None:
        """From now on the place takes no writes of this process. Called in a process of its own alone."""

    @abstractmethod
    def allow_writes(self) -> None:
        """The place takes writes again."""


class LogPlace(Place):
    """Where a log can be; there is none at first."""

    @abstractmethod
    def open(self, *, create: bool = False, lock_timeout: float = 10.0) -> Log:
        """One more log object on this place."""

    @abstractmethod
    def look(self, read: Callable[[RawLog], T], *, live: bool = False) -> T:
        """What ``read`` makes of one moment of the log."""

    @abstractmethod
    def kept(self) -> object:
        """All that is kept here, by name and bytes, to be compared; always the same where nobody can see that."""

    @abstractmethod
    def leave_half_made(self) -> None:
        """Make the place and nothing in it, as a making leaves it that was interrupted."""

    @abstractmethod
    def stranger_holds_writers_up(self) -> AbstractContextManager[None]:
        """A stranger keeps every writer waiting for the length of the block."""

    @abstractmethod
    def stranger_commits(self) -> None:
        """A stranger commits something that is no entry."""

    @abstractmethod
    def stranger_changes_line(self, sequence: int, value: Value) -> None:
        """A line is something else from now on."""

    @abstractmethod
    def stranger_removes_line(self, sequence: int) -> None:
        """A line is gone."""

    @abstractmethod
    def stranger_adds_row(self, owner: str, sequence: int | None, status: str, line: Value) -> None:
        """A row of anybody's at the end of the table."""

    @abstractmethod
    def stranger_adds_checkpoint(self, size: int, note: bytes) -> None:
        """A checkpoint of any size."""

    @abstractmethod
    def stranger_adds_receipt(self, receipt: Receipt) -> None:
        """A receipt of any range."""

    @abstractmethod
    def stranger_falsifies_appends(self) -> None:
        """From now on the database keeps other bytes than it is given."""

    @abstractmethod
    def stranger_alters(self, what: Literal["missing", "changed", "foreign", "unreadable"]) -> Difference:
        """A table or a guard is gone, changed or new, or a table is no more; says how that is to be found."""

    @abstractmethod
    def stranger_hurts(self) -> None:
        """Damage the structure of a closed log of 100 lines of 2,000 bytes, so that a part of it still is read."""

    @abstractmethod
    def stranger_ruins(self) -> None:
        """Damage a closed log so that nothing is read any more."""

    @abstractmethod
    def stranger_removes(self) -> None:
        """Remove the log, also while it is open."""

    @abstractmethod
    def stranger_exchanges(self) -> None:
        """Put a copy of the log into its place, also while it is open."""


class LocksPlace(ABC):
    """Where the locks of a home are."""

    @abstractmethod
    def open(self) -> Locks:
        """One more object on this place."""


class TimelinePlace(Place):
    """Where a timeline can be; there is none at first."""

    @abstractmethod
    def open(self, origin: str, genesis: str) -> TimelineStore:
        """One more object on this place."""

    @abstractmethod
    def stranger_ruins(self) -> None:
        """Damage it so that nothing is read any more."""

    @abstractmethod
    def leave_other_form(self) -> None:
        """Make it one of another build, with another form."""


class SnapshotsPlace(Place):
    """Where snapshots of a state can be; there are none at first."""

    @abstractmethod
    def open(self) -> SnapshotStore:
        """One more object on this place."""

    @abstractmethod
    def stranger_ruins(self) -> None:
        """Damage it so that nothing is read any more."""


class AccountsPlace(Place):
    """Where the accounts of a home can be; there are none at first."""

    @abstractmethod
    def open(self) -> AccountStore:
        """One more object on this place; makes the accounts where there are none."""

    @abstractmethod
    def stranger_removes(self) -> None:
        """They are lost, also while they are open."""
