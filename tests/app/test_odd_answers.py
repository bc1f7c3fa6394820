"""A scheduler that answers oddly closes no step, blinds no other source and forges no line of a log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.app.installation import Installation, opened
from ledger.app.observer import Observer
from ledger.app.press import Press
from ledger.app.reading.outlook import Lookout
from ledger.app.steps import stopping as steps
from ledger.app.steps.stop import stop
from ledger.digest import sha384
from ledger.domain.asked import fit
from ledger.domain.observing.events import ForeignSilenceGone, ForeignSilenceSeen, SchedulerObserved
from ledger.errors import Unreachable
from tests.adapters.neighbours import Handler, Odd, odd

from .builders import actor, events
from .settings import changed

SINCE = "2026-11-23T05:27:01+01:00"
ODD: dict[str, dict[str, object]] = {
    "surrogate": {"cycle": 7, "warnings": ["a\ud800b"]},
    "huge": {"cycle": 10**30 - 1, "warnings": []},
    "long": {"cycle": 7, "warnings": ["x" * 100_000] * 50},
    "escapes": {"cycle": 7, "warnings": ["a\0b\x1b[31m", "x\nenabled"]},
}


class Neighbours:
    """A scheduler and an Alertmanager; ``page`` is what the scheduler says."""

    def __init__(self) -> None:
        self.page: dict[str, object] = {}
        self.asked: list[str] = []

    def __call__(self, handler: Handler) -> None:
        self.asked.append(handler.path)
        if handler.path == "/status":
            handler.say(200, json.dumps({"status": "disabled", "since": SINCE, **self.page}).encode())
        else:
            handler.say(200, b"[]")


@pytest.fixture
def outside() -> Iterator[tuple[Neighbours, Odd]]:
    neighbours = Neighbours()
    with odd(neighbours) as server:
        yield neighbours, server


@pytest.fixture
def stopped(root: Path, outside: tuple[Neighbours, Odd]) -> Iterator[Installation]:
    """A stopped rollback whose scheduler is the odd one."""
    with opened(root) as made:
        url = outside[1].url
        made.config = changed(made.config, scheduler={"url": f"{url}/status"}, alertmanager={"url": url})
        made.publish()
        stop(made, Press(actor("l2_ops")), fit(reason="latency", ticket="INC-1"))
        yield made


@pytest.mark.parametrize("how", ODD)
def test_step_3_passes_on_the_schedulers_word_however_odd_the_rest(
    stopped: Installation, outside: tuple[Neighbours, Odd], how: str
) -> None:
    outside[0].page = ODD[how]
    done = steps.check(stopped, Press(actor("l2_ops")), stopped.rollback("INC-1"), patience=0)
    assert done.verdict == "pass"
    assert all(line.isprintable() for line in done.log.splitlines())
    assert done.log.splitlines()[-1] == "disabled"
    assert done.log.count("\nenabled") == 0
    body = json.dumps({"status": "disabled", "since": SINCE, **ODD[how]}).encode()
    assert sha384(body) in done.log
    assert stopped.artefacts.get(sha384(body)) == body, "the bytes are there as they came"


@pytest.mark.parametrize("how", ODD)
def test_the_observer_records_it_and_looks_at_the_rest(
    stopped: Installation, outside: tuple[Neighbours, Odd], how: str
) -> None:
    neighbours, said = outside[0], []  # type: ignore[var-annotated]
    observer = Observer(stopped, said.append)
    neighbours.page = ODD[how]
    for _ in range(5):
        observer.look()
    observed = events(stopped, SchedulerObserved)
    assert [one.scheduler_status for one in observed] == ["disabled"]  # type: ignore[attr-defined]
    assert sum("/api/v2/silences" in path for path in neighbours.asked) == 2
    assert all(line.isprintable() for line in said)


@pytest.mark.parametrize("name", ["", "x" * 81])
def test_a_silence_with_an_unusable_id_is_named_and_costs_no_other(stopped: Installation, name: str) -> None:
    def silence(name: str, job: str) -> dict[str, object]:
        matcher = {"name": "job", "value": job, "isRegex": True}
        times = {"startsAt": SINCE, "endsAt": "2099-01-01T00:00:00Z"}
        who = {"createdBy": "other", "comment": "theirs"}
        return {"id": name, "status": {"state": "active"}, "matchers": [matcher], **times, **who}

    lists = [[silence(name, "x|stage4"), silence("s-1", "x|stage4")], [silence(name, "x|stage4")]]

    def answer(handler: Handler) -> None:
        handler.say(200, json.dumps(lists[0] if handler.path.endswith("/silences") else []).encode())

    with odd(answer) as server:
        stopped.config = changed(stopped.config, alertmanager={"url": server.url})
        [seen] = stopped.alertmanager.look()
        assert f"an id of {len(name)} characters" in seen.doubts[0]
        assert ("without an id" in seen.doubts[0]) is (name == "")
        observer = Observer(stopped)
        for _ in range(9):
            observer.look()
        assert [one.silence_id for one in events(stopped, ForeignSilenceSeen)] == ["s-1"]  # type: ignore[attr-defined]
        lists.pop(0)
        for _ in range(9):
            observer.look()
    assert [one.silence_id for one in events(stopped, ForeignSilenceGone)] == ["s-1"]  # type: ignore[attr-defined]


ERRORS = (Unreachable("no look at the scheduler"), OverflowError("date value out of range"), RuntimeError("no thread"))


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_a_source_that_breaks_the_observers_look_ends_no_others_turn(
    stopped: Installation, outside: tuple[Neighbours, Odd], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def broken(*_: object) -> None:
        raise error

    observer = Observer(stopped)
    monkeypatch.setattr(observer, "_look_at_scheduler", broken)
    observer.look()
    assert any("/api/v2/silences" in path for path in outside[0].asked)


def test_what_nobody_foresaw_is_a_gap_said_once_and_logged_without_values(
    stopped: Installation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    said: list[str] = []
    observer, secret = Observer(stopped, said.append), "hunter2"

    def broken(_: object) -> None:
        raise OverflowError(secret)

    monkeypatch.setattr(observer._silences, "look", broken)
    for _ in range(9):
        observer.look()
    told = [one for one in said if "a mistake in stage4 itself (OverflowError at test_odd_answers.py:" in one]
    assert len(told) == 1
    assert [record.name for record in caplog.records] == ["stage4.mistakes"]
    assert "hunter2" not in caplog.text and "in broken" in caplog.text
    assert "alertmanager" in observer._coverage._gaps


def test_pages_are_told_of_a_look_that_broke_and_it_is_taken_again(
    stopped: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookout = Lookout(stopped)

    def broken() -> None:
        raise OverflowError

    monkeypatch.setattr(stopped, "scheduler", broken)
    assert "a mistake in stage4 itself" in lookout.look().missing["scheduler"].why
    monkeypatch.undo()
    assert "a mistake" not in str(lookout.look().missing.get("scheduler"))


def test_a_member_that_nobody_foresaw_blinds_no_other(
    stopped: Installation, outside: tuple[Neighbours, Odd], monkeypatch: pytest.MonkeyPatch
) -> None:
    with odd(lambda handler: handler.say(200, b"[]")) as second:
        stopped.config = changed(stopped.config, alertmanager={"url": f"{outside[1].url},{second.url}"})
        alertmanager = stopped.alertmanager

        def broken(_: object) -> None:
            raise RecursionError

        monkeypatch.setattr(alertmanager.members[0], "alerts", broken)
        first, other = alertmanager.look()
    assert "a mistake in stage4 itself (RecursionError" in first.error
    assert not other.doubts
