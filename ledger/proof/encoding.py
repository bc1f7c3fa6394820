"""Strict base64 and decimal: parse, format again, compare. Python's own parsers accept look-alikes."""

from __future__ import annotations

import base64
import binascii

from ledger.errors import Corrupt


def format_base64(data: bytes) -> str:
    """Standard base64 with padding (RFC 4648 section 4)."""
    return base64.b64encode(data).decode("ascii")


def parse_base64(text: str) -> bytes:
    """Bytes of standard base64; ``Corrupt`` for white space, missing padding or stray bits."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Corrupt(f"not base64: {text[:60]!r}") from error
    if format_base64(data) != text:
        raise Corrupt(f"not canonical base64: {text[:60]!r}")
    return data


def parse_decimal(text: str) -> int:
    """A whole number of 0 to 2^63-1 without sign, space, underscore or leading zero; else ``Corrupt``."""
    if not text.isascii() or not text.isdigit() or len(text) > 19 or str(int(text)) != text or int(text) >= 2**63:
        raise Corrupt(f"not a decimal number: {text[:30]!r}")
    return int(text)
