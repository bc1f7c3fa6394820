"""What ``doctor`` and the setup list say of who is on duty."""

from __future__ import annotations

from collections.abc import Iterator

from ledger.app.doctor.check import Check
from ledger.app.installation import Installation
from ledger.app.oncall.duty import doubt, words
from ledger.app.words import ROLES
from ledger.said import Said

_REMEDY = "mend what it says; until then pages say that it is not known"
_NAME_THEM = "name them in [oncall.people] of stage4.toml, or give them the role: stage4 people grant"


def look_at_schedules(installation: Installation) -> Iterator[Check]:
    """Each schedule, now: that is the probe. Nothing is changed there."""
    installation.oncall.look()
    yield from seen_of_schedules(installation)


def seen_of_schedules(installation: Installation) -> Iterator[Check]:
    """The same by what was seen last; asks nobody."""
    now, state, names = installation.clock(), installation.state, installation.people.names()
    for duty in installation.oncall.duties(now):
        role = Said(ROLES[duty.role]) if duty.role in ROLES else Said("{}", duty.role)
        found = Said("{}: {}", role, words(duty, state, names, now))
        if duty.on is None:
            yield Check("on-call", "problem", found, _REMEDY)
        elif not duty.on:
            yield Check("on-call", "warning", found)
        elif any(doubt(one, duty.role, state) for one in duty.on):
            yield Check("on-call", "warning", found, _NAME_THEM)
        else:
            yield Check("on-call", "ok", found)
