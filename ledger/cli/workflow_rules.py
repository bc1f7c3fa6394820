"""``stage4 workflow validate``: promtool, and every rule of the runbook with its labels."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from ledger.app.home import config as settings
from ledger.app.home.folders import Home
from ledger.cli.context import Session, stage4_command
from ledger.cli.workflow_report import Report, reported
from ledger.errors import Refused, Unreachable
from ledger.files import read_bounded
from ledger.lab import tools
from ledger.lab.rehearsal import TOOLS
from ledger.shipped import PROJECT, RULES

_RULE = re.compile(r"^\s*-\s+(?:alert|record):\s*[\"']?(\w+)[\"']?\s*$", re.MULTILINE)
_RULE_LABELS = re.compile(r"^(\s+)labels:\s*\n((?:\1\s+\S.*\n?)+)", re.MULTILINE)


@click.command()
@click.option("--promtool", default="", help="The promtool to use (default: on PATH, else the lab's own).")
@click.option("--fetch", is_flag=True, help="Where there is no promtool, unpack Debian's packages into var/lab/tools.")
@click.option("--rules", type=click.Path(path_type=Path), default=RULES.parent, help="Folder: *_test.yml are tests.")
@stage4_command
def validate(session: Session, promtool: str, rules: Path, *, fetch: bool) -> None:
    """Check the alert rules with promtool, and that every rule of the runbook is there with its labels.

    \b
    stage4 workflow validate --promtool /usr/bin/promtool
    """
    with reported(session, "alert rules") as report:
        expected = settings.load(Home(session.root).config).alerts.rules
        program = promtool or _find_promtool((PROJECT or session.root) / TOOLS, fetch=fetch, report=report)
        files = sorted(rules.glob("*.yml"))
        tests = [file for file in files if file.stem.endswith("_test")]
        checked = [file for file in files if file not in tests]
        findings = [*_promtool(program, report, ("check", "rules"), checked)]
        findings += _promtool(program, report, ("test", "rules"), tests)
        text = "".join(read_bounded(file, 1_000_000).decode("utf-8", "replace") + "\n" for file in checked)
        findings += _missing(text, expected)
        if findings:
            raise Refused(f"the alert rules in {rules} are not in order", tuple(findings))
        report.say(f"in order: all {len(expected)} rules of the runbook, with their labels")
    session.answer({"ok": True, "files": list(map(str, files)), "rules": list(expected)}, lambda: None)


def _find_promtool(unpacked: Path, *, fetch: bool, report: Report) -> str:
    promtool = shutil.which("promtool") or shutil.which("promtool", path=str(unpacked / "usr" / "bin"))
    if not promtool and not fetch:
        raise Unreachable("there is no promtool on PATH: give --promtool FILE, or --fetch to unpack Debian's packages")
    return promtool or str(tools.fetch(unpacked, report.say).promtool)


def _promtool(program: str, report: Report, command: tuple[str, ...], files: Sequence[Path]) -> Iterator[str]:
    """Run promtool on each file; gives what it finds wrong, one sentence a file."""
    for file in files:
        line = [program, *command, str(file)]
        try:
            done = subprocess.run(
                line, capture_output=True, encoding="utf-8", errors="replace", timeout=60, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Unreachable(f"{program} could not be run: {error}") from error
        report.say(f"promtool {' '.join(command)} {file.name}: {'ok' if done.returncode == 0 else 'FAILED'}")
        if done.returncode:
            yield f"{file.name}: {' '.join((done.stdout + done.stderr).split())}"


def _missing(text: str, expected: Sequence[str]) -> Iterator[str]:
    """What the runbook needs and the rules lack. Reads block style only: promtool has read the YAML properly before."""
    parts = _RULE.split(text)  # what is before the first rule, then name, body, name, body …
    bodies = dict(zip(parts[1::2], parts[2::2], strict=True))
    for rule in expected:
        block = _RULE_LABELS.search(bodies.get(rule, ""))
        lacking = [label for label in ("severity", "team") if not block or f" {label}: " not in block[2]]
        if rule not in bodies:
            yield f"the rule {rule} is missing (or not written as `- alert: {rule}`)"
        elif lacking:
            yield f"the rule {rule} lacks the labels {', '.join(lacking)}"
