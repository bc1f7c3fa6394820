"""What is asked for about two people, absent people and what is owed."""

from __future__ import annotations

from datetime import datetime

from ledger.domain.command import Command, command


@command
class Refuse(Command):
    """A product owner says no."""

    reason: str


@command
class ReportConfirmation(Command):
    """Somebody heard the owner's yes."""

    owner: str
    text: str


@command
class Waive(Command):
    """Depart from a step."""

    number: int
    reason: str


@command
class Accept(Command):
    """Accept an inconclusive verdict: the first person proposes, the second accepts."""

    number: int
    reason: str


@command
class Assume(Command):
    """Cover an absent role in this rollback."""

    role: str
    reason: str


@command
class OfferHandover(Command):
    """Offer a role to another person."""

    role: str
    receiver: str
    open_points: str


@command
class AcceptHandover(Command):
    """Accept a role that was offered."""

    role: str


@command
class Review(Command):
    """Say that the deviations were looked at."""

    text: str
    text_sha384: str = ""


@command
class Attach(Command):
    """Attach a file to a step."""

    number: int
    name: str
    size: int
    attached_sha384: str
    note: str = ""


@command
class Correct(Command):
    """Say what was wrong in an earlier entry."""

    entry: int
    text: str
    text_sha384: str = ""


@command
class LinkTicket(Command):
    """Name the ticket, or another one."""

    ticket: str
    ticket_state: str = "claimed"
    ticket_sha384: str = ""


@command
class GiveReason(Command):
    """Say why trading was stopped, where the stop was pressed without a reason."""

    reason: str
    reason_sha384: str = ""


@command
class ExtendWindow(Command):
    """Make the maintenance window longer."""

    window_end: datetime
    reason: str
    announcement_sha384: str
    permalink: str = ""
