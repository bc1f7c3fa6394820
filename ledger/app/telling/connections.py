"""The connections of a home: one line each. What is not configured is not there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ledger.adapters.connection import Probed, probed
from ledger.app.installation import Installation
from ledger.app.telling.connection import Connection
from ledger.app.telling.hook import HookConnection
from ledger.errors import Refused, Unreachable
from ledger.said import as_said


def _hook(installation: Installation) -> Iterator[Connection]:
    if installation.config.announce.command or installation.config.announce.url:
        yield HookConnection(installation)


_TABLE: tuple[Callable[[Installation], Iterable[Connection]], ...] = (_hook,)


def connections(installation: Installation) -> tuple[Connection, ...]:
    """Those that are configured, in the order of the table."""
    return tuple(connection for made in _TABLE for connection in made(installation))


def look_at(connection: Connection) -> Probed:
    """What a probe finds, which changes nothing; settings that cannot be used are a problem that was found."""
    try:
        adapter = connection.adapter([])
    except (Refused, Unreachable) as error:
        return Probed("problem", as_said(str(error)), "correct stage4.toml")
    return probed(adapter)
