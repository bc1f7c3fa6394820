"""What every command has: ``--home``, ``--json``, ``--as``, and one way to end badly."""

from __future__ import annotations

import functools
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click
from rich.console import Console

from ledger import streams
from ledger.app.installation import Installation, open_home
from ledger.app.people.access import count_refusal
from ledger.app.people.directory import terminal_actor
from ledger.app.reading.condition import Condition, condition, reading_sentence
from ledger.app.reading.queries import shown_time
from ledger.app.words import codes_by_name, roles_by_name
from ledger.cli.belongs import unusable, whom_to_ask
from ledger.domain.command import Actor
from ledger.errors import Corrupt, LedgerError, Refused, Unreachable, kind_of
from ledger.said import Said

if TYPE_CHECKING:
    from ledger.app.people.accounts import Accounts

EXIT_REFUSED, EXIT_USAGE, EXIT_UNREACHABLE, EXIT_INCOMPLETE = 1, 2, 3, 4


class Session:
    """One command's circumstances."""

    def __init__(self, home: str | None, acting_as: str | None, *, as_json: bool, stage: str = "") -> None:
        self.stage = stage or os.environ.get("STAGE4_LEDGER", "")
        self.root = Path(home or os.environ.get("STAGE4_HOME") or ".").absolute()
        self.acting_as = acting_as or os.environ.get("STAGE4_AS") or ""
        self.as_json = as_json
        self.opening = False
        """Whether the home was to be opened."""
        self.printed: list[str] = []
        """What was said so far, for the log that is kept as evidence."""
        self._warned: set[str] = set()
        self.console = Console(highlight=False, soft_wrap=True, emoji=False)
        self.errors = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)

    @functools.cached_property
    def installation(self) -> Installation:
        """The home's installation, opened on first use."""
        self.opening = True
        made = open_home(self.root, self.stage)
        self.warn(reading_sentence(made.ledger.log.source))
        return made

    def open_readable(self) -> None:
        """Open the home also where its store does not hold; what is wrong with it is said on standard error."""
        from ledger.app.readable import open_readable

        self.opening = True
        self.installation = made = open_readable(self.root)
        try:
            made.ledger.view()
        except Corrupt as error:
            self.warn(str(error))
        self.warn(reading_sentence(made.ledger.log.source))

    def warn(self, *sentences: str) -> None:
        """Say each sentence once, on standard error: what is true of the ledger itself, whatever was asked."""
        for sentence in sentences:
            if sentence and sentence not in self._warned:
                self._warned.add(sentence)
                click.echo(f"stage4: {sentence}", err=True)

    def condition(self) -> Condition:
        """How the ledger stands, said on standard error where it does not stand well."""
        standing = condition(self.installation, settled=True)
        self.warn(*standing)
        return standing

    @functools.cached_property
    def accounts(self) -> Accounts:
        """The accounts of the dashboard."""
        from ledger.app.people.accounts import Accounts  # the stop waits for no hashing library

        return Accounts(self.installation.home, self.installation.clock)

    @property
    def actor(self) -> Actor:
        """Who is at this terminal."""
        return terminal_actor(self.installation.home, self.installation.state, self.acting_as)

    @functools.cached_property
    def names(self) -> dict[str, str]:
        """Names behind person ids."""
        return self.installation.people.names()

    def known_names(self) -> dict[str, str]:
        """The names, or none where the home was not opened."""
        return self.names if "installation" in self.__dict__ else {}

    def answer(self, page: Any, show: Callable[[], None]) -> None:
        """Print ``page`` as JSON with ``--json``, otherwise call ``show``."""
        if self.as_json:
            if isinstance(page, dict):
                page = page | self._remarks()
            print_json(page, indent=2, sort_keys=True)
        else:
            show()

    def say(self, text: str) -> None:
        """A line for the person, remembered for the kept log: on standard error with ``--json``."""
        self.printed.append(text)
        (self.errors if self.as_json else self.console).print(text, markup=False)

    def print_line(self, page: dict[str, Any], names: dict[str, str]) -> None:
        """One line of the timeline; with ``--json`` one object a line."""
        if self.as_json:
            print_json(page, sort_keys=True)
            return
        who = names.get(page["actor"], page["actor"] or "?")
        where = f"{page['rollback']} " if page["rollback"] else ""
        made, stamped = shown_time(page)
        recorded = f"  (recorded as {stamped}, because an earlier entry is later)" if stamped else ""
        line = f"{page['sequence']:>6}  {made:19} UTC  {where}{who}: {by_name(page['sentence'], names)}{recorded}"
        if page.get("why_not"):
            line = f"{line}\n     ✘  DOES NOT HOLD: {page['why_not']}"
        self.console.print(line, markup=False, style="bold red" if page.get("why_not") else None)

    def _remarks(self) -> dict[str, Any]:
        """What a page says besides: that the entries are not published, that it was not read from the store."""
        if "installation" not in self.__dict__:
            return {}
        publication, source = self.installation.publication, self.installation.ledger.log.source
        said: dict[str, Any] = {"published": {"ok": False, "why": publication.why}} if publication.why else {}
        return said if source.name == "store" else said | {"read_from": source._asdict()}

    def close(self) -> None:
        """Close what was opened, and say what was not published: it is no reason for another exit status."""
        if "installation" in self.__dict__:
            self.warn(self.installation.publication.why)
            self.installation.ledger.log.close()


def print_json(page: Any, **form: Any) -> None:
    """A page as JSON; in ASCII where the terminal cannot show all text, which loses nothing (RFC 8259, section 7)."""
    click.echo(json.dumps(page, ensure_ascii=not streams.shows_all_text(), **form))


_PERSON = re.compile(r"(stage4 people \w+ )?\b(p-[0-9a-f]{5})\b")
"""An id, and the command before it where it is one to be typed: that takes ids alone."""


def by_name(sentence: str, names: dict[str, str]) -> str:
    """The sentence with people's names where it has ids, as far as the directory knows them."""
    return _PERSON.sub(lambda match: match[0] if match[1] else names.get(match[2], match[2]), sentence)


def in_words(sentence: str, names: dict[str, str]) -> str:
    """A refusal or a debt, with people and roles by name; what is to be typed keeps its codes."""
    return by_name(codes_by_name(roles_by_name(sentence) if isinstance(sentence, Said) else sentence), names)


def fail(error: LedgerError, *, as_json: bool, names: dict[str, str] | None = None, hint: str = "") -> NoReturn:
    """End with the error's sentence and what is owed on standard error, and its exit status.

    A ``hint`` says whom to ask: the home could not be used, whatever the error was called.
    Person ids in the sentence are shown by the names that this installation's directory has for them.
    """
    known = names or {}
    owed = list(error.owed) if isinstance(error, Refused) else []
    if as_json:
        page = {"error": kind_of(error), "sentence": str(error), "owed": owed} | ({"hint": hint} if hint else {})
        print_json(page, indent=2)
    click.echo(f"stage4: {in_words(str(error), known)}", err=True)
    for line in (*owed, *filter(None, [hint])):
        click.echo(f"  - {in_words(line, known)}", err=True)
    sys.exit(EXIT_UNREACHABLE if hint or isinstance(error, Unreachable) else EXIT_REFUSED)


def stage4_command(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a click callback a :class:`Session` first, and the three options that every command takes."""

    @click.option("--home", metavar="DIR", help="The installation's folder (STAGE4_HOME; default: this folder).")
    @click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
    @click.option("--as", "acting_as", metavar="PERSON", help="Act as one of the lab's people (lab homes only).")
    @functools.wraps(function)
    def wrapped(home: str | None, as_json: bool, acting_as: str | None, **given: Any) -> None:
        context = click.get_current_context()
        above: dict[str, Any] = context.find_root().params
        session = Session(
            home or above.get("home"),
            acting_as or above.get("acting_as"),
            as_json=as_json or bool(above.get("as_json")),
            stage=above.get("stage") or "",
        )
        try:
            function(session, **given)
        except LedgerError as error:
            count_refusal(session.root, error)
            hint = whom_to_ask(session.root, error, opening=session.opening)
            fail(error, as_json=session.as_json, names=session.known_names(), hint=hint)
        except OSError as error:
            fail(unusable(session.root, error), as_json=session.as_json)
        finally:
            session.close()

    return wrapped
