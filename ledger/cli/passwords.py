"""Passwords at a terminal: from a file, typed twice, or generated. Never an argument: others see those."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable
from typing import Any, TextIO

import click

from ledger.app.people.accounts import check_login, check_password
from ledger.errors import Refused


def password_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--generate`` and ``--password-file``, for :func:`read_password`."""
    made = click.option("--generate", "--generate-password", "generate", is_flag=True, help="Make one, show it once.")
    read = click.option(
        "--password-file",
        type=click.File("r", encoding="utf-8", errors="surrogateescape"),
        help="File with the password (- for standard input).",
    )
    return made(read(function))


def read_password(*, generate: bool, file: TextIO | None) -> str:
    """The file's first line, or what is typed twice at a terminal; ``""`` for one that is to be generated.

    Without a file and without a terminal it is ``""`` too. ``Refused`` for a password that nobody can have.
    """
    if file is not None:
        if generate:
            raise click.UsageError("--generate and --password-file exclude each other")
        given = file.readline().rstrip("\r\n")
        check_password(given)
        return given
    if generate or not sys.stdin.isatty():
        return ""
    while True:
        given = _hidden("Password, or Enter for a generated one")
        if not given:
            return ""
        try:
            check_password(given)
        except Refused as error:
            click.echo(f"{error}", err=True)
            continue
        if _hidden("The same again") == given:
            return given
        click.echo("the two differ; once more", err=True)


def ask_login(name: str) -> str:
    """A login name, asked at a terminal until it is one, with the first word of ``name`` offered; ``""`` for none."""

    def checked(typed: str) -> str:
        login = typed.strip().lower()
        if login == "-":
            return ""
        try:
            check_login(login)
        except Refused as error:
            raise click.UsageError(str(error)) from error
        return login

    question = "Login name for the dashboard (- for no account)"
    return str(click.prompt(question, default=_offered(name), value_proc=checked, err=True))


def _offered(name: str) -> str:
    words = unicodedata.normalize("NFD", name.replace("ł", "l").replace("Ł", "L")).lower().split()
    return re.sub(r"[^a-z0-9]", "", words[0]) if words and re.search(r"[a-z0-9]", words[0]) else "admin"


def _hidden(question: str) -> str:
    return str(click.prompt(question, hide_input=True, default="", show_default=False, err=True))
