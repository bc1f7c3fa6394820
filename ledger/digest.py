"""The one name of bytes: ``sha384:`` + 96 hex digits. Names artefacts and links the chain."""

from __future__ import annotations

import hashlib


def sha384(data: bytes) -> str:
    """``sha384:<hex>`` of the bytes (FIPS 180-4)."""
    return "sha384:" + hashlib.sha384(data).hexdigest()
