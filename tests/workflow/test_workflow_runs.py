"""The workflow's run lines, executed for real against the lab's Alertmanager and Prometheus."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ledger.adapters.alertmanager import Alertmanager
from ledger.app.installation import now
from ledger.domain.facts import Matcher, SilenceSeen
from ledger.domain.runbook import ALERT_PATTERN, EXPECTED_RULES
from ledger.lab.loopback import until
from ledger.lab.servers import Lab
from ledger.lab.tools import Tools

from .conftest import fire
from .runner import PROJECT, RUN_ID, RUN_URL, Result, Runner

MATCHERS = (Matcher("alertname", ALERT_PATTERN, is_regex=True), Matcher("env", "lab"))
SMOKE = PROJECT / "scripts" / "smoke_demo_strategies.py"


def silence(runner: Runner, rollback: str = "INC-2042", **more: str) -> Result:
    return runner.play("validate_alerts", mode="silence", rollback=rollback, **{"reason": "latency", **more})


def unsilence(runner: Runner, rollback: str = "INC-2042", **more: str) -> Result:
    return runner.play("validate_alerts", mode="unsilence", rollback=rollback, **more)


def active(alertmanager: Alertmanager) -> list[SilenceSeen]:
    return [one for one in alertmanager.silences() if one.state == "active"]


def make(alertmanager: Alertmanager, marker: str, by: str = "somebody") -> SilenceSeen:
    start = now()
    return alertmanager.create(MATCHERS, start, start + timedelta(hours=1), by, f"by hand {marker}", marker).silence


@pytest.fixture
def firing(lab: Lab, alertmanager: Alertmanager) -> Iterator[str]:
    """A critical alert that fires because the scheduler misbehaves; its name."""
    lab.misbehave("latency")
    name = "MultiStrategySchedulerLatencyCritical"
    until(lambda: name in {alert.name for alert in alertmanager.firing()}, 20, f"{name} to fire")
    yield name
    lab.misbehave("none")


def test_silence_mutes_the_firing_alerts_and_leaves_its_id_everywhere(
    runner: Runner, lab: Lab, alertmanager: Alertmanager, firing: str
) -> None:
    fire(lab, {"alertname": "MultiStrategyPnlDrawdown", "env": "prod", "severity": "critical"})

    result = silence(runner, duration="90m", reason="scheduler 'latency' $(id) `id`")

    assert result.status == 0, result.output
    (made,) = active(alertmanager)
    page = json.loads((runner.report / "silence.json").read_text())
    assert page["silence_id"] == made.id == result.outputs["silence"]["silence_id"]
    assert made.id in result.summary and made.id in (runner.report / "silence.log").read_text()
    assert set(made.matchers) == set(MATCHERS)
    assert timedelta(minutes=89) < made.ends_at - now() <= timedelta(minutes=90)
    assert made.created_by == "github-actions/octo"
    assert made.comment == f"INC-2042: scheduler 'latency' $(id) `id` {RUN_URL} [stage4:INC-2042:workflow]"
    assert (page["rollback"], page["run_id"], page["run_url"]) == ("INC-2042", RUN_ID, RUN_URL)
    assert firing in {one["labels"]["alertname"] for one in page["muted"]}
    assert {one["labels"]["env"] for one in page["muted"]} == {"lab"}
    assert "POST" in page["transcript"] and made.id in page["transcript"]
    muted = [alert for alert in alertmanager.firing() if made.id in alert.silenced_by]
    assert {alert.name for alert in muted} >= {firing}
    assert {dict(alert.labels)["env"] for alert in muted} == {"lab"}


def test_the_log_says_before_what_is_muted_and_what_is_left_alone(runner: Runner, lab: Lab) -> None:
    fire(lab, {"alertname": "MultiStrategyPnlDrawdown", "env": "prod", "severity": "critical"})
    fire(lab, {"alertname": "MultiStrategySecondaryDelay", "env": "lab", "severity": "warning"})
    log = silence(runner).output
    muted, alone, done = (log.index(text) for text in ("will mute these", "leaves alone these", "silence   "))
    assert muted < log.index("MultiStrategySecondaryDelay warning") < alone
    assert alone < log.index("MultiStrategyPnlDrawdown critical") < done


def test_a_second_run_finds_the_silence_of_the_first(runner: Runner, alertmanager: Alertmanager) -> None:
    first, second = silence(runner), silence(runner)
    assert first.outputs["silence"]["silence_id"] == second.outputs["silence"]["silence_id"]
    assert "was there already" in second.output
    assert len(active(alertmanager)) == 1


def test_a_silence_that_the_ledger_made_is_the_rollbacks_one(runner: Runner, alertmanager: Alertmanager) -> None:
    ledgers = make(alertmanager, "[stage4:INC-2042:0123456789abcdef]")
    assert silence(runner).outputs["silence"]["silence_id"] == ledgers.id
    assert len(active(alertmanager)) == 1


def test_rollbacks_with_like_names_have_silences_of_their_own(runner: Runner, alertmanager: Alertmanager) -> None:
    names = ("INC-20421", "INC-2042.2", "STOP-17", "INC-2042")
    results = [silence(runner, name) for name in names]
    assert [one.status for one in results] == [0] * 4, results
    ids = {one.outputs["silence"]["silence_id"] for one in results}
    assert len(ids) == len(active(alertmanager)) == 4
    assert unsilence(runner, "INC-2042").status == 0
    assert len(active(alertmanager)) == 3


def test_unsilence_ends_the_silence_and_says_what_will_be_heard(
    runner: Runner, lab: Lab, alertmanager: Alertmanager
) -> None:
    fire(lab, {"alertname": "MultiStrategySecondaryDelay", "env": "lab", "severity": "warning"})
    made = silence(runner).outputs["silence"]["silence_id"]
    until(lambda: any(made in alert.silenced_by for alert in alertmanager.firing()), 5, "the alert to be muted")

    result = unsilence(runner)

    assert result.status == 0, result.output
    assert active(alertmanager) == []
    page = json.loads((runner.report / "unsilence.json").read_text())
    assert (page["silence_id"], page["state"], page["run_url"]) == (made, "expired", RUN_URL)
    assert result.outputs["unsilence"] == {"silence_id": made, "state": "expired", "ends_at": page["ends_at"]}
    assert "MultiStrategySecondaryDelay" in str(page["muted"]) and made in result.summary
    again = unsilence(runner)
    assert again.status == 0 and "had ended" in again.output


def test_a_silence_of_somebody_else_is_left_alone(runner: Runner, alertmanager: Alertmanager) -> None:
    foreign = make(alertmanager, "[holiday]", by="ola")
    result = unsilence(runner, "INC-7001", silence_id=foreign.id)
    assert result.status == 1
    assert f"the silence {foreign.id} is not one of INC-7001 and is left alone: 'ola' made it" in result.output
    assert unsilence(runner, "INC-7001").status == 1
    assert [one.id for one in active(alertmanager)] == [foreign.id]


def test_another_rollbacks_silence_is_left_alone(runner: Runner, alertmanager: Alertmanager) -> None:
    made = silence(runner).outputs["silence"]["silence_id"]
    result = unsilence(runner, "INC-2043", silence_id=made)
    assert result.status == 1 and "is left alone" in result.summary
    assert unsilence(runner, "INC-2043").status == 1
    assert len(active(alertmanager)) == 1


def test_an_alertmanager_that_is_down_is_status_3_and_a_sentence(runner: Runner) -> None:
    runner.secrets["STAGE4_ALERTMANAGER_URL"] = "http://127.0.0.1:9"
    for result in (silence(runner), unsilence(runner)):
        assert result.status == 3
        assert "refused the connection: check that it runs" in result.output
        assert "refused the connection" in result.summary
        assert "Traceback" not in result.output


def test_without_the_secret_the_sentence_names_it(runner: Runner) -> None:
    del runner.secrets["STAGE4_ALERTMANAGER_URL"]
    result = silence(runner)
    assert result.status == 3 and "set STAGE4_ALERTMANAGER_URL" in result.output


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({"rollback": ""}, "ticket id '' is not of the form INC-2042"),
        ({"rollback": "../../etc"}, "is not of the form"),
        ({"rollback": "INC-1\n::add-mask::x"}, "is not of the form"),
        ({"rollback": "INC-1.2.3"}, "is not of the form"),
        ({"reason": " "}, "the reason is empty"),
        ({"reason": "x" * 1001}, "the reason has 1001 characters"),
        ({"reason": "as in [stage4:INC-9:workflow]"}, "leave it out"),
        ({"duration": "two hours"}, "is no duration"),
        ({"duration": "200h"}, "longer than 24h"),
        ({"duration": "--help"}, "is no duration"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    runner: Runner, alertmanager: Alertmanager, inputs: dict[str, str], sentence: str
) -> None:
    result = silence(runner, **inputs)
    assert result.status == 1
    assert sentence in result.output and "Traceback" not in result.output
    assert active(alertmanager) == []


def test_the_token_is_sent_from_a_private_file_that_is_gone_afterwards(runner: Runner, tmp_path: Path) -> None:
    result = silence(runner)
    assert result.ran[-1] == "Remove the bearer token"
    assert not (runner.temp / "alertmanager.token").exists()
    assert "tok-5d1f0c7e" not in result.output + result.summary
    assert all("tok-5d1f0c7e" not in file.read_text() for file in runner.report.iterdir())


def test_validate_finds_the_shipped_rules_in_order(runner: Runner, lab_tools: Tools) -> None:
    result = runner.play("validate_alerts")
    assert result.status == 0, result.output
    assert {"validate", "rule_tests"} <= set(result.ran) and "silence" not in result.ran
    assert f"all {len(EXPECTED_RULES)} rules of the runbook" in result.summary
    assert "passed" in (runner.report / "rule_tests.log").read_text()


def test_smoke_leaves_the_telemetry_of_20_cycles(runner: Runner) -> None:
    assert SMOKE.exists(), f"{SMOKE} is not there: the workflow's smoke job calls it"
    result = runner.play("smoke")
    assert result.status == 0, result.output
    assert json.loads((runner.report / "telemetry.json").read_text())
