"""Finds the four programs of a lab: Prometheus, promtool, Alertmanager and amtool; on Debian it can fetch them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ledger.errors import Unreachable
from ledger.lab import debian

# field of Tools -> names of the program; Debian calls Alertmanager by the longer one
_PROGRAMS = {
    "prometheus": ("prometheus",),
    "promtool": ("promtool",),
    "alertmanager": ("prometheus-alertmanager", "alertmanager"),
    "amtool": ("amtool",),
}
_BY_HAND = (
    "On Debian or Ubuntu run `apt-get install prometheus prometheus-alertmanager`; "
    "elsewhere put the programs of the Prometheus and Alertmanager releases on PATH"
)


@dataclass(frozen=True)
class Tools:
    """Absolute paths of the programs; all four answered ``--version``."""

    prometheus: Path
    promtool: Path
    alertmanager: Path
    amtool: Path


def locate(folder: Path) -> Tools | None:
    """Find all four on PATH or unpacked under ``folder``; None when one is missing or does not run."""
    programs = _found(folder)
    return None if _missing(programs) else Tools(**programs)


def fetch(folder: Path, report: Callable[[str], None]) -> Tools:
    """Find the programs, or unpack Debian's packages into ``folder``: nothing is installed and no service started.

    ``report`` gets one sentence per slow step. Raises Unreachable that names what is missing and how to get it.
    """
    if tools := locate(folder):
        return tools
    missing = ", ".join(_missing(_found(folder)))
    try:
        debian.unpack(("prometheus", "prometheus-alertmanager"), folder, report)
    except Unreachable as error:
        raise Unreachable(f"these programs are missing: {missing}, and {error}. {_BY_HAND}.") from error
    if tools := locate(folder):
        return tools
    missing = ", ".join(_missing(_found(folder)))
    raise Unreachable(f"the packages unpacked into {folder} gave no working {missing}. {_BY_HAND}.")


def _found(folder: Path) -> dict[str, Path]:
    programs = {field: _find(names, folder) for field, names in _PROGRAMS.items()}
    return {field: path for field, path in programs.items() if path}


def _missing(programs: dict[str, Path]) -> list[str]:
    return [field for field in _PROGRAMS if field not in programs]


def _find(names: tuple[str, ...], folder: Path) -> Path | None:
    unpacked = (str(folder / "usr" / "bin"), str(folder))
    for place in (None, *unpacked):
        for name in names:
            path = shutil.which(name, path=place)
            if path and _runs(path):
                return Path(path).resolve()
    return None


def _runs(path: str) -> bool:
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    # Other programs go by these names too; every one of these four says "prometheus" or its own name and "version".
    return done.returncode == 0 and b", version " in done.stdout + done.stderr
