"""What somebody with access to a home's files can do to it: each attack by a name, and where it must show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ledger.app.home.folders import Home
from ledger.app.people.access import STAGE
from ledger.app.soundness import examine

from .hands import (
    LAST,
    artefact,
    file,
    flip,
    foreign_checkpoint,
    foreign_key,
    in_access,
    into_folder,
    linked,
    made,
    no_triggers,
    older_store,
    other_store,
    published,
    removed,
    removed_with_keys,
    resealed,
    sql,
    swap,
    switched_off,
    word,
)

STORE = frozenset({"store", "checkpoints"})
"""Where a change of the rows may show: in the rows, and in the roots that were signed over them."""


class Attack(NamedTuple):
    """One attack."""

    do: Callable[[Home], object]
    parts: frozenset[str]
    """The parts in which findings may be."""
    causes: frozenset[str]
    """What must be among their causes."""
    ledger: str = "stage4"

    @property
    def holds(self) -> bool:
        """Whether writing must be held for it."""
        return bool(self.parts & STORE)


def parts(*names: str) -> frozenset[str]:
    return frozenset(names)


DOUBLED = (
    "INSERT INTO stored_events SELECT originator_id, originator_version + 1, topic, state FROM stored_events "
    f"WHERE originator_version = {LAST}"
)
OLD_NOTE = "UPDATE checkpoints SET note = (SELECT note FROM checkpoints WHERE size = 5) WHERE size = {}"
ROWS: dict[str, Attack] = {
    "a word in the middle": Attack(word("6", "noc", "ncc"), STORE, parts("signature_wrong")),
    "a word in the first entry": Attack(word("1", "lab", "bal"), STORE, parts("signature_wrong")),
    "a word in the last entry": Attack(word(LAST, "INC-2", "INC-3"), STORE, parts("signature_wrong")),
    "two bytes flipped in the file": Attack(flip, STORE, parts("checkpoint_roots_differ")),
    "a line emptied": Attack(
        sql("UPDATE stored_events SET state = x'' WHERE originator_version = 4"), STORE, parts("malformed")
    ),
    "a line turned into text": Attack(
        sql("UPDATE stored_events SET state = CAST(state AS TEXT) WHERE originator_version = 6"),
        parts("store"), parts("row_type"),
    ),
    "a row in the middle deleted": Attack(
        sql("DELETE FROM stored_events WHERE originator_version = 9"), STORE, parts("sequence_gap")
    ),
    "a row deleted and the rest moved up": Attack(
        sql("DELETE FROM stored_events WHERE originator_version = 9",
            "UPDATE stored_events SET originator_version = originator_version - 1 WHERE originator_version > 9"),
        STORE, parts("row_moved", "sequence_gap"),
    ),
    "the last row deleted": Attack(
        sql(f"DELETE FROM stored_events WHERE originator_version = {LAST}"), STORE, parts("behind", "cut")
    ),
    "the first row deleted": Attack(
        sql("DELETE FROM stored_events WHERE originator_version = 1"), STORE, parts("sequence_gap")
    ),
    "all rows deleted": Attack(sql("DELETE FROM stored_events"), STORE, parts("empty", "checkpoint_beyond")),
    "a row inserted at the end": Attack(sql(DOUBLED), STORE, parts("row_moved")),
    "two rows swapped": Attack(swap, STORE, parts("row_moved")),
    "a row filed under another status": Attack(
        sql("UPDATE stored_events SET topic = 'note_added' WHERE originator_version = 9"),
        parts("store"), parts("row_filed"),
    ),
    "a row given to another owner": Attack(
        sql("UPDATE stored_events SET originator_id = 'f00' WHERE originator_version = 9"),
        STORE, parts("row_foreign", "sequence_gap"),
    ),
    "the last row renumbered": Attack(
        sql(f"UPDATE stored_events SET originator_version = 900 WHERE originator_version = {LAST}"),
        STORE, parts("row_moved"),
    ),
    "the whole store an older copy": Attack(older_store, parts("store"), parts("behind")),
    "the whole store another ledger's": Attack(other_store, STORE, parts("row_foreign", "behind")),
    "everything sealed again by who holds the HMAC key": Attack(
        resealed, parts("checkpoints"), parts("root_differs", "checkpoint_roots_differ")
    ),
    "a receipt deleted": Attack(
        sql("DELETE FROM requests WHERE first = 12"), parts("store"), parts("receipt_missing")
    ),
    "a receipt forged": Attack(
        sql("INSERT INTO requests VALUES ('deliver-99-INC-1', 'x', 12, 12)"),
        parts("store"), parts("receipt_surplus"),
    ),
    "a receipt for other entries": Attack(
        sql("UPDATE requests SET last = last + 1 WHERE first = 12"), parts("store"), parts("receipt_differs")
    ),
    "a receipt's digest changed": Attack(
        sql("UPDATE requests SET digest = 'x' WHERE first = 12"), parts("store"), parts("receipt_digest")
    ),
    "a receipt before all entries": Attack(
        sql("INSERT INTO requests VALUES ('forged', 'x', 0, 0)"), parts("store"), parts("receipt_surplus")
    ),
}  # fmt: skip
MADE: dict[str, Attack] = {
    "the table of entries a view": Attack(
        made("ALTER TABLE stored_events RENAME TO kept", "CREATE VIEW stored_events AS SELECT * FROM kept"),
        parts("store"), parts("made_changed", "made_foreign"),
    ),
    "all triggers dropped": Attack(no_triggers, parts("store"), parts("made_missing")),
    "one trigger dropped": Attack(made("DROP TRIGGER checkpoints_no_delete"), parts("store"), parts("made_missing")),
    "a trigger that lets no entry in": Attack(
        made("CREATE TRIGGER quiet BEFORE INSERT ON stored_events BEGIN SELECT RAISE(IGNORE); END"),
        parts("store"), parts("made_foreign"),
    ),
    "a trigger that forbids nothing": Attack(
        made("DROP TRIGGER stored_events_no_update",
             "CREATE TRIGGER stored_events_no_update BEFORE UPDATE ON stored_events BEGIN SELECT 1; END"),
        parts("store"), parts("made_changed"),
    ),
    "a table made anew that takes anything": Attack(
        made("DROP TABLE requests", "CREATE TABLE requests (id, digest, first, last)",
             "INSERT INTO requests VALUES ('a', 'b', 'c', 'd')"),
        parts("store"), parts("made_changed", "made_missing"),
    ),
    "another table": Attack(made("CREATE TABLE mine (a)"), parts("store"), parts("made_foreign")),
    "another index": Attack(
        made("CREATE INDEX mine ON stored_events (topic)"), parts("store"), parts("made_foreign")
    ),
}  # fmt: skip
CHECKPOINTS: dict[str, Attack] = {
    "a checkpoint's signature changed": Attack(
        sql("UPDATE checkpoints SET note = CAST(replace(CAST(note AS TEXT), '— stage4', '— stage5') AS BLOB) "
            "WHERE size = 12"),
        parts("checkpoints"), parts("checkpoint_wrong"),
    ),
    "a checkpoint in the middle deleted": Attack(
        sql("DELETE FROM checkpoints WHERE size = 12"), parts("checkpoints"), parts("checkpoint_missing")
    ),
    "the newest checkpoint deleted": Attack(
        sql("DELETE FROM checkpoints WHERE size = (SELECT MAX(size) FROM checkpoints)"),
        parts("checkpoints"), parts("checkpoint_missing", "not_covered"),
    ),
    "all checkpoints deleted": Attack(
        sql("DELETE FROM checkpoints"), parts("checkpoints"), parts("checkpoint_missing", "checkpoint_none")
    ),
    "an older checkpoint put in the middle": Attack(
        sql(OLD_NOTE.format("12")), parts("checkpoints"), parts("checkpoint_wrong")
    ),
    "an older checkpoint put last": Attack(
        sql(OLD_NOTE.format("(SELECT MAX(size) FROM checkpoints)")),
        parts("checkpoints"), parts("checkpoint_wrong", "not_covered"),
    ),
    "a checkpoint of no entries": Attack(
        sql("INSERT INTO checkpoints VALUES (0, x'00')"), parts("checkpoints"), parts("checkpoint_surplus")
    ),
    "a checkpoint of fewer than no entries": Attack(
        sql("INSERT INTO checkpoints VALUES (-3, x'00')"), parts("checkpoints"), parts("checkpoint_surplus")
    ),
    "a checkpoint put where no commit ended": Attack(
        sql("INSERT INTO checkpoints SELECT size + 900, note FROM checkpoints WHERE size = 12"),
        parts("checkpoints"), parts("checkpoint_beyond"),
    ),
}  # fmt: skip
PUBLISHED: dict[str, Attack] = {
    "a published line edited": Attack(
        published(lambda lines: [*lines[:5], lines[5].replace(b"noc", b"ncc"), *lines[6:]]),
        parts("published"), parts("published_changed"),
    ),
    "a published line cut out": Attack(
        published(lambda lines: [*lines[:5], *lines[6:]]), parts("published"), parts("published_changed")
    ),
    "a line put between the published ones": Attack(
        published(lambda lines: [*lines[:5], b"{}\n", *lines[5:]]), parts("published"), parts("published_changed")
    ),
    "two published lines swapped": Attack(
        published(lambda lines: [*lines[:5], lines[6], lines[5], *lines[7:]]),
        parts("published"), parts("published_changed"),
    ),
    "the end of the published lines cut": Attack(
        published(lambda lines: lines[:-3]), parts("published"), parts("published_cut")
    ),
    "half of the last published line cut": Attack(
        published(lambda lines: [*lines[:-1], lines[-1][:99]]), parts("published"), parts("published_cut")
    ),
    "a line appended to the published ones": Attack(
        published(lambda lines: [*lines, b'{"status":"fine"}\n']), parts("published"), parts("published_appended")
    ),
    "the published line ends converted": Attack(
        published(lambda lines: [line.replace(b"\n", b"\r\n") for line in lines]),
        parts("published"), parts("published_converted"),
    ),
    "the published file emptied": Attack(published(lambda _: []), parts("published"), parts("published_cut")),
    "the published file deleted": Attack(
        file("published", lambda _: None), parts("published"), parts("published_cut")
    ),
    "the published file a link": Attack(linked, parts("published"), parts("published_not_plain")),
    "the published checkpoint edited": Attack(
        file("published_checkpoint", lambda data: data.replace(b"/stage4/", b"/stage5/", 1)),
        parts("published"), parts("published_checkpoint_foreign"),
    ),
    "the published checkpoint another ledger's": Attack(
        foreign_checkpoint, parts("published"), parts("published_checkpoint_foreign")
    ),
    "the published checkpoint converted": Attack(
        file("published_checkpoint", lambda data: data.replace(b"\n", b"\r\n")),
        parts("published"), parts("published_checkpoint_converted"),
    ),
    "the verifier key replaced": Attack(foreign_key, parts("published"), parts("published_key_differs")),
    "the verifier key deleted": Attack(
        file("published_key", lambda _: None), parts("published"), parts("published_key_missing")
    ),
}  # fmt: skip
OTHERS: dict[str, Attack] = {
    "an artefact deleted": Attack(artefact(Path.unlink), parts("artefacts"), parts("artefact_missing")),
    "an artefact edited": Attack(
        artefact(lambda path: path.write_bytes(b"b graph")), parts("artefacts"), parts("artefact_changed")
    ),
    "an artefact emptied": Attack(
        artefact(lambda path: path.write_bytes(b"")), parts("artefacts"), parts("artefact_changed")
    ),
    "a folder in an artefact's place": Attack(artefact(into_folder), parts("artefacts"), parts("artefact_missing")),
    "the log from before edited": Attack(
        lambda home: home.published.with_name("stage4.before-ledger.jsonl").write_bytes(b"{}\n"),
        parts("artefacts"), parts("artefact_changed"),
    ),
    "a row of the access ledger edited": Attack(
        in_access(word("2", "127.0.0.1", "127.0.0.9")), STORE, parts("signature_wrong"), STAGE
    ),
    "a checkpoint of the access ledger deleted": Attack(
        in_access(sql("DELETE FROM checkpoints WHERE size = 2")),
        parts("checkpoints"), parts("checkpoint_missing"), STAGE,
    ),
    "the access ledger's store deleted": Attack(
        in_access(lambda home: home.store.unlink()), parts("store"), parts("store_unreadable"), STAGE
    ),
    "the access ledger removed": Attack(removed, parts("store"), parts("ledger_missing"), STAGE),
    "the access ledger removed with its keys": Attack(
        removed_with_keys, parts("store"), parts("ledger_missing"), STAGE
    ),
    "the access ledger switched off and its rows deleted": Attack(
        switched_off(sql("DELETE FROM stored_events WHERE originator_version > 1")), STORE, parts("behind"), STAGE
    ),
    "the access ledger switched off and a row edited": Attack(
        switched_off(word("2", "127.0.0.1", "127.0.0.9")), STORE, parts("signature_wrong"), STAGE
    ),
    "the access ledger switched off and removed": Attack(
        switched_off(removed), parts("store"), parts("ledger_missing"), STAGE
    ),
    "a published line of the access ledger edited": Attack(
        in_access(published(lambda lines: [*lines[:-1], lines[-1].replace(b"127.0.0.1", b"127.0.0.9")])),
        parts("published"), parts("published_changed"), STAGE,
    ),
}  # fmt: skip
ATTACKS = ROWS | MADE | CHECKPOINTS | PUBLISHED | OTHERS


def causes(home: Home) -> set[str]:
    """What a look finds now."""
    return {one.cause for one in examine(home.root).findings}
