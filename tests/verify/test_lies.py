"""Entries that are signed and chained correctly and do not tell the truth."""

from __future__ import annotations

from datetime import timedelta

from ledger.domain.closed import Closed
from ledger.domain.closing.events import RollbackCompleted
from ledger.domain.flags import runtime_flags
from ledger.domain.keeping.commands import AddNote
from ledger.domain.keeping.events import NoteAdded
from ledger.domain.observing.events import ObserverStarted
from ledger.domain.people.commands import ResetPassword
from ledger.domain.people.events import RolesGranted1
from ledger.domain.record import Recorded
from ledger.domain.stopping.events import OverrideWritten
from ledger.verify.report import Report

from .builders import BY, KEY, PATH, Ledger, body_of, digest, honest, reseal
from .conftest import check, holds, named

LINES = honest(2)
STATUSES = [body_of(line)["status"] for line in LINES]
OPENED = STATUSES.index("rollback_opened") + 1
WRITTEN = STATUSES.index("override_written") + 1


def signed(lines) -> Report:
    return check(lines, hmac_keys=[KEY])


def without(number):
    return reseal([*LINES[: number - 1], *LINES[number:]], number, lambda body: None, moved=1)


def event(ledger: Ledger, what, rollback_id="", **changes) -> Recorded:
    return ledger.record(what, BY["l2_ops"], rollback_id, "l2_ops")._replace(**changes)


def lie(what, rollback_id="", **changes):
    """An honest ledger with one signed entry that cannot be, and an honest rollback after it."""
    ledger = Ledger().open().run("INC-1")
    record = event(ledger, what, rollback_id, **changes)
    ledger.seal(record, runtime_flags(ledger.state))
    number = len(ledger.lines)
    ledger.state = ledger.state._replace(sequence=number)
    return ledger.run("INC-2").lines, number


WRITE = OverrideWritten(
    path=PATH, override_sha384=digest("x"), size=1, mode="0600", owner="o", seen_at=Ledger().now, verdict="pass"
)


def test_reseal_is_honest():
    assert holds(signed(reseal(LINES, 1, lambda body: None)))
    assert tuple(reseal(LINES, 1, lambda body: None)) == LINES


def test_flags_that_lie():
    for name in body_of(LINES[0])["runtime_flags"]:
        report = signed(
            reseal(LINES, 20, lambda body, n=name: body["runtime_flags"].update({n: not body["runtime_flags"][n]}))
        )
        assert named(report) == [("flags_lie", 20)] and report.findings[0].expected.startswith(name + "=")


def test_flags_that_lie_for_a_while_are_one_finding():
    forged = LINES
    for number in range(20, 25):
        forged = reseal(forged, number, lambda body: body["runtime_flags"].update({"scheduler.known": False}))
    assert named(signed(forged)) == [("flags_lie", 20)]


def test_flags_more_or_less():
    assert named(signed(reseal(LINES, 20, lambda b: b["runtime_flags"].update({"all.well": True})))) == [
        ("flags_lie", 20)
    ]
    assert named(signed(reseal(LINES, 20, lambda b: b["runtime_flags"].pop("scheduler.known")))) == [("flags_lie", 20)]


def test_an_impossible_transition():
    lines, number = lie(WRITE, "INC-1")
    assert named(signed(lines)) == [("impossible_transition", number)]
    lines, number = lie(WRITE, "INC-404")
    assert named(signed(lines)) == [("impossible_transition", number)]
    lines, number = lie(ObserverStarted(host="x"), "INC-404")
    assert named(signed(lines)) == [("impossible_transition", number)]


def test_two_lies_are_two_findings():
    lines, number = lie(WRITE, "INC-1")
    twice = reseal(lines, len(lines), lambda body: body["runtime_flags"].update({"scheduler.known": False}))
    assert named(signed(twice)) == [("impossible_transition", number), ("flags_lie", len(lines))]


def test_a_closing_entry_that_comes_too_early():
    ledger = Ledger().open()
    ledger._announce_and_stop("INC-1")
    closing = RollbackCompleted(
        summary_sha384=digest("s"), duration_min=1, entries=ledger.state.open["INC-1"].entries + 1, checklist=("x",)
    )
    record = event(ledger, closing, "INC-1")
    ledger.seal(record, {**runtime_flags(ledger.state), "rollback.active": False})
    number = len(ledger.lines)
    closed = ledger.state.open["INC-1"]._replace(phase="completed", entries=record.rollback_entry)
    ledger.state = ledger.state._replace(sequence=number, open={}, closed=Closed({"INC-1": closed}))
    ledger.run("INC-2")
    assert named(signed(ledger.lines)) == [("impossible_transition", number)]


def test_an_entry_of_a_rollback_left_out_is_one_finding():
    first = STATUSES.index("rollback_opened") + 1
    last = STATUSES.index("rollback_completed") + 1
    for number in range(first + 1, last + 1):
        if "rollback" in body_of(LINES[number - 1])["metadata"]:
            after = next(n for n in range(number + 1, len(LINES)) if "rollback" in body_of(LINES[n - 1])["metadata"])
            found = named(signed(without(number)))
            if STATUSES[number - 1] in ("override_written", "override_removed"):  # what was observed next does not fit
                assert found.pop(0) == ("flags_lie", number)
            assert found == [("rollback_entry_gap", after - 1)], STATUSES[number - 1]


def test_the_opening_left_out_is_one_finding():
    report = signed(without(OPENED))
    assert named(report) == [("impossible_transition", OPENED)]
    assert report.findings_left_out == 0 and "do not fit their rollback" in " ".join(report.not_checked)


def test_the_first_entry_left_out():
    assert named(signed(without(1)))[0] == ("impossible_transition", 1)
    assert len(named(signed(without(1)))) == 1


def test_an_observation_left_out_shows_by_the_flags():
    number = STATUSES.index("scheduler_observed") + 1
    assert named(signed(without(number))) == [("flags_lie", number)]


def test_a_confirmation_of_something_else():
    def change(body):
        body["metadata"]["confirms"] = digest("another opening line")

    report = signed(reseal(LINES, OPENED + 1, change))
    assert named(report) == [("confirmation_mismatch", OPENED + 1)]


def test_a_person_confirming_their_own_rollback():
    def change(body):
        body["metadata"]["actor"] = body_of(LINES[OPENED - 1])["metadata"]["actor"]

    assert named(signed(reseal(LINES, OPENED + 1, change))) == [("impossible_transition", OPENED + 1)]


def test_time_goes_back():
    def change(body):
        body["timestamp"] = "2026-11-22T05:00:00.000000+00:00"

    assert named(signed(reseal(LINES, 20, change))) == [("time_goes_back", 20)]


def test_a_time_in_the_future_shows_at_the_next_entry_and_by_marks_that_would_be_over():
    def change(body):
        body["timestamp"] = "2099-01-01T00:00:00.000000+00:00"

    assert named(signed(reseal(LINES, 20, change))) == [("marks_lie", 20), ("time_goes_back", 21)]


def marked_lines():
    return [n for n, line in enumerate(LINES, 1) if body_of(line)["metadata"].get("marks")]


def test_marks_left_out_invented_or_of_another_entry():
    number = marked_lines()[3]
    for marks in ([], ["password_reset:3"], ["role_granted:2"], ["role_granted:3", "role_granted:4", "zzz"]):

        def change(body, marks=marks):
            body["metadata"]["marks"] = marks
            if not marks:
                del body["metadata"]["marks"]

        assert named(signed(reseal(LINES, number, change))) == [("marks_lie", number)]
    plain = next(n for n in range(number, len(LINES)) if n not in marked_lines())
    report = signed(reseal(LINES, plain, lambda body: body["metadata"].update(marks=["password_reset:3"])))
    assert named(report) == [("marks_lie", plain)] and report.findings[0].expected == "none"


def test_marks_that_are_no_marks_are_malformed():
    number = marked_lines()[0]
    for marks in ([], "role_granted:3", [3], ["b", "a"], ["a", "a"]):
        report = signed(reseal(LINES, number, lambda body, marks=marks: body["metadata"].update(marks=marks)))
        assert named(report) == [("event_malformed", number)]


def test_a_grant_of_another_version_hides_nothing():
    """Whoever holds the key writes the grant in the form that marks nothing, and leaves the marks out."""
    ledger = Ledger().open()
    grant = RolesGranted1(person=BY["noc"].person, roles=("l2_ops",))
    record = ledger.record(grant, BY["admin"], role="admin")
    ledger.seal(record, runtime_flags(ledger.state))
    assert named(signed(ledger.lines)) == [("impossible_transition", len(ledger.lines))]


def test_a_reset_left_out_is_told_once_for_each_person_and_role():
    ledger = Ledger().open().run("INC-1")
    ledger.now += timedelta(days=2)
    reset = ResetPassword(person=BY["noc"].person)
    ledger.do(reset, BY["admin"])
    number = len(ledger.lines)
    for _ in range(3):
        ledger.do(AddNote(text="x"), BY["noc"], "INC-1")
    assert holds(signed(ledger.lines))
    lines = [*ledger.lines[: number - 1], *ledger.lines[number:]]
    assert named(signed(reseal(lines, number, lambda body: None))) == [("marks_lie", number)]


def test_wrong_stage_origin_and_incident():
    assert named(signed(reseal(LINES, 20, lambda body: body.update(stage="stage5")))) == [("wrong_stage", 20)]
    assert named(signed(reseal(LINES, 20, lambda body: body["artefacts"].update(incident_id="INC-7")))) == [
        ("wrong_incident", 20)
    ]
    assert named(signed(reseal(LINES, 5, lambda body: body["artefacts"].update(origin="elsewhere")))) == [
        ("wrong_origin", 5)
    ]


def test_a_malformed_event():
    for change in (
        lambda body: body["metadata"].pop("actor"),
        lambda body: body["metadata"].update(step="1"),
        lambda body: body["metadata"].update(more="x"),
        lambda body: body["metadata"].update(wall_time="yesterday"),
        lambda body: body["metadata"].update(size="many"),
        lambda body: body["metadata"].update(verdict="maybe"),
        lambda body: body.update(kind="snapshot"),
    ):
        assert named(signed(reseal(LINES, WRITTEN, change))) == [("event_malformed", WRITTEN)]
        assert named(signed(reseal(LINES, 5, lambda body: body["metadata"].pop("actor")))) == [("event_malformed", 5)]


def test_an_unknown_event_means_nothing():
    for number in (5, WRITTEN, len(LINES)):
        for change in (
            lambda body: body.update(status="moon_landed"),
            lambda body: body["metadata"].update(version=99),
        ):
            report = signed(reseal(LINES, number, change))
            assert holds(report) and report.unknown_events == 1
            assert "does not know" in " ".join(report.not_checked)


def test_a_note_after_the_clock_went_back_is_honest():
    ledger = Ledger().open().run("INC-1")
    record = event(ledger, NoteAdded(text="late"), "INC-1")
    record = record._replace(timestamp=ledger.state.timestamp, at=record.timestamp - timedelta(hours=1))
    ledger.seal(record, runtime_flags(ledger.state))
    assert holds(signed(ledger.lines))


def test_after_damage_the_replay_does_not_accuse():
    """The override's request is edited to something else: what follows does not fit, and that is said, not reported."""
    number = STATUSES.index("override_requested") + 1
    edited = list(LINES)
    edited[number - 1] = LINES[number - 1].replace(b'"path":"/var/lib', b'"qath":"/var/lib')
    assert ("event_malformed", number) in named(check(edited))
    assert {sequence for _, sequence in named(check(edited))} == {number, number + 1}
