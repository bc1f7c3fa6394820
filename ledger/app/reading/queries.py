"""What people ask the ledger: a rollback's checklist, how things are now, the timeline. JSON values, no printing."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ledger.app.installation import Installation
from ledger.domain.duties.owed import owed
from ledger.domain.evolve import evolve
from ledger.domain.facts import FileSeen
from ledger.domain.paper import paper_lines
from ledger.domain.record import Recorded
from ledger.domain.rules import duration_minutes, owed_before, owed_before_end
from ledger.domain.runbook import STEPS, TRADING, Step
from ledger.domain.standing import why_it_does_not_stop
from ledger.domain.state import Rollback, State
from ledger.domain.stopping.stop import OBEYS_WITHIN
from ledger.errors import LedgerError
from ledger.proof.entry import parse_entry

if TYPE_CHECKING:  # the verifier is not imported for a status
    from ledger.app.soundness.marks import Judged

_SHOWN = 200
"""Bytes of a row that is no entry, as the timeline shows it."""


def rollback_json(rollback: Rollback, names: dict[str, str] | None = None) -> dict[str, Any]:
    """A rollback with its checklist, what is pending and what comes next."""
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
        "owed": [one._asdict() | {"since": one.since.isoformat()} for one in owed(rollback)],
        "duty": {role: people.get(who, who) for role, who in sorted(rollback.duty.items())},
        "next": next_actions(rollback),
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


def next_actions(rollback: Rollback) -> list[str]:
    """What is due now and whose it is, with the command to type; empty for a closed rollback."""
    if not rollback.is_open:
        return []
    due = []
    for number in Step:
        if rollback.steps[number].passed or owed_before(rollback, number):
            continue
        if number in (Step.RESTORE, Step.COMPLETE) and not rollback.restoring:
            continue
        if rollback.restoring and number < 5:
            continue
        step = STEPS[number]
        role = "product_owner" if number == Step.ANNOUNCE else step.role
        due.append(f"{role}: {step.command.format(rollback=rollback.id)}")
        if not rollback.emergency:
            break
    if not rollback.restoring and not owed_before_end(rollback):
        due.append(f"incident_manager: stage4 rollback end-incident {rollback.id}")
    if rollback.override.removed_outside:
        due.insert(0, f"l2_ops: stage4 rollback adopt {rollback.id} --reason …  (the override was removed by somebody)")
    return due


def status_json(installation: Installation) -> dict[str, Any]:
    """The truth now: declared, commanded and observed, each with its age in seconds."""
    state, at = installation.state, installation.clock()
    holder = state.holder
    path = holder.override.path if holder else str(installation.override_path())
    seen, scheduler = installation.look(path), installation.scheduler()
    return {
        "at": at.isoformat(),
        "home": str(installation.home.root),
        "origin": installation.ledger.origin,
        "entries": state.sequence,
        "head": installation.ledger.view().head,
        "last_entry_at": state.at.isoformat(),
        "last_entry_age_seconds": round((at - state.at).total_seconds()),
        "last_entry_stamped": state.timestamp.isoformat(),
        "scheduler": {
            "declared": "disabled" if holder else "enabled",
            "commanded": _commanded(state, "override"),
            "observed": scheduler.status,
            "observed_age_seconds": _age(at, scheduler.at),
            "cycle": scheduler.cycle,
            "warnings": list(scheduler.warnings),
            "error": scheduler.error or None,
        },
        "override": {
            "path": path,
            "declared": "present" if holder else "absent",
            "declared_sha384": holder.override.sha384 if holder else None,
            "commanded": _commanded(state, "removal"),
            "observed": seen.kind,
            "observed_sha384": seen.sha384 or None,
            "mode": seen.mode or None,
            "observed_age_seconds": _age(at, seen.at),
        },
        "silences": [_silence_json(installation, rollback, at) for rollback in state.open.values()],
        "alerts": _alerts(installation),
        "drift": drift(state, seen, scheduler.status),
        "rollbacks": [rollback_json(rollback) for rollback in state.open.values()],
        "unknown_entries": list(state.unknown),
    }


def _age(at: datetime, then: datetime) -> int:
    return max(0, round((at - then).total_seconds()))


def _commanded(state: State, kind: str) -> str | None:
    return next(
        (f"{kind} asked for by entry {e.requested}" for r in state.open.values() for e in r.effects if e.kind == kind),
        None,
    )


def _silence_json(installation: Installation, rollback: Rollback, at: datetime) -> dict[str, Any]:
    known = rollback.silence
    page: dict[str, Any] = {
        "rollback": rollback.id,
        "declared": known.state,
        "id": known.id or None,
        "ends_at": known.ends_at.isoformat() if known.ends_at else None,
        "observed": None,
        "error": None,
    }
    if known.id:
        try:
            seen = installation.alertmanager.silence(known.id)
            page["observed"] = seen.state if seen else "absent"
            page["observed_age_seconds"] = _age(at, seen.at) if seen else 0
        except LedgerError as error:
            page["error"] = str(error)
    return page


def _alerts(installation: Installation) -> dict[str, Any]:
    try:
        firing = [one for one in installation.prometheus.counts() if one.state == "firing"]
    except LedgerError as error:
        return {"critical": None, "firing": None, "error": str(error)}
    critical = sum(one.number for one in firing if one.severity == "critical")
    return {"critical": critical, "firing": sum(one.number for one in firing), "error": None}


def drift(state: State, file: FileSeen, scheduler: str) -> list[str]:
    """Where what is declared and what is seen part. A scheduler has a moment to obey an override that is new."""
    found = []
    holder, file_kind, file_sha384 = state.holder, file.kind, file.sha384
    broken = why_it_does_not_stop(file, TRADING, file.at)
    if holder is None and file_kind != "absent":
        found.append(f"the override path holds a {file_kind} that no rollback declared")
    if holder is not None and file_kind == "absent":
        found.append(f"the override of {holder.id} is gone: adopt the removal, or stop again")
    if holder is not None and file_kind != "absent" and file_sha384 != holder.override.sha384:
        found.append(f"the override is not what {holder.id} declared ({file_kind})")
        if broken:
            found.append(f"{holder.id} does not stop trading any more: {broken}; stop again")
    if holder is not None and file_kind == "file" and file.mode != "0600":
        found.append(f"the override of {holder.id} has mode {file.mode}, declared was 0600")
    if holder is not None and file_kind == "file" and holder.override.owner not in ("", file.owner):
        found.append(f"the override of {holder.id} belongs to {file.owner}, declared was {holder.override.owner}")
    obeying = file.changed is not None and file.at - file.changed <= OBEYS_WITHIN and not broken
    if holder is not None and scheduler == "enabled" and not obeying:
        found.append(f"the scheduler is enabled although {holder.id} holds it")
    if holder is None and scheduler == "disabled" and file_kind == "absent":
        found.append("the scheduler is disabled although nothing holds it")
    if scheduler == "unknown":
        found.append("the scheduler's status is not known")
    return found


def state_at(installation: Installation, moment: datetime) -> State:
    """What was true at a moment: the entries up to the last one that was made by then (wall time), folded anew."""
    state = found = State()
    for record, _ in installation.ledger.records():
        state = evolve(state, record)
        found = state if record.at <= moment else found
    return found


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


def judged_json(one: Judged) -> dict[str, Any]:
    """One line of the timeline with ``holds``, and where it does not, ``why_not``; with nulls where it is no entry."""
    if one.record is not None:
        page = entry_json(one.record, one.line)
    else:
        text = one.line[:_SHOWN].decode("utf-8", "replace")
        page = dict.fromkeys(
            ("timestamp", "wall_time", "status", "actor", "auth", "role", "rollback", "rollback_entry", "entry")
        )
        page |= {"sequence": one.sequence, "sentence": text, "marks": []}
    return page | {"sequence": one.sequence, "holds": not one.why, "why_not": one.why or None}


def sentence(record: Recorded) -> str:
    """What happened, in words."""
    if record.event is None:
        return f"{record.status}: not known to this version"
    fields = {field.name: _word(getattr(record.event, field.name)) for field in dataclasses.fields(record.event)}
    verdict = getattr(record.event, "verdict", None)
    told = record.event.sentence.format(**fields) + (f" — {verdict}" if verdict else "")
    return f"{told} [{', '.join(record.marks)}]" if record.marks else told


def _word(value: Any) -> str:
    if isinstance(value, datetime):
        return value.strftime("%H:%M:%S UTC")
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value)
