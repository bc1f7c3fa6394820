"""Whether people are told: the messages that a connection does not take, and a message that tries one out."""

from __future__ import annotations

from typing import Final, NamedTuple

from ledger.app.home import config as settings
from ledger.app.installation import Installation
from ledger.app.reading.covering import head_to_send
from ledger.domain.remembered import Unsent
from ledger.errors import Refused
from ledger.said import Said

CONNECTION: Final = "announce"
"""The one connection that messages go by: the announcement hook."""


class UnsentMessage(NamedTuple):
    """The oldest message that a connection did not take."""

    connection: str
    entry: int
    since: str
    """ISO 8601, when the connection first took none."""
    why: str
    sentence: str


def connected(installation: Installation) -> bool:
    """Whether there is anybody to tell."""
    return bool(installation.config.announce.command or installation.config.announce.url)


def unsent(installation: Installation) -> list[UnsentMessage]:
    """What is not sent, by what the ledger says; nothing of a connection that is not configured any more."""
    if not connected(installation):
        return []
    found = installation.state.unsent
    return [_told(name, one) for name, one in sorted(found.items()) if name == CONNECTION]


def _told(connection: str, one: Unsent) -> UnsentMessage:
    since = f"{one.since:%Y-%m-%d %H:%M:%S} UTC"
    said = Said("nobody is told since {}: the message about entry {} waits: {}", since, one.entry, one.why)
    return UnsentMessage(connection, one.entry, one.since.isoformat(), one.why, said)


def try_out(installation: Installation) -> dict[str, str]:
    """Send a message that says it is a test, and return it; ``Refused`` where nothing is configured.

    No entry is written: nothing happened. ``Unreachable`` where the hook does not take it.
    """
    from ledger.adapters.announce import announce  # slow to import

    config = installation.config
    if not connected(installation):
        raise Refused("nobody is told of anything: set announce.url or announce.command in stage4.toml")
    text = f"[Stage4] {config.stage}: this is a test of the announcements. Nothing happened.\n"
    page = {
        "kind": "test",
        "rollback": "",
        "stage": config.stage,
        "id": f"{installation.ledger.origin}/test/{installation.clock():%Y%m%dT%H%M%S.%fZ}",
        "text": f"{text}{head_to_send(installation)}".rstrip("\n"),
    }
    announce(config.announce.command, settings.server(config, "announce"), page)
    return page
