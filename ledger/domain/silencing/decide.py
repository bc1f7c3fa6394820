"""Step 2: the silence is asked for, adopted, judged; in step 5 its end is asked for."""

from __future__ import annotations

from datetime import datetime, timedelta

from ledger.domain.command import Request
from ledger.domain.judge_silences import judge_silence
from ledger.domain.matchers import LARGEST, noted, size
from ledger.domain.rules import Decided, act, decides, open_rollback, require_ready, require_window
from ledger.domain.runbook import NOT_AFTER_SECONDS, Step
from ledger.domain.silencing.commands import (
    AcceptSilence,
    AdoptSilence,
    CheckSilence,
    ExtendSilence,
    OweSilenceEnd,
    RequestSilence,
    RequestSilenceEnd,
)
from ledger.domain.silencing.events import (
    ForeignSilenceAccepted,
    SilenceAdopted,
    SilenceChecked,
    SilenceEndOwed,
    SilenceEndRequested,
    SilenceExtendRequested,
    SilenceRequested,
)
from ledger.domain.state import Rollback, State
from ledger.domain.text import INLINE, check_text, shorten
from ledger.errors import Refused
from ledger.said import Said


def _refuse_second(rollback: Rollback) -> None:
    if rollback.silence.state in ("active", "end_owed"):
        raise Refused(
            Said("{} has the silence {} already; one rollback, one silence", rollback.id, rollback.silence.id)
        )
    if any(effect.kind == "silence" for effect in rollback.effects):
        raise Refused(Said("a silence for {} is asked for and not created yet", rollback.id))


@decides(RequestSilence)
def request_silence(state: State, request: Request, command: RequestSilence) -> tuple[Decided, ...]:
    """Step 2 in its order."""
    rollback = open_rollback(state, request)
    role = act(state, request, SilenceRequested, rollback)
    _refuse_second(rollback)
    require_ready(rollback, Step.SILENCE)
    require_window(rollback, request)
    if command.ends_at <= request.at:
        owed = (Said("incident_manager: extend the window: stage4 rollback extend-window {}", rollback.id),)
        raise Refused("the silence would have ended already", owed if latest_end(rollback) <= request.at else ())
    _require_bounded(rollback, command.ends_at)
    event = SilenceRequested(
        matchers=command.matchers,
        starts_at=command.starts_at,
        ends_at=command.ends_at,
        created_by=command.created_by,
        comment=command.comment,
        marker=command.marker,
        will_mute=command.will_mute,
        preview_sha384=command.preview_sha384,
        not_after=request.at + timedelta(seconds=NOT_AFTER_SECONDS),
    )
    return (Decided(event, rollback.id, role),)


@decides(AdoptSilence)
def adopt_silence(state: State, request: Request, command: AdoptSilence) -> tuple[Decided, ...]:
    """A silence made by the workflow or by hand becomes step 2."""
    rollback = open_rollback(state, request)
    role = act(state, request, SilenceAdopted, rollback)
    _refuse_second(rollback)
    require_ready(rollback, Step.SILENCE)
    silence = command.silence
    if silence.state != "active":
        raise Refused(Said("the silence {} is {}; only an active one can be adopted", silence.id, silence.state))
    if (large := size(silence.matchers)) > LARGEST:
        raise Refused(
            Said(
                "the matchers of the silence {} have {} bytes; one of at most {} can be adopted: make "
                "one of its own: stage4 rollback silence {}",
                silence.id,
                large,
                LARGEST,
                rollback.id,
            )
        )
    event = SilenceAdopted(
        silence_id=silence.id,
        matchers=silence.matchers,
        starts_at=silence.starts_at,
        ends_at=silence.ends_at,
        created_by=silence.created_by,
        reason=check_text("the reason", command.reason, longest=INLINE),
        run_id=command.run_id,
        run_url=command.run_url,
        log_sha384=command.log_sha384,
        transcript_sha384=command.transcript_sha384,
    )
    return (Decided(event, rollback.id, role),)


@decides(CheckSilence)
def check_silence(state: State, request: Request, command: CheckSilence) -> tuple[Decided, ...]:
    """Judge step 2 by what Alertmanager says now. Also by the ledger itself, once the silence is there."""
    rollback = open_rollback(state, request)
    role = act(state, request, SilenceChecked, rollback)
    if rollback.silence.state == "none" or not rollback.silence.id:
        raise Refused(Said("{} has no silence yet: stage4 rollback silence {}", rollback.id, rollback.id))
    told = judge_silence(rollback, command.members, command.prometheus, command.installation, request.at)
    event = SilenceChecked(
        verdict=told.judged.verdict,
        reasons=told.judged.reasons,
        silence_id=rollback.silence.id,
        ends_at=told.ends_at or rollback.silence.ends_at or request.at,
        asked=len(command.members),
        answered=told.answered,
        firing=told.firing,
        suppressed=told.suppressed,
        members=told.lines,
        alerts_sha384=command.alerts_sha384,
    )
    return (Decided(event, rollback.id, role),)


@decides(RequestSilenceEnd)
def request_silence_end(state: State, request: Request, command: RequestSilenceEnd) -> tuple[Decided, ...]:
    """Step 5, after the restart was seen (docs/runbook.md: remove, see enabled, end the silence)."""
    rollback = open_rollback(state, request)
    role = act(state, request, SilenceEndRequested, rollback)
    require_ready(rollback, Step.RESTORE)
    if rollback.silence.state != "active":
        raise Refused(Said("{} has no active silence", rollback.id))
    if any(effect.kind == "silence_end" for effect in rollback.effects):
        raise Refused(Said("the end of {} is asked for already", rollback.silence.id))
    stopped = rollback.override.written_at is not None and not rollback.override.held_by
    if stopped and rollback.restarted_at is None:
        raise Refused("the alerts stay silenced until the scheduler is seen enabled", ("l2_ops: confirm the restart",))
    event = SilenceEndRequested(
        silence_id=rollback.silence.id,
        will_fire=command.will_fire,
        stay_muted=command.stay_muted,
        not_after=request.at + timedelta(seconds=NOT_AFTER_SECONDS),
    )
    return (Decided(event, rollback.id, role),)


@decides(AcceptSilence)
def accept_silence(state: State, request: Request, command: AcceptSilence) -> tuple[Decided, ...]:
    """Step 5, by who restores: somebody else's silence may go on until the end that it has now; to be reviewed."""
    rollback = open_rollback(state, request)
    role = act(state, request, ForeignSilenceAccepted, rollback)
    require_ready(rollback, Step.RESTORE)
    silence = command.silence
    if silence.id != command.name or silence.state == "expired":
        raise Refused(
            Said("the silence {} is {}; only an active one needs to be accepted", command.name, silence.state)
        )
    own = [
        candidate.id
        for candidate in state.open.values()
        if silence.id in (candidate.silence.id, *candidate.silence.surplus)
    ]
    if own:
        raise Refused(
            Said("{} is a silence of {} and ends with its step 5; nothing is to be accepted", silence.id, own[0])
        )
    event = ForeignSilenceAccepted(
        silence_id=silence.id,
        matchers=noted(silence.matchers),
        created_by=shorten(silence.created_by),
        ends_at=silence.ends_at,
        reason=check_text("the reason", command.reason, longest=INLINE),
    )
    return (Decided(event, rollback.id, role),)


LONGEST_EXTENSION = 24 * 3600
"""Seconds by which a silence is extended at most, at once."""


GRACE = timedelta(minutes=15)
"""How long a silence may outlast its override and window (docs/runbook.md, "What happens outside")."""


@decides(ExtendSilence)
def extend_silence(state: State, request: Request, command: ExtendSilence) -> tuple[Decided, ...]:
    """By observability, from the current end; not beyond the window and the override's end by more than 15 minutes."""
    rollback = open_rollback(state, request)
    role = act(state, request, SilenceExtendRequested, rollback)
    silence = rollback.silence
    if silence.state != "active" or silence.ends_at is None:
        raise Refused(Said("{} has no active silence: stage4 rollback recreate-silence {}", rollback.id, rollback.id))
    if any(effect.kind == "silence_extend" for effect in rollback.effects):
        raise Refused(Said("the extension of {} is asked for already", silence.id))
    if not 1 <= command.seconds <= LONGEST_EXTENSION:
        raise Refused("a silence is extended by 1 s to 24 h at once")
    _require_bounded(rollback, silence.ends_at)  # somebody may have set it to the year 9999
    ends = silence.ends_at + timedelta(seconds=command.seconds)
    _require_bounded(rollback, ends)
    event = SilenceExtendRequested(
        silence_id=silence.id, ends_at=ends, not_after=request.at + timedelta(seconds=NOT_AFTER_SECONDS)
    )
    return (Decided(event, rollback.id, role),)


@decides(OweSilenceEnd)
def owe_silence_end(state: State, request: Request, command: OweSilenceEnd) -> tuple[Decided, ...]:
    """By who restores, while Alertmanager cannot be reached: the debt stays on the list after closing."""
    rollback = open_rollback(state, request)
    role = act(state, request, SilenceEndOwed, rollback)
    require_ready(rollback, Step.RESTORE)
    if rollback.silence.state != "active":
        raise Refused(Said("{} has no active silence", rollback.id))
    if rollback.override.written_at and not rollback.override.held_by and rollback.restarted_at is None:
        raise Refused("the end is owed once the scheduler was seen enabled", ("l2_ops: confirm the restart",))
    event = SilenceEndOwed(
        silence_id=rollback.silence.id, cause=check_text("the cause", command.cause, longest=2 * INLINE)
    )
    return (Decided(event, rollback.id, role),)


def latest_end(rollback: Rollback) -> datetime:
    """When a silence must have ended: 15 minutes after the window and the override's own end."""
    asked = rollback.override.request
    limit = max(rollback.window_end, asked.expires_at) if asked and asked.expires_at else rollback.window_end
    return limit + GRACE


def _require_bounded(rollback: Rollback, ends: datetime) -> None:
    latest = latest_end(rollback)
    if ends <= latest:
        return
    owed = (Said("incident_manager: extend the window: stage4 rollback extend-window {}", rollback.id),)
    until = latest.isoformat(timespec="minutes")
    raise Refused(
        Said("the silence would end at {}; it may last until {}", ends.isoformat(timespec="minutes"), until), owed
    )
