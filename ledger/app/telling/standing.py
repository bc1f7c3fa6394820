"""How the connections stand: what waits at each, what was refused, which head each took; a message to try one out."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from ledger.adapters.connection import Delivered, Delivery
from ledger.adapters.transcript import Exchange
from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.app.telling.backlog import Backlog
from ledger.app.telling.connection import MESSAGE, Connection
from ledger.app.telling.connections import connections
from ledger.app.telling.message import with_head
from ledger.domain.remembered import HeadSent, Unsent
from ledger.domain.telling.commands import GiveUpMessage, RetryMessage
from ledger.errors import Refused
from ledger.said import Said


class UnsentMessage(NamedTuple):
    """A message that a connection did not take."""

    connection: str
    entry: int
    since: str
    """ISO 8601, when the connection first took none; of one that was refused, when."""
    why: str
    sentence: str
    part: str = ""
    refused: bool = False
    """The other side will not take this one, and takes others."""


class Waiting(NamedTuple):
    """A delivery that was not made so far."""

    entry: int
    part: str
    status: str
    rollback: str
    at: datetime


class Standing(NamedTuple):
    """One connection as it stands by the ledger; nothing was asked of the other side."""

    name: str
    title: str
    unsent: tuple[UnsentMessage, ...]
    """What it did not take and why: the one that holds up the rest first, then those that were refused."""
    waiting: tuple[Waiting, ...]
    head: HeadSent | None


def connected(installation: Installation) -> bool:
    """Whether there is anybody to tell."""
    return bool(connections(installation))


def unsent(installation: Installation) -> list[UnsentMessage]:
    """What is not sent, by what the ledger says; nothing of a connection that is not configured any more."""
    state, found = installation.state, []
    for one in connections(installation):
        if one.name in state.unsent:
            found.append(_told(one, state.unsent[one.name], refused=False))
        of_it = (owed for name, owed in state.refused.items() if name.startswith(f"{one.name}/"))
        found += [_told(one, owed, refused=True) for owed in of_it]
    return found


def standing(installation: Installation) -> list[Standing]:
    """Every connection with its queue, which is read from the newest entries."""
    late, found = unsent(installation), []
    for one in connections(installation):
        backlog = Backlog(one)
        backlog.read(installation)
        waits = tuple(
            Waiting(key.entry, key.part, asked.record.status, asked.record.rollback, asked.record.at)
            for key, asked in sorted(backlog.waiting.items())
        )
        mine = tuple(message for message in late if message.connection == one.name)
        found.append(Standing(one.name, one.title, mine, waits, installation.state.heads.get(one.name)))
    return found


def _told(connection: Connection, one: Unsent, *, refused: bool) -> UnsentMessage:
    since, title = f"{one.since:%Y-%m-%d %H:%M:%S} UTC", connection.title
    if refused:
        said = Said("{} refused the message about entry {} at {}: {}", title, one.entry, since, one.why)
    else:
        told = "{} is told nothing since {}: the message about entry {} waits: {}"
        said = Said(told, title, since, one.entry, one.why)
    return UnsentMessage(connection.name, one.entry, one.since.isoformat(), one.why, said, one.part, refused)


def try_out(installation: Installation, connection: Connection) -> tuple[Delivery, Delivered]:
    """Send a message that says it is a test; ``Refused`` or ``Unreachable`` where it is not taken.

    No entry is written: nothing happened.
    """
    stage, at, origin = installation.config.stage, installation.clock(), installation.ledger.origin
    told = f"[Stage4] {stage}: this is a test of the announcements. Nothing happened."
    text, head = with_head(installation, told)
    delivery = Delivery(
        entry=0,
        part=MESSAGE,
        marker=f"{origin}/test/{at:%Y%m%dT%H%M%S.%fZ}",
        kind="test",
        at=at,
        text=text,
        head=head,
    )
    log: list[Exchange] = []
    return delivery, connection.adapter(log).deliver(delivery)


def to_try_out(installation: Installation) -> tuple[Connection, ...]:
    """The connections that tell people; ``Refused`` where there is none."""
    found = tuple(one for one in connections(installation) if one.tells_people)
    if not found:
        raise Refused("nobody is told of anything: set announce.url or announce.command in stage4.toml")
    return found


def retry(installation: Installation, press: Press, connection: str, entry: int, part: str = MESSAGE) -> None:
    """Have the observer send it now; ``Refused`` where nothing waits there."""
    installation.submit(RetryMessage(connection=connection, entry=entry, part=part), press)


def give_up(
    installation: Installation, press: Press, connection: str, entry: int, reason: str, part: str = MESSAGE
) -> None:
    """Have it sent no more; ``Refused`` where nothing waits there."""
    installation.submit(GiveUpMessage(connection=connection, entry=entry, reason=reason, part=part), press)
