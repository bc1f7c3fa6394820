"""What counts as our silence, and clocks that lie: real Alertmanagers, one behind a proxy that writes its own Date."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from ledger.adapters.alertmanager import Alertmanager, Created
from ledger.adapters.http import Server
from ledger.app.home.setup import init
from ledger.app.press import Press
from ledger.app.reading.muting import marker
from ledger.app.steps import silencing
from ledger.app.steps.stop import stop
from ledger.domain.asked import fit
from ledger.domain.facts import Matcher
from ledger.domain.silencing.events import SilenceSurplusEnded
from ledger.errors import Refused, Unreachable
from tests.app.builders import actor, events
from tests.app.settings import changed

from .neighbours import Handler, Process, now, odd

MATCHERS = (Matcher("alertname", "MultiStrategy.+", True), Matcher("env", "lab"))
MARK = "[stage4:INC-1:ab12]"


def create(url: str, **changes: Any) -> Created:
    start = now()
    asked = {"matchers": MATCHERS, "starts_at": start, "ends_at": start + timedelta(hours=1), "marker": MARK}
    given = {**asked, "created_by": "p", "comment": f"INC-1 {MARK}", **changes}
    return Alertmanager([Server(one) for one in url.split(",")], now).create(**given)


def planted(process: Process, **changes: Any) -> str:
    """A silence that somebody made, with our marker in its comment."""
    page = {
        "matchers": [
            {"name": "alertname", "value": "MultiStrategy.+", "isRegex": True},
            {"name": "env", "value": "lab", "isRegex": False},
        ],
        "startsAt": now().isoformat(),
        "endsAt": (now() + timedelta(minutes=20)).isoformat(),
        "createdBy": "somebody",
        "comment": f"copied {MARK}",
    }
    answer = requests.post(f"{process.url}/api/v2/silences", json={**page, **changes}, timeout=5)
    return str(answer.json()["silenceID"])


def states(process: Process) -> dict[str, str]:
    found = requests.get(f"{process.url}/api/v2/silences", timeout=5).json()
    return {one["id"]: one["status"]["state"] for one in found if MARK in one["comment"]}


def test_a_silence_with_our_marker_and_matchers_that_ends_in_time_is_the_one(apart: tuple[Process, Process]) -> None:
    there = planted(apart[1])
    made = create(f"{apart[0].url},{apart[1].url}")
    assert (made.found, made.silence.id) == (True, there)


OTHERS: dict[str, dict[str, object]] = {
    "other matchers": {"matchers": [{"name": "alertname", "value": "SomethingElse", "isRegex": False}]},
    "fewer matchers": {"matchers": [{"name": "alertname", "value": "MultiStrategy.+", "isRegex": True}]},
    "a later end": {"endsAt": (now() + timedelta(days=365)).isoformat()},
    "a later start": {"startsAt": (now() + timedelta(minutes=10)).isoformat()},
}


@pytest.mark.parametrize("how", OTHERS)
def test_another_one_with_our_marker_is_not_taken_for_it(apart: tuple[Process, Process], how: str) -> None:
    other = planted(apart[1], **OTHERS[how])
    made = create(f"{apart[0].url},{apart[1].url}")
    assert not made.found
    assert made.silence.id != other
    assert set(made.silence.matchers) == set(MATCHERS)


def test_after_a_lost_answer_another_one_is_not_taken_for_it_either(apart: tuple[Process, Process]) -> None:
    process, lost = apart[0], list[bool]()

    def lose(handler: Handler) -> None:
        if handler.command == "POST" and not lost:
            lost.append(True)
            planted(process, **OTHERS["other matchers"])
            return handler.drop()
        return relay(process, handler)

    with odd(lose) as proxy:
        made = create(proxy.url)
    assert set(made.silence.matchers) == set(MATCHERS)
    assert [one for one, state in states(process).items() if state == "active"] == [made.silence.id]


def relay(process: Process, handler: Handler, **headers: str) -> None:
    answer = requests.request(
        handler.command,
        process.url + handler.path,
        data=handler.body,
        headers={"Content-Type": "application/json"},
        timeout=5,
    )
    if "Date" in headers:
        handler.send_response_only(answer.status_code)
        for name, value in {"Content-Length": str(len(answer.content)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(answer.content)
    else:
        handler.say(answer.status_code, answer.content)


@contextmanager
def dated(process: Process, wrong: timedelta) -> Iterator[str]:
    """The address of a proxy that writes a Date of its own."""

    def answer(handler: Handler) -> None:
        relay(process, handler, Date=format_datetime((now() + wrong).replace(microsecond=0), usegmt=True))

    with odd(answer) as proxy:
        yield proxy.url


@pytest.mark.parametrize("hours", [23, 3, -0.5, -3, -23])
def test_a_date_that_lies_costs_one_more_try(apart: tuple[Process, Process], hours: float) -> None:
    with dated(apart[0], timedelta(hours=hours)) as url:
        made = create(url).silence
        [seen] = Alertmanager([Server(url)], now).look()
    assert made.state == "active"
    assert abs(made.ends_at - (now() + timedelta(hours=1))) < timedelta(seconds=5)
    assert [one for one, state in states(apart[0]).items() if state != "expired"] == [made.id]
    assert seen.silence(made.id) is not None


def test_a_date_that_the_silences_contradict_is_no_clock(apart: tuple[Process, Process]) -> None:
    create(apart[0].url)
    with dated(apart[0], timedelta(hours=3)) as url:
        assert [one.ahead for one in Alertmanager([Server(url)], now).look()] == [0.0]


def behind(seconds: float) -> Callable[[], datetime]:
    return lambda: now() - timedelta(seconds=seconds)


@pytest.mark.parametrize("seconds", [7200, -7200])
def test_where_neither_clock_fits_the_words_name_them(apart: tuple[Process, Process], seconds: int) -> None:
    """Ours is wrong, and the proxy's Date agrees with ours."""
    ours = behind(seconds)

    def answer(handler: Handler) -> None:
        relay(apart[0], handler, Date=format_datetime(ours().replace(microsecond=0), usegmt=True))

    with odd(answer) as proxy, pytest.raises((Refused, Unreachable), match="the clocks of both machines") as told:
        start = ours()
        Alertmanager([Server(proxy.url)], ours).create(
            MATCHERS, start, start + timedelta(hours=1), "p", f"INC-1 {MARK}", MARK
        )
    assert "Date header" in str(told.value)
    assert "active" not in states(apart[0]).values() and "pending" not in states(apart[0]).values()


def test_step_2_makes_the_silence_that_was_asked_for_and_ends_a_copy_of_its_comment(
    apart: tuple[Process, Process], tmp_path: Path
) -> None:
    made = init(tmp_path / "home", purpose="lab")
    made.config = changed(made.config, alertmanager={"url": ",".join(one.url for one in apart)})
    stop(made, Press(actor("l2_ops")), fit(reason="latency", ticket="INC-1"))
    mark = marker(made, "INC-1")
    other = planted(apart[1], comment=f"copied {mark}", endsAt="2027-11-29T18:00:00Z", **OTHERS["other matchers"])
    done = silencing.silence(made, Press(actor("observability")), made.rollback("INC-1"))
    assert done.rollback.silence.id != other
    assert done.rollback.silence.matchers == made.matchers
    assert f"ended a second silence of INC-1, {other}" in done.log
    assert [one.silence_id for one in events(made, SilenceSurplusEnded)] == [other]  # type: ignore[attr-defined]
    made.ledger.log.close()
