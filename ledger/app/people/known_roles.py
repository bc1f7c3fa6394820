"""The roles that people held when the ledger could be read last: the stop in a browser goes by them when it cannot.

``var/roles.json``: person id -> roles, sorted; mode 600. Disposable, and never asked where the ledger can be.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping

from ledger.app.home.folders import Home
from ledger.app.installation import Installation
from ledger.domain.evolve import evolve
from ledger.domain.state import State
from ledger.errors import LedgerError
from ledger.files import read_small, replace

_LONGEST = 1 << 20
"""Bytes of that file at most."""


def remember(home: Home, people: Mapping[str, frozenset[str]]) -> None:
    """Keep them; a disk that is full or read-only is no reason to refuse anybody anything."""
    page = {person: sorted(roles) for person, roles in sorted(people.items()) if roles}
    with contextlib.suppress(OSError):
        replace(home.var / "roles.json", json.dumps(page, indent=2).encode() + b"\n", 0o600, flush=False)


def as_far_as_read(installation: Installation) -> Mapping[str, frozenset[str]]:
    """The roles by the entries up to the first that cannot be read, is not signed by the ledger or does not fit."""
    state = State()
    with contextlib.suppress(LedgerError, RecursionError):
        for record, _ in installation.ledger.records():
            state = evolve(state, record)
    return state.people


def recall(home: Home) -> dict[str, frozenset[str]]:
    """What was kept; nothing where that cannot be read."""
    try:
        page = json.loads(read_small(home.var / "roles.json", _LONGEST))
        return {str(person): frozenset(map(str, roles)) for person, roles in page.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
