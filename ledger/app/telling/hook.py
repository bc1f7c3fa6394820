"""The announcement hook: a command, an address, or both, that gets every message as JSON."""

from __future__ import annotations

import dataclasses

from ledger.adapters.connection import Adapter
from ledger.adapters.transcript import Exchange
from ledger.app.home import config as settings
from ledger.app.telling.connection import MESSAGE, Connection
from ledger.app.telling.message import Asked, is_told
from ledger.said import Said


class HookConnection(Connection):
    """``[announce]``: where there is one."""

    name = "announce"
    title = Said("the announcement hook")

    def parts(self, asked: Asked) -> tuple[str, ...]:
        """Whatever people are told of."""
        return (MESSAGE,) if is_told(asked) else ()

    def adapter(self, log: list[Exchange], patience: float | None = None) -> Adapter:
        """The hook by today's settings."""
        from ledger.adapters.announce import Hook  # slow to import

        config = self.installation.config
        server = settings.server(config, "announce")
        if server is not None and patience is not None:
            server = dataclasses.replace(server, connect_timeout=patience, read_timeout=patience)
        return Hook(config.announce.command, server, config.stage, self.installation.clock, log)
