"""What is true now, as far as the entries say. Only :func:`ledger.domain.evolve.evolve` makes a new state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from ledger.domain.closed import Closed
from ledger.domain.event import Event
from ledger.domain.facts import Matcher
from ledger.domain.keeping.events import LedgerOpened
from ledger.domain.remembered import (
    EPOCH,
    FileView,
    ForeignSilence,
    FreeText,
    Fresh,
    Given,
    HeadSent,
    SchedulerView,
    Unsent,
)
from ledger.domain.runbook import TRADING, EffectKind, Step, Verdict
from ledger.domain.silencing.events import SilenceRequested
from ledger.domain.stopping.events import OverrideRequested
from ledger.domain.watching.events import WatchStarted

Phase = Literal["open", "completed", "aborted"]
_NOTHING: Mapping[str, Any] = {}
"""Shared by all states that begin empty; a Mapping has nothing that would change it."""


class StepState(NamedTuple):
    """One step of one rollback: its last verdict, and how often it was tried."""

    attempts: int = 0
    verdict: Verdict | None = None
    entry: int = 0
    at: datetime | None = None
    by: str = ""
    reasons: tuple[str, ...] = ()
    lapsed: int = 0
    """Entry that saw its condition end."""
    waived: int = 0
    accepted: int = 0
    proposed: tuple[str, int] | tuple[()] = ()
    """Who proposed to accept an inconclusive verdict, and the entry."""

    @property
    def passed(self) -> bool:
        """Whether the runbook may go on: passed and not lapsed, or waived, or accepted by two."""
        return (self.verdict == "pass" and not self.lapsed) or bool(self.waived or self.accepted)

    @property
    def shown(self) -> str | None:
        """The verdict as people see it: ``lapsed``, ``waived`` and ``accepted`` are told apart from ``pass``."""
        if self.waived:
            return "waived"
        if self.accepted:
            return "accepted"
        return "lapsed" if self.lapsed else self.verdict


class Deviation(NamedTuple):
    """Something that a review must look at."""

    entry: int
    at: datetime
    why: str
    by: str


class Handover(NamedTuple):
    """A role offered to somebody."""

    entry: int
    duty: str
    giver: str
    receiver: str


class Effect(NamedTuple):
    """Something to do outside because an entry says so."""

    kind: EffectKind
    requested: int
    """Sequence of the asking entry."""
    not_after: datetime
    request: Event


class Evidence(NamedTuple):
    """One artefact of a rollback and the entry that names it."""

    entry: int
    status: str
    name: str
    sha384: str
    step: int | None = None
    file: str = ""
    """The file's own name where a person attached it."""


class Override(NamedTuple):
    """A rollback's override file: asked for, there, gone."""

    request: OverrideRequested | None = None
    by: str = ""
    """The person who asked for it (or adopted it)."""
    path: str = ""
    sha384: str = ""
    """Digest of the file as declared (or adopted); empty before it was written."""
    written_at: datetime | None = None
    cycle: int | None = None
    """The scheduler's finished cycles just before the removal."""
    removed_at: datetime | None = None
    """When it was removed, or this rollback's hold released."""
    held_by: tuple[str, ...] = ()
    """The rollbacks that held the scheduler when this one released it."""
    expired: int = 0
    """Sequence of the entry that saw it outlive its own end."""
    removed_outside: int = 0
    """Sequence of the entry that saw somebody else remove it, until that is adopted."""
    gone_at: datetime | None = None
    """When that was seen."""
    owner: str = ""
    """The file's owner as declared (or adopted); empty where that is not known."""
    counted: int | None = None
    """The scheduler's finished cycles at the first reading that was kept after the removal."""


class Silence(NamedTuple):
    """A rollback's silence as the ledger last knew it."""

    request: SilenceRequested | None = None
    id: str = ""
    matchers: tuple[Matcher, ...] = ()
    ends_at: datetime | None = None
    state: Literal["none", "active", "ended", "lost", "end_owed"] = "none"
    by: str = ""
    """The person who asked for it (or adopted it)."""
    surplus: tuple[str, ...] = ()
    """Ids of others with the rollback's own mark that were seen and have not ended."""


class BorneSilence(NamedTuple):
    """A silence of somebody else that may go on after step 5."""

    id: str
    ends_at: datetime
    entry: int


class Watch(NamedTuple):
    """The observation window that was started last."""

    entry: int
    started: WatchStarted
    by: str
    """The person who started it."""
    disturbed: str = ""
    """Why the window must start again: the scheduler was seen enabled in it, or the override changed."""

    @property
    def ends_at(self) -> datetime:
        """When the window is over."""
        return self.started.starts_at + timedelta(seconds=self.started.duration_seconds)


class Rollback(NamedTuple):
    """One execution of the runbook."""

    id: str
    ticket: str
    purpose: str
    reason: str
    component: str
    channel: str
    window_start: datetime
    window_end: datetime
    opened_by: str
    opened_at: datetime
    opened_entry: int
    entries: int = 0
    phase: Phase = "open"
    closed_at: datetime | None = None
    emergency: int = 0
    confirmed_by: str = ""
    steps: tuple[StepState, ...] = (StepState(),) * 7
    effects: tuple[Effect, ...] = ()
    override: Override = Override()
    silence: Silence = Silence()
    watch: Watch | None = None
    incident_ended: int = 0
    aborting: int = 0
    stopped_at: datetime | None = None
    """When trading was stopped for it first; the override's own time is that of the latest stop."""
    restarted_at: datetime | None = None
    fired_again: int = 0
    """The entry that saw critical alerts firing after the restore."""
    all_clear: int = 0
    summary_sha384: str = ""
    evidence: tuple[Evidence, ...] = ()
    expected: tuple[str, ...] = ()
    refused: int = 0
    deviations: tuple[Deviation, ...] = ()
    reviewed: int = 0
    took_steps: frozenset[str] = frozenset()
    assumed: frozenset[tuple[str, str]] = frozenset()
    handovers: tuple[Handover, ...] = ()
    duty: Mapping[str, str] = _NOTHING
    """Role -> the person who holds it now."""
    extension: tuple[int, datetime, str] | tuple[()] = ()
    """An extension of the window that waits for its confirmation."""
    overrun: int = 0
    expecting: Mapping[str, tuple[str, int]] = _NOTHING
    """Alert that somebody named as expected -> who, and by which entry; a second person has not agreed yet."""
    borne: tuple[BorneSilence, ...] = ()
    """Silences of others that were accepted for step 5, each until the end that it had then."""
    follow_ups: tuple[int, ...] = ()
    """The entries that added what is still to be done after the incident."""

    @property
    def is_open(self) -> bool:
        """Whether it may still be acted on."""
        return self.phase == "open"

    @property
    def restoring(self) -> bool:
        """Whether step 5 is due: the incident ended, an abort was asked for, or the override expired."""
        return bool(self.incident_ended or self.aborting or self.override.expired)

    @property
    def stoppable_again(self) -> bool:
        """Whether step 1 may be taken again: it did not pass, or somebody removed the file."""
        return not self.steps[Step.DISABLE].passed or bool(self.override.removed_outside)

    @property
    def unended(self) -> bool:
        """Whether its silence, or a second one with its mark, was not seen to end."""
        return self.silence.state in ("active", "end_owed") or bool(self.silence.surplus)

    @property
    def holds(self) -> bool:
        """Whether it holds the scheduler: its override was written and not removed."""
        return self.override.written_at is not None and self.override.removed_at is None


class State(NamedTuple):
    """The whole stage. The mappings are never changed in place."""

    sequence: int = 0
    timestamp: datetime = EPOCH
    at: datetime = EPOCH
    """The last entry by the wall clock; earlier than ``timestamp`` where an earlier entry is later (a clock jumped)."""
    open: Mapping[str, Rollback] = _NOTHING
    closed: Closed = Closed()
    opened: LedgerOpened | None = None
    people: Mapping[str, frozenset[str]] = _NOTHING
    deactivated: Mapping[str, int] = _NOTHING
    """Person who can no longer act -> the entry that says so. They stay in ``people``, without roles."""
    fresh: Mapping[str, tuple[Fresh, ...]] = _NOTHING
    """Person -> grants and resets since the person was added; old ones stay until newer ones take their place."""
    given: Mapping[str, tuple[Given, ...]] = _NOTHING
    """Person -> who ever added them, gave them a role or a password; unlike a mark it never ends."""
    marking: int = 0
    """The first entry about people that marks; older versions of such events cannot follow it."""
    scheduler: SchedulerView = SchedulerView()
    files: Mapping[str, FileView] = _NOTHING
    """What was last seen of each component's override, by the file's name, wherever the folder is; one that is absent
    has no line."""
    foreign: Mapping[str, ForeignSilence] = _NOTHING
    """Silences that no rollback asked for and that mute Stage4 alerts, by id."""
    texts: Mapping[str, FreeText] = _NOTHING
    """Free text that stands outside the entries, by its artefact's name."""
    unknown: tuple[int, ...] = ()
    """Sequences of entries that this build does not know; they block decisions (not the stop)."""
    unsent: Mapping[str, Unsent] = _NOTHING
    """Connection -> the message that waits, while it takes none."""
    refused: Mapping[str, Unsent] = _NOTHING
    """Messages that the other side refused and nobody gave up so far, by ``remembered.undelivered``."""
    heads: Mapping[str, HeadSent] = _NOTHING
    """Connection -> the newest head that it took."""

    def moved_on(
        self,
        sequence: int,
        timestamp: datetime,
        at: datetime,
        open_: Mapping[str, Rollback],
        closed: Closed,
    ) -> State:
        """With these five, which every entry changes: they stand first, so that the rest is taken over in one piece."""
        return tuple.__new__(State, (sequence, timestamp, at, open_, closed, *self[5:]))

    def rollback(self, name: str) -> Rollback | None:
        """The rollback of that id, open or closed."""
        return self.open.get(name) or self.closed.get(name)

    def holders_of(self, component: str) -> tuple[Rollback, ...]:
        """The open rollbacks that hold a component, the first to stop it first."""
        return tuple(rollback for rollback in self.open.values() if rollback.holds and rollback.component == component)

    def asked(self, component: str, kinds: tuple[EffectKind, ...]) -> tuple[Rollback, ...]:
        """The open rollbacks of a component with an effect of one of these kinds asked for and not done."""
        return tuple(
            rollback
            for rollback in self.open.values()
            if rollback.component == component and any(effect.kind in kinds for effect in rollback.effects)
        )

    @property
    def holders(self) -> tuple[Rollback, ...]:
        """The open rollbacks that hold trading, which is what the scheduler's status tells of."""
        return self.holders_of(TRADING)

    @property
    def holder(self) -> Rollback | None:
        """The first of the holders."""
        return next(iter(self.holders), None)

    def file_at(self, path: str) -> FileView:
        """What was last seen of the override that has this path."""
        return self.files.get(file_name(path), FileView())


def file_name(path: str) -> str:
    """The last part of a path, which says whose override it is."""
    return path.rpartition("/")[2]


def _quick_replace(kind: type[Any]) -> Callable[..., Any]:
    """``_replace`` for a tuple with many fields, of which few change: the library's asks for each by its name.

    Measured on 32 fields: 0.6 instead of 2.3 µs, and a replay replaces several times an entry.
    """
    at = {name: index for index, name in enumerate(kind._fields)}
    make = tuple.__new__

    def _replace(self: Any, /, **changes: Any) -> Any:
        values = [*self]
        for name, value in changes.items():
            values[at[name]] = value  # KeyError: there is no such field
        return make(kind, values)

    return _replace


for _kind in (Rollback, State, Override):
    _kind._replace = _quick_replace(_kind)  # type: ignore[method-assign]
