"""Tables and triggers of the SQLite store. The database itself refuses to change or skip what was written."""

from __future__ import annotations

TABLES = (
    "CREATE TABLE IF NOT EXISTS checkpoints (size INTEGER PRIMARY KEY, note BLOB NOT NULL) STRICT",
    """CREATE TABLE IF NOT EXISTS requests
    (id TEXT PRIMARY KEY, digest TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL) STRICT, WITHOUT ROWID""",
)

# A trigger that only looked for "greater than" would let INSERT OR REPLACE edit a row: it must be exactly max + 1.
NEXT_ENTRY = """
CREATE TRIGGER IF NOT EXISTS entries_follow_one_another BEFORE INSERT ON stored_events
WHEN NEW.originator_version IS NOT
    (SELECT COALESCE(MAX(originator_version), 0) + 1 FROM stored_events WHERE originator_id = NEW.originator_id)
  OR NEW.originator_id IS NULL
  OR NEW.originator_id IS NOT
    COALESCE((SELECT originator_id FROM stored_events ORDER BY rowid LIMIT 1), NEW.originator_id)
BEGIN SELECT RAISE(ABORT, 'an entry is appended at the end of the one ledger, nowhere else'); END
"""
NEXT_CHECKPOINT = """
CREATE TRIGGER IF NOT EXISTS checkpoints_grow BEFORE INSERT ON checkpoints
WHEN NEW.size <= (SELECT COALESCE(MAX(size), 0) FROM checkpoints)
BEGIN SELECT RAISE(ABORT, 'a checkpoint is larger than all before it'); END
"""
NEW_REQUEST = """
CREATE TRIGGER IF NOT EXISTS requests_are_new BEFORE INSERT ON requests
WHEN EXISTS (SELECT 1 FROM requests WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'a request id is used once'); END
"""


def _frozen(table: str) -> tuple[str, str]:
    update, delete = (
        f"CREATE TRIGGER IF NOT EXISTS {table}_no_{verb} BEFORE {verb.upper()} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'what was written is never changed'); END"
        for verb in ("update", "delete")
    )
    return update, delete


TRIGGERS = (
    NEXT_ENTRY,
    NEXT_CHECKPOINT,
    NEW_REQUEST,
    *_frozen("stored_events"),
    *_frozen("checkpoints"),
    *_frozen("requests"),
)

_ENTRIES = (
    "CREATE TABLE stored_events (originator_id TEXT, originator_version INTEGER, topic TEXT, state BLOB, "
    "PRIMARY KEY (originator_id, originator_version))"
)
EARLIER = {
    "stored_events": [_ENTRIES],
    "entries_follow_one_another": [
        NEXT_ENTRY.replace("originator_version IS NOT", "originator_version <>")
        .replace("  OR NEW.originator_id IS NULL\n", "")
        .replace("originator_id IS NOT", "originator_id <>")
    ],
}
"""Statements that earlier builds, and the library's release that they were built with, made of the same name.

Nothing is made again in a store that exists, so they stand there for ever.
"""
