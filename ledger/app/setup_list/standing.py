"""How each item of the setup list stands: by what was seen of it, and by what the ledger says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import islice
from typing import Final, NamedTuple

from ledger.app.doctor.check import Check
from ledger.app.doctor.oncall import seen_of_schedules
from ledger.app.installation import Installation
from ledger.app.setup_list.items import ITEMS, Item
from ledger.app.setup_list.look import NO_HEAD, Looked, State
from ledger.app.words import ROLES
from ledger.domain import state as ledger_state
from ledger.domain.runbook import RUNBOOK_ROLES, TRADING, Step
from ledger.domain.state import Rollback
from ledger.said import Said, joined

_MOST: Final = 50
"""Closed rollbacks that are looked through, the newest first."""


class Standing(NamedTuple):
    """One item and how it stands."""

    item: Item
    state: State
    findings: tuple[Check, ...]
    """What was found; the first one says it shortest."""
    at: datetime | None
    """When that was seen; None where nobody has looked."""
    by: str
    """By whom: a person's id, or empty where it was the program by itself."""
    lines: str
    """What is to be put into the settings, or typed."""

    @property
    def looked_at(self) -> bool:
        """Whether it is known how it stands."""
        return self.at is not None


def standings(
    installation: Installation, looked: Mapping[str, Looked], before: Past | None = None
) -> tuple[Standing, ...]:
    """All items. ``looked`` has the last look at each that was looked at; ``before`` is what is read if not given."""
    state, at = installation.state, installation.clock()
    before = before or past(state)
    people = _people(state, at)
    people = people._replace(findings=(*people.findings, *seen_of_schedules(installation)))
    found = {"people": people, "stop": _stop(state, before, at), "drill": _drill(before, at)}
    return tuple(
        _beside(item, found[item.name], looked.get(item.name), _lines(item, state))
        if item.name in found
        else _by_looks(item, installation, looked.get(item.name), at)
        for item in ITEMS
    )


def upcoming(listed: tuple[Standing, ...]) -> Standing | None:
    """What is to be done next: the first that is not done; None where all is."""
    return next((standing for standing in listed if standing.state != "done"), None)


def _beside(item: Item, found: Looked, looked: Looked | None, lines: str) -> Standing:
    """What the ledger says, and beside it what a look found."""
    state = "broken" if looked and looked.state == "broken" else found.state
    return Standing(item, state, (*found.findings, *(looked.findings if looked else ())), found.at, found.by, lines)


def _by_looks(item: Item, installation: Installation, looked: Looked | None, at: datetime) -> Standing:
    if looked is not None:
        return Standing(item, looked.state, looked.findings, looked.at, looked.by, item.lines)
    if item.name == "witness":
        return Standing(item, "not_yet", (Check(item.name, "warning", NO_HEAD),), None, "", item.lines)
    if getattr(installation.config, item.name).url:
        return Standing(item, "not_yet", (Check(item.name, "warning", "nobody has looked yet"),), None, "", item.lines)
    return Standing(item, "not_yet", (Check(item.name, "warning", "no address is set"),), at, "", item.lines)


def _lines(item: Item, state: ledger_state.State) -> str:
    """The lines, for people one for each role that nobody holds."""
    if item.name != "people":
        return item.lines
    return "\n".join(item.lines.format(role=role) for role in _unheld(state) or ("product_owner",))


# --- by the ledger ----------------------------------------------------------------------------------------------------


def _unheld(state: ledger_state.State) -> tuple[str, ...]:
    held = {role for roles in state.people.values() for role in roles}
    return tuple(role for role in RUNBOOK_ROLES if role not in held)


def _people(state: ledger_state.State, at: datetime) -> Looked:
    if missing := _unheld(state):
        return Looked(
            "not_yet",
            (Check("people", "warning", Said("nobody has the role {}", ", ".join(map(ROLES.__getitem__, missing)))),),
            at,
        )
    managers, owners = (
        {person for person, roles in state.people.items() if role in roles}
        for role in ("incident_manager", "product_owner")
    )
    if len(managers | owners) < 2:
        alone = "Incident Manager and product owner are one person, who cannot confirm what that person opens"
        return Looked("not_yet", (Check("people", "warning", alone),), at)
    return Looked("done", (Check("people", "ok", "every role of the runbook is held, and two people can confirm"),), at)


class Past(NamedTuple):
    """What the closed rollbacks say, which stays as it is until one more is closed."""

    stop: Looked | None
    """The newest in which the scheduler answered after an override was written."""
    drill: Looked | None
    """The newest drill that was completed, one with every step before one with less."""


def past(state: ledger_state.State) -> Past:
    """Read out of the newest closed rollbacks."""
    stop, whole, part = None, None, None
    for rollback in islice(state.closed.newest_first(), _MOST):
        stop = stop or _obeyed(rollback)
        drill = _drilled(rollback)
        if drill is not None and drill.state == "done":
            whole = whole or drill
        part = part or drill
    return Past(stop, whole or part)


def _obeyed(rollback: Rollback) -> Looked | None:
    """Whether the scheduler obeyed it; None where it was not asked, or gave no answer."""
    step = rollback.steps[Step.CHECK]
    if rollback.component != TRADING or step.at is None or step.verdict not in ("pass", "fail"):
        return None
    if step.verdict == "pass":
        found = Said("the scheduler was seen disabled by the override of {}", rollback.id)
        return Looked("done", (Check("stop", "ok", found),), step.at, step.by)
    found = Said("the scheduler did not obey the override of {}: {}", rollback.id, joined(step.reasons, "; "))
    remedy = "find out which folder it reads: the override has to lie on the scheduler's own file system"
    return Looked("broken", (Check("stop", "problem", found, remedy),), step.at, step.by)


def _stop(state: ledger_state.State, before: Past, at: datetime) -> Looked:
    newest = sorted(state.open.values(), key=lambda rollback: -rollback.opened_entry)
    seen = next(filter(None, map(_obeyed, newest)), before.stop)
    return seen or Looked("not_yet", (Check("stop", "warning", "no scheduler was seen to obey an override yet"),), at)


def _drilled(rollback: Rollback) -> Looked | None:
    """A completed drill; one with steps waived was not the whole road. None for anything else."""
    if rollback.purpose != "drill" or rollback.phase != "completed" or rollback.closed_at is None:
        return None
    waived = [str(number) for number, step in enumerate(rollback.steps) if step.waived]
    if waived:
        found = Said("{} was completed without these steps: {}", rollback.id, ", ".join(waived))
        return Looked("not_yet", (Check("drill", "warning", found),), rollback.closed_at)
    return Looked("done", (Check("drill", "ok", Said("{} took every step", rollback.id)),), rollback.closed_at)


def _drill(before: Past, at: datetime) -> Looked:
    return before.drill or Looked("not_yet", (Check("drill", "warning", "no drill was completed yet"),), at)
