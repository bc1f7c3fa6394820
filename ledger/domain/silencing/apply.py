"""What silences do to a rollback."""

from __future__ import annotations

from typing import Any

from ledger.domain.duties.owed import SILENCE_END
from ledger.domain.effects import ask, done
from ledger.domain.observing.events import SilenceObserved
from ledger.domain.record import Recorded
from ledger.domain.silencing.events import (
    ForeignSilenceAccepted,
    SilenceAdopted,
    SilenceCreated,
    SilenceEnded,
    SilenceEndFailed,
    SilenceEndOwed,
    SilenceEndRequested,
    SilenceEndRequested1,
    SilenceExtended,
    SilenceExtendFailed,
    SilenceExtendRequested,
    SilenceFailed,
    SilenceFailed1,
    SilenceFound,
    SilenceLost,
    SilenceRequested,
    SilenceSurplusEnded,
    SilenceSurplusSeen,
)
from ledger.domain.state import BorneSilence, Rollback, Silence
from ledger.domain.transition import applies, deviate, require


@applies(SilenceRequested)
def _silence_requested(before: Rollback, record: Recorded, event: SilenceRequested) -> Rollback:
    require(before.silence.state != "active", "{} has a silence already", before.id)
    return ask(
        before._replace(
            silence=Silence(event, "", event.matchers, event.ends_at, by=record.actor, surplus=before.silence.surplus)
        ),
        "silence",
        record,
        event,
    )


@applies(SilenceCreated, SilenceFound)
def _silence_created(before: Rollback, record: Recorded, event: SilenceCreated) -> Rollback:
    after = done(before, "silence", record.status)
    return after._replace(
        silence=after.silence._replace(
            id=event.silence_id, matchers=event.matchers, ends_at=event.ends_at, state="active"
        )
    )


@applies(SilenceFailed, SilenceFailed1)
def _silence_failed(before: Rollback, record: Recorded, event: Any) -> Rollback:
    return done(before, "silence", record.status)


@applies(SilenceAdopted)
def _silence_adopted(before: Rollback, record: Recorded, event: SilenceAdopted) -> Rollback:
    require(before.silence.state != "active", "{} has a silence already", before.id)
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
    return tuple(other for other in names if other != name)


@applies(SilenceSurplusSeen)
def _surplus_seen(before: Rollback, record: Recorded, event: SilenceSurplusSeen) -> Rollback:
    own = before.silence
    require(
        own.state != "active" or own.id != event.silence_id,
        "{} is the one silence of {}",
        event.silence_id,
        before.id,
    )
    return before._replace(silence=own._replace(surplus=(*_without(own.surplus, event.silence_id), event.silence_id)))


@applies(SilenceSurplusEnded)
def _surplus_ended(before: Rollback, record: Recorded, event: SilenceSurplusEnded) -> Rollback:
    own = before.silence
    require(event.silence_id in own.surplus, "{} is no second silence of {}", event.silence_id, before.id)
    return before._replace(silence=own._replace(surplus=_without(own.surplus, event.silence_id)))


@applies(ForeignSilenceAccepted)
def _foreign_accepted(before: Rollback, record: Recorded, event: ForeignSilenceAccepted) -> Rollback:
    require(before.restoring, "step 5 of {} is not due", before.id)
    require(event.silence_id != before.silence.id, "{} is the silence of {} itself", event.silence_id, before.id)
    others = tuple(silence for silence in before.borne if silence.id != event.silence_id)
    borne = (*others, BorneSilence(event.silence_id, event.ends_at, record.sequence))
    return deviate(before._replace(borne=borne), record, "a silence of somebody else accepted")


@applies(SilenceExtendRequested)
def _extend_requested(before: Rollback, record: Recorded, event: SilenceExtendRequested) -> Rollback:
    require(event.silence_id == before.silence.id, "{} is not the silence of {}", event.silence_id, before.id)
    return ask(before, "silence_extend", record, event)


@applies(SilenceExtended)
def _extended(before: Rollback, record: Recorded, event: SilenceExtended) -> Rollback:
    after = done(before, "silence_extend", record.status)
    return after._replace(silence=after.silence._replace(id=event.silence_id, ends_at=event.ends_at))


@applies(SilenceExtendFailed)
def _extend_failed(before: Rollback, record: Recorded, event: SilenceExtendFailed) -> Rollback:
    return done(before, "silence_extend", record.status)


@applies(SilenceLost)
def _silence_lost(before: Rollback, record: Recorded, event: SilenceLost) -> Rollback:
    require(before.silence.state == "active" and event.silence_id == before.silence.id, "no such silence to lose")
    return before._replace(silence=before.silence._replace(state="lost"))


@applies(SilenceEndOwed)
def _end_owed(before: Rollback, record: Recorded, event: SilenceEndOwed) -> Rollback:
    require(before.silence.state == "active", "{} has no silence whose end could be owed", before.id)
    rest = tuple(effect for effect in before.effects if effect.kind != "silence_end")
    after = before._replace(effects=rest, silence=before.silence._replace(state="end_owed"))
    return deviate(after, record, SILENCE_END)


@applies(SilenceEndRequested, SilenceEndRequested1)
def _silence_end_requested(before: Rollback, record: Recorded, event: SilenceEndRequested1) -> Rollback:
    require(event.silence_id == before.silence.id, "{} is not the silence of {}", event.silence_id, before.id)
    return ask(before, "silence_end", record, event)


@applies(SilenceEnded)
def _silence_ended(before: Rollback, record: Recorded, event: SilenceEnded) -> Rollback:
    after = before if before.silence.state == "end_owed" else done(before, "silence_end", record.status)
    require(event.silence_id == before.silence.id, "{} is not the silence of {}", event.silence_id, before.id)
    return after._replace(silence=after.silence._replace(state="ended", ends_at=event.ended_at))


@applies(SilenceEndFailed)
def _silence_end_failed(before: Rollback, record: Recorded, event: SilenceEndFailed) -> Rollback:
    return done(before, "silence_end", record.status)


@applies(SilenceObserved)
def _silence_observed(before: Rollback, record: Recorded, event: SilenceObserved) -> Rollback:
    if event.silence_id != before.silence.id or before.silence.state not in ("active", "end_owed"):
        return before
    state = {"active": "active", "pending": "active", "expired": "ended", "absent": "lost"}[event.found]
    if before.silence.state == "end_owed" and state == "active":
        return before
    return before._replace(silence=before.silence._replace(state=state, ends_at=event.ends_at))  # type: ignore[arg-type]
