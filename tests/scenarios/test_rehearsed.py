"""Walks 1 to 5 and 8: the scenarios of ``stage4 rehearse --scenario`` as they are, and the command itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from ledger.cli.root import stage4
from ledger.lab.scenarios import SCENARIOS, Stage, perform

from .walk import REAL_SERVERS

pytestmark = REAL_SERVERS


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name != "maintenance"])
def test_every_expectation_of_the_scenario_comes_true(on: Stage, name: str) -> None:
    passed = perform(SCENARIOS[name], on)
    assert passed, "\n".join(str(line) for line in on.checklist if not line.met)
    assert on.rollbacks


def test_the_command_plays_a_scenario_and_answers_in_json(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        stage4, ["--home", str(tmp_path / "home"), "rehearse", "--scenario", "maintenance", "--json"]
    )
    page = json.loads(done.stdout)
    assert page["passed"] and all(line["met"] for line in page["checklist"]), done.stdout
    assert done.exit_code == 0
    assert page["rollbacks"] == ["CHG-7"]


def test_a_scenario_with_an_unmet_expectation_ends_with_status_1(on: Stage) -> None:
    sceptic = SCENARIOS["night"]._replace(play=lambda stage: stage.expect("the moon is made of cheese", met=False))
    assert not perform(sceptic, on)


def test_a_scenario_that_a_rule_stops_has_not_passed(on: Stage) -> None:
    hasty = SCENARIOS["night"]._replace(play=lambda stage: stage.installation.rollback("INC-1"))
    assert not perform(hasty, on)
    assert "there is no rollback" in on.checklist[-1].found


def test_a_home_with_an_open_rollback_is_left_alone(tmp_path: Path) -> None:
    home = ["--home", str(tmp_path / "home"), "rehearse"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SCENARIOS, "night", SCENARIOS["night"]._replace(play=lambda stage: stage.open("INC-1", "why")))
        assert CliRunner().invoke(stage4, [*home, "--scenario", "night"]).exit_code == 1
    again = CliRunner().invoke(stage4, [*home, "--scenario", "night"])
    assert again.exit_code == 1
    assert "INC-1 is open" in again.stderr


def test_the_list_has_one_line_for_each() -> None:
    lines = CliRunner().invoke(stage4, ["rehearse", "--list"]).stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(SCENARIOS)
    page = json.loads(CliRunner().invoke(stage4, ["rehearse", "--list", "--json"]).stdout)
    assert [row["name"] for row in page] == list(SCENARIOS)


def test_a_scenario_that_nobody_knows_is_a_usage_error() -> None:
    assert CliRunner().invoke(stage4, ["rehearse", "--scenario", "day"]).exit_code == 2
