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
from ledger.said import Said
from ledger.store.contract import RawLog
from ledger.store.open import read_raw
from ledger.store.values import StoredRow, owner_of
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
    others, notes = ledgers.others(root, config) if not stage else ([], [])
    done = [main, *(_other(other, began, progress) for other in others)]
    looked = tuple(examined.looked for examined in done)
    findings = tuple(finding for examined in done for finding in examined.findings)
    told = (*notes, *(Note("published", examined.note) for examined in done if examined.note))
    return Soundness(Home(root).root, began, time.monotonic() - started, looked, findings, told), main.trail


def _other(other: Other, now: datetime, progress: Progress) -> Examined:
    """Another ledger of the home: one that cannot be had is a finding, not the end."""
    home, config = other.home, other.config
    if not other.is_begun:
        return Examined(Looked(config.stage), ledgers.missing(other).close(), "", None)
    problems = Found(config.stage)
    try:
        return _examine(home.root, config, now, progress, ())
    except Unfinished as error:
        sentence = Said("The ledger {} was not finished: {}.", config.stage, error.what)
        problems.add(
            "store", "unfinished", str(home.store), sentence, remedy=Said("Run it again: {}", again(home.root))
        )
    except Unreachable as error:
        problems.add(
            "store", "store_unreadable", str(home.store), Said("The ledger {} cannot be read: {}", config.stage, error)
        )
    return Examined(Looked(config.stage), problems.close(), "", None)


def _examine(
    root: Path, config: Config, now: datetime, progress: Progress, heads: Sequence[Head], *, live: bool = False
) -> Examined:
    home = Home(root, config.stage)

    def read(raw: RawLog) -> Examined:
        with ExitStack() as stack:
            return _Look(home, config, now, progress, heads, Published(home, stack)).at(raw)

    try:
        return read_raw(home.store, read, live=live)
    except Corrupt as error:
        problems = Found(config.stage)
        problems.add("store", "store_damaged", str(home.store), f"{error}.")
        return Examined(Looked(config.stage), problems.close(), "", None)


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

    def at(self, raw: RawLog) -> Examined:
        if not judge_made(raw, self.home, self.found, was_used=self.published.was_used):
            return Examined(Looked(self.config.stage), self.found.close(), "", None)
        first_owner = raw.first_owner()
        first = raw.row(first_owner, 1)
        keys = read_keys(self.home, self.config, first.line if first else b"", self.found)
        owner = owner_of(keys.origin) if keys.origin else first_owner
        total, newest = raw.count(owner), raw.newest_checkpoint()
        if not first_owner and newest is None and not self.published.was_used:
            raise Unfinished(self.home, "has no entries")
        self._structure(raw, owner)
        beside = Beside(keys, self.found, raw.checkpoints(), raw.receipts(), Tree())
        beside.mark_at(max(0, total - RECENT))
        self.published.open_checkpoint(keys, self.found, beside)
        report = self._lines(raw, owner, keys, beside, newest, total)
        store = StoreLines(raw, owner)
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

    def _structure(self, raw: RawLog, owner: str) -> None:
        """What SQLite finds in the file's own structure, and rows that are no row of this ledger."""
        for text in raw.damage():
            sentence = Said("The store {} is damaged inside: {}.", self.home.store, text)
            self.found.add("store", "store_damaged", str(self.home.store), sentence)
        number, name = raw.others(owner)
        if number:
            sentence = Said(
                "{} rows of the store belong to no place of this ledger: the first is of {}.", number, ascii(name[:40])
            )
            self.found.add("store", "row_foreign", str(self.home.store), sentence, evidence=(owner, name))

    def _lines(
        self, raw: RawLog, owner: str, keys: Keyring, beside: Beside, newest: bytes | None, total: int
    ) -> Report:
        """The numbered steps of ``ledger.verify`` over the store's own lines."""

        def passing(row: StoredRow) -> None:
            place = beside.rows + 1
            beside.take(row, place)
            self.published.compare(place, row.line)

        rows = RowStream(raw.rows(owner), passing, lambda number: self.progress(number, total))
        report = verify(
            cast("BinaryIO", rows),
            checkpoint=newest,
            verifier=keys.verifier,
            hmac_keys=keys.hmac,
            heads=list(self.heads),
        )
        for finding in report.findings:
            if finding.cause == Cause.NOT_COVERED and (newest is None or keys.verifier is None):
                continue  # that these are not there is told by findings of their own
            part: Part = "checkpoints" if finding.cause in _ABOUT_CHECKPOINTS else "store"
            place = (
                f"entry {finding.sequence}"
                if finding.sequence
                else f"row {finding.line}"
                if finding.line
                else str(self.home.store)
            )
            self.found.add(
                part,
                finding.cause,
                place,
                finding.sentence,
                sequence=finding.sequence,
                evidence=(finding.expected, finding.found),
                count=finding.count,
            )
        beside.end()
        if newest is None:
            sentence = Said("The store has {} entries and no checkpoint: nothing of ours signs them.", beside.rows)
            self.found.add("checkpoints", "checkpoint_none", str(self.home.store), sentence)
        return report


def _erased(home: Home, owner: str) -> set[str]:
    """The artefacts that are erased by now."""

    def read(raw: RawLog) -> set[str]:
        return {name for row in raw.of_status(owner, ArtefactErased.status) for name in erased_by(row.line)}

    return read_raw(home.store, read)
