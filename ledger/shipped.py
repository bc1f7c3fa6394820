"""Files that ship with the code and are no modules of it: where they are.

The project keeps them in folders at its top. The wheel carries each of these folders inside a package (``sources`` in
pyproject.toml), because nothing else of it gets a place of its own. Both are looked for here and nowhere else.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

_TOP: Final = Path(__file__).resolve().parents[1]
_PACKAGES: Final = {
    "templates": "web",
    "static": "web",
    "locale": "web",
    "deploy": "ledger",
    "scripts": "ledger",
    "docs": "ledger",
}
"""Folder -> the package that carries it in the wheel; ``web/locale`` is there in the project too."""

PROJECT: Final = _TOP if (_TOP / "pyproject.toml").is_file() else None
"""The project's folder; None where the code was installed without it."""


def folder(name: Literal["templates", "static", "locale", "deploy", "scripts", "docs"]) -> Path:
    """The folder of that name, in the wheel's packages or in the project. Whether it is there, its reader finds out."""
    packed = _TOP / _PACKAGES[name] / name
    return packed if packed.is_dir() else _TOP / name


DASHBOARD: Final = folder("deploy") / "grafana" / "stage4_multi_strategy.json"
"""The Grafana dashboard "Stage4 – Multi-Strategy Operations": the one place that defines the panels."""
RECOVERY: Final = folder("docs") / "recovery.md"
"""What to do when the ledger does not hold: the page to which findings point as docs/recovery.md."""
HELP: Final = folder("docs") / "help"
"""The dashboard's help, one Markdown file for each language; the documentation has it too."""
RULES: Final = folder("deploy") / "prometheus" / "stage4_rules.yml"
"""The alert rules of the runbook."""
