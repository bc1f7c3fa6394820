"""Where a rollback left the straight road, what put it right, and what was owed and when that was paid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from ledger.app.reading.queries import sentence
from ledger.app.review.parts import Debt, Departure, Point, Span, said, seen, written
from ledger.app.review.times import CLOSES, REMOVALS, Records, first, stops, verdict_on
from ledger.domain.asked import NO_REASON
from ledger.domain.duties.events import (
    ConfirmationRefused,
    ReasonGiven,
    Reviewed,
    StepLapsed,
    StepWaived,
    TicketLinked,
    WindowExtended,
    WindowOverrun,
)
from ledger.domain.event import Event
from ledger.domain.observing.events import (
    CriticalAlertsSeen,
    FlappingObserved,
    ForeignSilenceGone,
    ForeignSilenceSeen,
    ForeignSilenceSeen1,
    ObservationGap,
    OverrideObserved,
    SchedulerObserved,
    SilenceObserved,
)
from ledger.domain.opening.events import EmergencyDeclared, RollbackConfirmed, RollbackOpened
from ledger.domain.record import Recorded
from ledger.domain.restoring.events import OverrideRemovedOutside
from ledger.domain.runbook import Step
from ledger.domain.silencing.events import (
    SilenceAdopted,
    SilenceCreated,
    SilenceDoubted,
    SilenceEnded,
    SilenceEndOwed,
    SilenceLost,
    SilenceSurplusEnded,
    SilenceSurplusSeen,
)
from ledger.domain.state import Rollback
from ledger.domain.stopping.events import (
    EffectExpired,
    OverrideAdopted,
    OverrideExpired,
    OverridePutBack,
    OverrideWritten,
)

OUTSIDE: Final[tuple[type[Event], ...]] = (
    SchedulerObserved,
    OverrideObserved,
    ForeignSilenceSeen,
    ForeignSilenceSeen1,
    ForeignSilenceGone,
    FlappingObserved,
    ObservationGap,
)
"""What the observer records of the stage itself and a review looks at."""
_SURELY: Final = (
    CriticalAlertsSeen,
    ForeignSilenceSeen,
    ForeignSilenceSeen1,
    FlappingObserved,
    ObservationGap,
    OverrideRemovedOutside,
    OverrideExpired,
    EffectExpired,
    SilenceLost,
    SilenceDoubted,
    SilenceSurplusSeen,
    StepLapsed,
    WindowOverrun,
)
"""Never a part of the straight road."""
_LASTING: Final = (
    OverrideRemovedOutside,
    OverrideObserved,
    SchedulerObserved,
    ForeignSilenceSeen,
    ForeignSilenceSeen1,
    SilenceLost,
    SilenceSurplusSeen,
)
"""Deviations that last until something puts them right."""


def deviations(rollback: Rollback, own: Records, stage: Records) -> Iterator[Departure]:
    """What a review looks at, and what was seen outside, late or not at all; in the order of the entries."""
    marked = {deviation.entry for deviation in rollback.deviations}
    both = sorted((*own, *stage), key=lambda record: record.sequence)
    state = _Road()
    for record in both:
        if state.leaves(record) or record.sequence in marked:
            point = _gap(record) or seen(record)
            yield Departure(
                record.status, sentence(record), point, record.actor, _settled(record, both), _lasts(record.event)
            )


class _Road:
    """What is to be expected outside, entry by entry."""

    def __init__(self) -> None:
        self.held = self.owed = False
        self.sha384 = ""

    def leaves(self, record: Recorded) -> bool:
        """Whether the entry saw what nobody here had brought about; remembers what it says."""
        event = record.event
        if stops(record):
            self.held, self.sha384 = True, str(getattr(event, "override_sha384", ""))
        elif isinstance(event, REMOVALS):
            self.held = False
        elif isinstance(event, SilenceEndOwed):
            self.owed = True
        if isinstance(event, SchedulerObserved):
            return event.scheduler_status == "unknown" or (self.held and event.scheduler_status != "disabled")
        if isinstance(event, OverrideObserved):
            declared = self.held and event.found == "file" and event.override_sha384 == self.sha384
            return not (declared and event.mode == "0600")
        if isinstance(event, SilenceObserved):
            return not (self.owed and _is_gone(event))
        return isinstance(event, _SURELY)


def _lasts(event: Event | None) -> bool:
    return isinstance(event, _LASTING) or (isinstance(event, SilenceObserved) and _is_gone(event))


def _is_gone(event: SilenceObserved) -> bool:
    return event.found in ("expired", "absent")


def _gap(record: Recorded) -> Point | None:
    return said(record, "gap_start") or said(record, "minute")


def _settled(record: Recorded, both: Records) -> Point | None:
    """The first entry after it that puts it right."""
    event: Any = record.event
    if isinstance(event, ObservationGap):
        return said(record, "gap_end")
    after = next((later for later in both if later.sequence > record.sequence and _settles(later, event)), None)
    return seen(after) if after else None


def _settles(later: Recorded, event: Any) -> bool:
    then: Any = later.event
    if isinstance(event, (OverrideRemovedOutside, OverrideObserved)):
        mended = (OverridePutBack, OverrideWritten, OverrideAdopted, *REMOVALS)
        return isinstance(then, mended) or (isinstance(event, OverrideObserved) and isinstance(then, OverrideObserved))
    if isinstance(event, SchedulerObserved):
        return isinstance(then, (SchedulerObserved, *REMOVALS))
    if isinstance(event, SilenceLost) or (isinstance(event, SilenceObserved) and _is_gone(event)):
        return isinstance(then, (SilenceCreated, SilenceAdopted))
    if isinstance(event, ForeignSilenceSeen1):
        known = isinstance(then, (SilenceAdopted, ForeignSilenceGone))
        return known and then.silence_id == event.silence_id
    if isinstance(event, SilenceSurplusSeen):
        return isinstance(then, SilenceSurplusEnded) and then.silence_id == event.silence_id
    if isinstance(event, StepLapsed):
        return verdict_on(later, event.number) in ("pass", "waived", "accepted")
    if isinstance(event, WindowOverrun):
        return isinstance(then, (WindowExtended, *CLOSES))
    return isinstance(event, OverrideExpired) and isinstance(then, REMOVALS)


def drift(told: Sequence[Departure], stage: Records) -> Iterator[Span]:
    """Bars of what was not as declared, and of what could not be seen."""
    for departure in told:
        if departure.lasts:
            yield Span("drift", departure.code, departure.point, departure.settled)
    for record in stage:
        if isinstance(record.event, ObservationGap) and (start := said(record, "gap_start")):
            yield Span("not_observed", record.event.source, start, said(record, "gap_end"))


def debts(rollback: Rollback, own: Records) -> Iterator[Debt]:
    """What was owed, since when, and who paid it when."""
    emergency, stop = first(own, EmergencyDeclared), next((record for record in own if stops(record)), None)
    answer = next((record for record in own if _answers(record)), None)
    begun = emergency or stop
    if begun and (answer is None or answer.sequence > begun.sequence):
        yield _debt("late_confirmation", emergency or own[0], answer)
    for record in own:
        if isinstance(record.event, WindowExtended):
            paid = (two for two in own if getattr(two.event, "extension", 0) == record.sequence)
            yield _debt("longer_window", record, next(paid, None))
        if isinstance(record.event, SilenceEndOwed):
            ended = (two for two in own if two.sequence > record.sequence and _ends_silence(two))
            yield _debt("silence_end", record, next(ended, None))
    by_entry = {record.sequence: record for record in own}
    for told in rollback.deviations:
        looked = (record for record in own if isinstance(record.event, Reviewed) and record.event.up_to >= told.entry)
        source = by_entry[told.entry]
        yield _debt("review", source, next(looked, None), sentence(source))
    if rollback.id.startswith("STOP-"):
        yield _debt("ticket", own[0], first(own, TicketLinked))
    opened = first(own, RollbackOpened)
    if opened is not None and getattr(opened.event, "reason", "") == NO_REASON:
        yield _debt("reason", opened, first(own, ReasonGiven))


def _answers(record: Recorded) -> bool:
    waived = isinstance(record.event, StepWaived) and record.event.number == Step.ANNOUNCE
    return waived or isinstance(record.event, (RollbackConfirmed, ConfirmationRefused))


def _ends_silence(record: Recorded) -> bool:
    gone = isinstance(record.event, SilenceObserved) and _is_gone(record.event)
    return gone or isinstance(record.event, SilenceEnded)


def _debt(code: str, owed: Recorded, paid: Recorded | None, of: str = "") -> Debt:
    return Debt(code, written(owed), written(paid) if paid else None, paid.actor if paid else "", of)
