"""What became of the messages that go out. They belong to no rollback: whoever has a form open is not disturbed."""

from __future__ import annotations

from typing import ClassVar

from ledger.domain.event import Event, event


@event
class MessageSent(Event):
    """A connection took the message about an entry. It may have come twice: it bears an id."""

    status: ClassVar[str] = "message_sent"
    sentence: ClassVar[str] = "sent the message about entry {entry} ({about}) by {connection}"
    connection: str
    entry: int
    """The entry that the message is about."""
    about: str
    """That entry's status."""
    message_sha384: str
    """The message as it went out, JSON."""


@event
class MessageFailed(Event):
    """A connection did not take a message. Once while the reason stays the same; it is tried again."""

    status: ClassVar[str] = "message_failed"
    said: ClassVar[frozenset[str]] = frozenset({"reason"})
    sentence: ClassVar[str] = "could not send the message about entry {entry} ({about}) by {connection}: {reason}"
    connection: str
    entry: int
    about: str
    reason: str


@event
class MessageExpired(Event):
    """A message was not sent while it was worth sending."""

    status: ClassVar[str] = "message_expired"
    sentence: ClassVar[str] = "gave up the message about entry {entry} ({about}) by {connection}: it is too late for it"
    connection: str
    entry: int
    about: str
