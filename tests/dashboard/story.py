"""Rollbacks written into a real ledger without servers: the domain's story, kept by an installation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from ledger.app.home.setup import LAB_ROLES, init
from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.app.review.parts import Review
from ledger.app.review.post_mortem import review
from ledger.domain.command import SYSTEM, Command, Request
from ledger.domain.event import Event
from ledger.domain.people.commands import AddPerson
from tests.domain.builders import INC, PEOPLE, Story, actor


@contextmanager
def kept(folder: Path) -> Iterator[Kept]:
    """A story in a home of its own, for tests that share one."""
    installation = init(folder / "home", purpose="lab", name="You", roles=LAB_ROLES)
    yield Kept(installation)
    installation.ledger.log.close()


class Kept(Story):
    """A story whose entries stand in the installation's ledger, which has the story's clock."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.now = installation.state.timestamp + timedelta(minutes=5)
        self.count = 0
        installation.clock = lambda: self.now
        for person, roles in PEOPLE.items():
            installation.submit(AddPerson(person=person, roles=roles), Press(SYSTEM))

    @property
    def state(self):
        return self.installation.state

    @property
    def records(self):
        return [record for record, _ in self.installation.ledger.records()]

    def request(self, person: str, command: Command, rollback: str = INC, decided_on: int | None = None) -> Request:
        self.count += 1
        where = {"rollback": rollback, "decided_on": decided_on}
        return Request(command=command, actor=actor(person), at=self.now, id=f"story-{self.count}", **where)

    def do(self, person: str, command: Command, rollback: str = INC, decided_on: int | None = None) -> list[Event]:
        """Through the real write path; a second passes. Gives the events."""
        receipt = self.installation.ledger.submit(self.request(person, command, rollback, decided_on))
        self.wait(seconds=1)
        found = self.installation.ledger.records(receipt.first - 1)
        return [record.event for record, _ in found if record.sequence <= receipt.last and record.event]

    def review(self, rollback: str = INC) -> Review:
        """The post-mortem as it is now."""
        return review(self.installation, self.of(rollback))

    def exported(self) -> list[dict[str, Any]]:
        """The entries of ``stage4.jsonl``, read without our code."""
        self.installation.publish()
        return [json.loads(line) for line in self.installation.home.published.read_bytes().splitlines()]
