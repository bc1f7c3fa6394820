"""What each event does to one rollback: ``Rollback -> Rollback``. Used by :func:`ledger.domain.evolve.evolve` alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ledger.domain import duties, silences
from ledger.domain.duties import deviate, require
from ledger.domain.effects import ask, done
from ledger.domain.events import ledger, override, rollback
from ledger.domain.events.base import Event
from ledger.domain.record import Recorded
from ledger.domain.runbook import EffectKind
from ledger.domain.state import Override, Rollback, Watch


def opened(record: Recorded, event: rollback.RollbackOpened) -> Rollback:
    """The new rollback."""
    return Rollback(
        record.rollback,
        event.ticket,
        event.purpose,
        event.reason,
        event.component,
        event.channel,
        event.window_start,
        event.window_end,
        record.actor,
        record.at,
        record.sequence,
        expected=event.expected,
    )


def _confirmed(before: Rollback, record: Recorded, event: rollback.RollbackConfirmed) -> Rollback:
    require(record.actor != before.opened_by, f"{record.actor} opened {before.id} and cannot confirm it")
    require(record.role == "product_owner", "only a product_owner confirms")
    return before._replace(confirmed_by=record.actor)


def _emergency(before: Rollback, record: Recorded, event: rollback.EmergencyDeclared) -> Rollback:
    require(not before.emergency, f"an emergency was declared for {before.id} already")
    return deviate(before._replace(emergency=record.sequence), record, "emergency")


def _override_requested(before: Rollback, record: Recorded, event: override.OverrideRequested) -> Rollback:
    require(not before.holds or before.stoppable_again, f"{before.id} has its override already")
    asked = ask(before._replace(override=Override(event, record.actor, event.path)), "override", record, event)
    return _claimed(asked, record)


def _claimed(before: Rollback, record: Recorded) -> Rollback:
    """A stop by somebody whose task it is not is done, and looked at afterwards (docs/runbook.md, "The stop")."""
    if record.role in ("none", "auditor", "admin"):
        return deviate(before, record, "stopped without a role for it")
    return before


def _override_written(before: Rollback, record: Recorded, event: override.OverrideWritten) -> Rollback:
    after = done(before, "override", record.status)
    written = after.override._replace(
        path=event.path, sha384=event.override_sha384, written_at=event.seen_at, owner=event.owner
    )
    return _stopped(after, written)


def _stopped(before: Rollback, by: Override) -> Rollback:
    """The stop stands by this override; the first one is remembered."""
    return before._replace(override=by, stopped_at=before.stopped_at or by.written_at)


def _override_failed(before: Rollback, record: Recorded, event: override.OverrideFailed) -> Rollback:
    kind: EffectKind = "put_back" if any(effect.kind == "put_back" for effect in before.effects) else "override"
    return done(before, kind, record.status)


def _override_adopted(before: Rollback, record: Recorded, event: override.OverrideAdopted) -> Rollback:
    require(not before.holds or before.stoppable_again, f"{before.id} has its override already")
    by = before.override.by if record.role == "system" else record.actor  # the ledger found it for who had asked
    adopted = Override(None, by, event.path, event.override_sha384, event.seen_at, owner=event.owner)
    return _claimed(_stopped(_unasked(before), adopted), record)


def _unasked(before: Rollback) -> Rollback:
    """Without the override that was asked for: another one took its place."""
    return before._replace(effects=tuple(effect for effect in before.effects if effect.kind != "override"))


def _hold_joined(before: Rollback, record: Recorded, event: override.HoldJoined) -> Rollback:
    require(not before.holds, f"{before.id} holds the scheduler already")
    if event.verdict != "pass":
        return before
    joined = Override(None, record.actor, event.path, event.override_sha384, event.seen_at, owner=event.owner)
    return _stopped(before, joined)


def _hold_released(before: Rollback, record: Recorded, event: override.HoldReleased) -> Rollback:
    require(before.holds and before.restoring, f"{before.id} has no hold to release")
    return before._replace(override=before.override._replace(removed_at=event.seen_at, held_by=event.held_by))


def _put_back_requested(before: Rollback, record: Recorded, event: override.PutBackRequested) -> Rollback:
    require(before.holds, f"{before.id} does not hold the scheduler")
    require(event.override_sha384 == before.override.sha384, "what is put back is what was declared")
    return deviate(ask(before, "put_back", record, event), record, "override put back")


def _put_back(before: Rollback, record: Recorded, event: override.OverridePutBack) -> Rollback:
    after = done(before, "put_back", record.status)
    return after._replace(override=after.override._replace(removed_outside=0, gone_at=None, owner=event.owner))


def _stop_taken_in(before: Rollback, record: Recorded, event: rollback.StopTakenIn1) -> Rollback:
    before = deviate(before, record, "stop taken in from the spool")
    if isinstance(event, rollback.StopTakenIn) and event.claimed_person and before.opened_by == "system":
        before = before._replace(opened_by=event.claimed_person)
    if not event.override_sha384:
        return before
    require(not before.holds or before.stoppable_again, f"{before.id} has its override already")
    person = event.claimed_person if isinstance(event, rollback.StopTakenIn) else ""
    claimed = Override(None, person or event.claimed_by, event.path, event.override_sha384, event.claimed_at)
    return _stopped(_unasked(before), claimed)


def _removal_requested(before: Rollback, record: Recorded, event: override.OverrideRemovalRequested) -> Rollback:
    require(before.holds, f"{before.id} has no override to remove")
    require(before.restoring, f"the incident of {before.id} has not ended")
    return ask(before._replace(override=before.override._replace(cycle=event.cycle)), "removal", record, event)


def _removed(before: Rollback, record: Recorded, event: override.OverrideRemoved) -> Rollback:
    after = done(before, "removal", record.status)
    return after._replace(override=after.override._replace(removed_at=event.seen_at, removed_outside=0))


def _removal_failed(before: Rollback, record: Recorded, event: override.OverrideRemovalFailed) -> Rollback:
    return done(before, "removal", record.status)


def _removed_outside(before: Rollback, record: Recorded, event: override.OverrideRemovedOutside) -> Rollback:
    require(before.holds, f"{before.id} has no override that could be removed")
    override_ = before.override._replace(removed_outside=record.sequence, gone_at=event.seen_at)
    why = f"the override was removed (entry {record.sequence})"
    watch = before.watch._replace(disturbed=why) if before.watch else None
    return before._replace(override=override_, watch=watch)


def _override_expired(before: Rollback, record: Recorded, event: override.OverrideExpired) -> Rollback:
    require(before.holds and not before.override.expired, f"{before.id} has no override that could expire")
    return before._replace(override=before.override._replace(expired=record.sequence))


def _removal_adopted(before: Rollback, record: Recorded, event: override.RemovalAdopted) -> Rollback:
    require(event.adopts == before.override.removed_outside, f"entry {event.adopts} saw no removal of {before.id}")
    return before._replace(
        effects=tuple(effect for effect in before.effects if effect.kind != "removal"),
        override=before.override._replace(removed_at=before.override.gone_at or record.at, removed_outside=0),
    )


def _effect_dropped(before: Rollback, record: Recorded, event: Any) -> Rollback:
    require(
        any(effect.requested == event.requested and effect.kind == event.effect for effect in before.effects),
        f"entry {event.requested} is not a pending {event.effect} of {before.id}",
    )
    return done(before, event.effect, record.status)


def _watch_started(before: Rollback, record: Recorded, event: rollback.WatchStarted) -> Rollback:
    return before._replace(watch=Watch(record.sequence, event, record.actor))


def _watch_finished(before: Rollback, record: Recorded, event: rollback.WatchFinished) -> Rollback:
    require(before.watch and before.watch.entry == event.started, f"entry {event.started} is not the watch running")
    return before._replace(watch=None)


def _incident_ended(before: Rollback, record: Recorded, event: rollback.IncidentEnded) -> Rollback:
    return before._replace(incident_ended=record.sequence)


def _restart_checked(before: Rollback, record: Recorded, event: rollback.RestartChecked) -> Rollback:
    return before._replace(restarted_at=event.read_at) if event.verdict == "pass" else before


def _all_clear(before: Rollback, record: Recorded, event: rollback.AllClearAnnounced) -> Rollback:
    return before._replace(all_clear=record.sequence)


def _summary_written(before: Rollback, record: Recorded, event: rollback.SummaryWritten) -> Rollback:
    return before._replace(summary_sha384=event.summary_sha384)


def _abort_requested(before: Rollback, record: Recorded, event: rollback.AbortRequested) -> Rollback:
    return before._replace(aborting=record.sequence)


def _closed(before: Rollback, record: Recorded, event: Any) -> Rollback:
    completed = type(event) is rollback.RollbackCompleted
    require(not before.effects and not before.holds, f"{before.id} cannot be closed: something is pending or held")
    require(before.silence.state != "active", f"{before.id} cannot be closed: its silence is active")
    require(event.entries == before.entries + 1, f"entries: expected {before.entries + 1}, found {event.entries}")
    require(not completed or before.steps[5].passed, f"{before.id} cannot be completed before step 5 passed")
    return before._replace(phase="completed" if completed else "aborted", closed_at=record.at)


TRANSITIONS: dict[type[Event], Callable[[Rollback, Recorded, Any], Rollback]] = {
    rollback.RollbackConfirmed: _confirmed,
    rollback.EmergencyDeclared: _emergency,
    rollback.StopTakenIn: _stop_taken_in,
    rollback.StopTakenIn1: _stop_taken_in,
    rollback.WatchStarted: _watch_started,
    rollback.WatchFinished: _watch_finished,
    rollback.IncidentEnded: _incident_ended,
    rollback.RestartChecked: _restart_checked,
    rollback.AllClearAnnounced: _all_clear,
    rollback.SummaryWritten: _summary_written,
    rollback.AbortRequested: _abort_requested,
    rollback.RollbackCompleted: _closed,
    rollback.RollbackAborted: _closed,
    override.OverrideRequested: _override_requested,
    override.OverrideWritten: _override_written,
    override.OverrideFailed: _override_failed,
    override.OverrideAdopted: _override_adopted,
    override.HoldJoined: _hold_joined,
    override.HoldReleased: _hold_released,
    override.PutBackRequested: _put_back_requested,
    override.OverridePutBack: _put_back,
    override.OverrideRemovalRequested: _removal_requested,
    override.OverrideRemoved: _removed,
    override.OverrideRemovalFailed: _removal_failed,
    override.OverrideRemovedOutside: _removed_outside,
    override.RemovalAdopted: _removal_adopted,
    override.OverrideExpired: _override_expired,
    override.EffectExpired: _effect_dropped,
    override.EffectCancelled: _effect_dropped,
    **silences.TRANSITIONS,
    **duties.TRANSITIONS,
}
AFTER_CLOSING = (
    duties.AFTER_CLOSING | silences.AFTER_CLOSING | {rollback.NoteAdded, rollback.RollbackConfirmed, ledger.LogKept}
)
