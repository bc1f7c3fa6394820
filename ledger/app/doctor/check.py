"""One thing that ``doctor`` looked at."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Check(NamedTuple):
    """What was looked at, how it stands, what was found and what to do."""

    name: str
    state: Literal["ok", "warning", "problem"]
    found: str
    remedy: str = ""


def remedy_for(why: str) -> str:
    """What to do about a server beside what its own sentence advises: that names the cause, and mostly the remedy."""
    if "answered, and not all" in why:
        return "let those who run it look at what it says there: until it answers whole, steps stay inconclusive"
    if "did not answer whole within" in why or "answered more than" in why:
        return "give it more time (read_timeout in stage4.toml) or less to tell, such as fewer alerts and rules"
    return ""
