"""``stage4 doctor --drill``: the override proved end to end against the lab's scheduler, as a drill of two people."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from pathlib import Path

from ledger.lab.loopback import call_json
from ledger.lab.occupancy import running

from .commands import STAGE4, assert_verified, environment, stage4, statuses

OVERRIDE = Path("var/runtime/overrides/multi_strategy_disable.json")


def refused(home: Path, *arguments: str) -> str:
    before = statuses(home)
    done = stage4(home, "doctor", "--drill", *arguments)
    assert done.returncode == 1 and not (home / OVERRIDE).exists()
    assert [one for one in statuses(home) if one not in before and "override" in one] == []
    return done.stderr


def opened(home: Path, ticket: str, purpose: str = "drill") -> None:
    asked = ("--purpose", purpose, "--ticket", ticket, "--reason", "test of the stop", "--window", "30m")
    done = stage4(home, "rollback", "open", *asked)
    assert done.returncode == 0, done.stderr


def confirmed(home: Path, name: str) -> None:
    done = stage4(home, "rollback", "confirm", name, "--as", "lab-product-owner")
    assert done.returncode == 0, done.stderr


def closed(home: Path, name: str) -> None:
    done = stage4(home, "rollback", "abort", name, "--reason", "over")
    assert done.returncode == 0, done.stderr


def test_without_a_window_it_says_how_one_is_opened(lab: Path) -> None:
    said = refused(lab, "--yes")
    assert "no drill is open" in said and "stage4 rollback open --purpose drill" in said and "confirm DRILL-1" in said


def test_a_drill_that_nobody_else_confirmed_is_not_run(lab: Path) -> None:
    opened(lab, "DRILL-1")
    assert "product owner, another person: stage4 rollback confirm DRILL-1" in refused(lab, "--yes")


def test_nobody_who_could_be_asked_is_a_no(lab: Path) -> None:
    confirmed(lab, "DRILL-1")
    assert "say so with --yes" in refused(lab)


def test_another_word_than_the_components_name_is_a_no(lab: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [STAGE4, "doctor", "--drill"],
        cwd=lab,
        env=environment(lab),
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    os.write(ours, b"yes\n")
    said, _ = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 1 and "No alert is muted" in said and "nothing was done" in said
    assert not (lab / OVERRIDE).exists()


def test_who_holds_not_both_roles_is_told_which_is_missing(lab: Path) -> None:
    assert "Incident Manager: take the role for it" in refused(lab, "--yes", "--as", "lab-l2-ops")


def test_while_something_else_is_open_no_drill_is_run(lab: Path) -> None:
    opened(lab, "INC-1", "incident")
    assert "INC-1 is open: a drill waits" in refused(lab, "--yes")
    closed(lab, "INC-1")


def test_the_scheduler_is_seen_to_obey_and_to_run_again_and_each_second_is_told(lab: Path) -> None:
    done = stage4(lab, "doctor", "--drill", "--yes", "--json")
    page = json.loads(done.stdout)
    assert done.returncode == 0 and page["proved"] and page["override_gone"], done.stdout + done.stderr
    told = [one["what"].split(":")[0].split(",")[0] for one in page["seen"]]
    assert told == [
        "the scheduler is enabled",
        "the override is written and read back",
        "the scheduler is disabled",
        "the override is removed",
        "the scheduler is enabled and has finished a cycle",
    ]
    assert [one["at"] for one in page["seen"]] == sorted(one["at"] for one in page["seen"])
    assert (page["phase"], page["purpose"]) == ("completed", "drill") and not (lab / OVERRIDE).exists()
    addresses = (running(lab / "var" / "lab") or {})["addresses"]
    assert call_json(f"{addresses['scheduler']}/status")["status"] == "enabled"


def test_the_ledger_holds_what_happened_and_verifies(lab: Path) -> None:
    wanted = ["override_requested", "override_written", "stop_checked", "override_removed", "restart_checked"]
    assert [status for status in statuses(lab) if status in wanted] == wanted
    assert "emergency_declared" not in statuses(lab), "a drill is none"
    assert_verified(lab)


def test_the_setup_list_knows_that_the_stop_was_tested_and_that_no_whole_drill_was_held(lab: Path) -> None:
    items = {one["name"]: one for one in json.loads(stage4(lab, "setup", "--json").stdout)["items"]}
    assert items["stop"]["state"] == "done" and "DRILL-1" in items["stop"]["found"][0]["found"]
    assert items["stop"]["seen_by"] and items["stop"]["seen_at"]
    assert items["drill"]["state"] == "not_yet" and "without these steps: 2, 4" in items["drill"]["found"][0]["found"]
    assert {items[name]["state"] for name in ("scheduler", "prometheus", "alertmanager", "people")} == {"done"}
    assert items["witness"]["state"] == "not_yet"


def test_yes_alone_means_nothing(lab: Path) -> None:
    assert stage4(lab, "doctor", "--yes").returncode == 2
