"""Read everything that a home's ledger decides from, and say what of it does not hold. Changes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from ledger.app.home import config as settings
from ledger.app.home.config import Config
from ledger.app.home.folders import Home
from ledger.app.home.parts import again
from ledger.app.installation import now
from ledger.app.soundness import artefacts, ledgers
from ledger.app.soundness.beside import Beside, Trail, erased_by
from ledger.app.soundness.found import Finding, Found, Looked, Note, Part, Soundness
from ledger.app.soundness.keyring import Keyring, read_keys
from ledger.app.soundness.ledgers import Other
from ledger.app.soundness.made import Unfinished, judge_made
from ledger.app.soundness.published import Published, StoreLines
from ledger.app.soundness.recent import RECENT
from ledger.app.soundness.rows import RowStream
from ledger.domain.keeping.events import ArtefactErased
from ledger.errors import Corrupt, Unreachable
from ledger.proof.merkle import Tree
from ledger.store.snapshot import Snapshot, StoredRow, owner_of, read_store
from ledger.verify import Cause, Head, Report, verify


def nobody(done: int, of: int) -> None:
    """Nobody wants to know how far it is."""


Progress = Callable[[int, int], None]
"""Told how many rows and artefacts were read, of how many as far as is known."""
_ABOUT_CHECKPOINTS = frozenset(
    {
        Cause.CHECKPOINT_MALFORMED,
        Cause.CHECKPOINT_ORIGIN,
        Cause.CHECKPOINT_SIGNATURE,
        Cause.CUT,
        Cause.ROOT_DIFFERS,
        Cause.NOT_COVERED,
    }
)


class Examined(NamedTuple):
    """A look at one ledger."""

    looked: Looked
    findings: tuple[Finding, ...]
    note: str
    trail: Trail | None
    """From where the last rows can be followed again."""


def examine(
    root: Path,
    progress: Progress = nobody,
    *,
    stage: str = "",
    heads: Sequence[Head] = (),
    clock: Callable[[], datetime] = now,
) -> Soundness:
    """Look at a home's ledger and at the others beside it; ``stage`` names one of those alone.

    Everything wrong is a finding. ``Unreachable`` where there is no ledger or it cannot be opened, ``Refused`` for a
    configuration that cannot be used.
    """
    return look_at(root, progress, stage=stage, heads=heads, clock=clock)[0]


def look_at(
    root: Path,
    progress: Progress = nobody,
    *,
    stage: str = "",
    heads: Sequence[Head] = (),
    clock: Callable[[], datetime] = now,
    live: bool = False,
) -> tuple[Soundness, Trail | None]:
    """Like :func:`examine`, with the trail by which the ledger's last rows can be followed again.

    ``live`` where this process has the ledger open anyway.
    """
    began, started = clock(), time.monotonic()
    config = settings.for_stage(settings.load(Home(root).config), stage)
    main = _examine(root, config, began, progress, heads, live=live)
    found, notes = ledgers.others(root, config) if not stage else ([], [])
    done = [main, *(_other(one, began, progress) for one in found)]
    looked = tuple(one.looked for one in done)
    findings = tuple(finding for one in done for finding in one.findings)
    told = (*notes, *(Note("published", one.note) for one in done if one.note))
    return Soundness(Home(root).root, began, time.monotonic() - started, looked, findings, told), main.trail


def _other(other: Other, now: datetime, progress: Progress) -> Examined:
    """Another ledger of the home: one that cannot be had is a finding, not the end."""
    home, config = other.home, other.config
    if not other.is_begun:
        return Examined(Looked(config.stage), ledgers.missing(other).close(), "", None)
    found = Found(config.stage)
    try:
        return _examine(home.root, config, now, progress, ())
    except Unfinished as error:
        sentence = f"The ledger {config.stage} was not finished: {error.what}."
        found.add("store", "unfinished", str(home.store), sentence, remedy=f"Run it again: {again(home.root)}")
    except Unreachable as error:
        found.add("store", "store_unreadable", str(home.store), f"The ledger {config.stage} cannot be read: {error}")
    return Examined(Looked(config.stage), found.close(), "", None)


def _examine(
    root: Path, config: Config, now: datetime, progress: Progress, heads: Sequence[Head], *, live: bool = False
) -> Examined:
    home = Home(root, config.stage)

    def read(snapshot: Snapshot) -> Examined:
        with ExitStack() as stack:
            return _Look(home, config, now, progress, heads, Published(home, stack)).at(snapshot)

    try:
        return read_store(home.store, read, live=live)
    except Corrupt as error:
        found = Found(config.stage)
        found.add("store", "store_damaged", str(home.store), f"{error}.")
        return Examined(Looked(config.stage), found.close(), "", None)


class _Look:
    """One look at one ledger under way."""

    def __init__(
        self,
        home: Home,
        config: Config,
        now: datetime,
        progress: Progress,
        heads: Sequence[Head],
        published: Published,
    ) -> None:
        self.home, self.config, self.now = home, config, now
        self.progress, self.heads = progress, heads
        self.published = published
        self.found = Found(config.stage)

    def at(self, snapshot: Snapshot) -> Examined:
        if not judge_made(snapshot, self.home, self.found, was_used=self.published.was_used):
            return Examined(Looked(self.config.stage), self.found.close(), "", None)
        first_owner = snapshot.first_owner()
        first = snapshot.row(first_owner, 1)
        keys = read_keys(self.home, self.config, first.line if first else b"", self.found)
        owner = owner_of(keys.origin) if keys.origin else first_owner
        total, newest = snapshot.count(owner), snapshot.newest_checkpoint()
        if not first_owner and newest is None and not self.published.was_used:
            raise Unfinished(self.home, "has no entries")
        self._structure(snapshot, owner)
        beside = Beside(keys, self.found, snapshot.checkpoints(), snapshot.receipts(), Tree())
        beside.mark_at(max(0, total - RECENT))
        self.published.open_checkpoint(keys, self.found, beside)
        report = self._lines(snapshot, owner, keys, beside, newest, total)
        store = StoreLines(snapshot, owner)
        store.size = beside.rows
        note = self.published.judge(keys, self.found, beside, store, self.now)
        whole = artefacts.judge(
            self.home,
            beside,
            self.found,
            lambda: _erased(self.home, owner),
            lambda number: self.progress(total + number, total + len(beside.names)),
        )
        if first is not None:
            artefacts.judge_earlier_log(self.home, first.line, self.found)
        looked = Looked(
            self.config.stage,
            rows=beside.rows,
            checkpoints=beside.checkpoints,
            receipts=beside.receipts,
            published=self.published.same,
            unpublished=max(0, beside.rows - self.published.lines),
            artefacts=whole,
            erased=len(beside.erased),
            report=report,
        )
        return Examined(looked, self.found.close(), note, beside.trail)

    def _structure(self, snapshot: Snapshot, owner: str) -> None:
        """What SQLite finds in the file's own structure, and rows that are no row of this ledger."""
        for text in snapshot.damage():
            sentence = f"The store {self.home.store} is damaged inside: {text}."
            self.found.add("store", "store_damaged", str(self.home.store), sentence)
        number, name = snapshot.others(owner)
        if number:
            sentence = f"{number} rows of the store belong to no place of this ledger: the first is of {name[:40]!a}."
            self.found.add("store", "row_foreign", str(self.home.store), sentence, evidence=(owner, name))

    def _lines(
        self, snapshot: Snapshot, owner: str, keys: Keyring, beside: Beside, newest: bytes | None, total: int
    ) -> Report:
        """The numbered steps of ``ledger.verify`` over the store's own lines."""

        def passing(row: StoredRow) -> None:
            place = beside.rows + 1
            beside.take(row, place)
            self.published.compare(place, row.line)

        rows = RowStream(snapshot.rows(owner), passing, lambda number: self.progress(number, total))
        report = verify(
            cast("BinaryIO", rows),
            checkpoint=newest,
            verifier=keys.verifier,
            hmac_keys=keys.hmac,
            heads=list(self.heads),
        )
        for one in report.findings:
            part: Part = "checkpoints" if one.cause in _ABOUT_CHECKPOINTS else "store"
            place = f"entry {one.sequence}" if one.sequence else f"row {one.line}" if one.line else str(self.home.store)
            self.found.add(
                part,
                one.cause,
                place,
                one.sentence,
                sequence=one.sequence,
                evidence=(one.expected, one.found),
                count=one.count,
            )
        beside.end()
        if newest is None:
            sentence = f"The store has {beside.rows} entries and no checkpoint: nothing of ours signs them."
            self.found.add("checkpoints", "checkpoint_none", str(self.home.store), sentence)
        return report


def _erased(home: Home, owner: str) -> set[str]:
    """The artefacts that are erased by now."""

    def read(snapshot: Snapshot) -> set[str]:
        return {name for row in snapshot.of_status(owner, ArtefactErased.status) for name in erased_by(row.line)}

    return read_store(home.store, read)
