"""The ticket as its own system shows it: a Jira issue or a ServiceNow record, read only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from ledger.adapters.http import Clock, Server, ask, bounded_json, masked
from ledger.adapters.shapes import reading, table, text
from ledger.errors import Refused
from ledger.masking import masked_bytes, masked_text
from ledger.said import Said

_WHO = "the ticket system"
_PLACE = "{ticket}"


@dataclass(frozen=True, slots=True)
class TicketSeen:
    """A ticket that exists. ``body`` is the answer as it came, to be kept as an artefact."""

    ticket: str
    status: str
    body: bytes
    source: str
    at: datetime


def seen(server: Server | None, url_template: str, ticket: str, clock: Clock) -> TicketSeen | None:
    """Ask the address ``url_template`` with ``{ticket}`` replaced; None where no ticket system is configured.

    Raises ``Refused`` where the system knows no such ticket (404), ``Unreachable`` where it cannot be asked or read.
    """
    if server is None or not url_template:
        return None
    if _PLACE not in url_template:
        raise Refused(Said("the ticket address has no {} in it: correct the configuration", _PLACE))
    at = clock()
    answer = ask(replace(server, url=url_template.replace(_PLACE, quote(ticket, safe=""))), _WHO, "GET")
    if answer.status_code == 404:
        raise Refused(Said("the ticket system knows no ticket {}: check its id", ticket))
    page = bounded_json(answer, _WHO)
    with reading(_WHO):
        return TicketSeen(
            ticket, masked_text(_status(table(page))), masked_bytes(answer.content), masked(answer.url), at
        )


def _status(page: Mapping[str, Any]) -> str:
    """Jira: ``fields.status.name``; ServiceNow: ``result.state``, plain, with a display value, or first of a list."""
    if "fields" in page:
        return text(table(table(page["fields"])["status"])["name"])
    result = page["result"]
    state = table(result[0] if isinstance(result, list) else result)["state"]
    return text(table(state)["display_value"] if isinstance(state, dict) else state)
