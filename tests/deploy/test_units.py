"""The systemd units: what they start is known, systemd takes them, and little is left that they could do."""

from __future__ import annotations

import configparser
import getpass
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .lines import PROJECT, taken

UNITS = sorted((PROJECT / "deploy" / "systemd").glob("*.service"))
STARTS = {"stage4-serve.service": "serve", "stage4-observe.service": "observe"}
MOST_EXPOSED = 15
"""Tenths of systemd's score, 0 (nothing is left) to 100; loopback and the servers' addresses need the network."""
ANALYZE = shutil.which("systemd-analyze")


def read(unit: Path) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment]
    parser.read(unit)
    return parser["Service"]


def here(unit: Path, folder: Path) -> Path:
    """The unit as it would be on this machine: with a program, a home and a user that are there."""
    text = unit.read_text().replace("/usr/local/bin/stage4", str(Path(sys.executable).parent / "stage4"))
    text = text.replace("/srv/stage4", str(folder)).replace("=stage4\n", f"={getpass.getuser()}\n")
    copy = folder / unit.name
    copy.write_text(text)
    return copy


def test_there_is_one_for_each_way_to_run() -> None:
    assert {unit.name for unit in UNITS} == STARTS.keys()


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_it_starts_a_line_that_stage4_takes(unit: Path) -> None:
    assert taken(shlex.split(read(unit)["ExecStart"])) == STARTS[unit.name]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_it_is_nobody_special_and_writes_into_the_home_alone(unit: Path) -> None:
    service = read(unit)
    assert service["User"] == service["Group"] == "stage4"
    assert service["Environment"] == "STAGE4_HOME=/srv/stage4"
    assert service["ProtectSystem"] == "strict" and service["ReadWritePaths"] == "/srv/stage4/var /srv/stage4/audit"
    assert service["CapabilityBoundingSet"] == "" and service["NoNewPrivileges"] == "yes"
    assert "PrivateUsers" not in service, "the uid that wrote the override file is evidence"


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not here")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_takes_it_and_finds_little_exposed(unit: Path, tmp_path: Path) -> None:
    copy = here(unit, tmp_path)
    verified = subprocess.run([ANALYZE, "verify", "--man=no", copy], capture_output=True, text=True, timeout=60)
    assert (verified.returncode, verified.stderr) == (0, ""), verified.stderr
    score = [ANALYZE, "security", "--offline=yes", f"--threshold={MOST_EXPOSED}", "--no-pager", unit]
    judged = subprocess.run(score, capture_output=True, text=True, timeout=60)
    assert judged.returncode == 0, judged.stdout.splitlines()[-1] + judged.stderr
