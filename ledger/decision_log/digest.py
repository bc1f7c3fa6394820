"""Digests named ``<algorithm>:<hex>``, with any algorithm of fixed length that ``hashlib`` knows."""

from __future__ import annotations

import hashlib

from ledger.decision_log.line import shown
from ledger.errors import Refused


def algorithm_name(text: str) -> str:
    """The lower-case name ``hashlib`` knows. ``Refused`` for an unknown one, or one without a fixed length (shake)."""
    name = text.lower()
    try:
        digest = hashlib.new(name, usedforsecurity=False)
    except (ValueError, TypeError) as error:
        raise Refused(
            f"no hash algorithm is called {shown(text)}; sha256, sha384 and sha512 are always there"
        ) from error
    if digest.digest_size == 0:
        raise Refused(f"{name} has no fixed length, so its digest names nothing; take sha384 for example")
    return name


def is_digest_of(expected: str, found: str) -> bool:
    """Whether ``found`` (hex) is the hex of ``expected`` (``<algorithm>:<hex>``). No secret is compared."""
    return expected.rpartition(":")[2] == found
