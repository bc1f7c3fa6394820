"""What the stop does to a rollback."""

from __future__ import annotations

from typing import Any

from ledger.domain.effects import ask, done
from ledger.domain.record import Recorded
from ledger.domain.runbook import EffectKind
from ledger.domain.state import Override, Rollback
from ledger.domain.stopping.events import (
    EffectCancelled,
    EffectExpired,
    HoldJoined,
    OverrideAdopted,
    OverrideExpired,
    OverrideFailed,
    OverridePutBack,
    OverrideRequested,
    OverrideWritten,
    PutBackRequested,
    StopTakenIn,
    StopTakenIn1,
)
from ledger.domain.transition import applies, deviate, require


@applies(OverrideRequested)
def _override_requested(before: Rollback, record: Recorded, event: OverrideRequested) -> Rollback:
    require(not before.holds or before.stoppable_again, "{} has its override already", before.id)
    asked = ask(before._replace(override=Override(event, record.actor, event.path)), "override", record, event)
    return _claimed(asked, record)


def _claimed(before: Rollback, record: Recorded) -> Rollback:
    """A stop by somebody whose task it is not is done, and looked at afterwards (docs/runbook.md, "The stop")."""
    if record.role in ("none", "auditor", "admin"):
        return deviate(before, record, "stopped without a role for it")
    return before


@applies(OverrideWritten)
def _override_written(before: Rollback, record: Recorded, event: OverrideWritten) -> Rollback:
    after = done(before, "override", record.status)
    written = after.override._replace(
        path=event.path, sha384=event.override_sha384, written_at=event.seen_at, owner=event.owner
    )
    return _stopped(after, written)


def _stopped(before: Rollback, by: Override) -> Rollback:
    """The stop stands by this override; the first one is remembered."""
    return before._replace(override=by, stopped_at=before.stopped_at or by.written_at)


@applies(OverrideFailed)
def _override_failed(before: Rollback, record: Recorded, event: OverrideFailed) -> Rollback:
    kind: EffectKind = "put_back" if any(effect.kind == "put_back" for effect in before.effects) else "override"
    return done(before, kind, record.status)


@applies(OverrideAdopted)
def _override_adopted(before: Rollback, record: Recorded, event: OverrideAdopted) -> Rollback:
    require(not before.holds or before.stoppable_again, "{} has its override already", before.id)
    by = before.override.by if record.role == "system" else record.actor  # the ledger found it for who had asked
    adopted = Override(None, by, event.path, event.override_sha384, event.seen_at, owner=event.owner)
    return _claimed(_stopped(_unasked(before), adopted), record)


def _unasked(before: Rollback) -> Rollback:
    """Without the override that was asked for: another one took its place."""
    return before._replace(effects=tuple(effect for effect in before.effects if effect.kind != "override"))


@applies(HoldJoined)
def _hold_joined(before: Rollback, record: Recorded, event: HoldJoined) -> Rollback:
    require(not before.holds, "{} holds the scheduler already", before.id)
    if event.verdict != "pass":
        return before
    joined = Override(None, record.actor, event.path, event.override_sha384, event.seen_at, owner=event.owner)
    return _stopped(before, joined)


@applies(PutBackRequested)
def _put_back_requested(before: Rollback, record: Recorded, event: PutBackRequested) -> Rollback:
    require(before.holds, "{} does not hold the scheduler", before.id)
    require(event.override_sha384 == before.override.sha384, "what is put back is what was declared")
    return deviate(ask(before, "put_back", record, event), record, "override put back")


@applies(OverridePutBack)
def _put_back(before: Rollback, record: Recorded, event: OverridePutBack) -> Rollback:
    after = done(before, "put_back", record.status)
    return after._replace(override=after.override._replace(removed_outside=0, gone_at=None, owner=event.owner))


@applies(StopTakenIn, StopTakenIn1)
def _stop_taken_in(before: Rollback, record: Recorded, event: StopTakenIn1) -> Rollback:
    before = deviate(before, record, "stop taken in from the spool")
    if isinstance(event, StopTakenIn) and event.claimed_person and before.opened_by == "system":
        before = before._replace(opened_by=event.claimed_person)
    if not event.override_sha384:
        return before
    require(not before.holds or before.stoppable_again, "{} has its override already", before.id)
    person = event.claimed_person if isinstance(event, StopTakenIn) else ""
    claimed = Override(None, person or event.claimed_by, event.path, event.override_sha384, event.claimed_at)
    return _stopped(_unasked(before), claimed)


@applies(OverrideExpired)
def _override_expired(before: Rollback, record: Recorded, event: OverrideExpired) -> Rollback:
    require(before.holds and not before.override.expired, "{} has no override that could expire", before.id)
    return before._replace(override=before.override._replace(expired=record.sequence))


@applies(EffectExpired, EffectCancelled)
def _effect_dropped(before: Rollback, record: Recorded, event: Any) -> Rollback:
    require(
        any(effect.requested == event.requested and effect.kind == event.effect for effect in before.effects),
        "entry {} is not a pending {} of {}",
        event.requested,
        event.effect,
        before.id,
    )
    return done(before, event.effect, record.status)
