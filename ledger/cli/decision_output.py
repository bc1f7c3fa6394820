"""How ``verify_decision_log.py`` says what it has to say, and with which exit status it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from ledger.decision_log.line import Finding
from ledger.errors import LedgerError, Refused, Unreachable, kind_of

STANDARD = "-"
"""Standard input, or output, in the place of a path."""


@contextmanager
def reported(options: dict[str, Any]) -> Iterator[None]:
    """Turn a ``LedgerError`` into a sentence on standard error, what is owed under it, and the exit status."""
    try:
        yield
    except LedgerError as error:
        owed = error.owed if isinstance(error, Refused) else ()
        for line in (str(error), *(f"  - {debt}" for debt in owed)):
            say(line, err=True)
        if options["as_json"]:
            say(json.dumps({"ok": False, "error": kind_of(error), "sentence": str(error), "owed": owed}))
        status = exit_status(3 if isinstance(error, Unreachable) else 1, options)
        raise click.exceptions.Exit(status) from error


def exit_status(status: int, options: dict[str, Any]) -> int:
    """The status itself, or with ``--exit-like-original`` 2 for all but 0."""
    return 2 if status and options["exit_like_original"] else status


def say(what: str | Finding, *, err: bool = False) -> None:
    """Print a line; bytes of a path that are no text, and control characters, are escaped."""
    text = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in str(what)
    )
    click.echo(text, err=err)


def absolute(path: str | Path) -> str:
    """The path for a person, from the root."""
    return str(Path(path).absolute())
