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
from ledger.said import PLACE, Said

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
    lines: list[str] = []
    missing: list[str] = []
    for title, names, steps in _FINAL:
        entries = [_entry_with(rollback, name) for name in names]
        waived = next((rollback.steps[step].waived for step in steps if rollback.steps[step].waived), 0)
        if waived:
            lines.append(Said("{}: waived, entry {}", title, waived))
        elif all(entries):
            lines.append(Said("{}: entry {}", title, ", ".join(str(entry) for entry in dict.fromkeys(entries))))
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
    attached = (
        evidence
        for evidence in reversed(rollback.evidence)
        if evidence.step == 4 and evidence.file.lower().endswith(_ENDINGS)
    )
    return next((evidence.entry for evidence in attached), 0)


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
    owed: list[str] = [
        Said("wait: the {} of entry {} is pending", effect.kind, effect.requested) for effect in rollback.effects
    ]
    if rollback.holds:
        owed.append("l2_ops: the override is still there")
    if rollback.silence.state == "active":
        owed.append(
            Said(
                "observability: the silence {} is active: stage4 rollback restore {}", rollback.silence.id, rollback.id
            )
        )
    there = rollback.override.written_at and state.file_at(rollback.override.path).kind != "absent"
    if there and not state.holders_of(rollback.component):
        owed.append("l2_ops: an override that nobody declares is there again: look at it, and remove it")
    if not rollback.ticket:
        owed.append(Said("incident_manager: a ticket: stage4 rollback link-ticket {} --ticket …", rollback.id))
    if rollback.override.written_at and state.scheduler.status == "disabled" and state.holder is None:
        owed.append(Said("l2_ops: the scheduler was last seen disabled: stage4 rollback check {}", rollback.id))
    stopped = rollback.override.written_at and not rollback.override.held_by
    if stopped and state.scheduler.status != "enabled" and rollback.steps[Step.RESTORE].verdict != "pass":
        owed.append(Said("l2_ops: the scheduler was not seen enabled afresh: stage4 rollback check {}", rollback.id))
    if rollback.restarted_at is not None and not rollback.all_clear:
        owed.append(Said("l2_ops: the all-clear is not given: stage4 rollback restore {}", rollback.id))
    if not rollback.summary_sha384:
        owed.append(Said("incident_manager: the summary is not written: stage4 rollback restore {}", rollback.id))
    if owed:
        raise Refused(Said("{} cannot be closed yet", rollback.id), tuple(owed))


@decides(Complete)
def complete(state: State, request: Request, command: Complete) -> tuple[Decided, ...]:
    """By an incident manager: the closing entry, with all its rules. An aborted rollback closes as aborted."""
    rollback = open_rollback(state, request)
    role = act(state, request, RollbackCompleted, rollback)
    _require_closable(state, rollback)
    if command.incident_id not in ("", rollback.id, rollback.ticket):
        raise Refused(Said("incident_id is {}, but the open rollback is {}", ascii(command.incident_id), rollback.id))
    if command.summary_sha384 != rollback.summary_sha384:
        raise Refused(
            Said(
                "summary_sha384 is {}, but the summary of {} is {}: give the file of this rollback",
                command.summary_sha384,
                rollback.id,
                rollback.summary_sha384,
            )
            if rollback.summary_sha384
            else Said(
                "summary_sha384 is {}, but the summary of {} is not written yet: give the file of this rollback",
                command.summary_sha384,
                rollback.id,
            )
        )
    if rollback.aborting:
        event = RollbackAborted(
            reason=Said("as asked by entry {}", rollback.aborting),
            entries=rollback.entries + 1,
            summary_sha384=rollback.summary_sha384,
        )
        return (Decided(event, rollback.id, role),)
    lines, missing = checklist(rollback)
    duration = duration_minutes(rollback)
    if missing or duration is None:
        raise Refused(
            Said("{} cannot be closed yet", rollback.id), tuple(_missing(rollback, title) for title in missing)
        )
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
        return Said("missing: {}: stage4 rollback attach FILE --step 4 --rollback {}", title, rollback.id)
    return Said("missing: {}", title)


@decides(Abort)
def abort(state: State, request: Request, command: Abort) -> tuple[Decided, ...]:
    """By an incident manager: before step 1 it closes; after it, steps 5 and 6 are owed."""
    rollback = open_rollback(state, request)
    role = act(state, request, AbortRequested, rollback)
    if rollback.aborting:
        raise Refused(Said("{} is being aborted already (entry {})", rollback.id, rollback.aborting))
    reason = check_text("the reason", command.reason, longest=INLINE)
    decided = [
        Decided(
            EffectCancelled(effect=e.kind, requested=e.requested, reason="the rollback is aborted"), rollback.id, role
        )
        for e in rollback.effects
    ]
    if rollback.override.written_at is None and rollback.silence.state != "active":
        entries = rollback.entries + len(decided) + 1
        decided.append(Decided(RollbackAborted(reason=Said(PLACE, reason), entries=entries), rollback.id, role))
    else:
        decided.append(Decided(AbortRequested(reason=reason), rollback.id, role))
    return tuple(decided)
