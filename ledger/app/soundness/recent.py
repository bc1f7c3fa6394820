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
from ledger.said import Said
from ledger.store.contract import RawLog
from ledger.store.open import read_raw
from ledger.store.values import owner_of

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

    def read(raw: RawLog) -> Recent:
        with ExitStack() as stack:
            return _look(raw, home, config, trail, Published(home, stack), now)

    try:
        return read_raw(home.store, read)
    except Corrupt as error:
        problems = Found(config.stage)
        problems.add("store", "store_damaged", str(home.store), f"{error}.")
        return Recent(problems.close(), 0, None)


def _look(raw: RawLog, home: Home, config: Config, trail: Trail, published: Published, now: datetime) -> Recent:
    problems, start = Found(config.stage), trail.start
    if not judge_made(raw, home, problems, was_used=trail.size > 0):
        return Recent(problems.close(), 0, None)
    keys = read_keys(home, config, b"", problems)
    owner = owner_of(keys.origin) if keys.origin else raw.first_owner()
    size = raw.count(owner)
    if size < trail.size:
        sentence = Said("The store is behind: it held {} entries and now holds {}.", trail.size, size)
        evidence = (str(trail.size), str(size))
        problems.add("store", "behind", Said("entry {}", trail.size), sentence, evidence=evidence)
    receipts = raw.receipts(start.size)
    beside = Beside(keys, problems, raw.checkpoints(start.size), receipts, start.tree.copy(), start.request)
    beside.mark_at(max(start.size, size - RECENT), start)
    published.open_checkpoint(keys, problems, beside)
    _follow(raw, owner, keys, trail, beside, problems)
    beside.end()
    store = StoreLines(raw, owner)
    store.size = size
    published.judge_head(keys, problems, beside, store, now)
    findings = problems.close()
    return Recent(findings, size, None if findings else beside.trail)


def _follow(raw: RawLog, owner: str, keys: Keyring, trail: Trail, beside: Beside, problems: Found) -> None:
    """Each row's form, place, chain and HMACs, and that what was seen before is still the same."""
    start = trail.start
    first = raw.row(owner, start.size) if start.size else None
    before = first.line if first else None
    if start.size and (before is None or link(before) != start.head):
        _changed(problems, start.size)
    place = start.size
    for row in raw.rows(owner, start.size):
        place += 1
        beside.take(row, place)
        _, why = judge(row.line, row.sequence or 0, before if row.sequence == place else None, keys.check)
        if why:
            sentence = Said("Entry {} does not hold: {}.", row.sequence, why)
            problems.add("store", "entry_wrong", Said("entry {}", row.sequence), sentence, sequence=row.sequence)
        if place == trail.size and link(row.line) != trail.head:
            _changed(problems, place)
        before = row.line


def _changed(problems: Found, sequence: int) -> None:
    sentence = Said("Entry {} is not what it was when it was read last.", sequence)
    problems.add("store", "entry_changed", Said("entry {}", sequence), sentence, sequence=sequence)


__all__ = ["RECENT", "Recent", "look_at_recent"]
