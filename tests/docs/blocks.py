"""What the documentation tells to type: its ``sh`` blocks, with the marks that stand before them.

A mark is a comment of the Markdown, alone on the line above its block: ``<!-- not run: servers -->``,
``<!-- exit: 1 -->``, ``<!-- says: VERIFIED -->``. Readers do not see it.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).resolve().parents[2]
DOCS = PROJECT / "docs"
TUTORIALS = sorted((DOCS / "tutorials").glob("*.md"))
_MARK = re.compile(r"<!-- ([a-z ]+): (.+) -->")


class Block(NamedTuple):
    """Lines to type."""

    line: int
    text: str
    marks: dict[str, str]


def blocks(document: Path) -> Iterator[Block]:
    """The document's ``sh`` and ``bash`` blocks in their order, also those inside of lists."""
    marks: dict[str, str] = {}
    typed: list[str] | None = None
    begun, indent = 0, 0
    for number, line in enumerate(document.read_text("utf-8").splitlines(), 1):
        bare = line.strip()
        if typed is not None:
            if bare == "```":
                yield Block(begun, "\n".join(typed) + "\n", marks)
                typed, marks = None, {}
            else:
                typed.append(line[indent:])
        elif bare in ("```sh", "```bash"):
            typed, begun, indent = [], number, len(line) - len(line.lstrip())
        elif found := _MARK.fullmatch(bare):
            marks[found[1]] = found[2]
        elif bare:
            marks = {}


def environment(home: Path) -> dict[str, str]:
    """Of a terminal in the home, and nothing else."""
    path = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
    return {"PATH": path, "HOME": str(home), "STAGE4_HOME": str(home), "LC_ALL": "C.UTF-8", "COLUMNS": "120"}


def typed(text: str, home: Path) -> subprocess.CompletedProcess[str]:
    """As somebody types it in the home."""
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", text],
        cwd=home,
        env=environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
