"""The last rows again, from a mark that an earlier look left: quick enough for every minute.

What was read once is remembered by the process that looks: a store that is exchanged for an older copy together with
its published files shows here, and nowhere else.
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from ledger.app.home import config as settings
from ledger.app.home.config import Config
from ledger.app.home.folders import Home
from ledger.app.soundness.beside import Beside, Trail
from ledger.app.soundness.found import Finding, Found
from ledger.app.soundness.keyring import Keyring, read_keys
from ledger.app.soundness.made import judge_made
from ledger.app.soundness.marks import judge
from ledger.app.soundness.published import Published, StoreLines
from ledger.errors import Corrupt
from ledger.proof.entry import link
from ledger.store.snapshot import Snapshot, owner_of, read_store

RECENT = 1_000
"""Rows that are looked at again and again."""


class Recent(NamedTuple):
    """What came of it."""

    findings: tuple[Finding, ...]
    size: int
    """Entries of the store."""
    trail: Trail | None
    """From where to go on; None where something is wrong."""


def look_at_recent(root: Path, trail: Trail, now: datetime, stage: str = "") -> Recent:
    """Follow the rows from the trail's mark to the end. ``Unreachable`` where the store cannot be opened."""
    config = settings.for_stage(settings.load(Home(root).config), stage)
    home = Home(root, config.stage)

    def read(snapshot: Snapshot) -> Recent:
        with ExitStack() as stack:
            return _look(snapshot, home, config, trail, Published(home, stack), now)

    try:
        return read_store(home.store, read)
    except Corrupt as error:
        found = Found(config.stage)
        found.add("store", "store_damaged", str(home.store), f"{error}.")
        return Recent(found.close(), 0, None)


def _look(snapshot: Snapshot, home: Home, config: Config, trail: Trail, published: Published, now: datetime) -> Recent:
    found, start = Found(config.stage), trail.start
    if not judge_made(snapshot, home, found, was_used=trail.size > 0):
        return Recent(found.close(), 0, None)
    keys = read_keys(home, config, b"", found)
    owner = owner_of(keys.origin) if keys.origin else snapshot.first_owner()
    size = snapshot.count(owner)
    if size < trail.size:
        sentence = f"The store is behind: it held {trail.size} entries and now holds {size}."
        evidence = (str(trail.size), str(size))
        found.add("store", "behind", f"entry {trail.size}", sentence, evidence=evidence)
    receipts = snapshot.receipts(start.size)
    beside = Beside(keys, found, snapshot.checkpoints(start.size), receipts, start.tree.copy(), start.request)
    beside.mark_at(max(start.size, size - RECENT), start)
    published.open_checkpoint(keys, found, beside)
    _follow(snapshot, owner, keys, trail, beside, found)
    beside.end()
    store = StoreLines(snapshot, owner)
    store.size = size
    published.judge_head(keys, found, beside, store, now)
    findings = found.close()
    return Recent(findings, size, None if findings else beside.trail)


def _follow(snapshot: Snapshot, owner: str, keys: Keyring, trail: Trail, beside: Beside, found: Found) -> None:
    """Each row's form, place, chain and HMACs, and that what was seen before is still the same."""
    start = trail.start
    first = snapshot.row(owner, start.size) if start.size else None
    before = first.line if first else None
    if start.size and (before is None or link(before) != start.head):
        _changed(found, start.size)
    place = start.size
    for row in snapshot.rows(owner, start.size):
        place += 1
        beside.take(row, place)
        _, why = judge(row.line, row.sequence or 0, before if row.sequence == place else None, keys.check)
        if why:
            sentence = f"Entry {row.sequence} does not hold: {why}."
            found.add("store", "entry_wrong", f"entry {row.sequence}", sentence, sequence=row.sequence)
        if place == trail.size and link(row.line) != trail.head:
            _changed(found, place)
        before = row.line


def _changed(found: Found, sequence: int) -> None:
    sentence = f"Entry {sequence} is not what it was when it was read last."
    found.add("store", "entry_changed", f"entry {sequence}", sentence, sequence=sequence)


__all__ = ["RECENT", "Recent", "look_at_recent"]
