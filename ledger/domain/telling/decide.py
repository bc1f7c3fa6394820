"""Who may say what becomes of a message that did not go."""

from __future__ import annotations

from ledger.domain.command import Request
from ledger.domain.remembered import undelivered
from ledger.domain.rules import Decided, act, decides
from ledger.domain.state import State
from ledger.domain.telling.commands import GiveUpMessage, RetryMessage
from ledger.domain.telling.events import MessageGivenUp, MessageRetryAsked
from ledger.domain.text import INLINE, check_text
from ledger.errors import Refused
from ledger.said import Said


@decides(RetryMessage)
def retry_message(state: State, request: Request, command: RetryMessage) -> tuple[Decided, ...]:
    """By anybody who may act; whoever sends looks first whether it is there."""
    role = act(state, request, MessageRetryAsked)
    _require_waiting(state, command.connection, command.entry, command.part)
    event = MessageRetryAsked(connection=command.connection, entry=command.entry, part=command.part)
    return (Decided(event, "", role),)


@decides(GiveUpMessage)
def give_up_message(state: State, request: Request, command: GiveUpMessage) -> tuple[Decided, ...]:
    """By anybody who may act, with a reason."""
    role = act(state, request, MessageGivenUp)
    _require_waiting(state, command.connection, command.entry, command.part)
    reason = check_text("the reason", command.reason, longest=INLINE)
    event = MessageGivenUp(connection=command.connection, entry=command.entry, reason=reason, part=command.part)
    return (Decided(event, "", role),)


def _require_waiting(state: State, connection: str, entry: int, part: str) -> None:
    waits = state.unsent.get(connection)
    if undelivered(connection, entry, part) in state.refused:
        return
    if waits is None or (waits.entry, waits.part) != (entry, part):
        raise Refused(
            Said("no message about entry {} waits at {}; see: stage4 connections", entry, ascii(connection[:60]))
        )
