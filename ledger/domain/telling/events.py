"""What became of what goes out. It belongs to no rollback: whoever has a form open is not disturbed."""

from __future__ import annotations

from typing import ClassVar

from ledger.domain.event import Event, event, knew_less


@event
class MessageSent(Event):
    """A connection took the message about an entry. It may have come twice where the other side cannot show it."""

    status: ClassVar[str] = "message_sent"
    version: ClassVar[int] = 2
    sentence: ClassVar[str] = "sent the message about entry {entry} ({about}) by {connection}"
    connection: str
    entry: int
    """The entry that the message is about."""
    about: str
    """That entry's status."""
    message_sha384: str
    """The message as it went out, JSON."""
    part: str = ""
    """What of the entry went out: empty for the message itself, else ``comment``, ``link`` …"""
    reference: str = ""
    """What the other side calls it."""
    link: str = ""
    """Where people see it."""
    head: str = ""
    """The ledger's head that it states, ``N:ROOT``."""
    transcript_sha384: str = ""
    """What was asked and answered, without credentials."""


MessageSent1 = knew_less(MessageSent)


@event
class MessageFailed(Event):
    """A connection did not take a message. Once while the reason stays the same; it is tried again."""

    status: ClassVar[str] = "message_failed"
    version: ClassVar[int] = 2
    said: ClassVar[frozenset[str]] = frozenset({"reason"})
    sentence: ClassVar[str] = "could not send the message about entry {entry} ({about}) by {connection}: {reason}"
    connection: str
    entry: int
    about: str
    reason: str
    part: str = ""


MessageFailed1 = knew_less(MessageFailed)


@event
class MessageRefused(Event):
    """The other side will not take this message however often it is sent: it is owed, and holds up no other."""

    status: ClassVar[str] = "message_refused"
    said: ClassVar[frozenset[str]] = frozenset({"reason"})
    sentence: ClassVar[str] = "was refused the message about entry {entry} ({about}) by {connection}: {reason}"
    connection: str
    entry: int
    about: str
    reason: str
    part: str = ""
    transcript_sha384: str = ""


@event
class MessageExpired(Event):
    """A message was not sent while it was worth sending."""

    status: ClassVar[str] = "message_expired"
    version: ClassVar[int] = 2
    sentence: ClassVar[str] = "gave up the message about entry {entry} ({about}) by {connection}: it is too late for it"
    connection: str
    entry: int
    about: str
    part: str = ""


MessageExpired1 = knew_less(MessageExpired)


@event
class MessageRetryAsked(Event):
    """Somebody wants what waits, or was refused, to be sent again now."""

    status: ClassVar[str] = "message_retry_asked"
    sentence: ClassVar[str] = "asked to send the message about entry {entry} by {connection} again"
    connection: str
    entry: int
    part: str = ""


@event
class MessageGivenUp(Event):
    """Somebody decided that a message is not to be sent any more."""

    status: ClassVar[str] = "message_given_up"
    sentence: ClassVar[str] = "gave up the message about entry {entry} by {connection}: {reason}"
    connection: str
    entry: int
    reason: str
    part: str = ""
