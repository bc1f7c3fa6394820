"""All that one observer has to send: a sender for each connection, so that one that hangs holds up no other.

Nothing of it is kept but in the ledger.
"""

from __future__ import annotations

from collections.abc import Callable

from ledger.app.installation import Installation
from ledger.app.telling.connections import connections
from ledger.app.telling.message import Asked
from ledger.app.telling.sender import Sender


class Outbox:
    """The senders of the connections that are configured."""

    def __init__(self, installation: Installation, say: Callable[[str], None]) -> None:
        self._installation = installation
        self._say = say
        self._senders: dict[str, Sender] = {}

    def put(self, sequence: int, text: str) -> None:
        """Have an entry told in these words, whatever it says by itself."""
        asked = [Asked(record, text) for record in self._installation.ledger.chosen([sequence])]
        for sender in self._now().values():
            for one in asked:
                sender.put(one)

    def look(self) -> None:
        """Take in the new entries, and send what is due; never waits for a connection."""
        for sender in self._now().values():
            sender.look()

    def send(self) -> None:
        """Send what waits and is due."""
        for sender in self._senders.values():
            sender.send()

    def join(self, seconds: float) -> None:
        """Wait a moment for what is on its way."""
        for sender in self._senders.values():
            sender.join(seconds)

    def _now(self) -> dict[str, Sender]:
        """The senders by the settings of now; what is not configured any more is forgotten."""
        found = {one.name: one for one in connections(self._installation)}
        for name in [name for name in self._senders if name not in found]:
            del self._senders[name]
        for name, one in found.items():
            if name in self._senders:
                self._senders[name].use(one)
            else:
                self._senders[name] = Sender(self._installation, one, self._say)
        return self._senders
