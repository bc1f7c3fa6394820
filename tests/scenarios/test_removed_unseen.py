"""The override is removed while nobody observes, and that is seen much later: adopted by a command, step 5 ends."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from ledger.app.press import Press
from ledger.app.steps import opening, restoring
from ledger.cli.root import stage4
from ledger.errors import Refused
from ledger.lab.scenarios import Stage, stage

from .walk import REAL_SERVERS, finish, records, soon, through_step_2

pytestmark = REAL_SERVERS


def test_a_removal_that_nobody_saw_is_adopted_by_the_line_that_is_printed_and_step_5_ends(tmp_path: Path) -> None:
    with stage(tmp_path / "home", print, print, observed=False) as on:
        rollback = through_step_2(on, "INC-2042")
        on.stopped(rollback)
        opening.abort(on.installation, Press(on.person("incident_manager")), on.now(rollback), "by hand")
        Path(on.now(rollback).override.path).unlink()
        assert soon(on, lambda: runs_for(on) > timedelta(seconds=7)), "the scheduler did not go on"
        with pytest.raises(Refused, match="gone already") as refusal:
            restoring.restore(on.installation, Press(on.person("l2_ops")), on.now(rollback))
        assert "stage4 rollback adopt INC-2042" in refusal.value.owed[0]
        typed = ("--home", on.installation.home.root, "--as", "lab-l2-ops", "rollback", "adopt", "INC-2042")
        done = CliRunner().invoke(stage4, [*map(str, typed), "--reason", "removed by hand"])
        assert done.exit_code == 0, done.output
        on.restored(rollback)
        counted, passed = (record.event for record in records(on, "restart_checked"))
        assert (counted.verdict, passed.verdict) == ("inconclusive", "pass")
        on.closed(rollback, phase="aborted")
        finish(on)


def runs_for(on: Stage) -> timedelta:
    """How long the scheduler runs by its own word."""
    seen = on.installation.scheduler()
    return seen.at - seen.since if seen.status == "enabled" and seen.since else timedelta(0)
