"""Who is on duty is shown for a minute at most, beside who may act, and is kept at the opening."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ledger.app.doctor.oncall import look_at_schedules
from ledger.app.home import config as settings
from ledger.app.installation import Installation
from ledger.app.observer.desk import Desk
from ledger.app.observer.oncall import look_at_oncall
from ledger.app.oncall import watch
from ledger.app.oncall.duty import words
from ledger.app.oncall.watch import OnCall
from ledger.app.press import Press
from ledger.app.reading.status import status_json
from ledger.app.steps import opening
from ledger.app.telling.message import _to_confirm
from ledger.domain.people.commands import AddPerson, DeactivatePerson
from ledger.lab.standins.ics import CalendarFiles, calendar
from ledger.lab.standins.pagerduty import OnCall as Shift
from ledger.lab.standins.pagerduty import PagerDutyApi

from .builders import Clock, actor, records
from .settings import changed

HOUR = timedelta(hours=1)
OWNER, L2 = "POWNER1", "PL2OPS1"
PEOPLE = {"ola@example.net": "lab-product-owner", "Jan Nowak": "lab-l2-ops"}


@pytest.fixture
def api() -> Iterator[PagerDutyApi]:
    with PagerDutyApi() as made:
        made.schedules = {OWNER: [], L2: []}
        yield made


@pytest.fixture
def oncall(installation: Installation, clock: Clock, api: PagerDutyApi) -> OnCall:
    """PagerDuty for two roles."""
    key = installation.home.root / "pagerduty.key"
    key.write_text(PagerDutyApi.TOKEN)
    table = {
        "kind": "pagerduty",
        "url": api.url,
        "bearer_token_file": str(key),
        "roles": {"product_owner": OWNER, "l2_ops": L2},
        "people": dict(PEOPLE),
    }
    installation.config = changed(installation.config, oncall=table)
    installation.oncall = OnCall(installation.config, clock)
    return installation.oncall


def on(api: PagerDutyApi, schedule: str, *names: str, until: float = 1.0) -> None:
    at = datetime.now(UTC).replace(microsecond=0)
    api.schedules[schedule] = [Shift(f"P{name.upper()}", name, at - HOUR, at + until * HOUR) for name in names]


def said(installation: Installation, role: str) -> str:
    now = installation.clock()
    duty = installation.oncall.duty(role, now)
    assert duty is not None
    return str(words(duty, installation.state, {"lab-product-owner": "Ola Nowak", "lab-l2-ops": "Jan"}, now))


def test_before_anybody_looked_nothing_is_known(installation: Installation, oncall: OnCall) -> None:
    assert said(installation, "l2_ops") == "who is on duty is not known: nobody has looked yet"
    assert oncall.duty("noc", installation.clock()) is None, "a role without a schedule has no duty"


def test_who_is_on_duty_is_said_with_its_source_and_time(installation, oncall, api, clock) -> None:
    on(api, OWNER, "Ola Nowak")
    on(api, L2, "Jan Nowak", "Obcy")
    oncall.look()
    at = f"as of {clock.now:%H:%M:%S} UTC"
    assert said(installation, "product_owner").startswith(f"on duty by PagerDuty, {at}: Ola Nowak until ")
    assert "Jan until" in said(installation, "l2_ops") and "Obcy (not known here) until" in said(installation, "l2_ops")


def test_nobody_on_duty_is_not_the_same_as_not_known(installation, oncall, api) -> None:
    oncall.look()
    assert said(installation, "l2_ops").startswith("nobody is on duty by PagerDuty, as of ")
    api.fail("500", times=2)
    oncall.look()
    assert said(installation, "l2_ops").startswith("nobody"), "what was seen is a minute old at most"


def test_what_is_older_than_a_minute_is_not_known(installation, oncall, api, clock) -> None:
    on(api, L2, "Jan Nowak")
    oncall.look()
    clock.move(seconds=59)
    assert "Jan until" in said(installation, "l2_ops")
    api.fail("500", times=99)
    oncall.look()
    clock.move(seconds=2)
    told = said(installation, "l2_ops")
    assert "Jan" not in told
    assert told.startswith("who is on duty is not known: it was seen last at ") and "answered 500" in told


def test_a_first_look_that_fails_is_not_known_and_says_why(installation, oncall, api) -> None:
    on(api, L2, "Jan Nowak")
    api.fail("401", times=2)
    oncall.look()
    told = said(installation, "l2_ops")
    assert "Jan" not in told and "401" in told and PagerDutyApi.TOKEN not in told


def test_a_shift_that_ends_between_two_looks_has_ended(installation, oncall, api, clock) -> None:
    on(api, L2, "Jan Nowak", until=0.01)
    oncall.look()
    clock.move(seconds=40)
    assert said(installation, "l2_ops").startswith("nobody is on duty")


def test_a_server_that_hangs_is_waited_for_no_longer_than_was_said(installation, oncall, api) -> None:
    api.fail("slow", times=2)
    began = datetime.now(UTC)
    oncall.look(0.2)
    assert datetime.now(UTC) - began < timedelta(seconds=2)
    assert "the schedule has not answered yet" in said(installation, "l2_ops")
    asked = len(api.requests)
    oncall.look(0.2)
    assert len(api.requests) == asked, "it is not asked again while it is being asked"


def test_who_asks_to_wait_is_not_asked_before(installation, oncall, api) -> None:
    api.fail("429", times=2)
    oncall.look()
    asked = len(api.requests)
    oncall.look()
    assert len(api.requests) == asked
    assert "asks to wait 1 s" in said(installation, "l2_ops")


def test_one_on_duty_without_the_role_or_deactivated_is_told(installation, oncall, api) -> None:
    installation.config.oncall.people["obcy"] = "lab-noc"
    on(api, L2, "Obcy")
    on(api, OWNER, "Ola Nowak")
    installation.submit(AddPerson(person="lab-admin", roles=("admin",)), Press(actor("system")))
    installation.submit(DeactivatePerson(person="lab-product-owner"), Press(actor("admin")))
    oncall.look()
    assert "(on duty, but does not hold the role)" in said(installation, "l2_ops")
    assert "(on duty, but deactivated here)" in said(installation, "product_owner")


def test_it_is_kept_once_at_the_opening_and_gives_no_right(installation, oncall, api, clock) -> None:
    on(api, OWNER, "Ola Nowak")
    on(api, L2, "Obcy")
    desk = Desk(installation, lambda _: None)
    oncall.look()
    clock.move(seconds=1)
    opened = opening.open_rollback(installation, Press(actor("incident_manager")), reason="latency", ticket="INC-7")
    before = installation.state.people
    look_at_oncall(desk, installation.state)
    assert not [one for one in records(installation) if one.status == "oncall_seen"], "that look was of before"
    clock.move(seconds=1)
    oncall.look()
    for _ in range(2):
        look_at_oncall(desk, installation.state)
    (seen,) = [one for one in records(installation) if one.status == "oncall_seen"]
    assert seen.rollback == opened.rollback.id and seen.role == "system"
    assert seen.event.on_duty == "L2 Ops: somebody who is not known here; product owner: lab-product-owner"
    page = json.loads(installation.artefacts.get(seen.event.oncall_sha384))
    assert page["roles"]["l2_ops"]["on_duty"][0]["name"] == "Obcy"
    assert installation.state.people == before


def test_what_was_not_known_at_the_opening_is_kept_as_such(installation, oncall, api, clock) -> None:
    api.fail("500", times=99)
    opening.open_rollback(installation, Press(actor("incident_manager")), reason="latency", ticket="INC-7")
    clock.move(seconds=1)
    oncall.look()
    look_at_oncall(Desk(installation, lambda _: None), installation.state)
    (seen,) = [one for one in records(installation) if one.status == "oncall_seen"]
    assert seen.event.on_duty == "L2 Ops: not known; product owner: not known"
    page = json.loads(installation.artefacts.get(seen.event.oncall_sha384))
    assert "answered 500" in page["roles"]["l2_ops"]["why_not"]


def test_the_message_of_an_opening_says_who_of_those_who_can_confirm_is_on_duty(installation, oncall, api) -> None:
    assert _to_confirm(installation).endswith("; who is on duty is not known: nobody has looked yet")
    on(api, OWNER, "Ola Nowak")
    oncall.look()
    assert "; on duty by PagerDuty, as of " in _to_confirm(installation)


def test_status_and_doctor_say_it(installation, oncall, api) -> None:
    on(api, L2, "Jan Nowak")
    checks = {check.state for check in look_at_schedules(installation)}
    assert checks == {"ok", "warning"}
    page = status_json(installation)["on_duty"]
    assert page["l2_ops"]["on_duty"][0] | {"since": 0, "until": 0} == {
        "name": "Jan Nowak",
        "person": "lab-l2-ops",
        "since": 0,
        "until": 0,
        "holds_the_role": True,
        "doubt": None,
    }
    assert page["product_owner"]["state"] == "nobody"


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"kind": "opsgenie"}, "oncall.kind is 'opsgenie'"),
        ({"roles": {"l2": "P1"}}, "oncall.roles has 'l2'"),
        ({"roles": {"noc": " "}}, "oncall.roles has nothing for noc"),
        ({"bearer_token_file": ""}, "oncall.bearer_token_file is empty"),
        ({"bearer_token_file": "no/such"}, "cannot read the file"),
        ({"kind": "grafana", "url": ""}, "oncall.url is empty"),
        ({"kind": "ical", "roles": {"noc": "basic.ics"}}, "oncall.roles has no address for noc"),
    ],
)
def test_settings_that_cannot_be_meant_are_said_and_stop_nothing(installation, oncall, clock, table, why) -> None:
    installation.config = changed(installation.config, oncall=table)
    installation.oncall = OnCall(installation.config, clock)
    installation.oncall.look()
    assert why in str(installation.oncall.duties(clock.now)[0].why)
    assert next(look_at_schedules(installation)).state == "problem"


def test_a_calendar_s_address_may_stand_in_a_file_and_is_shown_nowhere(installation, clock, tmp_path: Path) -> None:
    with CalendarFiles() as files:
        at = datetime.now(UTC)
        event = f"DTSTART:{at - HOUR:%Y%m%dT%H%M%SZ}\nDTEND:{at + HOUR:%Y%m%dT%H%M%SZ}\nSUMMARY:Jan Nowak, Ola"
        files.calendars[CalendarFiles.SECRET] = calendar(event)
        (installation.home.root / "noc.address").write_text(files.address() + "\n")
        table = {
            "kind": "ical",
            "roles": {"noc": "file:noc.address", "l2_ops": files.address()},
            "people": {"ola": "lab-noc", "jan nowak": "lab-l2-ops"},
        }
        installation.config = config = changed(installation.config, oncall=table)
        installation.oncall = oncall = OnCall(config, clock)
        oncall.look()
        duty = oncall.duty("noc", clock.now)
        assert duty is not None and [one.person for one in duty.on or ()] == ["lab-l2-ops", "lab-noc"]
        assert duty.source == "the calendar at 127.0.0.1"
        shown = next(
            line for line in settings.explain(config, tmp_path / "stage4.toml") if line.place == "oncall.roles"
        )
        assert shown.value == {"noc": "file:noc.address", "l2_ops": f"{files.url}/<masked>"}
        assert "oncall.roles" in settings.secrets(config)


def test_a_mistake_of_ours_is_a_reason_and_no_name(installation, oncall, monkeypatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(watch, "schedule_of", broken)
    oncall.look()
    assert said(installation, "l2_ops").startswith("who is on duty is not known: ")


def test_it_is_looked_at_again_and_again_by_one_thread(installation, oncall, api, monkeypatch) -> None:
    monkeypatch.setattr(watch, "EVERY", 0.01)
    on(api, L2, "Jan Nowak")
    assert oncall.start() and not oncall.start()
    try:
        for _ in range(500):
            if len(api.requests) > 8:
                break
            oncall._stopped.wait(0.01)
        assert len(api.requests) > 8
    finally:
        oncall.stop()
    assert oncall.version >= 1
