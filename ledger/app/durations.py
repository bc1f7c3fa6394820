"""Durations as people type them: ``20s``, ``15m``, ``2h``, ``1h30m``."""

from __future__ import annotations

import re

from ledger.errors import Refused

_FORM = re.compile(r"(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?")


def parse_duration(text: str) -> int:
    """Seconds of ``15m`` and the like; ``Refused`` for other forms and for nothing."""
    match = _FORM.fullmatch(text.strip())
    parts = [int(part or 0) for part in match.groups()] if match else [0, 0, 0]
    seconds = parts[0] * 3600 + parts[1] * 60 + parts[2]
    if not seconds:
        raise Refused(f"{text[:40]!a} is no duration; write 20s, 15m, 2h or 1h30m")
    return seconds


def format_duration(seconds: float) -> str:
    """``1 h 30 min``, ``4 min 10 s`` or ``7 s``: the two largest units."""
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    parts = [f"{n} {unit}" for n, unit in ((hours, "h"), (minutes, "min"), (rest, "s")) if n]
    return " ".join(parts[:2]) or "0 s"
