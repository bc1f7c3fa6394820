"""Every command and option that a document tells to type is one that the program has."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from ledger.cli.root import stage4

from .blocks import DOCS, PROJECT, blocks

DOCUMENTS = sorted([*PROJECT.glob("*.md"), *DOCS.glob("**/*.md")])


def lines(document: Path) -> Iterator[str]:
    """What begins with ``stage4`` in its blocks and, in the text, between backticks."""
    for block in blocks(document):
        for line in _unquoted(block.text.replace("\\\n", " ")).splitlines():
            if found := re.search(r"(?:^|[;&|(] *|stage4 )(stage4 [^|&;)>#]+)", line):
                yield found[1]
    text = _unquoted(re.sub(r"```.*?```", "", document.read_text("utf-8"), flags=re.DOTALL))
    yield from re.findall(r"`(stage4 [^`|&;<>…]+)`", text)


def _unquoted(text: str) -> str:
    """Without what people say: it may hold any sign."""
    return re.sub(r'"[^"\n]*"', "x", text)


def unknown(line: str) -> str:
    """The first word of the line that is no command or option where it stands; "" where all are."""
    command: click.Command = stage4
    for word in shlex.split(line.replace("[", "").replace("]", ""))[1:]:
        if word.startswith("--"):
            options = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
            if word.partition("=")[0] not in options | {"--help", "--version", "--home", "--json", "--as", "--stage"}:
                return word
        elif isinstance(command, click.Group) and word in command.commands:
            command = command.commands[word]
        elif isinstance(command, click.Group) and re.fullmatch(r"[a-z]+(-[a-z]+)*", word):
            return word
    return ""


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_commands_and_options_that_are_named_are_there(document: Path) -> None:
    assert [(line, word) for line in lines(document) if (word := unknown(line))] == []


def test_one_that_is_not_there_would_be_noticed(tmp_path: Path) -> None:
    document = tmp_path / "a.md"
    document.write_text(
        "`stage4 halt`\n\n1. x\n\n   ```sh\n   stage4 stop --why x\n   stage4 rollback show INC-1\n   ```\n"
    )
    assert [unknown(line) for line in lines(document)] == ["--why", "", "halt"]


def test_most_lines_are_found() -> None:
    assert sum(1 for document in DOCUMENTS for _ in lines(document)) > 100
