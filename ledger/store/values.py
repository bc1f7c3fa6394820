"""What stores are given and what they give back: values that know no database."""

from __future__ import annotations

from typing import Literal, NamedTuple, NewType
from uuid import NAMESPACE_URL, uuid5

Mark = NewType("Mark", object)
"""A state of a store. Only the store that made it reads it; everybody else keeps it and gives it back."""


class Line(NamedTuple):
    """One entry to be written."""

    sequence: int
    status: str
    data: bytes


class Receipt(NamedTuple):
    """What a request was answered with: the range of sequences that it appended."""

    request_id: str
    digest: str
    """Of the command, so that the same id with another command is noticed."""
    first: int
    last: int


class Source(NamedTuple):
    """Where what is read comes from."""

    name: Literal["store", "store, read-only", "published lines"] = "store"
    why: str = ""
    """Why not from the store as usual."""


# --- a store as it stands -------------------------------------------------------------------------------------------


class StoredRow(NamedTuple):
    """One row of the table of entries, its columns as they stand there."""

    owner: str
    sequence: int | None
    """The key column; None where it holds no number."""
    status: str
    kind: str
    """The database's type of the line: ``blob`` in every row that our code wrote."""
    line: bytes


class Difference(NamedTuple):
    """An object of the database that is not as it was made."""

    what: Literal["missing", "changed", "foreign"]
    kind: str
    """``table``, ``trigger``, ``view`` or ``index``."""
    name: str
    unreadable: bool
    """Whether it stands in the place of one of the tables, so that no row is read."""


def owner_of(origin: str) -> str:
    """What every row of the ledger with this origin is filed under: the UUID5 of the origin, 32 hex digits."""
    return uuid5(NAMESPACE_URL, origin).hex


# --- the timeline ---------------------------------------------------------------------------------------------------


class Row(NamedTuple):
    """One entry as the timeline shows it."""

    sequence: int
    timestamp: str
    """``YYYY-MM-DDTHH:MM:SS.ffffff+00:00``: text in the order of time. It never goes back."""
    status: str
    kind: str
    rollback: str
    """Empty for an entry of the ledger itself."""
    step: int | None
    actor: str
    role: str
    verdict: str
    """Empty where the entry has none."""
    corrects: int | None
    """The entry that this one corrects."""
    sentence: str
    """English."""
    at: str
    """The wall clock, in the same form: what people see and search by. ``timestamp`` is the latest so far."""
    press: str
    """The request id of the whole press that it came of."""
    leader: int
    """The first entry of those that belong together with it; its own sequence where it is that."""


class Head(NamedTuple):
    """How far the timeline is: ``size`` entries, the last of which has this ``sha384:…``."""

    origin: str
    size: int
    head: str


class Word(NamedTuple):
    """One word that is searched for, in the form of the texts; ``actors`` are people whose names it is a part of."""

    text: str
    actors: tuple[str, ...] = ()


class Filter(NamedTuple):
    """Which entries are shown; what is empty lets everything through."""

    rollback: str = ""
    step: int | None = None
    person: str = ""
    statuses: tuple[str, ...] = ()
    kind: str = ""
    verdict: str = ""
    since: str = ""
    """Made from this time on (wall clock), as entries write it: ``YYYY-MM-DDTHH:MM:SS.ffffff+00:00``."""
    until: str = ""
    """Before this time."""
    words: tuple[Word, ...] = ()
    """All of them stand in the entry."""
    after: int = 0
    """Entries after this sequence; 0: all."""
    before: int = 0
    """Entries before this sequence; 0: all."""
    stage: bool = False
    """Only entries of the ledger itself, of no rollback."""
    without: tuple[str, ...] = ()
    """Statuses that are left out."""


# --- accounts -------------------------------------------------------------------------------------------------------


class Account(NamedTuple):
    """One person's way to sign in. Times are Unix seconds."""

    login: str
    person: str
    hash: str
    """argon2id, in its own PHC string form."""
    changed: float
    must_change: bool
    """Somebody else knows the password: it is changed at the next sign-in."""


class SessionRow(NamedTuple):
    """One browser that is signed in. ``token`` is the SHA-256 of what the browser holds."""

    token: str
    person: str
    opened: float
    seen: float
    address: str
    agent: str
