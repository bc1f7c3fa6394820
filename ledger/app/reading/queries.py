"""What people ask the ledger: a rollback's checklist, how things are now, the timeline. JSON values, no printing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from ledger.app.installation import Installation
from ledger.app.words import ROLES
from ledger.domain.duties.owed import owed
from ledger.domain.effects import awaits_file
from ledger.domain.event import Event
from ledger.domain.events import EVENTS
from ledger.domain.evolve import evolve
from ledger.domain.facts import FileSeen, MemberSeen
from ledger.domain.moments import clock_or_day
from ledger.domain.paper import paper_lines
from ledger.domain.record import Recorded
from ledger.domain.rules import duration_minutes, owed_before, owed_before_end
from ledger.domain.runbook import STEPS, TRADING, Step
from ledger.domain.standing import why_it_does_not_stop
from ledger.domain.state import Rollback, State
from ledger.domain.stopping.stop import OBEYS_WITHIN
from ledger.proof.entry import parse_entry
from ledger.said import PLACE, Said, as_said, joined

if TYPE_CHECKING:  # the verifier is not imported for a status
    from ledger.app.soundness.marks import Judged

_FIELD = re.compile(r"\{(\w+)\}")


def _templates(sentences: Iterable[tuple[type[Event], str]]) -> dict[type[Event], tuple[str, tuple[str, ...]]]:
    return {kind: (_FIELD.sub(PLACE, said), tuple(_FIELD.findall(said))) for kind, said in sentences}


_SENTENCES = _templates((kind, kind.sentence) for kind in EVENTS.values())
"""Event -> the template of what is said of it, and the fields that fill it in their order."""
_NOTED = _templates((kind, kind.sentence_noted) for kind in EVENTS.values() if kind.sentence_noted)
"""The same where somebody added a note."""
_SHOWN = 200
"""Bytes of a row that is no entry, as the timeline shows it."""


def rollback_json(
    rollback: Rollback, names: dict[str, str] | None = None, seen: FileSeen | None = None
) -> dict[str, Any]:
    """A rollback with its checklist, what is pending and what comes next; ``seen`` is what its path has now."""
    people = names or {}
    return {
        "rollback": rollback.id,
        "ticket": rollback.ticket,
        "phase": rollback.phase,
        "purpose": rollback.purpose,
        "reason": rollback.reason,
        "component": rollback.component,
        "channel": rollback.channel,
        "window": {"start": rollback.window_start.isoformat(), "end": rollback.window_end.isoformat()},
        "opened": {"at": rollback.opened_at.isoformat(), "by": rollback.opened_by, "entry": rollback.opened_entry},
        "emergency_entry": rollback.emergency or None,
        "entries": rollback.entries,
        "duration_min": duration_minutes(rollback),
        "silence": {"id": rollback.silence.id or None, "state": rollback.silence.state},
        "override": {
            "path": rollback.override.path or None,
            "sha384": rollback.override.sha384 or None,
            "removed_outside_entry": rollback.override.removed_outside or None,
        },
        "pending": [
            {"effect": e.kind, "entry": e.requested, "not_after": e.not_after.isoformat()} for e in rollback.effects
        ],
        "steps": [_step_json(rollback, number, people) for number in Step],
        "owed": [debt._asdict() | {"since": debt.since.isoformat()} for debt in owed(rollback)],
        "duty": {role: people.get(who, who) for role, who in sorted(rollback.duty.items())},
        "next": next_actions(rollback, seen),
    }


def _step_json(rollback: Rollback, number: int, people: dict[str, str]) -> dict[str, Any]:
    step, state = STEPS[number], rollback.steps[number]
    open_ = rollback.is_open and not state.passed
    return {
        "paper": list(paper_lines(rollback).get(number, ())) if open_ else [],
        "step": number,
        "title": step.title,
        "role": step.role,
        "passes_when": step.passes_when,
        "verdict": state.shown,
        "reasons": list(state.reasons),
        "attempts": state.attempts,
        "entry": state.entry or None,
        "at": state.at.isoformat() if state.at else None,
        "by": people.get(state.by, state.by) or None,
    }


def next_actions(rollback: Rollback, seen: FileSeen | None = None) -> list[str]:
    """What is due now and whose it is, with the command to type; empty for a closed rollback.

    Where what is ``seen`` at the override's path does not stop trading any more, the stop comes first.
    """
    if not rollback.is_open:
        return []
    due = _when_it_does_not_stop(rollback, seen)
    for number in Step:
        if rollback.steps[number].passed or owed_before(rollback, number):
            continue
        if number in (Step.RESTORE, Step.COMPLETE) and not rollback.restoring:
            continue
        if rollback.restoring and number < 5:
            continue
        step = STEPS[number]
        role = "product_owner" if number == Step.ANNOUNCE else step.role
        due.append(Said("{}: stage4 rollback {}", role, step.typed(rollback.id)))
        if not rollback.emergency:
            break
    if not rollback.restoring and not owed_before_end(rollback):
        due.append(Said("incident_manager: stage4 rollback end-incident {}", rollback.id))
    return due


def _when_it_does_not_stop(rollback: Rollback, seen: FileSeen | None) -> list[str]:
    """The stop again; and where the file is gone, how that becomes step 5."""
    looked = seen if rollback.holds and not awaits_file(rollback) else None
    gone = bool(rollback.override.removed_outside) or (looked is not None and looked.kind == "absent")
    broken = why_it_does_not_stop(looked, rollback.component, looked.at) if looked is not None else ""
    if not gone and not broken:
        return []
    ticket = f" --ticket {rollback.ticket}" if rollback.ticket else ""
    component = "" if rollback.component == TRADING else f" --component {rollback.component}"
    why = "the override is gone" if gone else broken
    actions = [f"anybody: stage4 stop{ticket}{component}  (stops again: {why})"]
    if gone:
        when = "" if rollback.restoring else "once the incident has ended: "
        actions.append(f"l2_ops: {when}stage4 rollback adopt {rollback.id} --reason …  (the removal becomes step 5)")
    return actions


DISABLED_AND_FREE: Final = "disabled_and_free"
STATUS_UNKNOWN: Final = "status_unknown"
"""Codes of what :func:`drift` says."""


def drift(state: State, file: FileSeen, scheduler: str) -> list[Said]:
    """Where what is declared and what is seen part. A scheduler has a moment to obey an override that is new."""
    drifts: list[Said] = []
    holder, file_kind, file_sha384 = state.holder, file.kind, file.sha384
    broken = why_it_does_not_stop(file, TRADING, file.at)
    if holder is None and file_kind != "absent":
        drifts.append(Said("the override path holds a {} that no rollback declared", file_kind))
    if holder is not None and file_kind == "absent":
        drifts.append(Said("the override of {} is gone: adopt the removal, or stop again", holder.id))
    if holder is not None and file_kind != "absent" and file_sha384 != holder.override.sha384:
        drifts.append(Said("the override is not what {} declared ({})", holder.id, file_kind))
        if broken:
            drifts.append(Said("{} does not stop trading any more: {}; stop again", holder.id, broken))
    if holder is not None and file_kind == "file" and file.mode != "0600":
        drifts.append(Said("the override of {} has mode {}, declared was 0600", holder.id, file.mode))
    if holder is not None and file_kind == "file" and holder.override.owner not in ("", file.owner):
        drifts.append(
            Said("the override of {} belongs to {}, declared was {}", holder.id, file.owner, holder.override.owner)
        )
    obeying = file.changed is not None and file.at - file.changed <= OBEYS_WITHIN and not broken
    if holder is not None and scheduler == "enabled" and not obeying:
        drifts.append(Said("the scheduler is enabled although {} holds it", holder.id))
    if holder is None and scheduler == "disabled" and file_kind == "absent":
        drifts.append(Said("the scheduler is disabled although nothing holds it", code=DISABLED_AND_FREE))
    if scheduler == "unknown":
        drifts.append(Said("the scheduler's status is not known", code=STATUS_UNKNOWN))
    return drifts


def silence_drift(rollback: Rollback, members: Sequence[MemberSeen]) -> list[str]:
    """The members that say that they do not have the silence that is declared active."""
    if rollback.silence.state != "active":
        return []
    return [
        Said("Alertmanager at {} does not have the silence of {}", seen.name, rollback.id)
        for seen in members
        if seen.silences is not None and ((own := seen.silence(rollback.silence.id)) is None or own.state != "active")
    ]


def state_at(installation: Installation, moment: datetime) -> State:
    """What was true at a moment: the entries up to the last one that was made by then (wall time), folded anew."""
    state = state_then = State()
    for record, _ in installation.ledger.records():
        state = evolve(state, record)
        state_then = state if record.at <= moment else state_then
    return state_then


def entry_json(record: Recorded, line: bytes) -> dict[str, Any]:
    """One line of the timeline."""
    return {
        "sequence": record.sequence,
        "timestamp": record.timestamp.isoformat(),
        "wall_time": record.at.isoformat() if record.at != record.timestamp else None,
        "status": record.status,
        "sentence": sentence(record),
        "actor": record.actor,
        "auth": record.auth,
        "role": record.role,
        "rollback": record.rollback or None,
        "rollback_entry": record.rollback_entry or None,
        "marks": list(record.marks),
        "entry": parse_entry(line).body,
    }


def shown_time(page: dict[str, Any]) -> tuple[str, str]:
    """When an entry of the timeline was made, ``2026-11-23 05:27:01``, and the time that stands in it where it differs.

    That time is later, because timestamps never go back and an earlier entry has it.
    """
    stamped = page["timestamp"] or "?"
    stamped, made = (text[:19].replace("T", " ") for text in (stamped, page["wall_time"] or stamped))
    return made, stamped if stamped != made else ""


def judged_json(judged: Judged) -> dict[str, Any]:
    """One line of the timeline with ``holds``, and where it does not, ``why_not``; with nulls where it is no entry."""
    if judged.record is not None:
        page = entry_json(judged.record, judged.line)
    else:
        text = judged.line[:_SHOWN].decode("utf-8", "replace")
        page = dict.fromkeys(
            ("timestamp", "wall_time", "status", "actor", "auth", "role", "rollback", "rollback_entry", "entry")
        )
        page |= {"sequence": judged.sequence, "sentence": text, "marks": []}
    return page | {"sequence": judged.sequence, "holds": not judged.why, "why_not": judged.why or None}


def sentence(record: Recorded, *, verdict: bool = True) -> Said:
    """What happened, in words; without its verdict where that stands beside it."""
    event = record.event
    if event is None:
        return Said("{}: not known to this version", record.status)
    template, names = (_NOTED if getattr(event, "note", "") else _SENTENCES)[type(event)]
    values = [_word(name, getattr(event, name), record.at) for name in names]
    outcome = getattr(event, "verdict", None) if verdict else None
    told = Said(template + " — {}", *values, outcome) if outcome else Said(template, *values)
    return Said("{} [{}]", told, ", ".join(record.marks)) if record.marks else told


_OF_ROLES: Final = frozenset({"roles", "assumed", "duty"})


def _word(name: str, value: Any, at: datetime) -> str:
    """A field in words: roles by name, a time of another day than the entry's with its date."""
    if name in _OF_ROLES:
        return joined(as_said(ROLES.get(role, role)) for role in ([value] if isinstance(value, str) else value))
    if isinstance(value, datetime):
        return f"{clock_or_day(value, at, seconds=True)} UTC"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value)
