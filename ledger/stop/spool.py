"""The spool: what happened while the ledger was passed over, kept until it can be taken in."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ledger.files import make_folder, place_exclusive, read_small

FORMAT = "stage4-ledger stop v1"
RESERVE = ".reserve"
"""A file in the spool folder that is given up where the disk is full."""
RESERVE_BYTES = 1024 * 1024
_LONGEST_KEY = 64 * 1024
_NO_LOGIN = 2**32 - 1


def spool(root: Path, facts: dict[str, Any]) -> str:
    """Keep the facts, signed with the ledger's HMAC key where it can be read; the path, or "" where there is none.

    JSON with two-space indent and sorted keys, mode 600. Never fails: the scheduler is stopped already.
    """
    try:
        return _spool(root, facts)
    except Exception:  # noqa: BLE001 (whatever it is, the scheduler is stopped already)
        return ""


def _spool(root: Path, facts: dict[str, Any]) -> str:
    folder = root / "var" / "spool"
    page = dict(facts, signature=_signature(root, facts))
    data = json.dumps(page, indent=2, sort_keys=True, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
    path = folder / f"stop-{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}.json"
    for last in (False, True):
        try:
            make_folder(folder)
            place_exclusive(path, data)
        except OSError:
            if last or not give_up_reserve(root):
                return ""
        else:
            return str(path)
    return ""


def give_up_reserve(root: Path) -> bool:
    """Free the space that is kept for a full disk; whether there was any."""
    try:
        (root / "var" / "spool" / RESERVE).unlink()
    except OSError:
        return False
    return True


def login_uid() -> int:
    """The uid that logged in, also below sudo (``/proc/self/loginuid``); where none is set, the process' own."""
    try:
        uid = int(Path("/proc/self/loginuid").read_text("ascii"))
    except (OSError, ValueError):
        uid = _NO_LOGIN
    return os.getuid() if uid == _NO_LOGIN else uid


def sign_spool(facts: dict[str, Any], key: bytes) -> str:
    """Base64 of HMAC-SHA256 over the facts as canonical JSON."""
    data = json.dumps(facts, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return base64.b64encode(hmac.digest(key, data, hashlib.sha256)).decode()


def _signature(root: Path, facts: dict[str, Any]) -> str:
    """The spool's signature, or "" (marked unsigned) where there is no key to be had."""
    try:
        named = os.environ.get("STAGE4_HMAC_KEY_FILE") or root / "var" / "keys" / "hmac.key"
        key = read_small(Path(named), _LONGEST_KEY, follow=True).strip()
    except OSError:
        return ""
    return sign_spool(facts, key) if key else ""
