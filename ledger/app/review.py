"""The post-mortem of a rollback, derived from entries alone: every number names the two entries it comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from ledger.app.erasing import read
from ledger.app.installation import Installation
from ledger.app.queries import sentence
from ledger.app.review_parts import Attempt, Debt, Departure, Duration, Line, Mark, Proof, Review, Span
from ledger.domain.events import duties, observation, override, rollback, silence
from ledger.domain.record import Recorded
from ledger.domain.runbook import STEPS
from ledger.domain.state import Rollback
from ledger.errors import Erased, LedgerError

Records = Sequence[Recorded]
_STOPS = (override.OverrideWritten, override.OverrideAdopted, override.HoldJoined, rollback.StopTakenIn)
_ENDS = (override.OverrideRemoved, override.HoldReleased, override.RemovalAdopted)
_OUTSIDE = (
    observation.SchedulerObserved,
    observation.OverrideObserved,
    observation.SilenceObserved,
    observation.ForeignSilenceSeen,
    observation.FlappingObserved,
    override.OverrideRemovedOutside,
    silence.SilenceLost,
)


def review(installation: Installation, found: Rollback) -> Review:
    """The post-mortem, or what there is of it so far."""
    at = installation.clock()
    records = installation.ledger.records(found.opened_entry - 1)
    own = list(islice((record for record, _ in records if record.rollback == found.id), found.entries))
    until = found.closed_at or at
    last = own[-1].sequence if own else found.opened_entry
    stage = [] if not found.closed_at else _outside(installation, found, last)
    if not found.closed_at:
        stage = _outside(installation, found, installation.state.sequence)
    return Review(
        found,
        until,
        tuple(durations(own, until)),
        (*spans(own, until), *_gaps(stage), *_alerts(installation, own)),
        tuple(marks(own)),
        tuple(attempts(own)),
        tuple(timeline(own)),
        tuple(_proofs(installation, found)),
        tuple(deviations(found, own, stage)),
        tuple(debts(found, own)),
    )


def _outside(installation: Installation, found: Rollback, last: int) -> list[Recorded]:
    """What the observer recorded of the stage itself while the rollback ran."""
    size = max(0, last - found.opened_entry + 1)
    kinds = (*_OUTSIDE, observation.ObservationGap)
    read_on = islice(installation.ledger.records(found.opened_entry - 1), size)
    return [one for one, _ in read_on if not one.rollback and isinstance(one.event, kinds)]


def moment(record: Recorded) -> datetime:
    """When what the entry tells of happened: as it was seen, else when it was written."""
    for name in ("seen_at", "read_at", "claimed_at", "ended_at", "starts_at"):
        if isinstance(at := getattr(record.event, name, None), datetime):
            return at
    return record.at


def _first(own: Records, *kinds: type, after: int = 0, passed: bool = False) -> Recorded | None:
    return next(
        (
            one
            for one in own
            if isinstance(one.event, kinds)
            and one.sequence > after
            and (not passed or getattr(one.event, "verdict", "") == "pass")
        ),
        None,
    )


def _last(own: Records, *kinds: type, passed: bool = False) -> Recorded | None:
    return _first(own[::-1], *kinds, passed=passed)


def durations(own: Records, until: datetime) -> Iterator[Duration]:
    """To confirm, disable, silence, watched, to restore, total; none for what has not begun."""
    opened = _first(own, rollback.RollbackOpened)
    stopped = _first(own, *_STOPS, passed=True)
    ended = _last(own, rollback.IncidentEnded) or _last(own, rollback.AbortRequested)
    restarted = _last(own, rollback.RestartChecked, passed=True) or _last(own, override.HoldReleased)
    watched = _last(own, rollback.WatchFinished)
    began = next((one for one in own if watched and one.sequence == getattr(watched.event, "started", 0)), None)
    silenced = _first(own, silence.SilenceCreated, silence.SilenceAdopted)
    for name, first, last in (
        ("to confirm", opened, _first(own, rollback.RollbackConfirmed)),
        ("to disable", opened, stopped),
        ("to silence", opened, silenced),
        ("watched", began or _last(own, rollback.WatchStarted), watched),
        ("to restore", ended, restarted),
        ("total", stopped, restarted),
    ):
        if first is not None:
            start, end = _moment_of(name, first), last.at if name == "watched" and last else None
            end = end or (moment(last) if last else until)
            seconds = max(0, round((end - start).total_seconds()))
            yield Duration(name, seconds, start, end, first.sequence, last.sequence if last else 0)


def _moment_of(name: str, record: Recorded) -> datetime:
    return record.at if name.startswith("to ") else moment(record)


def spans(own: Records, until: datetime) -> Iterator[Span]:
    """Attempts of steps, the hold, silences and watches of the rollback itself."""
    for step in STEPS:
        begin = None
        for one in own:
            if one.event is None or one.event.step != step.number:
                continue
            begin = begin or one
            if one.event.decides:
                yield Span(f"step {step.number}", step.title, begin.at, one.at, one.sequence)
                begin = None
        if begin is not None:
            yield Span(f"step {step.number}", step.title, begin.at, until, begin.sequence, open=True)
    yield from _pairs(own, until, "scheduler held", _STOPS, _ENDS)
    yield from _pairs(
        own,
        until,
        "alerts silenced",
        (silence.SilenceCreated, silence.SilenceAdopted),
        (silence.SilenceEnded, silence.SilenceLost),
    )
    yield from _pairs(own, until, "watch", (rollback.WatchStarted,), (rollback.WatchFinished,))
    event = own[0].event if own else None
    if isinstance(event, rollback.RollbackOpened):
        yield Span("maintenance window", "maintenance window", event.window_start, event.window_end, own[0].sequence)


def _pairs(
    own: Records, until: datetime, lane: str, starts: tuple[type, ...], ends: tuple[type, ...]
) -> Iterator[Span]:
    after = 0
    while (first := _first(own, *starts, after=after)) is not None:
        last = _first(own, *ends, after=first.sequence)
        end = until if last is None else last.at if lane == "watch" else moment(last)
        yield Span(lane, lane, moment(first), max(end, moment(first)), first.sequence, open=last is None)
        if last is None:
            return
        after = last.sequence


def _gaps(stage: Records) -> Iterator[Span]:
    for one in stage:
        if isinstance(one.event, observation.ObservationGap):
            yield Span("not observed", one.event.source, one.event.gap_start, one.event.gap_end, one.sequence)


def _alerts(installation: Installation, own: Records) -> Iterator[Span]:
    """Alerts of the last watch's report and those firing at opening; an artefact that cannot be read gives none."""
    found: dict[tuple[str, str], Span] = {}
    for one in own:
        if isinstance(one.event, rollback.RollbackOpened) and one.event.firing_sha384:
            for row in _json(installation, one.event.firing_sha384, list):
                _add(found, row, one.at, one.sequence)
        if isinstance(one.event, rollback.WatchFinished):
            for row in _json(installation, one.event.report_sha384, dict).get("all_alerts", []):
                _add(found, row, datetime.fromisoformat(row["last_seen"]), one.sequence)
    yield from found.values()


def _add(found: dict[tuple[str, str], Span], row: dict[str, Any], end: datetime, entry: int) -> None:
    start = datetime.fromisoformat(row["active_at"])
    label = " ".join([row["name"], row["labels"].get("schedule", "")]).strip()
    key = (json.dumps(row["labels"], sort_keys=True), start.isoformat(timespec="seconds"))
    found[key] = Span("alert", label, start, max(start + timedelta(), end), entry)


def _json(installation: Installation, name: str, kind: type) -> Any:
    try:
        page = json.loads(read(installation, name))
    except (LedgerError, ValueError):
        return kind()
    return page if isinstance(page, kind) else kind()


_MARKS = {
    rollback.RollbackOpened: "opened",
    rollback.RollbackConfirmed: "confirmed",
    rollback.EmergencyDeclared: "emergency",
    rollback.IncidentEnded: "incident ended",
    rollback.AllClearAnnounced: "all-clear",
    rollback.RollbackCompleted: "closed",
    rollback.RollbackAborted: "aborted",
}


def marks(own: Records) -> Iterator[Mark]:
    """The points on the axis; a note stands where somebody says that it happened."""
    for one in own:
        if (name := _MARKS.get(type(one.event))) is not None:
            yield Mark(name, one.at, one.sequence)
        elif isinstance(one.event, rollback.NoteAdded):
            yield Mark("note", one.event.occurred_at or one.at, one.sequence, bool(one.event.occurred_at))


def attempts(own: Records) -> Iterator[Attempt]:
    """Every verdict, numbered per step."""
    count = [0] * len(STEPS)
    for one in own:
        event: Any = one.event
        if event is not None and event.decides and event.step is not None:
            count[event.step] += 1
            reasons = getattr(event, "reasons", ()) or tuple(filter(None, (getattr(event, "cause", ""),)))
            yield Attempt(event.step, count[event.step], event.verdict, reasons, one.at, one.actor, one.sequence)


def timeline(own: Records) -> Iterator[Line]:
    """All entries in order, each with what corrects it."""
    fixes: dict[int, tuple[int, ...]] = {}
    for one in own:
        if isinstance(one.event, duties.Corrected):
            fixes[one.event.entry] = (*fixes.get(one.event.entry, ()), one.sequence)
    for one in own:
        when = getattr(one.event, "occurred_at", None)
        yield Line(one.sequence, one.at, one.actor, one.role, sentence(one), when, fixes.get(one.sequence, ()))


def _proofs(installation: Installation, found: Rollback) -> Iterator[Proof]:
    for one in found.evidence:
        size, state = None, "present"
        try:
            size = len(read(installation, one.sha384))
        except Erased:
            state = "erased"
        except LedgerError:
            state = "changed" if installation.artefacts.has(one.sha384) else "missing"
        yield Proof(one.name.removesuffix("_sha384"), one.entry, one.sha384, size, state)


def deviations(found: Rollback, own: Records, stage: Records) -> Iterator[Departure]:
    """What a review looks at, and what was seen outside, late or not at all; in the order of the entries."""
    told = [Departure(one.why, one.at, one.by, one.entry) for one in found.deviations]
    known = {one.entry for one in told}
    kinds = (*_OUTSIDE, observation.ObservationGap, duties.StepLapsed, override.EffectExpired, duties.WindowOverrun)
    told += [
        Departure(sentence(one), one.at, one.actor, one.sequence)
        for one in (*own, *stage)
        if isinstance(one.event, kinds) and one.sequence not in known
    ]
    yield from sorted(told, key=lambda one: one.entry)


def debts(found: Rollback, own: Records) -> Iterator[Debt]:
    """What was owed, since when, and who paid it when."""
    emergency = _first(own, rollback.EmergencyDeclared)
    answer = next((one for one in own if _answers(one)), None)
    stopped = _first(own, *_STOPS)
    begun = emergency or stopped
    if begun and (answer is None or answer.sequence > begun.sequence):
        yield _debt("late confirmation or refusal", emergency or own[0], answer)
    for one in own:
        if isinstance(one.event, duties.WindowExtended):
            paid = (two for two in own if getattr(two.event, "extension", 0) == one.sequence)
            yield _debt("confirmation of the longer window", one, next(paid, None))
        if isinstance(one.event, silence.SilenceEndOwed):
            ended = (two for two in own if two.sequence > one.sequence and _ends_silence(two))
            yield _debt("end of the silence", one, next(ended, None))
    for entry in found.deviations:
        looked = (one for one in own if isinstance(one.event, duties.Reviewed) and one.event.up_to >= entry.entry)
        source = next(one for one in own if one.sequence == entry.entry)
        yield _debt(f"review of: {entry.why}", source, next(looked, None))
    if found.id.startswith("STOP-"):
        yield _debt("a ticket", own[0], _first(own, duties.TicketLinked))


def _answers(one: Recorded) -> bool:
    waived = isinstance(one.event, duties.StepWaived) and one.event.number == 0
    return waived or isinstance(one.event, (rollback.RollbackConfirmed, duties.ConfirmationRefused))


def _ends_silence(one: Recorded) -> bool:
    seen = isinstance(one.event, observation.SilenceObserved) and one.event.found in ("expired", "absent")
    return seen or isinstance(one.event, silence.SilenceEnded)


def _debt(what: str, owed: Recorded, paid: Recorded | None) -> Debt:
    if paid is None:
        return Debt(what, owed.at, owed.sequence, 0, None, "")
    return Debt(what, owed.at, owed.sequence, paid.sequence, paid.at, paid.actor)
