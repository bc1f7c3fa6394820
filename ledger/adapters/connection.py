"""What every connection has: it can be probed, it takes deliveries, and it shows back what it took.

A connection is a place elsewhere that is told of entries: a channel, a ticket, a dashboard. Each is an adapter of one
file that is made anew for each use and holds no state; what it asked and was answered is kept in the ``log`` that it
was made with. It raises ``Unreachable`` for what is to be tried again (``Unsent`` where it surely did nothing,
:class:`Later` where the other side said when), and ``Refused`` for what would be turned away again however often it
is sent.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Literal, NamedTuple, Protocol

from ledger.adapters.server import Clock
from ledger.errors import Refused, Unreachable
from ledger.said import Said, as_said

LONGEST_WAIT = 3600.0
"""Seconds that a server may ask us to wait; who asks for more is asked again then."""


class Delivery(NamedTuple):
    """One thing that an entry asks of a connection."""

    entry: int
    """Sequence of the entry that it is about."""
    part: str
    """What it is: ``message``, ``link``, ``comment``, ``transition``, ``attachment``, ``annotation`` …"""
    marker: str
    """The same each time that it is sent, and no other's: by it the other side shows that it has it."""
    kind: str
    """The entry's status."""
    at: datetime
    """When the entry was written, aware UTC."""
    text: str
    """For people; its last line is the ledger's head, as :func:`ledger.verify.report.head_line` writes it."""
    rollback: str = ""
    ticket: str = ""
    link: str = ""
    """Address of the page that it leads to; ``""`` where none is configured."""
    head: str = ""
    """The head that ``text`` states, ``N:ROOT``."""
    thread: str = ""
    """What the connection called the first delivery of this rollback; ``""`` for that itself."""
    name: str = ""
    """Of an attachment: its file's name; of a transition: where it leads."""
    content: bytes = b""
    """Of an attachment: the file."""


class Delivered(NamedTuple):
    """What the other side has."""

    reference: str = ""
    """What it calls it: the id of a comment, of an annotation, of a message. ``""`` where it has no name."""
    link: str = ""
    """Where people see it; ``""`` where there is no such address."""
    found: bool = False
    """It was there already."""


class Probed(NamedTuple):
    """What a look at a connection found, without changing anything there."""

    state: Literal["ok", "warning", "problem"]
    found: str
    """A sentence: what answered, as whom, with which rights."""
    remedy: str = ""


class Adapter(Protocol):
    """A connection as the outbox uses it."""

    def probe(self) -> Probed:
        """Whether it would take a delivery, as far as can be seen without making one."""

    def look(self, delivery: Delivery) -> Delivered | None:
        """What the other side has of it; None where it has nothing. Asked before anything is sent a second time."""

    def deliver(self, delivery: Delivery) -> Delivered:
        """Make it so. It may be there already where an answer was lost: the outbox asks :meth:`look` first."""


def probed(adapter: Adapter) -> Probed:
    """What a probe found; what it raises is a problem that was found."""
    try:
        return adapter.probe()
    except (Refused, Unreachable) as error:
        return Probed("problem", as_said(error.args[0]) if error.args else "", "mend what it says")


class Later(Unreachable):
    """The other side asks to wait (429 or 503 with ``Retry-After``)."""

    def __init__(self, sentence: str, seconds: float) -> None:
        super().__init__(sentence)
        self.seconds = seconds


def require(answer: Any, who: str, *statuses: int, clock: Clock) -> Any:
    """The answer where it has one of the statuses (200 where none is named), else what it means for a delivery.

    ``Unsent`` for a redirect, 401, 403, 405 and 407: credentials or address are wrong, and everything after it would
    be turned away too. ``Refused`` for any other 4xx: this very thing is not taken. ``Later`` for 429 and 503 that say
    how long, ``Unreachable`` for the rest.
    """
    from ledger.adapters.http import Unsent, turned_away  # slow to import
    from ledger.masking import excerpt

    wanted: Collection[int] = statuses or (HTTPStatus.OK,)
    status = answer.status_code
    if status in wanted:
        return answer
    failure = turned_away(answer, who)
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        wait = _retry_after(answer.headers.get("Retry-After", ""), clock())
        if wait is not None:
            raise Later(Said("{} asks to wait {} s (status {})", who, round(wait), status), wait)
        raise Unreachable(*failure.args)
    if isinstance(failure, Unsent) and status != HTTPStatus.NOT_FOUND:
        raise failure
    if 400 <= status < 500 and status != HTTPStatus.REQUEST_TIMEOUT:
        raise Refused(
            Said('{} refuses it with {} {} ("{}")', who, status, answer.reason or "", excerpt(answer.content))
        )
    raise failure


def _retry_after(value: str, now: datetime) -> float | None:
    """Seconds to wait (RFC 9110, section 10.2.3: seconds or a date); None where it says nothing that can be read."""
    if value.strip().isascii() and value.strip().isdigit():
        return min(LONGEST_WAIT, float(value.strip()[:9]))
    try:
        return min(LONGEST_WAIT, max(0.0, (parsedate_to_datetime(value) - now).total_seconds()))
    except (TypeError, ValueError, OverflowError):
        return None
