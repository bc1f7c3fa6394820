"""One thing that ``doctor`` looked at."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Check(NamedTuple):
    """What was looked at, how it stands, what was found and what to do."""

    name: str
    state: Literal["ok", "warning", "problem"]
    found: str
    remedy: str = ""
