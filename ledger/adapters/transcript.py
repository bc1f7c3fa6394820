"""What was asked of a server and what it answered, as readable text: kept as evidence of a step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from ledger.masking import masked, masked_text


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer. ``status`` is 0 where no answer came; ``response_body`` then says why."""

    method: str
    url: str
    request_body: str
    status: int
    response_body: str
    at: datetime
    """When the request was sent, aware UTC."""


def transcript(exchanges: Iterable[Exchange]) -> bytes:
    """UTF-8 text, one block per exchange: time, request line, ``>`` request body, ``<`` answer; credentials masked."""
    return "\n".join(_block(exchange) for exchange in exchanges).encode()


def _block(exchange: Exchange) -> str:
    lines = [
        f"{exchange.at.astimezone(UTC).isoformat(timespec='milliseconds')} {exchange.method} {masked(exchange.url)}",
        *_quoted(">", exchange.request_body),
        f"< {exchange.status}" if exchange.status else "< no answer",
        *_quoted("<", exchange.response_body),
    ]
    return "\n".join(lines) + "\n"


def _quoted(mark: str, body: str) -> list[str]:
    return [f"{mark} {line}" for line in masked_text(body).splitlines()]
