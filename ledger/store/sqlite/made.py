"""The tables and triggers that a store is made with, held against those that it has.

A trigger that is gone lets rows be changed; a foreign one decides what an append writes; a view in a table's place
shows rows that nobody wrote. So every object of ``sqlite_schema`` is compared with what this version makes, and what
earlier ones made.
"""

from __future__ import annotations

import functools
import re
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from ledger.store.sqlite.recorder import Datastore, LedgerRecorder
from ledger.store.sqlite.schema import EARLIER
from ledger.store.values import Difference

_STATISTICS: Final = frozenset({"sqlite_stat1", "sqlite_stat4"})
"""Tables that SQLite itself makes for ``ANALYZE``: they choose the way to a row and never what it holds."""
_SPACE: Final = re.compile(r"\s+")


class Made(NamedTuple):
    """One object of a store."""

    kind: str
    """``table``, ``trigger``, ``view`` or ``index``."""
    name: str
    text: str
    """The statement that makes it, as ``sqlite_schema`` keeps it; ``""`` for an index of SQLite's own."""


def differences(objects: Iterable[Made]) -> Iterator[Difference]:
    """What is not there, is another, or is nothing of ours."""
    there = {made.name: made for made in objects if not _is_sqlites_own(made)}
    ours = _ours()
    for name, (kind, texts) in ours.items():
        made = there.get(name)
        if made is None:
            yield Difference("missing", kind, name, kind == "table")
        elif made.kind != kind or _plain(made.text) not in texts:
            yield Difference("changed", made.kind, name, kind == "table")
    for name in sorted(there.keys() - ours.keys()):
        yield Difference("foreign", there[name].kind, name, False)


@functools.cache
def _ours() -> dict[str, tuple[str, frozenset[str]]]:
    """Name -> kind, and the statements of this build and of earlier ones."""
    datastore = Datastore(":memory:", 0)
    statements = LedgerRecorder(datastore).create_table_statements
    datastore.close()
    connection = sqlite3.connect(":memory:")
    try:
        for statement in statements:
            connection.execute(statement)
        rows = connection.execute("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
    finally:
        connection.close()
    return {
        name: (kind, frozenset(_plain(text) for text in (made, *EARLIER.get(name, ())))) for kind, name, made in rows
    }


def _is_sqlites_own(made: Made) -> bool:
    of_a_key = made.kind == "index" and not made.text and made.name.startswith("sqlite_autoindex_")
    return of_a_key or made.name in _STATISTICS


def _plain(text: str) -> str:
    return _SPACE.sub(" ", text.replace("IF NOT EXISTS ", "")).strip()
