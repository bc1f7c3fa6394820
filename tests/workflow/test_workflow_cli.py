"""``stage4 workflow`` at a terminal: without GitHub's variables, and with bad surroundings."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ledger.adapters.alertmanager import Alertmanager
from ledger.app.installation import now
from ledger.cli.workflow import workflow
from ledger.domain.facts import Matcher
from ledger.lab.rules import shipped
from ledger.lab.servers import Lab
from ledger.lab.tools import Tools

Say = Callable[..., Result]


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Say:
    """Types a command; the environment has no setting of ours but those given."""
    for name in [name for name in os.environ if name.startswith(("STAGE4_", "GITHUB_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return lambda *words, **variables: CliRunner().invoke(workflow, words, env=variables)


@pytest.fixture
def here(lab: Lab) -> dict[str, str]:
    """The variables of the lab's installation."""
    return {"STAGE4_ALERTMANAGER_URL": lab.addresses.alertmanager, "STAGE4_SILENCE_LABELS": "env=lab"}


def test_json_is_the_only_thing_on_standard_output(say: Say, here: dict[str, str]) -> None:
    done = say("silence", "--rollback", "INC-7101", "--reason", "latency", "--json", **here)
    assert done.exit_code == 0, done.output
    page = json.loads(done.stdout)
    assert (page["ok"], page["state"], page["changed"], page["run_id"]) == (True, "active", True, "")
    assert page["created_by"] == f"terminal/{os.getuid()}"
    assert page["comment"] == "INC-7101: latency [stage4:INC-7101:workflow]"
    assert "will mute these firing alerts" in done.stderr
    again = json.loads(say("silence", "--rollback", "INC-7101", "--reason", "x", "--json", **here).stdout)
    assert (again["silence_id"], again["changed"]) == (page["silence_id"], False)


def test_it_lasts_two_hours_where_nothing_is_said(say: Say, here: dict[str, str], alertmanager: Alertmanager) -> None:
    assert say("silence", "--rollback", "INC-7102", "--reason", "latency", **here).exit_code == 0
    found = alertmanager.find("[stage4:INC-7102:workflow]")
    assert found and timedelta(minutes=119) < found.ends_at - now() <= timedelta(hours=2)


@pytest.mark.parametrize("labels", ["prod", "env=prod,a", "env="])
def test_labels_that_name_no_installation_are_refused(say: Say, here: dict[str, str], labels: str) -> None:
    done = say("silence", "--rollback", "INC-7103", "--reason", "latency", **here | {"STAGE4_SILENCE_LABELS": labels})
    assert done.exit_code == 1
    assert "silence.labels" in done.stderr
    assert "env=prod,cluster=a" in done.stderr or "is to be NAME=VALUE" in done.stderr


@pytest.mark.parametrize("name", ["1x", "service.name"])
def test_a_name_that_this_alertmanager_takes_for_no_labels_is_the_cause(
    say: Say, here: dict[str, str], name: str
) -> None:
    """Alertmanager 0.27 and later take it: whether it does is for the one in use to say."""
    labels = {"STAGE4_SILENCE_LABELS": f"{name}=y"}
    done = say("silence", "--rollback", "INC-7106", "--reason", "latency", **here | labels)
    assert done.exit_code == 1
    assert "invalid label name" in done.stderr and name in done.stderr


def test_without_labels_it_warns_that_every_environment_is_muted(say: Say, here: dict[str, str]) -> None:
    done = say("silence", "--rollback", "INC-7104", "--reason", "latency", **here | {"STAGE4_SILENCE_LABELS": ","})
    assert done.exit_code == 0 and "every environment's Stage4 alerts are muted" in done.stdout


def test_a_silence_with_other_matchers_is_not_taken_for_the_rollbacks(say: Say, here: dict[str, str]) -> None:
    assert say("silence", "--rollback", "INC-7105", "--reason", "latency", **here).exit_code == 0
    other = here | {"STAGE4_SILENCE_LABELS": "env=prod"}
    done = say("silence", "--rollback", "INC-7105", "--reason", "latency", **other)
    assert done.exit_code == 1
    assert 'asked for alertname=~"MultiStrategy.+", env="prod"' in done.stderr
    assert 'found alertname=~"MultiStrategy.+", env="lab"' in done.stderr


def test_the_alerts_that_are_silenced_are_a_setting(say: Say, here: dict[str, str]) -> None:
    own = here | {"STAGE4_ALERTS_PATTERN": "Momentum.+", "STAGE4_ALERTS_RULES": "MomentumLatency"}
    done = say("silence", "--rollback", "INC-7111", "--reason", "latency", **own)
    assert done.exit_code == 0 and 'matchers  alertname=~"Momentum.+", env="lab"' in done.stdout


def test_where_the_ledger_was_quicker_its_silence_stays_and_ours_is_ended(
    say: Say, here: dict[str, str], alertmanager: Alertmanager, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Overtaken(Alertmanager):
        """Another silence of the rollback appears between our looking and our creating."""

        def create(self, matchers, starts_at, ends_at, created_by, comment, marker):
            theirs = "[stage4:INC-7110:0123456789abcdef]"
            super().create(matchers, starts_at, ends_at, "p-1", theirs, theirs)
            return super().create(matchers, starts_at, ends_at, created_by, comment, marker)

    monkeypatch.setattr(sys.modules["ledger.cli.workflow"], "Alertmanager", Overtaken)  # the group has the same name
    done = say("silence", "--rollback", "INC-7110", "--reason", "latency", "--json", **here)
    (left,) = [one for one in alertmanager.silences() if one.state == "active" and "INC-7110" in one.comment]
    page = json.loads(done.stdout)
    assert (page["silence_id"], page["changed"], left.created_by) == (left.id, False, "p-1")


def test_of_two_silences_one_must_be_named(say: Say, here: dict[str, str], alertmanager: Alertmanager) -> None:
    ids, start = [], now()
    for origin in ("one", "two"):
        mark = f"[stage4:INC-7106:{origin}]"
        made = alertmanager.create([Matcher("alertname", "X")], start, start + timedelta(hours=1), "ola", mark, mark)
        ids.append(made.silence.id)
    done = say("unsilence", "--rollback", "INC-7106", **here)
    assert done.exit_code == 1 and all(one in done.stderr for one in ids)
    assert say("unsilence", "--rollback", "INC-7106", "--silence-id", ids[0], **here).exit_code == 0
    kept = alertmanager.silence(ids[1])
    assert kept and kept.state == "active"


@pytest.mark.parametrize("silence_id", ["x", "../status", "00000000-0000-0000-0000-000000000000"])
def test_a_silence_id_that_is_none_is_refused(say: Say, here: dict[str, str], silence_id: str) -> None:
    done = say("unsilence", "--rollback", "INC-7107", "--silence-id", silence_id, **here)
    assert done.exit_code == 1
    assert "silence id" in done.stderr or "is left alone: unknown" in done.stderr


def test_a_file_that_cannot_be_written_does_not_hide_the_id(say: Say, here: dict[str, str], tmp_path: Path) -> None:
    output = tmp_path / "output"
    out = str(tmp_path / "no" / "such" / "folder.json")
    words = ("silence", "--rollback", "INC-7108", "--reason", "latency", "--out", out)
    done = say(*words, **here | {"GITHUB_OUTPUT": str(output)})
    assert done.exit_code == 3 and "cannot be written" in done.stderr
    assert output.read_text().splitlines()[0].removeprefix("silence_id=") in done.stdout


def test_no_option_is_a_usage_error(say: Say) -> None:
    assert say("silence", "--reason", "x").exit_code == 2
    assert say("silence", "--rollback", "INC-1").exit_code == 2
    assert say("unsilence").exit_code == 2


class Recorder(HTTPServer):
    """Keeps the credentials it was shown, and turns everybody away."""

    shown: str | None = ""


class TurnAway(BaseHTTPRequestHandler):
    server: Recorder

    def do_GET(self) -> None:
        self.server.shown = self.headers["Authorization"]
        self.send_error(401)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with Recorder(("127.0.0.1", 0), TurnAway) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_the_token_is_shown_to_alertmanager_and_to_nobody_else(say: Say, recorder: Recorder, tmp_path: Path) -> None:
    token, summary = tmp_path / "token", tmp_path / "summary"
    token.write_text("tok-5d1f0c7e\n")
    here = {
        "STAGE4_ALERTMANAGER_URL": f"http://127.0.0.1:{recorder.server_port}",
        "STAGE4_ALERTMANAGER_BEARER_TOKEN_FILE": str(token),
        "GITHUB_STEP_SUMMARY": str(summary),
    }
    done = say("unsilence", "--rollback", "INC-7109", **here)
    assert done.exit_code == 3 and "answered 401" in done.stderr
    assert recorder.shown == "Bearer tok-5d1f0c7e"
    assert "tok-5d1f0c7e" not in done.output + summary.read_text()


def test_nothing_typed_can_break_out_of_the_summary(say: Say, tmp_path: Path) -> None:
    summary = tmp_path / "summary"
    name = "INC-1\n```\n<script>alert(1)</script>\n::error::x"
    assert say("unsilence", "--rollback", name, GITHUB_STEP_SUMMARY=str(summary)).exit_code == 1
    text = summary.read_text()
    assert text.count("```") == 2 and "\n::" not in text and len(text.splitlines()) == 5


@pytest.fixture
def rules(tmp_path: Path, lab_tools: Tools) -> Callable[..., tuple[str, ...]]:
    """The words that check a folder with one rule file of this text, and promtool's test file where one is given."""

    def write(text: str, test: str = "") -> tuple[str, ...]:
        folder = tmp_path / "rules"
        folder.mkdir()
        (folder / "stage4_rules.yml").write_text(text)
        if test:
            (folder / "stage4_test.yml").write_text(test)
        return ("validate", "--promtool", str(lab_tools.promtool), "--rules", str(folder))

    return write


def test_the_shipped_rules_are_in_order(say: Say, rules: Callable[..., tuple[str, ...]]) -> None:
    assert say(*rules(shipped())).exit_code == 0


def test_the_rules_that_are_looked_for_are_a_setting(say: Say, rules: Callable[..., tuple[str, ...]]) -> None:
    own = {"STAGE4_ALERTS_PATTERN": "Momentum.+", "STAGE4_ALERTS_RULES": "MomentumPnlDrawdown"}
    words = rules(shipped().replace("MultiStrategyPnlDrawdown", "MomentumPnlDrawdown"))
    assert say(*words, **own).exit_code == 0
    done = say(*words, **own | {"STAGE4_ALERTS_RULES": "MomentumLatency"})
    assert done.exit_code == 1 and "the rule MomentumLatency is missing" in done.stderr


@pytest.mark.parametrize(
    ("right", "wrong", "finding"),
    [
        ("alert: MultiStrategyPnlDrawdown", "alert: MultiStrategyPnl", "the rule MultiStrategyPnlDrawdown is missing"),
        ("          team: risk\n", "", "the rule MultiStrategyRiskExposureDeviation lacks the labels team"),
        ("max_over_time(", "max_over_thyme(", "unknown function"),
        ("groups:", "groups: [", "stage4_rules.yml: Checking"),
    ],
)
def test_rules_that_are_not_in_order_are_named(
    say: Say, rules: Callable[..., tuple[str, ...]], right: str, wrong: str, finding: str
) -> None:
    done = say(*rules(shipped().replace(right, wrong)))
    assert done.exit_code == 1
    assert finding in done.stderr


def test_promtools_own_unit_tests_are_played(say: Say, rules: Callable[..., tuple[str, ...]]) -> None:
    wrong = {
        "rule_files": ["stage4_rules.yml"],
        "tests": [{"promql_expr_test": [{"expr": "vector(1)", "eval_time": "1m", "exp_samples": []}]}],
    }
    done = say(*rules(shipped(), json.dumps(wrong)))
    assert done.exit_code == 1 and "stage4_test.yml: Unit Testing" in done.stderr


def test_a_folder_without_rules_lacks_them_all(say: Say, tmp_path: Path, lab_tools: Tools) -> None:
    done = say("validate", "--promtool", str(lab_tools.promtool), "--rules", str(tmp_path), "--json")
    assert done.exit_code == 1 and len(json.loads(done.stdout)["owed"]) == 5


def test_a_promtool_that_is_none_is_status_3(say: Say, rules: Callable[..., tuple[str, ...]], tmp_path: Path) -> None:
    words = rules(shipped())
    done = say(*words, "--promtool", str(tmp_path / "no_such_program"))
    assert done.exit_code == 3 and "could not be run" in done.stderr
