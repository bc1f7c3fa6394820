"""Duty for a role at a moment, in its parts and in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from ledger.app.words import ROLES
from ledger.domain.moments import clock_or_day
from ledger.domain.state import State
from ledger.said import Said, as_said, joined


class Somebody(NamedTuple):
    """One who is on duty, or comes next."""

    name: str
    """As the schedule has it."""
    person: str
    """Whom ``[oncall.people]`` says that is; ``""`` where it says nothing."""
    since: datetime | None
    until: datetime | None


class Duty(NamedTuple):
    """Who is on duty for a role. ``on`` is None where that is not known, and empty where nobody is."""

    role: str
    on: tuple[Somebody, ...] | None
    coming: tuple[Somebody, ...] = ()
    source: str = ""
    at: datetime | None = None
    """When it was looked at; None where it never was, in vain too."""
    why: str = ""
    """Why it is not known."""
    note: str = ""

    @property
    def state(self) -> str:
        """``known``, ``nobody`` or ``unknown``."""
        return "unknown" if self.on is None else "known" if self.on else "nobody"


def doubt(one: Somebody, role: str, state: State) -> str:
    """What is to be said of somebody on duty: ``unnamed``, ``unknown``, ``left`` or ``lacks``; ``""``: may act."""
    if not one.person:
        return "unnamed"
    if one.person not in state.people:
        return "unknown"
    if one.person in state.deactivated:
        return "left"
    return "" if role in state.people[one.person] else "lacks"


def words(duty: Duty, state: State, names: Mapping[str, str], now: datetime) -> Said:
    """``on duty by PagerDuty, as of 03:14:07 UTC: Ola until 06:00 UTC, then Jan``; without a full stop."""
    if duty.on is None:
        return Said("who is on duty is not known: {}", as_said(duty.why))
    at = f"{clock_or_day(duty.at or now, now, seconds=True)} UTC"
    who = joined(called(one, duty.role, state, names, now) for one in duty.on)
    if not duty.on:
        told = Said("nobody is on duty by {}, as of {}", as_said(duty.source), at)
    else:
        told = Said("on duty by {}, as of {}: {}", as_said(duty.source), at, who)
    if duty.coming:
        began = duty.coming[0].since
        following = joined(_following(one, duty.role, state, names) for one in duty.coming)
        told = Said("{}; next from {}: {}", told, f"{clock_or_day(began, now)} UTC" if began else "?", following)
    return Said("{} ({})", told, as_said(duty.note)) if duty.note else told


def in_short(duty: Duty, state: State, names: Mapping[str, str], now: datetime) -> Said:
    """``on duty: Ola until 06:00 UTC (PagerDuty, 03:14:07 UTC)``, where there is little room."""
    if duty.on is None:
        return Said("who is on duty is not known")
    at = f"{clock_or_day(duty.at or now, now, seconds=True)} UTC"
    if not duty.on:
        return Said("nobody is on duty ({}, {})", as_said(duty.source), at)
    who = joined(called(one, duty.role, state, names, now) for one in duty.on)
    return Said("on duty: {} ({}, {})", who, as_said(duty.source), at)


def called(one: Somebody, role: str, state: State, names: Mapping[str, str], now: datetime) -> Said:
    """``Ola until 06:00 UTC``, with what is to be doubted."""
    who = _named(one, role, state, names)
    return Said("{} until {}", who, f"{clock_or_day(one.until, now)} UTC") if one.until else who


def _named(one: Somebody, role: str, state: State, names: Mapping[str, str]) -> Said:
    name = Said("{}", names.get(one.person, one.name))
    return {
        "": name,
        "unnamed": Said("{} (not known here)", name),
        "unknown": Said("{} (not known here)", name),
        "left": Said("{} (on duty, but deactivated here)", name),
        "lacks": Said("{} (on duty, but does not hold the role)", name),
    }[doubt(one, role, state)]


def _following(one: Somebody, role: str, state: State, names: Mapping[str, str]) -> Said:
    """Of who comes next only that there is a doubt is said: there is time to see to it."""
    name = Said("{}", names.get(one.person, one.name))
    return Said("{} (may not act here yet)", name) if doubt(one, role, state) else name


def kept(duties: tuple[Duty, ...]) -> Said:
    """The same for an entry: people by their ids alone, whom the ledger does not know without a name."""
    return joined((Said("{}: {}", Said(ROLES[duty.role]), _kept(duty)) for duty in duties), "; ")


def _kept(duty: Duty) -> Said:
    if duty.on is None:
        return Said("not known")
    if not duty.on:
        return Said("nobody on duty")
    return joined(Said("{}", one.person) if one.person else Said("somebody who is not known here") for one in duty.on)


def as_json(duties: tuple[Duty, ...], state: State, names: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """By role; times in ISO 8601, UTC."""
    return {duty.role: dict(_page(duty, state, names, now)) for duty in duties}


def _page(duty: Duty, state: State, names: Mapping[str, str], now: datetime) -> Iterator[tuple[str, Any]]:
    yield "sentence", str(words(duty, state, names, now))
    yield "state", duty.state
    yield "on_duty", [_somebody(one, duty.role, state) for one in duty.on or ()]
    yield "next", [_somebody(one, duty.role, state) for one in duty.coming]
    yield "source", str(duty.source) or None
    yield "looked_at", duty.at.isoformat() if duty.at else None
    yield "why_not", str(duty.why) or None
    yield "note", str(duty.note) or None


def _somebody(one: Somebody, role: str, state: State) -> dict[str, Any]:
    found = doubt(one, role, state)
    return {
        "name": one.name,
        "person": one.person or None,
        "since": one.since.isoformat() if one.since else None,
        "until": one.until.isoformat() if one.until else None,
        "holds_the_role": found == "",
        "doubt": found or None,
    }
