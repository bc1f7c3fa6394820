"""What the documentation tells to type: its ``sh`` blocks, with the marks that stand before them.

A mark is a comment of the Markdown, alone on the line above its block: ``<!-- not run: servers -->``,
``<!-- exit: 1 -->``, ``<!-- says: VERIFIED -->``. Readers do not see it.
"""

from __future__ import annotations

import re
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
