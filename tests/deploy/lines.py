"""What the tests of container and units share."""

from __future__ import annotations

from pathlib import Path

import click

from ledger.cli.root import stage4

PROJECT = Path(__file__).resolve().parents[2]


def taken(line: list[str]) -> str:
    """The command of a line that begins with stage4's path, once its options were found to be known ones."""
    assert Path(line[0]).is_absolute() and Path(line[0]).name == "stage4"
    command = stage4.commands[line[1]]
    assert isinstance(command, click.Command)
    command.make_context(line[1], line[2:])
    return line[1]
