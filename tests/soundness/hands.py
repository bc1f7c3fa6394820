"""The hands of somebody with access to a home's files: each changes one thing, as an attack or a mishap would."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from ledger.app.home import keys
from ledger.app.home.folders import Home
from ledger.app.people.access import STAGE
from ledger.digest import sha384
from ledger.proof.entry import GENESIS, HmacKey, link, parse_entry, seal_entry
from tests.app.builders import behind_the_triggers, lines_of, plain

LAST = "(SELECT MAX(originator_version) FROM stored_events)"


def sql(*statements: str) -> Callable[[Home], object]:
    """Statements behind the triggers' back."""

    def do(home: Home) -> None:
        with behind_the_triggers(home) as connection:
            for statement in statements:
                connection.execute(statement)

    return do


def made(*statements: str) -> Callable[[Home], object]:
    """Statements that change what the store is made of; the triggers stay as these leave them."""

    def do(home: Home) -> None:
        with plain(home) as connection:
            for statement in statements:
                connection.execute(statement)

    return do


def no_triggers(home: Home) -> None:
    with plain(home) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")


def removed(home: Home) -> None:
    """The access ledger: its store and its published files; its keys stay."""
    for folder in (home.store.parent, home.published.parent):
        for path in folder.glob(f"{STAGE}.*"):
            path.unlink()


def removed_with_keys(home: Home) -> None:
    removed(home)
    shutil.rmtree(home.var / "keys" / STAGE)


def switched_off(do: Callable[[Home], object]) -> Callable[[Home], object]:
    """The configuration names no other ledger any more, and then something is done to one."""

    def both(home: Home) -> None:
        home.config.write_text('stages = ""\n' + home.config.read_text())
        in_access(do)(home)

    return both


def word(sequence: str, old: str, new: str) -> Callable[[Home], object]:
    text = f"CAST(replace(CAST(state AS TEXT), '{old}', '{new}') AS BLOB)"
    return sql(f"UPDATE stored_events SET state = {text} WHERE originator_version = {sequence}")


def swap(home: Home) -> None:
    with behind_the_triggers(home) as connection:
        for old, new in ((4, -1), (9, 4), (-1, 9)):
            connection.execute(f"UPDATE stored_events SET originator_version = {new} WHERE originator_version = {old}")


def flip(home: Home) -> None:
    """Two bytes of a row, in the file itself and not through SQLite."""
    with plain(home) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data, line = bytearray(home.store.read_bytes()), lines_of(home)[3]
    at = data.index(line[:300]) + line.index(b'"actor"') + 10
    for place in (at, at + 1):
        data[place] ^= 1
    home.store.write_bytes(data)


def older_store(home: Home) -> None:
    """The store as it was six entries ago, complete and rightly signed: last night's backup."""
    with behind_the_triggers(home) as connection:
        first = connection.execute(f"SELECT first FROM requests WHERE first >= {LAST} - 6 ORDER BY first").fetchone()[0]
        connection.execute("DELETE FROM stored_events WHERE originator_version >= ?", (first,))
        connection.execute("DELETE FROM checkpoints WHERE size >= ?", (first,))
        connection.execute("DELETE FROM requests WHERE first >= ?", (first,))


def other_store(home: Home) -> None:
    """The store of the home's other ledger under this one's name."""
    with plain(Home(home.root, STAGE)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for end in ("-wal", "-shm"):
        Path(f"{home.store}{end}").unlink(missing_ok=True)
    shutil.copyfile(Home(home.root, STAGE).store, home.store)


def resealed(home: Home) -> None:
    """By somebody who holds the HMAC key: an entry changed, and everything from there on chained and signed again."""
    secret = keys.read_private(home.root / "var/keys/hmac.key").strip()
    lines = lines_of(home)
    opening = parse_entry(lines[0])
    key = HmacKey(opening.metadata["hmac_key_id"], secret, opening.metadata["hmac_algorithm"])
    origin, forged, changed = opening.body["artefacts"]["origin"], list[bytes](), {}
    for number, line in enumerate(lines, 1):
        body = parse_entry(line).body
        for name in ("chain", "signature", "signatures"):
            del body[name]
        if number == 8:
            assert body["status"] == "rollback_opened"
            body["metadata"]["reason"] = "something else"
        if (confirms := body["metadata"].get("confirms")) in changed:
            body["metadata"]["confirms"] = changed[confirms]
        previous = link(forged[-1]) if forged else GENESIS
        forged.append(seal_entry(body, origin=origin, sequence=number, previous=previous, key=key))
        changed[link(line)] = link(forged[-1])
    with behind_the_triggers(home) as connection:
        for number, line in enumerate(forged, 1):
            connection.execute("UPDATE stored_events SET state = ? WHERE originator_version = ?", (line, number))
    home.published.write_bytes(b"".join(line + b"\n" for line in forged))


def published(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Home], object]:
    """The published lines, changed."""

    def do(home: Home) -> None:
        lines = home.published.read_bytes().splitlines(keepends=True)
        home.published.write_bytes(b"".join(change(lines)))

    return do


def file(name: str, change: Callable[[bytes], bytes | None], stage: str = "stage4") -> Callable[[Home], object]:
    """One of the small files, changed; None deletes it."""

    def do(home: Home) -> None:
        path: Path = getattr(Home(home.root, stage), name)
        data = change(path.read_bytes())
        path.unlink() if data is None else path.write_bytes(data)

    return do


def foreign_checkpoint(home: Home) -> None:
    shutil.copyfile(Home(home.root, STAGE).published_checkpoint, home.published_checkpoint)


def foreign_key(home: Home) -> None:
    shutil.copyfile(Home(home.root, STAGE).published_key, home.published_key)


def linked(home: Home) -> None:
    """The published file is a link to a copy of itself."""
    aside = home.root / "aside.jsonl"
    os.rename(home.published, aside)
    home.published.symlink_to(aside)


def artefact(change: Callable[[Path], object]) -> Callable[[Home], object]:
    """The attached file, changed."""
    return lambda home: change(attached(home))


def attached(home: Home) -> Path:
    """Where the attached file is kept."""
    digits = sha384(b"a graph").removeprefix("sha384:")
    return home.artefacts / digits[:2] / digits[2:]


def into_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def in_access(do: Callable[[Home], object]) -> Callable[[Home], object]:
    return lambda home: do(Home(home.root, STAGE))
