"""Step 6: the summary, the closing entry, the abort."""

from __future__ import annotations

from ledger.domain.closing.commands import Abort, Complete, WriteSummary
from ledger.domain.closing.events import AbortRequested, RollbackAborted, RollbackCompleted, SummaryWritten
from ledger.domain.command import Request
from ledger.domain.rules import Decided, act, decides, duration_minutes, open_rollback, require_ready
from ledger.domain.runbook import Step
from ledger.domain.state import Rollback, State
from ledger.domain.stopping.events import EffectCancelled
from ledger.domain.text import INLINE, check_text
from ledger.errors import Refused

_PICTURES_TITLE = "pictures of the Stage4 dashboard"


_PICTURE = "picture_sha384"


_ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".svg", ".pdf")
"""How the name of a picture ends that somebody took of the dashboard and attached to step 4."""


_FINAL = (
    ("copies of the override before and after its removal", ("override_before_sha384", "override_after_sha384"), (5,)),
    ("report of the silence and its id", ("transcript_sha384", "silence_id"), (2,)),
    ("logs of the status check and of the watch", ("log_sha384", "report_sha384"), (Step.CHECK, Step.WATCH)),
    (_PICTURES_TITLE, (_PICTURE,), (4,)),
)
"""The runbook's final artefacts that exist before the closing entry, the fifth, is written."""


def checklist(rollback: Rollback) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The final artefacts with the entries that hold them, and the names of those that are missing."""
    lines, missing = [], []
    for title, names, steps in _FINAL:
        entries = [_entry_with(rollback, name) for name in names]
        waived = next((rollback.steps[step].waived for step in steps if rollback.steps[step].waived), 0)
        if waived:
            lines.append(f"{title}: waived, entry {waived}")
        elif all(entries):
            lines.append(f"{title}: entry {', '.join(str(entry) for entry in dict.fromkeys(entries))}")
        else:
            missing.append(title)
    lines.append("decision log entry signed with HMAC: this entry")
    return tuple(lines), tuple(missing)


def _entry_with(rollback: Rollback, name: str) -> int:
    if name == "silence_id":
        return rollback.steps[Step.SILENCE].entry if rollback.silence.id else 0
    wanted = {"log_sha384": "stop_checked", "report_sha384": "watch_finished"}.get(name)
    for evidence in reversed(rollback.evidence):
        if evidence.name == name and wanted in (None, evidence.status):
            return evidence.entry
    return _attached_picture(rollback) if name == _PICTURE else 0


def _attached_picture(rollback: Rollback) -> int:
    attached = (one for one in reversed(rollback.evidence) if one.step == 4 and one.file.lower().endswith(_ENDINGS))
    return next((one.entry for one in attached), 0)


@decides(WriteSummary)
def write_summary(state: State, request: Request, command: WriteSummary) -> tuple[Decided, ...]:
    """Once step 5 passed; every version is an entry."""
    rollback = open_rollback(state, request)
    role = act(state, request, SummaryWritten)
    require_ready(rollback, Step.COMPLETE)
    if command.summary_sha384 == rollback.summary_sha384:
        raise Refused("this version of the summary is recorded already")
    return (Decided(SummaryWritten(summary_sha384=command.summary_sha384), rollback.id, role),)


def _require_closable(state: State, rollback: Rollback) -> None:
    require_ready(rollback, Step.COMPLETE)
    owed = [f"wait: the {effect.kind} of entry {effect.requested} is pending" for effect in rollback.effects]
    if rollback.holds:
        owed.append("l2_ops: the override is still there")
    if rollback.silence.state == "active":
        owed.append(
            f"observability: the silence {rollback.silence.id} is active: stage4 rollback restore {rollback.id}"
        )
    there = rollback.override.written_at and state.file_at(rollback.override.path).kind != "absent"
    if there and not state.holders_of(rollback.component):
        owed.append("l2_ops: an override that nobody declares is there again: look at it, and remove it")
    if not rollback.ticket:
        owed.append(f"incident_manager: a ticket: stage4 rollback link-ticket {rollback.id} --ticket …")
    if rollback.override.written_at and state.scheduler.status == "disabled" and state.holder is None:
        owed.append("l2_ops: the scheduler was last seen disabled: stage4 rollback check " + rollback.id)
    stopped = rollback.override.written_at and not rollback.override.held_by
    if stopped and state.scheduler.status != "enabled" and rollback.steps[Step.RESTORE].verdict != "pass":
        owed.append("l2_ops: the scheduler was not seen enabled afresh: stage4 rollback check " + rollback.id)
    if not rollback.summary_sha384:
        owed.append(f"incident_manager: the summary is not written: stage4 rollback restore {rollback.id}")
    if owed:
        raise Refused(f"{rollback.id} cannot be closed yet", tuple(owed))


@decides(Complete)
def complete(state: State, request: Request, command: Complete) -> tuple[Decided, ...]:
    """By an incident manager: the closing entry, with all its rules. An aborted rollback closes as aborted."""
    rollback = open_rollback(state, request)
    role = act(state, request, RollbackCompleted, rollback)
    _require_closable(state, rollback)
    if command.incident_id not in ("", rollback.id, rollback.ticket):
        raise Refused(f"incident_id is {command.incident_id!a}, but the open rollback is {rollback.id}")
    if command.summary_sha384 != rollback.summary_sha384:
        raise Refused(
            f"summary_sha384 is {command.summary_sha384}, but the summary of {rollback.id} is "
            f"{rollback.summary_sha384 or 'not written yet'}: give the file of this rollback"
        )
    if rollback.aborting:
        event = RollbackAborted(
            reason="as asked by entry " + str(rollback.aborting),
            entries=rollback.entries + 1,
            summary_sha384=rollback.summary_sha384,
        )
        return (Decided(event, rollback.id, role),)
    lines, missing = checklist(rollback)
    duration = duration_minutes(rollback)
    if missing or duration is None:
        raise Refused(f"{rollback.id} cannot be closed yet", tuple(_missing(rollback, title) for title in missing))
    typed = command.duration_min_typed
    closing = RollbackCompleted(
        summary_sha384=rollback.summary_sha384,
        duration_min=duration,
        duration_min_typed=typed if typed != duration else None,
        entries=rollback.entries + 1,
        checklist=lines,
        claims=command.claims or None,
    )
    return (Decided(closing, rollback.id, role),)


def _missing(rollback: Rollback, title: str) -> str:
    if title == _PICTURES_TITLE:
        return f"missing: {title}: stage4 rollback attach FILE --step 4 --rollback {rollback.id}"
    return f"missing: {title}"


@decides(Abort)
def abort(state: State, request: Request, command: Abort) -> tuple[Decided, ...]:
    """By an incident manager: before step 1 it closes; after it, steps 5 and 6 are owed."""
    rollback = open_rollback(state, request)
    role = act(state, request, AbortRequested, rollback)
    if rollback.aborting:
        raise Refused(f"{rollback.id} is being aborted already (entry {rollback.aborting})")
    reason = check_text("the reason", command.reason, longest=INLINE)
    decided = [
        Decided(
            EffectCancelled(effect=e.kind, requested=e.requested, reason="the rollback is aborted"), rollback.id, role
        )
        for e in rollback.effects
    ]
    if rollback.override.written_at is None and rollback.silence.state != "active":
        entries = rollback.entries + len(decided) + 1
        decided.append(Decided(RollbackAborted(reason=reason, entries=entries), rollback.id, role))
    else:
        decided.append(Decided(AbortRequested(reason=reason), rollback.id, role))
    return tuple(decided)
