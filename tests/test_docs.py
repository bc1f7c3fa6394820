"""What documents point at is there: links, headings, files that are named, and headings that the code cites."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md")])
CODE = sorted(file for folder in ("ledger", "web", "tests", "tools") for file in (PROJECT / folder).rglob("*.py"))
OURS = ("ledger", "web", "templates", "static", "scripts", "deploy", "tests", "tools", "docs", "bench", ".ci")
"""Folders of the project; what begins otherwise (``var/``, ``audit/``) is in an installation's home."""
NAMED = re.compile(rf"`((?:{'|'.join(map(re.escape, OURS))})/[\w./-]*|[A-Z]+\.md|LICENSE|Makefile|pyproject\.toml)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
CITED = re.compile(r'(docs/\w+\.md), "([^"…]+)"')


def name_of(path: Path) -> str:
    return str(path.relative_to(PROJECT))


def anchors(document: Path) -> set[str]:
    """As GitHub makes them: small letters, blanks as hyphens, no other signs."""
    return {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in headings(document)}


def headings(document: Path) -> list[str]:
    return re.findall(r"^#+ (.*)$", document.read_text("utf-8"), re.MULTILINE)


def lost(document: Path) -> Iterator[str]:
    """What the document points at and is not there."""
    text = document.read_text("utf-8")
    for link in LINK.findall(text):
        target, _, anchor = link.partition("#")
        if "://" in target:
            continue
        path = document.parent / target if target else document
        if not path.exists() or (anchor and anchor not in anchors(path)):
            yield link
    yield from (name for name in NAMED.findall(text) if not (PROJECT / name).exists())


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_links_and_named_files_are_there(document: Path) -> None:
    assert list(lost(document)) == []


def test_a_lost_link_heading_or_file_would_be_noticed(tmp_path: Path) -> None:
    document = tmp_path / "a.md"
    document.write_text(
        "# One thing\n[a](b.md) [b](#one-thing) [c](#two) `ledger/none.py` `ledger/cli/root.py` `var/x.py`\n"
    )
    assert list(lost(document)) == ["b.md", "#two", "ledger/none.py"]


def test_what_the_code_cites_is_a_heading() -> None:
    cited = {found for file in CODE for found in CITED.findall(file.read_text("utf-8").replace("\n    ", " "))}
    assert len(cited) >= 7
    assert [one for one in sorted(cited) if one[1] not in headings(PROJECT / one[0])] == []


def test_no_code_cites_a_document_that_is_not_here() -> None:
    cited = {
        (name_of(one), name)
        for one in CODE
        for name in re.findall(r"\b(?:docs/\w+|[A-Z]{4,})\.md\b", one.read_text("utf-8"))
    }
    assert [one for one in sorted(cited) if not (PROJECT / one[1]).exists()] == []
