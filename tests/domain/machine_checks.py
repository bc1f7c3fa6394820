"""What must hold at every entry that the random machine makes: roles, marks, four eyes, who lets go."""

from __future__ import annotations

from datetime import timedelta

from ledger.domain.flags import runtime_flags
from ledger.domain.record import Recorded
from ledger.domain.runbook import STEPS
from ledger.domain.state import Rollback, State

MOVES_FLAGS = {
    "rollback_opened",
    "rollback_completed",
    "rollback_aborted",
    "stop_taken_in",
    "stop_checked",
    "restart_checked",
    "scheduler_observed",
    "override_written",
    "override_adopted",
    "override_removed",
    "override_removed_outside",
    "override_observed",
    "override_put_back",
    "silence_created",
    "silence_found",
    "silence_adopted",
    "silence_ended",
    "silence_observed",
    "silence_lost",
    "silence_end_owed",
}
LETS_GO = {"override_removed", "hold_released", "removal_adopted", "override_requested"}
"""After these a rollback may hold the scheduler no longer; the last one only because it writes the file anew."""
OF_A_STOP = {
    "rollback_opened",
    "emergency_declared",
    "override_requested",
    "override_adopted",
    "put_back_requested",
    "effect_cancelled",
    "stop_typed",
}
"""A stop is refused to nobody: these may be entered under no role at all."""


def check(before: State, record: Recorded, after: State) -> None:
    """What is true of every entry: flags, roles, four eyes, and who lets the scheduler go."""
    assert runtime_flags(before) == runtime_flags(after) or record.status in MOVES_FLAGS
    was, now = before.rollback(record.rollback), after.rollback(record.rollback)
    check_role(before, record, was)
    check_marks(before, record)
    check_erasure(before, record)
    if was and now:
        check_four_eyes(record, was)
        check_watch(record, was, now)
        check_joining(before, record, now)
        check_letting_go(before, record, was, now)


def check_role(before: State, record: Recorded, was: Rollback | None) -> None:
    held = before.people.get(record.actor, frozenset())
    assumed = {role for who, role in was.assumed if who == record.actor} if was else set()
    assert record.role == ("system" if record.actor == "system" else record.role)
    anybody = {"none"} if record.status in OF_A_STOP and not held else set()
    assert record.role in held | assumed | {"system"} | anybody and "product_owner" not in assumed
    assert record.role != "auditor" and (record.role != "system" or record.actor == "system" or not record.rollback)
    step = record.event.step if record.event else None
    if record.role != "system" and step in (1, 2, 3, 4) and was and record.status not in OF_A_STOP:
        assert record.role == STEPS[step].role or was.emergency


def check_marks(before: State, record: Recorded) -> None:
    """Every mark names a grant to the actor or a reset of the actor's password, not a day old."""
    for mark in record.marks:
        what, entry = mark.split(":")
        (found,) = {(one.what, one.at) for one in before.fresh[record.actor] if one.entry == int(entry)}
        assert found[0] == what and record.at - found[1] < timedelta(hours=24)


def check_erasure(before: State, record: Recorded) -> None:
    """Two people erase, and never what a step rests on."""
    if record.status == "artefact_erased":
        name = record.event.erased_sha384
        assert before.texts[name].proposed_by not in ("", record.actor)
        named = {
            one.name
            for r in (*before.open.values(), *before.closed.values())
            for one in r.evidence
            if one.sha384 == name
        }
        assert named <= {"text_sha384", "reason_sha384"}


def check_four_eyes(record: Recorded, was: Rollback) -> None:
    if record.status in ("rollback_confirmed", "extension_confirmed"):
        assert record.role == "product_owner" and record.actor != was.opened_by
    if record.status == "step_accepted":
        (proposer, _) = was.steps[record.event.number].proposed
        assert proposer != record.actor
    if record.status == "reviewed":
        assert record.role in ("incident_manager", "product_owner") and record.actor not in was.took_steps


def check_watch(record: Recorded, was: Rollback, now: Rollback) -> None:
    """A verdict on a watch is on one that ran and is over; one by the ledger itself counts for who started it."""
    if record.status == "watch_finished":
        running, started = was.watch, was.watch.started
        assert running.entry == record.event.started and now.watch is None
        assert record.at >= started.starts_at + timedelta(seconds=started.duration_seconds)
        assert now.steps[4].by == (running.by if record.actor == "system" else record.actor) != "system"
        assert record.event.verdict != "pass" or record.event.covered == record.event.expected


def check_joining(before: State, record: Recorded, now: Rollback) -> None:
    """Who joins holds by the file that is there, and asks for none."""
    if record.status == "hold_joined" and now.holds:
        assert now.override.sha384 in {one.override.sha384 for one in before.holders}
        assert "override" not in [effect.kind for effect in now.effects]


def check_letting_go(before: State, record: Recorded, was: Rollback, now: Rollback) -> None:
    """Trading resumes only where a person of l2_ops asked for it, not longer ago than the effect lives."""
    if was.holds and not now.holds:
        assert record.status in LETS_GO
    others = [one for one in before.holders if one.id != was.id and not one.override.removed_outside]
    if record.status == "override_removed":
        (asked,) = [effect for effect in was.effects if effect.kind == "removal"]
        assert record.at <= asked.not_after and not others
    if record.status in ("override_removal_requested", "hold_released", "removal_adopted"):
        assert record.role == "l2_ops" and record.actor != "system" and was.restoring
    if record.status == "hold_released":
        assert now.override.held_by and now.override.removed_at
