"""The database itself refuses to change, cut or skip what was written, whoever asks."""

from __future__ import annotations

import sqlite3

import pytest

from ledger.store.sqlite.log import SQLiteLog

OWNER = "(SELECT originator_id FROM stored_events LIMIT 1)"
APPEND = f"INTO stored_events VALUES ({OWNER}, {{}}, 'status', x'00')"
NOWHERE_ELSE = "nowhere else"
NEVER = "never changed"

REFUSED = {
    "change a line": ("UPDATE stored_events SET state = x'00' WHERE originator_version = 2", NEVER),
    "change a line or ignore": ("UPDATE OR IGNORE stored_events SET state = x'00'", NEVER),
    "change a line or replace": ("UPDATE OR REPLACE stored_events SET originator_version = 1", NEVER),
    "rename a status": ("UPDATE stored_events SET topic = 'other' WHERE originator_version = 3", NEVER),
    "cut the first line": ("DELETE FROM stored_events WHERE originator_version = 1", NEVER),
    "cut the last line": ("DELETE FROM stored_events WHERE originator_version = 3", NEVER),
    "cut everything": ("DELETE FROM stored_events", NEVER),
    "replace a line": (f"INSERT OR REPLACE {APPEND.format(2)}", NOWHERE_ELSE),
    "replace the last line": (f"INSERT OR REPLACE {APPEND.format(3)}", NOWHERE_ELSE),
    "replace into": (f"REPLACE {APPEND.format(3)}", NOWHERE_ELSE),
    "insert a line twice": (f"INSERT {APPEND.format(3)}", NOWHERE_ELSE),
    "upsert a line": (
        f"INSERT {APPEND.format(3)} ON CONFLICT DO UPDATE SET state = x'ff'",
        NOWHERE_ELSE,
    ),
    "leave a gap": (f"INSERT {APPEND.format(5)}", NOWHERE_ELSE),
    "insert before the first": (f"INSERT {APPEND.format(0)}", NOWHERE_ELSE),
    "insert below zero": (f"INSERT {APPEND.format(-1)}", NOWHERE_ELSE),
    "insert without a sequence": (f"INSERT {APPEND.format('NULL')}", NOWHERE_ELSE),
    "start a second ledger": ("INSERT INTO stored_events VALUES ('other', 1, 'status', x'00')", NOWHERE_ELSE),
    "continue as a second ledger": ("INSERT INTO stored_events VALUES ('other', 4, 'status', x'00')", NOWHERE_ELSE),
    "start a ledger without a name": ("INSERT INTO stored_events VALUES (NULL, 1, 'status', x'00')", NOWHERE_ELSE),
    "put another ledger first": (
        "INSERT INTO stored_events(rowid, originator_id, originator_version) VALUES (-1, NULL, 1)",
        NOWHERE_ELSE,
    ),
    "change a checkpoint": ("UPDATE checkpoints SET note = x'00' WHERE size = 2", NEVER),
    "move a checkpoint": ("UPDATE checkpoints SET size = 9 WHERE size = 3", NEVER),
    "cut a checkpoint": ("DELETE FROM checkpoints WHERE size = 3", NEVER),
    "insert the same checkpoint": ("INSERT INTO checkpoints VALUES (3, x'00')", "larger than all"),
    "replace a checkpoint": ("INSERT OR REPLACE INTO checkpoints VALUES (3, x'00')", "larger than all"),
    "insert a smaller checkpoint": ("INSERT INTO checkpoints VALUES (0, x'00')", "larger than all"),
    "insert a checkpoint of no size": ("INSERT INTO checkpoints VALUES (NULL, x'00')", "larger than all"),
    "change a receipt": ("UPDATE requests SET digest = 'other' WHERE id = 'r-1'", NEVER),
    "cut a receipt": ("DELETE FROM requests WHERE id = 'r-1'", NEVER),
    "use a request id twice": ("INSERT INTO requests VALUES ('r-1', 'other', 4, 4)", "used once"),
    "replace a receipt": ("INSERT OR REPLACE INTO requests VALUES ('r-1', 'other', 4, 4)", "used once"),
    "write a receipt without an id": ("INSERT INTO requests VALUES (NULL, 'other', 4, 4)", "NOT NULL"),
}


def everything(connection: sqlite3.Connection) -> list[object]:
    return [
        connection.execute(f"SELECT rowid, * FROM {table} ORDER BY 1").fetchall()
        for table in ("stored_events", "checkpoints")
    ] + [connection.execute("SELECT * FROM requests ORDER BY 1").fetchall()]


@pytest.mark.parametrize("attempt", REFUSED)
def test_the_database_refuses_to(attempt: str, three: SQLiteLog, plain: sqlite3.Connection) -> None:
    statement, reason = REFUSED[attempt]
    before = everything(plain)
    with pytest.raises(sqlite3.IntegrityError, match=reason):
        plain.execute(statement)
    assert everything(plain) == before
    assert list(three.lines()) == [b"one", b"two", b"three"]


@pytest.mark.parametrize("recursive", ["ON", "OFF"])
def test_recursive_triggers_make_no_difference(recursive: str, three: SQLiteLog, plain: sqlite3.Connection) -> None:
    plain.execute(f"PRAGMA recursive_triggers={recursive}")
    with pytest.raises(sqlite3.IntegrityError):
        plain.execute(f"REPLACE {APPEND.format(3)}")
    assert three.line(3) == b"three"


def test_the_first_line_of_an_empty_ledger_has_sequence_one(log: SQLiteLog, plain: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.IntegrityError, match=NOWHERE_ELSE):
        plain.execute("INSERT INTO stored_events VALUES ('owner', 2, 'status', x'00')")
    plain.execute("INSERT INTO stored_events VALUES ('owner', 1, 'status', x'00')")
    assert log.size() == 1


def test_appending_at_the_end_is_what_the_triggers_allow(three: SQLiteLog, plain: sqlite3.Connection) -> None:
    plain.execute(f"INSERT {APPEND.format(4)}")
    assert three.size() == 4
