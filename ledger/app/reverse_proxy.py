"""Whether something stands in front of the dashboard that nobody declared: a proxy without ``--behind-proxy``.

What is seen of it is kept in ``var/web/undeclared_proxy.json``, so that ``doctor`` and the next start can say it.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from ledger.app.home.folders import Home
from ledger.errors import LedgerError
from ledger.files import read_bounded, replace
from ledger.said import Said

TOLD: Final = timedelta(days=1)
"""How long after it was seen last it is still told."""
_LONGEST: Final = 4096


class Front(NamedTuple):
    """A peer that passes on what others ask, seen without being declared."""

    peer: str
    """Its address."""
    seen_at: datetime


def note(home: Home, front: Front) -> None:
    """Keep what was seen last. Never fails: no request waits for this."""
    page = json.dumps({"peer": front.peer, "seen_at": front.seen_at.isoformat()})
    with contextlib.suppress(OSError, LedgerError):
        replace(home.var / "web" / "undeclared_proxy.json", page.encode(), 0o600)


def noted(home: Home, at: datetime) -> Front | None:
    """What was seen within the last day, or None."""
    try:
        page = json.loads(read_bounded(home.var / "web" / "undeclared_proxy.json", _LONGEST))
        front = Front(str(ipaddress.ip_address(page["peer"])), datetime.fromisoformat(page["seen_at"]))
        return front if at - front.seen_at < TOLD else None
    except (OSError, LedgerError, ValueError, KeyError, TypeError):
        return None


def forget(home: Home) -> None:
    """It is declared now."""
    with contextlib.suppress(OSError):
        (home.var / "web" / "undeclared_proxy.json").unlink()


def describe(front: Front) -> str:
    """What it means."""
    return Said(
        "requests come through {} with X-Forwarded-For (last seen {} UTC), and no --behind-proxy "
        "names it: everybody behind it counts as one address, and nothing is taken for https",
        front.peer,
        f"{front.seen_at:%Y-%m-%d %H:%M:%S}",
    )


def remedy(front: Front) -> str:
    """What to do about it."""
    if ipaddress.ip_address(front.peer).is_loopback:
        return "if that is your proxy: stage4 serve --behind-proxy"
    return Said("if that is your proxy: stage4 serve --behind-proxy={}", front.peer)
