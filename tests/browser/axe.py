"""axe-core from the lock file, run in a page although the page's policy allows no foreign script."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from playwright.sync_api import Page

from tests.workflow.conftest import _node

PROJECT = Path(__file__).resolve().parents[2]
RUN = """async () => (await axe.run()).violations.map(
  one => one.id + ": " + one.nodes.map(node => node.html + " " + node.failureSummary).join(" | "))"""


def text(folder: Path) -> str:
    """Install into ``folder`` and return the program's text."""
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(PROJECT / name, folder / name)
    command = [*_node()[1], "ci", "--prefer-offline", "--no-progress"]
    subprocess.run(command, cwd=folder, capture_output=True, timeout=100, check=True)
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text()


def violations(page: Page, program: str) -> list[str]:
    """What axe finds on a page."""
    page.evaluate(program + "; null")
    found: list[str] = page.evaluate(RUN)
    return found
