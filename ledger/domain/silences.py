"""What events about silences do to one rollback: its own one, others with its mark, and those of others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ledger.domain import duties
from ledger.domain.duties import deviate, require
from ledger.domain.effects import ask, done
from ledger.domain.events import observation, silence
from ledger.domain.events.base import Event
from ledger.domain.record import Recorded
from ledger.domain.state import BorneSilence, Rollback, Silence


def _silence_requested(before: Rollback, record: Recorded, event: silence.SilenceRequested) -> Rollback:
    require(before.silence.state != "active", f"{before.id} has a silence already")
    return ask(
        before._replace(
            silence=Silence(event, "", event.matchers, event.ends_at, by=record.actor, surplus=before.silence.surplus)
        ),
        "silence",
        record,
        event,
    )


def _silence_created(before: Rollback, record: Recorded, event: silence.SilenceCreated) -> Rollback:
    after = done(before, "silence", record.status)
    return after._replace(
        silence=after.silence._replace(
            id=event.silence_id, matchers=event.matchers, ends_at=event.ends_at, state="active"
        )
    )


def _silence_failed(before: Rollback, record: Recorded, event: Any) -> Rollback:
    return done(before, "silence", record.status)


def _silence_adopted(before: Rollback, record: Recorded, event: silence.SilenceAdopted) -> Rollback:
    require(before.silence.state != "active", f"{before.id} has a silence already")
    return before._replace(
        effects=tuple(effect for effect in before.effects if effect.kind != "silence"),
        silence=Silence(
            None,
            event.silence_id,
            event.matchers,
            event.ends_at,
            "active",
            record.actor,
            _without(before.silence.surplus, event.silence_id),
        ),
    )


def _without(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(one for one in names if one != name)


def _surplus_seen(before: Rollback, record: Recorded, event: silence.SilenceSurplusSeen) -> Rollback:
    own = before.silence
    require(
        own.state != "active" or own.id != event.silence_id, f"{event.silence_id} is the one silence of {before.id}"
    )
    return before._replace(silence=own._replace(surplus=(*_without(own.surplus, event.silence_id), event.silence_id)))


def _surplus_ended(before: Rollback, record: Recorded, event: silence.SilenceSurplusEnded) -> Rollback:
    own = before.silence
    require(event.silence_id in own.surplus, f"{event.silence_id} is no second silence of {before.id}")
    return before._replace(silence=own._replace(surplus=_without(own.surplus, event.silence_id)))


def _foreign_accepted(before: Rollback, record: Recorded, event: silence.ForeignSilenceAccepted) -> Rollback:
    require(before.restoring, f"step 5 of {before.id} is not due")
    require(event.silence_id != before.silence.id, f"{event.silence_id} is the silence of {before.id} itself")
    others = tuple(one for one in before.borne if one.id != event.silence_id)
    borne = (*others, BorneSilence(event.silence_id, event.ends_at, record.sequence))
    return deviate(before._replace(borne=borne), record, "a silence of somebody else accepted")


def _extend_requested(before: Rollback, record: Recorded, event: silence.SilenceExtendRequested) -> Rollback:
    require(event.silence_id == before.silence.id, f"{event.silence_id} is not the silence of {before.id}")
    return ask(before, "silence_extend", record, event)


def _extended(before: Rollback, record: Recorded, event: silence.SilenceExtended) -> Rollback:
    after = done(before, "silence_extend", record.status)
    return after._replace(silence=after.silence._replace(id=event.silence_id, ends_at=event.ends_at))


def _extend_failed(before: Rollback, record: Recorded, event: silence.SilenceExtendFailed) -> Rollback:
    return done(before, "silence_extend", record.status)


def _silence_lost(before: Rollback, record: Recorded, event: silence.SilenceLost) -> Rollback:
    require(before.silence.state == "active" and event.silence_id == before.silence.id, "no such silence to lose")
    return before._replace(silence=before.silence._replace(state="lost"))


def _end_owed(before: Rollback, record: Recorded, event: silence.SilenceEndOwed) -> Rollback:
    require(before.silence.state == "active", f"{before.id} has no silence whose end could be owed")
    rest = tuple(effect for effect in before.effects if effect.kind != "silence_end")
    after = before._replace(effects=rest, silence=before.silence._replace(state="end_owed"))
    return deviate(after, record, duties.SILENCE_END)


def _silence_end_requested(before: Rollback, record: Recorded, event: silence.SilenceEndRequested1) -> Rollback:
    require(event.silence_id == before.silence.id, f"{event.silence_id} is not the silence of {before.id}")
    return ask(before, "silence_end", record, event)


def _silence_ended(before: Rollback, record: Recorded, event: silence.SilenceEnded) -> Rollback:
    after = before if before.silence.state == "end_owed" else done(before, "silence_end", record.status)
    require(event.silence_id == before.silence.id, f"{event.silence_id} is not the silence of {before.id}")
    return after._replace(silence=after.silence._replace(state="ended", ends_at=event.ended_at))


def _silence_end_failed(before: Rollback, record: Recorded, event: silence.SilenceEndFailed) -> Rollback:
    return done(before, "silence_end", record.status)


def _silence_observed(before: Rollback, record: Recorded, event: observation.SilenceObserved) -> Rollback:
    if event.silence_id != before.silence.id or before.silence.state not in ("active", "end_owed"):
        return before
    state = {"active": "active", "pending": "active", "expired": "ended", "absent": "lost"}[event.found]
    if before.silence.state == "end_owed" and state == "active":
        return before
    return before._replace(silence=before.silence._replace(state=state, ends_at=event.ends_at))  # type: ignore[arg-type]


TRANSITIONS: dict[type[Event], Callable[[Rollback, Recorded, Any], Rollback]] = {
    silence.SilenceRequested: _silence_requested,
    silence.SilenceCreated: _silence_created,
    silence.SilenceFailed: _silence_failed,
    silence.SilenceFailed1: _silence_failed,
    silence.SilenceAdopted: _silence_adopted,
    silence.SilenceExtendRequested: _extend_requested,
    silence.SilenceExtended: _extended,
    silence.SilenceExtendFailed: _extend_failed,
    silence.SilenceLost: _silence_lost,
    silence.SilenceEndOwed: _end_owed,
    silence.SilenceEndRequested: _silence_end_requested,
    silence.SilenceEndRequested1: _silence_end_requested,
    silence.SilenceSurplusSeen: _surplus_seen,
    silence.SilenceSurplusEnded: _surplus_ended,
    silence.ForeignSilenceAccepted: _foreign_accepted,
    silence.SilenceEnded: _silence_ended,
    silence.SilenceEndFailed: _silence_end_failed,
    observation.SilenceObserved: _silence_observed,
}
AFTER_CLOSING = frozenset(
    {
        silence.SilenceEnded,
        silence.SilenceSurplusSeen,
        silence.SilenceSurplusEnded,
        observation.SilenceObserved,
    }
)
