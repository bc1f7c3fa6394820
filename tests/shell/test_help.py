"""Every command and script tells how it is called, with an example that it would take."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from ledger.cli.root import stage4 as root

from .commands import SCRIPTS, script


def commands(
    command: click.Command = root, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """All commands and groups with the words that lead to them."""
    yield path, command
    for name, below in command.commands.items() if isinstance(command, click.Group) else ():
        yield from commands(below, (*path, name))


ALL = {" ".join(path): command for path, command in commands()}
LEAVES = [name for name, command in ALL.items() if not isinstance(command, click.Group)]


def helped(name: str) -> str:
    done = CliRunner().invoke(root, [*name.split(), "--help"], terminal_width=400)
    assert done.exit_code == 0, done.output
    return done.output


def examples(text: str) -> list[list[str]]:
    """The example lines as words, without what is said beside them (after two blanks)."""
    joined = re.sub(r"\\\n\s+", " ", text.partition("\n")[2])
    lines = (re.split(r"\s{2,}", line.strip())[0] for line in joined.splitlines())
    return [
        shlex.split(found[1]) for line in lines if (found := re.search(r"(?:^|[|=]\S* )stage4 ((?!is |or ).*)", line))
    ]


@pytest.mark.parametrize("name", LEAVES)
def test_every_command_has_an_example_and_answers_in_json(name: str) -> None:
    text = helped(name)
    assert any(" ".join(words).startswith(name) for words in examples(text)), text
    assert "--json" in text


@pytest.mark.parametrize("name", ALL)
def test_every_example_is_a_line_that_the_command_takes(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for file in ("escrow.json", "before.png"):
        Path(file).write_text("{}")
    for words in examples(helped(name)):
        while words[0].startswith("--"):
            words = words[2:]
        command: click.Command = root
        while isinstance(command, click.Group) and words:
            command = command.commands[words.pop(0)]
        command.make_context("stage4", words)


@pytest.mark.parametrize("name", [one.name for one in SCRIPTS.glob("[a-z]*.py")])
def test_every_script_has_an_example(name: str, tmp_path: Path) -> None:
    done = script(tmp_path, name, "--help")
    assert done.returncode == 0 and f"scripts/{name} " in done.stdout
    assert not list(tmp_path.iterdir()), "asking for help leaves nothing behind"
