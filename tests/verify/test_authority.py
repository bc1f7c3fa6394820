"""Who may do what, and what a verdict needs: lies by somebody who holds the HMAC key, found without a checkpoint."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ledger.domain.command import Request
from ledger.domain.decide import decide
from ledger.domain.duties.commands import Assume, Waive
from ledger.domain.duties.events import StepLapsed
from ledger.domain.events import EVENTS
from ledger.domain.facts import FileSeen, SilenceSeen
from ledger.domain.keeping.commands import AddNote
from ledger.domain.keeping.events import NoteAdded
from ledger.domain.opening.commands import Confirm, DeclareEmergency, OpenRollback
from ledger.domain.people.commands import ChangeRoles
from ledger.domain.restoring.commands import EndIncident
from ledger.domain.restoring.events import AllClearAnnounced, IncidentEnded, RestoreChecked
from ledger.domain.rights import RIGHTS
from ledger.domain.runbook import STOP_ROLES
from ledger.domain.silencing.events import SilenceAdopted
from ledger.domain.stopping.commands import Stop, TakeInStop, WriteOverride
from ledger.domain.stopping.events import OverrideFailed
from ledger.proof.entry import link

from .builders import BY, KEY, MATCHERS, PATH, PEOPLE, SYSTEM, Ledger, body_of, digest, honest, reseal
from .conftest import check, holds, named

LINES = honest(1)
BODIES = [body_of(line) for line in LINES]
STATUSES = [body["status"] for body in BODIES]
WRITTEN = STATUSES.index("override_written") + 1
INC = "INC-1"
JUDGED = [
    number
    for number, body in enumerate(BODIES, 1)
    if (right := RIGHTS.get(body["status"])) and right.judged and body["metadata"]["actor"] != "system"
]
"""The entries that a person made under a role that is judged."""


def found(lines):
    """Causes and entries, by the HMAC key alone: whoever lies holds it."""
    return named(check(lines, hmac_keys=[KEY]))


def forged(number, **metadata):
    """One entry told otherwise, and everything signed again."""
    return reseal(LINES, number, lambda body: body["metadata"].update(metadata))


def number_of(status):
    return STATUSES.index(status) + 1


# --- roles -----------------------------------------------------------------------------------------------------------


def test_every_kind_of_event_has_a_right_but_the_first_entry():
    assert {status for status, _ in EVENTS} - RIGHTS.keys() == {"ledger_opened"}
    assert RIGHTS.keys() <= {status for status, _ in EVENTS}


@pytest.mark.parametrize("number", JUDGED, ids=lambda number: f"{number} {STATUSES[number - 1]}")
def test_a_role_that_may_not_is_found(number):
    causes = found(forged(number, role="auditor"))
    assert ("role_without_right", number) in causes or ("impossible_transition", number) in causes
    assert {sequence for _, sequence in causes} == {number}


@pytest.mark.parametrize("number", JUDGED, ids=lambda number: f"{number} {STATUSES[number - 1]}")
def test_a_role_that_the_person_does_not_hold_is_found(number):
    other = BY["noc"].person if BODIES[number - 1]["metadata"]["role"] != "noc" else BY["l2_ops"].person
    causes = found(forged(number, actor=other))
    assert ("role_not_held", number) in causes
    assert all(what == "marks_lie" for what, sequence in causes if what != "role_not_held"), causes


def test_who_claims_to_be_the_ledger_itself_is_found():
    for changes in ({"actor": BY["noc"].person}, {"role": "l2_ops"}, {"role": "none"}):
        assert {sequence for _, sequence in found(forged(WRITTEN, **changes))} == {WRITTEN}
    report = check(forged(WRITTEN, actor=BY["noc"].person), hmac_keys=[KEY])
    assert "role_not_held" in [finding.cause for finding in report.findings]


def test_a_role_once_revoked_is_not_held_any_more_and_is_told_once():
    ledger = Ledger().open().run(INC)
    ledger.do(ChangeRoles(person=BY["noc"].person, revoke=("noc",)), BY["admin"])
    number = len(ledger.lines) + 1
    for _ in range(3):
        ledger.write(NoteAdded(text="x"), BY["noc"], INC, "noc")
    report = check(ledger.lines, hmac_keys=[KEY])
    assert named(report) == [("role_not_held", number)] and report.findings[0].count == 3
    assert BY["noc"].person in report.findings[0].sentence and "2 more" in report.findings[0].sentence


def test_a_grant_left_out_shows_by_what_was_done_under_it():
    ledger = Ledger().open()
    ledger.do(ChangeRoles(person=BY["noc"].person, grant=("incident_manager",)), BY["admin"])
    number = len(ledger.lines)
    ledger.now += timedelta(days=2)
    ledger.do(_opening(ledger), BY["noc"])
    ledger.do(AddNote(text="x"), BY["noc"], INC)
    assert not found(ledger.lines)
    lines = reseal([*ledger.lines[: number - 1], *ledger.lines[number:]], number, lambda body: None)
    assert found(lines) == [("role_not_held", number)]


def _opening(ledger, ticket=INC):
    end = ledger.now + timedelta(hours=2)
    fields = {"purpose": "incident", "reason": "x", "component": "multi_strategy", "channel": "#x"}
    return OpenRollback(ticket=ticket, window_start=ledger.now, window_end=end, **fields)


def opened():
    ledger = Ledger().open()
    ledger.do(_opening(ledger), BY["incident_manager"])
    return ledger


ABSENT = FileSeen(PATH, "absent", datetime(2026, 11, 23, tzinfo=UTC))
DISABLE = WriteOverride(path=PATH, reason="x", requested_by="trading-ops", component="multi_strategy", file=ABSENT)


def test_a_role_assumed_for_the_rollback_is_held_in_it():
    ledger = opened()
    ledger.do(Confirm(confirms=link(ledger.lines[-1])), BY["product_owner"], INC)
    ledger.do(Assume(role="l2_ops", reason="nobody else is awake"), BY["noc"], INC)
    ledger.do(DISABLE, BY["noc"], INC)
    assert not found(ledger.lines)
    number = next(n for n, line in enumerate(ledger.lines, 1) if body_of(line)["status"] == "role_assumed")

    def another(body):
        body["metadata"]["assumed"] = "observability"

    assert ("role_not_held", number + 1) in found(reseal(ledger.lines, number, another))


def test_in_an_emergency_any_runbook_role_helps_and_only_then():
    ledger = opened()
    ledger.do(DeclareEmergency(reason="fire"), BY["noc"], INC)
    ledger.do(DISABLE, BY["observability"], INC)
    assert not found(ledger.lines)
    ledger = opened()
    ledger.do(Confirm(confirms=link(ledger.lines[-1])), BY["product_owner"], INC)
    asked = decided(ledger, DISABLE, "l2_ops")
    ledger.write(asked, BY["observability"], INC, "observability")
    assert found(ledger.lines) == [("role_without_right", len(ledger.lines))]


def decided(ledger, command, role):
    """The event that the command would bring."""
    request = Request(command=command, actor=BY[role], at=ledger.now, id="asking", rollback=INC)
    return decide(ledger.state, request)[-1].event


# --- the stop is never judged by who pressed it ----------------------------------------------------------------------


@pytest.mark.parametrize("role", STOP_ROLES)
def test_a_stop_by_whoever_may_press_it_is_clean(role):
    ledger = Ledger().open()
    ledger.do(Stop(opening=_opening(ledger, ""), override=DISABLE), BY[role])
    assert not found(ledger.lines)


@pytest.mark.parametrize(("person", "role"), [("uid-1234", "none"), ("p-a0d17", "auditor"), ("p-ad317", "admin")])
def test_a_stop_at_a_terminal_by_anybody_is_clean(person, role):
    ledger = Ledger().open()
    ledger.do(Stop(opening=_opening(ledger, ""), override=DISABLE), BY["l2_ops"])
    number = STATUSES.index("rollback_opened") + 1
    lines = ledger.lines

    def pressed_by(body):
        body["metadata"] |= {"actor": person, "role": role}
        body["metadata"].pop("marks", None)

    for sequence in range(number, len(lines) + 1):
        lines = reseal(
            lines, sequence, lambda body: body["metadata"].update(actor=person, role=role) or _unmarked(body)
        )
    assert not found(lines)


def _unmarked(body):
    body["metadata"].pop("marks", None)


def test_a_rollback_opened_by_who_may_not_and_not_by_a_stop_is_found():
    ledger = Ledger().open()
    event = decided(ledger, _opening(ledger), "incident_manager")
    ledger.write(event, BY["noc"], INC, "noc")
    number = len(ledger.lines)
    ledger.do(AddNote(text="x"), BY["noc"], INC)
    assert found(ledger.lines) == [("role_without_right", number)]


def test_a_stop_taken_in_from_the_spool_is_clean():
    ledger = Ledger().open()
    taken = TakeInStop(
        opening=_opening(ledger, ""),
        spool_sha384=digest("spool"),
        claimed_at=ledger.now,
        claimed_by="ola, uid 1000",
        why="locked",
        file=ledger.file(b"{}"),
    )
    ledger.do(taken)
    assert not found(ledger.lines)


# --- verdicts --------------------------------------------------------------------------------------------------------


def _no_cycle(body):
    body["metadata"].pop("cycle")


PASSES = {
    "written, mode 644": ("override_written", {"mode": "0644"}),
    "written, with reasons against": (
        "override_written",
        {"reasons": [["file_mode", "mode is {}, expected 0600", "0644"]]},
    ),
    "silence, one alert is loud": ("silence_checked", {"suppressed": 0}),
    "silence, over": ("silence_checked", {"ends_at": "2026-11-23T04:00:00.000000+00:00"}),
    "stop, enabled": ("stop_checked", {"scheduler_status": "enabled"}),
    "stop, unknown": ("stop_checked", {"scheduler_status": "unknown"}),
    "stop, read before": ("stop_checked", {"read_at": "2026-11-23T04:00:00.000000+00:00"}),
    "stop, with reasons against": ("stop_checked", {"reasons": [["scheduler_enabled", "the scheduler is enabled"]]}),
    "watch, a new alert": ("watch_finished", {"new": 1}),
    "watch, a gap": ("watch_finished", {"covered": 40}),
    "restart, disabled": ("restart_checked", {"scheduler_status": "disabled"}),
    "restart, warns": ("restart_checked", {"warnings": ["late"]}),
    "restart, no cycle": ("restart_checked", _no_cycle),
    "restore, with reasons against": ("restore_checked", {"reasons": [["", "the all-clear was not announced"]]}),
}


@pytest.mark.parametrize("name", PASSES)
def test_a_pass_that_what_is_recorded_cannot_give_is_found(name):
    status, change = PASSES[name]
    number = number_of(status)
    lines = reseal(LINES, number, change if callable(change) else lambda body: body["metadata"].update(change))
    causes = found(lines)
    assert ("verdict_lies", number) in causes
    assert {what for what, sequence in causes if sequence == number} <= {"verdict_lies", "flags_lie"}, causes


def test_a_verdict_of_fail_may_give_its_reasons():
    for status in ("override_written", "silence_checked", "stop_checked", "watch_finished"):
        number = number_of(status)
        causes = found(forged(number, verdict="fail", reasons=["so it was"]))
        assert "verdict_lies" not in [what for what, _ in causes], status


def test_another_file_than_the_one_asked_for_passes_nothing():
    def other(body):
        body["artefacts"]["override_sha384"] = digest("another file")

    assert ("verdict_lies", WRITTEN) in found(reseal(LINES, WRITTEN, other))


def test_a_failure_passes_nothing():
    ledger = opened()
    ledger.do(Confirm(confirms=link(ledger.lines[-1])), BY["product_owner"], INC)
    ledger.do(DISABLE, BY["l2_ops"], INC)
    ledger.write(OverrideFailed(path=PATH, cause="disk full", verdict="pass"), SYSTEM, INC)
    assert found(ledger.lines) == [("verdict_lies", len(ledger.lines))]


def test_the_silence_of_another_rollback_passes_nothing():
    def other(body):
        body["artefacts"]["silence_id"] = "sil-elsewhere"

    number = number_of("silence_checked")
    assert found(reseal(LINES, number, other)) == [("verdict_lies", number)]


def stopped():
    ledger = Ledger().open()
    ledger._announce_and_stop(INC)
    return ledger


def test_a_restoration_passes_only_after_restart_all_clear_and_the_silences_end():
    ledger = stopped()
    ledger._silence(INC)
    ledger._watch(INC)
    ledger.do(EndIncident(note=""), BY["incident_manager"], INC)
    ledger.write(RestoreChecked(verdict="pass"), BY["l2_ops"], INC, "l2_ops")
    report = check(ledger.lines, hmac_keys=[KEY])
    assert named(report) == [("verdict_lies", len(ledger.lines))] and "has not ended" in report.findings[0].sentence


def test_a_watch_passes_only_when_it_is_over_and_was_not_disturbed():
    number = number_of("watch_finished")
    assert found(forged(number_of("watch_started"), duration_seconds=50_000)) == [("verdict_lies", number)]
    assert found(forged(number_of("watch_started"), duration_seconds=2**53 - 1)) == [("verdict_lies", number)]


def test_a_hold_passes_only_by_the_file_of_a_rollback_that_holds():
    ledger = stopped()
    ledger.do(_opening(ledger, "INC-2"), BY["incident_manager"])
    ledger.do(Confirm(confirms=link(ledger.lines[-1])), BY["product_owner"], "INC-2")
    file = ledger.file(ledger.content(INC))
    joining = replace(DISABLE, file=file)
    ledger.do(joining, BY["l2_ops"], "INC-2")
    assert not found(ledger.lines) and body_of(ledger.lines[-1])["status"] == "hold_joined"
    for change in ({"joined": ["INC-404"]}, {"mode": "0644"}):
        lines = reseal(ledger.lines, len(ledger.lines), lambda body, new=change: body["metadata"].update(new))
        assert found(lines) == [("verdict_lies", len(lines))]


# --- order -----------------------------------------------------------------------------------------------------------


def test_step_1_before_the_confirmation_is_found_and_not_in_an_emergency_or_after_a_waiver():
    confirmed = opened()
    confirmed.do(Confirm(confirms=link(confirmed.lines[-1])), BY["product_owner"], INC)
    for first, causes in ((None, ["step_too_early"]), ("emergency", []), ("waiver", [])):
        ledger = opened()
        if first == "emergency":
            ledger.do(DeclareEmergency(reason="fire"), BY["incident_manager"], INC)
        elif first:
            ledger.do(Waive(number=0, reason="the owner sleeps"), BY["incident_manager"], INC)
        ledger.write(decided(confirmed, DISABLE, "l2_ops"), BY["l2_ops"], INC, "l2_ops")
        assert [what for what, _ in found(ledger.lines)] == causes


def test_a_silence_before_the_stop_is_found():
    ledger = opened()
    ledger.do(Confirm(confirms=link(ledger.lines[-1])), BY["product_owner"], INC)
    seen = SilenceSeen("s", "active", MATCHERS, ledger.now, ledger.now + timedelta(hours=1), "w", "c", ledger.now)
    adopted = SilenceAdopted(
        silence_id=seen.id, matchers=MATCHERS, starts_at=seen.starts_at, ends_at=seen.ends_at, created_by="w",
        reason="by hand", transcript_sha384=digest("t"),
    )  # fmt: skip
    ledger.write(adopted, BY["observability"], INC, "observability")
    assert found(ledger.lines) == [("step_too_early", len(ledger.lines))]


def test_the_incident_ended_too_early_is_found():
    ledger = stopped()
    ledger.write(IncidentEnded(), BY["incident_manager"], INC, "incident_manager")
    report = check(ledger.lines, hmac_keys=[KEY])
    assert named(report) == [("step_too_early", len(ledger.lines))] and "before step 2" in report.findings[0].sentence


def test_step_5_before_the_incidents_end_is_found():
    ledger = stopped()
    ledger.write(AllClearAnnounced(announcement_sha384=digest("a")), BY["l2_ops"], INC, "l2_ops")
    assert found(ledger.lines) == [("step_too_early", len(ledger.lines))]


# --- what is not known is not judged ---------------------------------------------------------------------------------


def test_after_an_entry_that_is_not_known_nobody_is_accused_and_that_is_said():
    number = number_of("person_added")
    lines = reseal(LINES, number + 1, lambda body: body["metadata"].update(version=99))
    report = check(lines, hmac_keys=[KEY])
    said = " ".join(report.not_checked)
    assert holds(report) and "Roles and verdicts of" in said
    assert not any("after every entry" in sentence for sentence in report.checked)
    assert f"{len(lines) - 1} of {len(lines)} entries" in " ".join(report.checked)


def test_a_number_that_is_no_step_is_a_finding_and_no_crash():
    ledger = opened()
    for number in (99, 7, 2**53 - 1):
        record = ledger.record(StepLapsed(number=number, reason="x"), SYSTEM, INC, "system")
        ledger.seal(record, body_of(ledger.lines[-1])["runtime_flags"])
        assert found(ledger.lines) == [("impossible_transition", len(ledger.lines))]
        ledger.lines.pop()


def test_the_people_of_the_tests_hold_what_the_tests_say():
    assert set(PEOPLE.values()) == set(BY) - {"admin"}
