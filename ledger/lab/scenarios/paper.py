"""Everything typed from the paper runbook in a shell, by somebody who does not know that there is a ledger."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

from ledger.app.press import Press
from ledger.app.steps import restoring, silencing
from ledger.domain.duties.owed import owed
from ledger.domain.paper import WORKFLOW, paper_lines
from ledger.domain.state import Rollback
from ledger.lab.scenarios.frame import WATCH_SECONDS, Stage
from ledger.shipped import folder

ENABLED = 10
"""Exit status of ``smoke_demo_strategies.py --check-disabled`` where the scheduler is enabled."""


def play(on: Stage) -> None:
    """Row by row; what was done outside is adopted by the people whose step it is."""
    _lay_the_table(on)
    rollback = on.open("INC-2042", "Latency")
    _disable(on, rollback)
    _silence(on, rollback)
    typed(on, "step 3 of the paper", _line(on, rollback, 3))
    on.expect("its verdict is as usual", on.now(rollback).steps[3].shown == "pass", on.now(rollback).steps[3])
    on.wait(on.covered)
    line = _line(on, rollback, 4).replace("15m", f"{WATCH_SECONDS}s")
    report = typed(on, f"step 4 of the paper, {WATCH_SECONDS} s instead of 15 minutes", line)
    on.expect("it prints the headers report", '"headers_count"' in report, report[:200])
    on.expect("its verdict is as usual", on.now(rollback).steps[4].shown == "pass", on.now(rollback).steps[4])
    on.ended(rollback)
    _remove(on, rollback)
    on.restored(rollback)
    typed(on, "step 6 of the paper", _line(on, rollback, 6))
    closed = on.now(rollback)
    on.expect("it closes the rollback", closed.phase == "completed", closed.phase)
    shown = [step.shown for step in closed.steps]
    on.expect("every verdict is as usual", shown == ["pass"] * 7, shown)
    on.expect("nothing is owed", not owed(closed), owed(closed))


def _lay_the_table(on: Stage) -> None:
    """The paper's lines are typed in the home, where ``scripts`` leads to those that ship."""
    link = on.installation.home.root / "scripts"
    if not link.exists():
        link.symlink_to(folder("scripts"))


def typed(on: Stage, sentence: str, line: str, status: int = 0) -> str:
    """Run one line in a shell, as whoever is at this terminal; what it printed."""
    on.say(f"$ {line}")
    root = on.installation.home.root
    shell = {
        **{name: value for name, value in os.environ.items() if not name.startswith("STAGE4_")},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "STAGE4_HOME": str(root),
        "STAGE4_ALERTMANAGER_URL": on.lab.addresses.alertmanager,
        "STAGE4_SILENCE_LABELS": "env=lab",
    }
    done = subprocess.run(
        ["bash", "-c", line], cwd=root, env=shell, capture_output=True, encoding="utf-8", timeout=60, check=False
    )
    outcome = f"status {done.returncode}: {(done.stdout + done.stderr).strip()[-600:]}"
    on.expect(sentence, done.returncode == status, outcome)
    return done.stdout


def _line(on: Stage, rollback: Rollback, number: int) -> str:
    """The runbook's own line, filled in."""
    return paper_lines(on.now(rollback))[number][0]


def _disable(on: Stage, rollback: Rollback) -> None:
    typed(on, "step 1 of the paper", _line(on, rollback, 1))
    on.expect_soon("the override stands, and the step passed", lambda: on.now(rollback).steps[1].shown == "pass")
    on.expect("it is a step in its order, no emergency", not on.now(rollback).emergency)


def _silence(on: Stage, rollback: Rollback) -> None:
    reason, name = shlex.quote(rollback.reason), shlex.quote(rollback.id)
    out = on.lab.folder / "workflow.json"
    out.unlink(missing_ok=True)
    line = f"stage4 workflow silence --rollback={name} --duration=1h --reason={reason} --out {shlex.quote(str(out))}"
    log = typed(on, f"step 2 of the paper: what the job of {Path(WORKFLOW).name} runs", line)
    on.expect_soon(
        "the observer sees a silence that fits this rollback",
        lambda: any(foreign.fits == rollback.id for foreign in on.installation.state.foreign.values()),
    )
    adopted = silencing.adopt_silence(
        on.installation,
        Press(on.person("observability")),
        on.now(rollback),
        reason="made by the workflow",
        run_id="1234567890",
        log=log.encode(),
    )
    on.expect_verdict("Observability adopts it: its verdict is as usual", adopted)


def _remove(on: Stage, rollback: Rollback) -> None:
    typed(on, "step 5 of the paper: the literal rm", paper_lines(on.now(rollback))[5][0])
    on.expect_soon("the observer sees the removal", lambda: on.now(rollback).override.removed_outside)
    check = paper_lines(on.now(rollback))[5][1]
    printed = typed(on, "the status check after it ends with status 10", check, ENABLED)
    on.expect("it prints enabled on its last line", printed.split()[-1:] == ["enabled"], printed[-200:])
    on.expect("step 3 keeps its verdict", on.now(rollback).steps[3].shown == "pass", on.now(rollback).steps[3])
    why = "typed from the paper; the incident was over"
    adopted = restoring.adopt_removal(on.installation, Press(on.person("l2_ops")), on.now(rollback), why).rollback
    on.expect("L2 Ops adopts the removal", adopted.override.removed_at, adopted.override)
    typed(on, "the status check is typed again", check, ENABLED)
    on.expect("this time it confirms the restart", on.now(rollback).restarted_at, on.statuses(rollback)[-3:])
