"""The one name of bytes: ``sha384:`` + 96 hex digits. Names artefacts and links the chain."""

from __future__ import annotations

from hashlib import sha384 as _sha384


def sha384(data: bytes) -> str:
    """``sha384:<hex>`` of the bytes (FIPS 180-4)."""
    return "sha384:" + _sha384(data).hexdigest()
