"""Two people, absent people and what is owed: the acts that are no step of the runbook."""

from __future__ import annotations

from datetime import timedelta

from ledger.app.durations import parse_duration
from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.app.reading.covering import head_to_send
from ledger.app.steps.common import Outcome, act, bounded
from ledger.app.steps.opening import look_up
from ledger.domain.command import Command
from ledger.domain.duties.commands import (
    Accept,
    AcceptHandover,
    Assume,
    Attach,
    Correct,
    ExtendWindow,
    GiveReason,
    LinkTicket,
    OfferHandover,
    Refuse,
    ReportConfirmation,
    Review,
    Waive,
)
from ledger.domain.opening.commands import DeclareEmergency
from ledger.domain.state import Rollback
from ledger.domain.text import check_text, check_ticket

LARGEST = 64 * 1024 * 1024
"""Bytes that an attached file may have."""


def _do(installation: Installation, press: Press, rollback: Rollback, command: Command) -> Outcome:
    return Outcome(act(installation, press, command, rollback.id), None)


def refuse(installation: Installation, press: Press, rollback: Rollback, reason: str) -> Outcome:
    """The product owner says no."""
    return _do(installation, press, rollback, Refuse(reason=reason))


def report_confirmation(installation: Installation, press: Press, rollback: Rollback, owner: str, text: str) -> Outcome:
    """Somebody heard the owner's yes: a claim that passes nothing."""
    return _do(installation, press, rollback, ReportConfirmation(owner=owner, text=text))


def declare_emergency(installation: Installation, press: Press, rollback: Rollback, reason: str) -> Outcome:
    """Break-glass: steps 1 to 4 need no confirmation first."""
    return _do(installation, press, rollback, DeclareEmergency(reason=reason))


def waive(installation: Installation, press: Press, rollback: Rollback, number: int, reason: str) -> Outcome:
    """Depart from a step."""
    return _do(installation, press, rollback, Waive(number=number, reason=reason))


def accept(installation: Installation, press: Press, rollback: Rollback, number: int, reason: str) -> Outcome:
    """Propose to accept an inconclusive verdict, or agree as the second person."""
    return _do(installation, press, rollback, Accept(number=number, reason=reason))


def assume(installation: Installation, press: Press, rollback: Rollback, role: str, reason: str) -> Outcome:
    """Cover an absent role in this rollback."""
    return _do(installation, press, rollback, Assume(role=role, reason=reason))


def offer_handover(
    installation: Installation, press: Press, rollback: Rollback, role: str, receiver: str, open_points: str
) -> Outcome:
    """Offer a role to another person."""
    return _do(installation, press, rollback, OfferHandover(role=role, receiver=receiver, open_points=open_points))


def accept_handover(installation: Installation, press: Press, rollback: Rollback, role: str) -> Outcome:
    """Accept a role that was offered."""
    return _do(installation, press, rollback, AcceptHandover(role=role))


def review(installation: Installation, press: Press, rollback: Rollback, text: str) -> Outcome:
    """Say that the deviations were looked at."""
    inline, whole = bounded(installation, press, "the review", text)
    return _do(installation, press, rollback, Review(text=inline, text_sha384=whole))


def attach_bytes(
    installation: Installation, press: Press, rollback: Rollback, name: str, data: bytes, number: int, note: str = ""
) -> Outcome:
    """Attach what was uploaded; of its name only the last part counts."""
    name = check_text("the file's name", name.replace("\\", "/").rsplit("/", 1)[-1], longest=200)
    command = Attach(
        number=number, name=name, size=len(data), attached_sha384=installation.keep(data, press), note=note
    )
    return _do(installation, press, rollback, command)


def correct(installation: Installation, press: Press, rollback: Rollback, entry: int, text: str) -> Outcome:
    """Say what was wrong in an earlier entry."""
    inline, whole = bounded(installation, press, "the correction", text)
    return _do(installation, press, rollback, Correct(entry=entry, text=inline, text_sha384=whole))


def link_ticket(installation: Installation, press: Press, rollback: Rollback, ticket: str) -> Outcome:
    """Name the ticket, or another one."""
    state, digest = look_up(installation, press, check_ticket(ticket))
    return _do(installation, press, rollback, LinkTicket(ticket=ticket, ticket_state=state, ticket_sha384=digest))


def give_reason(installation: Installation, press: Press, rollback: Rollback, reason: str) -> Outcome:
    """Say why trading was stopped, where the stop was pressed without a reason."""
    inline, whole = bounded(installation, press, "the reason", reason)
    return _do(installation, press, rollback, GiveReason(reason=inline, reason_sha384=whole))


def extend_window(
    installation: Installation, press: Press, rollback: Rollback, duration: str, reason: str, permalink: str = ""
) -> Outcome:
    """Make the window longer, counted from its end, with the text to announce."""
    end = rollback.window_end + timedelta(seconds=parse_duration(duration))
    text = (
        f"[Stage4] {rollback.id}: the window is extended to {end:%Y-%m-%d %H:%M} UTC.\n"
        f"Reason: {reason}\nChannel: {rollback.channel}\n" + head_to_send(installation)
    )
    command = ExtendWindow(
        window_end=end, reason=reason, announcement_sha384=installation.keep(text, press), permalink=permalink
    )
    return _do(installation, press, rollback, command)._replace(log=text)
