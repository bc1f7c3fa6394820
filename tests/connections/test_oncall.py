"""Who is on duty, by each kind of schedule: what a failed look says is a reason, and never a name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ledger.adapters.connection import Later
from ledger.adapters.http import Exchange, Unsent, transcript
from ledger.adapters.oncall import Rota, Schedule, Shift, on_duty
from ledger.adapters.oncall_grafana import GrafanaSchedule
from ledger.adapters.oncall_ical import Calendar, Calendars
from ledger.adapters.oncall_pagerduty import PagerDuty
from ledger.errors import LedgerError, Refused, Unreachable
from ledger.lab.standins.grafana_oncall import FinalShift, GrafanaOnCallApi
from ledger.lab.standins.ics import CalendarFiles, calendar
from ledger.lab.standins.pagerduty import OnCall, PagerDutyApi
from ledger.lab.standins.server import StandIn
from tests.connections.contract import quick


def now() -> datetime:
    """The stand-ins answer with the Date of this machine."""
    return datetime.now(UTC)


HOUR = timedelta(hours=1)


class Kind(NamedTuple):
    standin: StandIn
    schedule: Callable[..., Schedule]
    plan: Callable[..., None]
    secret: str


def _ical(standin: CalendarFiles) -> Kind:
    kept = Calendars()

    def schedule(log: list[Exchange] | None = None, clock: Any = now, secret: str = CalendarFiles.SECRET) -> Schedule:
        return Calendar(quick(standin.address(secret), secret_path=True), clock, kept, log=log)

    def plan(*shifts: tuple[str, datetime, datetime]) -> None:
        standin.calendars[CalendarFiles.SECRET] = calendar(
            *(f"DTSTART:{a:%Y%m%dT%H%M%SZ}\nDTEND:{b:%Y%m%dT%H%M%SZ}\nSUMMARY:{who}" for who, a, b in shifts)
        )

    return Kind(standin, schedule, plan, CalendarFiles.SECRET)


def _pagerduty(standin: PagerDutyApi) -> Kind:
    def schedule(log: list[Exchange] | None = None, clock: Any = now, name: str = "PI7DH85") -> Schedule:
        return PagerDuty(quick(standin.url), PagerDutyApi.TOKEN, name, clock, log)

    def plan(*shifts: tuple[str, datetime, datetime]) -> None:
        standin.schedules["PI7DH85"] = [OnCall(f"P{who.upper()}", who, a, b) for who, a, b in shifts]

    return Kind(standin, schedule, plan, PagerDutyApi.TOKEN)


@pytest.fixture
def token(tmp_path: Path) -> str:
    path = tmp_path / "token"
    path.write_text(GrafanaOnCallApi.TOKEN + "\n")
    return str(path)


def _grafana(standin: GrafanaOnCallApi, token: str) -> Kind:
    headers = (("X-Grafana-URL", GrafanaOnCallApi.STACK),)

    def schedule(log: list[Exchange] | None = None, clock: Any = now, name: str = "SBM7DV7BKFUYU") -> Schedule:
        server = quick(standin.url, bearer_token_file=token, headers=headers)
        return GrafanaSchedule(server, name, clock, log)

    def plan(*shifts: tuple[str, datetime, datetime]) -> None:
        standin.schedules["SBM7DV7BKFUYU"] = [FinalShift(*shift) for shift in shifts]

    return Kind(standin, schedule, plan, GrafanaOnCallApi.TOKEN)


@pytest.fixture(params=["ical", "pagerduty", "grafana"])
def kind(request: pytest.FixtureRequest, token: str) -> Iterator[Kind]:
    if request.param == "ical":
        with CalendarFiles() as files:
            yield _ical(files)
    elif request.param == "pagerduty":
        with PagerDutyApi() as api:
            yield _pagerduty(api)
    else:
        with GrafanaOnCallApi() as oncall:
            yield _grafana(oncall, token)


def names(schedule: Schedule) -> list[str]:
    return [shift.name for shift in on_duty(schedule.rota(), now()).on]


def test_who_is_on_duty_since_when_until_when_and_who_is_next(kind: Kind) -> None:
    at = now().replace(microsecond=0)
    kind.plan(("ola", at - HOUR, at + HOUR), ("jan", at + HOUR, at + 2 * HOUR), ("iza", at - 2 * HOUR, at - HOUR))
    rota = kind.schedule().rota()
    found = on_duty(rota, at)
    assert [(shift.name, shift.start, shift.end) for shift in found.on] == [("ola", at - HOUR, at + HOUR)]
    assert [(shift.name, shift.start) for shift in found.coming] == [("jan", at + HOUR)]
    assert timedelta(0) <= now() - rota.at < timedelta(seconds=10)


def test_several_are_on_duty_at_once(kind: Kind) -> None:
    at = now().replace(microsecond=0)
    kind.plan(("ola", at - HOUR, at + HOUR), ("jan", at - HOUR, at + 2 * HOUR))
    assert names(kind.schedule()) == ["ola", "jan"]


def test_nobody_on_duty_is_an_answer(kind: Kind) -> None:
    assert names(kind.schedule()) == []


def test_a_shift_has_its_start_and_not_its_end(kind: Kind) -> None:
    at = now().replace(microsecond=0)
    kind.plan(("ola", at - HOUR, at + HOUR), ("jan", at + HOUR, at + 2 * HOUR))
    rota = kind.schedule().rota()
    assert [shift.name for shift in on_duty(rota, at + HOUR - timedelta(microseconds=1)).on] == ["ola"]
    assert [shift.name for shift in on_duty(rota, at + HOUR).on] == ["jan"]


@pytest.mark.parametrize(
    "fault", ["401", "403", "404", "429", "500", "503", "html", "redirect", "half", "slow", "lost"]
)
def test_a_failed_look_is_a_reason_and_never_a_name(kind: Kind, fault: str) -> None:
    at = now()
    kind.plan(("ola", at - HOUR, at + HOUR))
    kind.standin.fail(fault)
    log: list[Exchange] = []
    with pytest.raises(LedgerError) as raised:
        kind.schedule(log).rota()
    means = {"401": Unsent, "403": Unsent, "404": Refused, "429": Later, "redirect": Unsent}
    assert isinstance(raised.value, means.get(fault, Unreachable)), repr(raised.value)
    assert len(str(raised.value)) > 20 and log
    assert kind.secret not in f"{raised.value}{transcript(log).decode()}"
    kind.standin.heal()
    assert names(kind.schedule()) == ["ola"], "it is looked at again"


def test_looking_changes_nothing_there(kind: Kind) -> None:
    names(kind.schedule())
    assert {request.method for request in kind.standin.requests} == {"GET"}


def test_one_who_is_not_let_in_is_told_so(kind: Kind) -> None:
    if kind.standin.NAME == "calendar":
        with pytest.raises(Refused, match="refuses it with 404"):
            kind.schedule(secret="another-secret-0123456789").rota()
    else:
        with pytest.raises(Refused, match="NOSUCH"):
            kind.schedule(name="NOSUCH").rota()


def test_a_clock_that_differs_matters_only_where_duty_changes_meanwhile(kind: Kind) -> None:
    at = now()
    kind.plan(("ola", at - HOUR, at + HOUR), ("jan", at + HOUR, at + 3 * HOUR))
    behind = lambda: now() - timedelta(minutes=5)  # noqa: E731
    rota = kind.schedule(clock=behind).rota()
    assert rota.ahead == pytest.approx(300, abs=4)
    assert [shift.name for shift in on_duty(rota, behind()).on] == ["ola"]
    with pytest.raises(Unreachable, match="its clock differs from ours by"):
        on_duty(rota, at + HOUR - timedelta(minutes=2))


# --- what each kind has of its own ------------------------------------------------------------------------------------


def test_a_calendar_that_did_not_change_is_not_sent_again() -> None:
    with CalendarFiles() as files:
        kind, at = _ical(files), now().replace(microsecond=0)
        kind.plan(("ola", at - HOUR, at + HOUR))
        log: list[Exchange] = []
        assert names(kind.schedule(log)) == names(kind.schedule(log)) == ["ola"]
        assert [exchange.status for exchange in log] == [200, 304]
        kind.plan(("jan", at - HOUR, at + HOUR))
        assert names(kind.schedule(log)) == ["jan"]


def test_a_calendar_s_address_is_in_no_sentence() -> None:
    with CalendarFiles() as files:
        rota = _ical(files).schedule().rota()
        assert rota.source == "the calendar at 127.0.0.1"


def test_that_nothing_changed_is_no_answer_to_who_has_nothing() -> None:
    with CalendarFiles() as files:
        kind = _ical(files)
        files.respond = lambda request: files.wrong(304, "")  # type: ignore[method-assign]
        with pytest.raises(LedgerError):
            kind.schedule().rota()


def test_a_schedule_on_several_policies_has_each_of_its_people_once() -> None:
    with PagerDutyApi() as api:
        kind, at = _pagerduty(api), now()
        api.policies["PI7DH85"] = 3
        kind.plan(*((f"p{n}", at - HOUR, at + HOUR + n * timedelta(seconds=1)) for n in range(60)))
        log: list[Exchange] = []
        found = names(kind.schedule(log))
        assert sorted(found) == sorted(f"p{n}" for n in range(60))
        assert len(log) == 2, "in pages of a hundred"


def test_one_who_is_always_on_duty_has_no_start_and_no_end() -> None:
    with PagerDutyApi() as api:
        api.schedules["PI7DH85"] = [OnCall("PT23IWX", "Ola Nowak", None, None)]
        (shift,) = on_duty(_pagerduty(api).schedule().rota(), now()).on
        assert shift == Shift("Ola Nowak", ("ola@example.net", "ola nowak", "pt23iwx"), None, None)


def test_a_schedule_that_no_policy_uses_says_nothing_of_duty() -> None:
    with PagerDutyApi() as api:
        api.policies["PI7DH85"] = 0
        with pytest.raises(Refused, match="no escalation policy of PagerDuty uses the schedule PI7DH85"):
            _pagerduty(api).schedule().rota()


def test_a_key_that_is_wrong_is_told_and_not_shown() -> None:
    with PagerDutyApi() as api:
        with pytest.raises(Unsent, match="401") as raised:
            PagerDuty(quick(api.url), "another-key-0123", "PI7DH85", now).rota()
        assert "another-key" not in str(raised.value)


def test_shifts_come_in_pages_and_all_of_them_count(token: str) -> None:
    with GrafanaOnCallApi() as api:
        api.page_size = 2
        kind, at = _grafana(api, token), now()
        kind.plan(*((f"p{n}", at - HOUR, at + HOUR) for n in range(5)))
        assert len(names(kind.schedule())) == 5
        assert len(api.requests) == 3
        api.fail("500", when=lambda request: request.one("page") == "3")
        with pytest.raises(Unreachable):
            kind.schedule().rota()


def test_fewer_shifts_than_were_promised_are_no_answer(token: str) -> None:
    with GrafanaOnCallApi() as api:
        kind, at = _grafana(api, token), now()
        kind.plan(("ola", at - HOUR, at + HOUR))
        page = api._page
        api._page = lambda *given: {**page(*given), "count": 2}  # type: ignore[method-assign]
        with pytest.raises(Unreachable, match="said 2 shifts and gave 1"):
            kind.schedule().rota()


def test_shifts_of_one_person_that_touch_are_one() -> None:
    at = datetime(2026, 11, 23, 5, tzinfo=UTC)
    rota = Rota(
        (
            Shift("Ola", ("ola",), at - HOUR, at + HOUR),
            Shift("Ola", ("ola",), at + HOUR, at + 2 * HOUR),
            Shift("Jan", ("jan",), at + 3 * HOUR, at + 4 * HOUR),
            Shift("Ola", ("ola",), at + 4 * HOUR, at + 9 * HOUR),
        ),
        at,
        "the schedule",
        at + 8 * HOUR,
    )
    assert [(shift.name, shift.end) for shift in on_duty(rota, at).on] == [("Ola", at + 2 * HOUR)]
    assert [shift.name for shift in on_duty(rota, at).coming] == ["Jan"]
    assert on_duty(rota, at + 5 * HOUR).on[0].end is None, "it goes on beyond what was looked at, for all that is known"
