"""Step 5 while it is not known what mutes: no pass and no all-clear, until it is known or two accept it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import requests
from click.testing import CliRunner

from ledger.adapters.silence_wire import format_silence
from ledger.app.observer import Observer
from ledger.app.press import Press
from ledger.app.steps import duties, opening, restoring
from ledger.app.steps.common import Outcome
from ledger.cli.root import stage4
from ledger.domain.facts import Matcher
from ledger.domain.restoring.events import AllClearAnnounced
from ledger.domain.state import Rollback
from ledger.lab.scenarios import Stage
from tests.adapters.neighbours import Handler, free_port, now, odd
from tests.app.settings import changed

from .walk import REAL_SERVERS, newest, records, soon, through_step_2

pytestmark = REAL_SERVERS
NAME = "MultiStrategyPnlDrawdown"


def aborted(on: Stage, ticket: str) -> Rollback:
    """Stopped, silenced, and step 5 is due."""
    rollback = through_step_2(on, ticket)
    return opening.abort(on.installation, Press(on.person("incident_manager")), on.now(rollback), "a mistake").rollback


def restored(on: Stage, rollback: Rollback) -> tuple[Outcome, list[str]]:
    said: list[str] = []
    return restoring.restore(on.installation, Press(on.person("l2_ops")), on.now(rollback), said.append), said


def ask(on: Stage, url: str) -> None:
    on.installation.config = changed(on.installation.config, alertmanager={"url": url})


def foreign(on: Stage) -> str:
    """An alert of ours fires, and another team's silence mutes it."""
    address = on.lab.addresses.alertmanager
    labels = {one.name: one.value for one in on.installation.labels}
    alert = {"labels": {"alertname": NAME, "severity": "warning", "team": "trading-ops", **labels}}
    requests.post(f"{address}/api/v2/alerts", json=[alert], timeout=5).raise_for_status()
    matchers = (Matcher("team", "trading-ops"),)
    page = format_silence(matchers, now(), now() + timedelta(minutes=10), "mallory", "rack move")
    return str(requests.post(f"{address}/api/v2/silences", json=page, timeout=5).json()["silenceID"])


def hiding(on: Stage, silence: str) -> Callable[[Handler], None]:
    """Alertmanager as somebody sees it who may not see this silence."""

    def relay(handler: Handler) -> None:
        address = on.lab.addresses.alertmanager
        answer = requests.request(handler.command, address + handler.path, data=handler.body, timeout=5,
                                  headers={"Content-Type": "application/json"})  # fmt: skip
        if handler.path.endswith(silence):
            return handler.say(404)
        if handler.command == "GET" and handler.path == "/api/v2/silences":
            left = [one for one in answer.json() if one["id"] != silence]
            return handler.say(200, json.dumps(left).encode())
        return handler.say(answer.status_code, answer.content)

    return relay


def test_a_silence_that_mutes_and_is_not_listed_keeps_step_5_from_passing(on: Stage) -> None:
    rollback, silence = aborted(on, "INC-1"), foreign(on)
    plain = on.lab.addresses.alertmanager
    with odd(hiding(on, silence)) as server:
        ask(on, server.url)
        done, said = restored(on, rollback)
        assert done.verdict == "inconclusive"
        assert any(f"by the silence {silence} and does not list it" in one for one in done.reasons)
        assert "the all-clear is withheld until nothing mutes Stage4 alerts, or that is accepted" in said
        assert not records(on, "all_clear_announced")
        assert silence in done.log
        told = CliRunner().invoke(stage4, ["--home", str(on.installation.home.root), "silences"],
                                  env={"STAGE4_ALERTMANAGER_URL": server.url})  # fmt: skip
        assert told.exit_code == 3
        assert f"{silence}  until when is not known: not in the list of {server.url}" in told.stdout
        heard: list[str] = []
        observer = Observer(on.installation, heard.append)
        for _ in range(9):
            observer.look()
        assert sum(f"by the silence {silence} and does not list it" in one for one in heard) == 1
        requests.delete(f"{plain}/api/v2/silence/{silence}", timeout=5).raise_for_status()
        done, said = restored(on, rollback)
    assert (done.verdict, "all-clear written" in said) == ("pass", True)


def test_a_member_that_does_not_answer_withholds_the_all_clear_until_two_accept(on: Stage) -> None:
    rollback, down = aborted(on, "INC-1"), f"http://127.0.0.1:{free_port()}"
    ask(on, f"{on.lab.addresses.alertmanager},{down}")
    done, said = restored(on, rollback)
    assert done.verdict == "inconclusive"
    assert any("withheld" in one for one in said)
    assert not records(on, "all_clear_announced")
    for role in ("l2_ops", "noc"):
        duties.accept(on.installation, Press(on.person(role)), on.now(rollback), 5, "that machine is gone")
    done, said = restored(on, rollback)
    assert said == ["all-clear written"]
    assert done.rollback.steps[5].shown == "accepted"
    event = newest(on, "all_clear_announced")
    assert isinstance(event, AllClearAnnounced)
    assert f"is not known of {down}" in on.installation.artefacts.get(event.announcement_sha384).decode()
    assert on.closed(rollback, phase="aborted").phase == "aborted"


def test_a_silence_with_large_matchers_costs_itself_alone_and_can_be_accepted(on: Stage) -> None:
    address, rack = on.lab.addresses.alertmanager, "|".join(f"node-{number:04d}" for number in range(900))
    matchers = tuple(Matcher(f"label{number}", f"{rack}|", is_regex=True) for number in range(9))

    def put(*matchers: Matcher) -> str:
        page = format_silence(matchers, now(), now() + timedelta(minutes=10), "otherteam", "rack move")
        return str(requests.post(f"{address}/api/v2/silences", json=page, timeout=5).json()["silenceID"])

    def told(status: str) -> set[str]:
        return {record.event.silence_id for record in records(on, status)}  # type: ignore[union-attr]

    large, small = (
        put(Matcher("team", ".+", is_regex=True), *matchers),
        put(Matcher("job", "node|stage4", is_regex=True)),
    )
    assert soon(on, lambda: told("foreign_silence_seen") == {large, small}), on.heard.lines
    [event] = [one.event for one in records(on, "foreign_silence_seen") if one.event.silence_id == large]  # type: ignore[union-attr]
    assert event.matchers[-1].value.startswith("cut: 10 matchers of ")  # type: ignore[union-attr]
    rollback = aborted(on, "INC-1")
    for name in (large, small):
        restored(on, rollback)
        restoring.accept_silence(on.installation, Press(on.person("l2_ops")), on.now(rollback), name, "their rack")
    done, _ = restored(on, rollback)
    assert done.verdict == "pass"
    requests.delete(f"{address}/api/v2/silence/{small}", timeout=5).raise_for_status()
    assert soon(on, lambda: told("foreign_silence_gone") == {small}), "it is taken off the list"


def test_the_advice_of_step_5_can_be_typed_as_it_stands(on: Stage) -> None:
    rollback, silence = aborted(on, "INC-1"), foreign(on)
    done, _ = restored(on, rollback)
    advice = next(one for one in done.reasons if silence in one).split("accept it: ")[1]
    words = ["theirs" if word == "…" else word for word in advice.split()[1:]]
    root = str(on.installation.home.root)
    told = CliRunner().invoke(stage4, ["--home", root, *words, "--as", on.person("l2_ops").person])
    assert told.exit_code == 0, told.output
    done, _ = restored(on, rollback)
    assert done.verdict == "pass"
