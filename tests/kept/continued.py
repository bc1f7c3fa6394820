"""A rollback on the road of ``tests.domain.road`` in a ledger that is there already, under a ticket of its own."""

from __future__ import annotations

import dataclasses
import itertools
import re
from datetime import timedelta
from pathlib import Path

from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.domain.command import SYSTEM, Command, Request
from ledger.domain.facts import FileSeen
from ledger.domain.opening.commands import Confirm, OpenRollback
from ledger.domain.people.commands import AddPerson
from ledger.domain.state import Rollback
from ledger.domain.stopping.commands import Stop
from ledger.proof.entry import link
from tests.dashboard.story import Kept
from tests.domain.builders import INC, PEOPLE, actor

LATER = timedelta(minutes=5)
TESTS = Path(__file__).parents[1]
NAMED = ("domain/road.py", "dashboard/stories.py")
"""Files whose entries name artefacts by ``digest("what is in it")``."""


class Continued(Kept):
    """What servers say is made up and nothing is done outside, so that no path of an old entry is ever written."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.now = installation.state.timestamp + LATER
        self.count = 0
        self.ids: dict[str, str] = {}
        installation.clock = lambda: self.now
        for person, roles in PEOPLE.items():
            if person not in installation.state.people:
                installation.submit(AddPerson(person=person, roles=roles), Press(SYSTEM))
        for text in {found for name in NAMED for found in re.findall(r'digest\("([^"]+)"\)', _text(name))}:
            installation.keep(text)

    def begin(self, ticket: str) -> None:
        """What the road calls INC-2042 is from now on the next rollback of this ticket."""
        names = itertools.chain([ticket], (f"{ticket}.{number}" for number in itertools.count(2)))
        self.ticket, self.ids[INC] = ticket, next(name for name in names if self.state.rollback(name) is None)

    def go_on(self, rollback: str) -> None:
        """What the road calls INC-2042 is from now on this one, which is open."""
        self.ticket, self.ids[INC] = rollback, rollback

    def request(self, person: str, command: Command, rollback: str = INC, decided_on: int | None = None) -> Request:
        self.count += 1
        return Request(
            command=self._fitted(command, rollback),
            actor=actor(person),
            at=self.now,
            id=f"continued-{self.state.sequence}-{self.count}",
            rollback=self.ids.get(rollback, rollback),
            decided_on=decided_on,
        )

    def _fitted(self, command: Command, rollback: str) -> Command:
        """The ticket, the line that is confirmed and the bytes that were seen are those of this ledger."""
        if isinstance(command, OpenRollback) and command.ticket == INC:
            return dataclasses.replace(command, ticket=self.ticket)
        if isinstance(command, Stop) and command.opening.ticket == INC:
            return dataclasses.replace(command, opening=dataclasses.replace(command.opening, ticket=self.ticket))
        if isinstance(command, Confirm):
            line = self.installation.ledger.log.line(self.of(rollback).opened_entry)
            assert line
            return dataclasses.replace(command, confirms=link(line))
        seen = getattr(command, "file", None)
        if isinstance(seen, FileSeen) and seen.content:
            self.installation.keep(seen.content)
        return command

    def of(self, name: str) -> Rollback:
        return super().of(self.ids.get(name, name))


def _text(name: str) -> str:
    return (TESTS / name).read_text("utf-8")
