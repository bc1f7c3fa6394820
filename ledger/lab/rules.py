"""The lab's alert rules: the shipped rules text with short times, so that an alert fires within seconds."""

from __future__ import annotations

import re

from ledger.errors import Corrupt, Unreachable
from ledger.shipped import RULES

_SECONDS = {"s": 1, "m": 60, "h": 3600}
_WINDOW = re.compile(r"\[(\d+)([smh])\]")
_FOR = re.compile(r"^(\s+for: )(\d+)([smh])$", re.MULTILINE)
_INTERVAL = re.compile(r"^(\s+interval: )(\d+)([smh])$", re.MULTILINE)


def shipped() -> str:
    """The text of the shipped rules file. Raises Unreachable where it cannot be read."""
    try:
        return RULES.read_text("utf-8")
    except OSError as error:
        raise Unreachable(f"{RULES} cannot be read ({error.strerror}): install stage4-ledger again") from error


def shorten(rules_yaml: str) -> str:
    """Shorten range windows to 6 s and more, ``for`` to 2 s and more, the group interval to 1 s; nothing else.

    Longer times stay longer ones (``[30m]`` becomes ``[12s]``, ``for: 10m`` becomes ``4s``). Raises Corrupt for a text
    without an interval, a window or a ``for`` where this looks for them.
    """
    text, windows = _WINDOW.subn(lambda match: f"[{6 + _minutes(match[1], match[2]) // 5}s]", rules_yaml)
    text, waits = _FOR.subn(lambda match: f"{match[1]}{2 + _minutes(match[2], match[3]) // 5}s", text)
    text, intervals = _INTERVAL.subn(lambda match: f"{match[1]}1s", text)
    if not (windows and waits and intervals):
        raise Corrupt("the rules have no [window], `for:` or `interval:` to shorten: write them as in the shipped file")
    return text


def _minutes(number: str, unit: str) -> int:
    return int(number) * _SECONDS[unit] // 60
