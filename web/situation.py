"""The situation in one sentence and one glance: what the ledger declares beside what was seen outside."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from ledger.app.observer.warnings import LINGER, MINUTES
from ledger.app.reading.outlook import SOURCES, Outlook
from ledger.app.reading.queries import drift
from ledger.app.words import ROLES
from ledger.domain.facts import AlertCount
from ledger.domain.rules import clock_text, owed_before, owed_before_end
from ledger.domain.runbook import STEPS, TRADING, Step
from ledger.domain.standing import claims, why_it_does_not_stop
from ledger.domain.state import Rollback, State
from ledger.domain.stopping.stop import runs_on
from web.i18n import gettext as _
from web.i18n import said
from web.site import site
from web.words import Look, person, stamp


class Next(NamedTuple):
    """What comes next for a rollback and whose it is."""

    rollback: str
    step: int | None
    what: str
    role: str
    holder: str
    """Person id of who holds the role in this rollback, or ""."""


class Row(NamedTuple):
    """One line of a tile."""

    name: str
    value: str
    at: datetime | None = None


class Tile(NamedTuple):
    """One thing at a glance."""

    title: str
    look: Look
    rows: tuple[Row, ...]
    note: str = ""
    source: str = ""
    link: str = ""
    """A page that tells more."""


UNKNOWN = ("?", "unknown")


def next_of(rollback: Rollback) -> list[Next]:
    """The next actions of an open rollback, the most urgent first."""
    if not rollback.is_open:
        return []
    found = []
    if rollback.override.removed_outside:
        found.append(_next(rollback, 5, _("adopt the removal, or put the override back"), "l2_ops"))
    if not rollback.restoring and not owed_before_end(rollback):
        return [*found, _next(rollback, 5, _("end the incident"), "incident_manager")]
    numbers = (Step.RESTORE, Step.COMPLETE) if rollback.restoring else [*Step][: Step.RESTORE]
    for number in numbers:
        if rollback.steps[number].passed or owed_before(rollback, number):
            continue
        role = "product_owner" if number == Step.ANNOUNCE else STEPS[number].role
        found.append(_next(rollback, number, _(SHORT[number]), role))
        if not rollback.emergency:
            break
    return found


def _next(rollback: Rollback, step: int | None, what: str, role: str) -> Next:
    return Next(rollback.id, step, what, role, rollback.duty.get(role, ""))


def _mark(message: str) -> str:
    return message


SHORT = (
    _mark("confirmation"),
    _mark("stop of the scheduler"),
    _mark("silence of the alerts"),
    _mark("check of the stop"),
    _mark("watch"),
    _mark("restart of trading"),
    _mark("closing of the decision log"),
)
"""The steps as nouns, for "Next: …"."""


def critical(outlook: Outlook) -> list[AlertCount] | None:
    """Critical Stage4 alerts that fire, by name, as Prometheus has them; None where that is not known."""
    if outlook.counts is None:
        return None
    return [one for one in outlook.counts if one.severity == "critical" and one.state == "firing"]


def sentence(state: State, outlook: Outlook, now: datetime) -> str:
    """The whole situation as somebody would say it in the incident channel."""
    parts = [_trading(state, outlook, now), _muted(state)]
    upcoming = [one for rollback in state.open.values() for one in next_of(rollback)[:1]]
    for one in upcoming[:2]:
        role = _(ROLES[one.role])
        who = f"{role} ({person(one.holder)})" if one.holder else role
        where = f" ({one.rollback})" if len(state.open) > 1 else ""
        parts.append(_("Next: %(what)s, %(who)s%(where)s.", what=one.what, who=who, where=where))
    if not state.open:
        parts.append(_("No rollback is open."))
    return " ".join(part for part in parts if part)


def _trading(state: State, outlook: Outlook, now: datetime) -> str:
    holder, seen = state.holder, outlook.scheduler
    known = seen is not None and outlook.fresh("scheduler", now) and seen.status != "unknown"
    if holder is not None and holder.override.written_at is not None:
        since, who = f"{holder.override.written_at:%H:%M}", person(holder.override.by)
        if known and seen is not None and seen.status == "disabled":
            return _("Trading STOPPED since %(since)s (%(who)s).", since=since, who=who)
        if known:
            return _("Trading is RUNNING although %(who)s stopped it at %(since)s.", since=since, who=who)
        file = outlook.file if outlook.fresh("override", now) else None
        if file is not None and (why := why_it_does_not_stop(file, TRADING, now)):
            return _(
                "Whether trading runs is not known: %(who)s stopped it at %(since)s, and now %(why)s.",
                who=who,
                since=since,
                why=said(why),
            )
        return _("Trading was stopped at %(since)s (%(who)s); the scheduler does not answer.", since=since, who=who)
    if known and seen is not None:
        running = seen.status == "enabled"
        return _("Trading is running.") if running else _("Trading is STOPPED, and no rollback holds it.")
    return _("Whether trading runs is not known: the scheduler does not answer.")


class Standing(NamedTuple):
    """How the stop stands by what was seen last, and what its button is to say."""

    stopped: bool
    """A good override was seen a moment ago, and the scheduler is not seen to run on in spite of it."""
    again: bool
    """Somebody stopped it, and what is seen does not stop it (any more)."""
    text: str


def standing(state: State, outlook: Outlook, now: datetime) -> Standing:
    """Label and button of the stop go by what is seen, never by what the ledger believes."""
    holder, file = state.holder, outlook.file
    if file is None or not outlook.fresh("override", now):
        return Standing(False, holder is not None, _("the override was not seen for a while"))
    broken = why_it_does_not_stop(file, TRADING, now)
    scheduler = outlook.scheduler if outlook.fresh("scheduler", now) else None
    if broken and holder is not None:
        return Standing(False, True, _("nothing stops it: %(why)s", why=said(broken)))
    if broken:
        what = _("one press: opens the rollback, declares the emergency, writes the override")
        return Standing(False, False, what)
    by = person(holder.override.by) if holder is not None else claims(file.content).by
    if runs_on(file, scheduler):
        return Standing(False, True, _("stopped by %(who)s, and the scheduler runs on", who=by))
    return Standing(True, False, _("already stopped by %(who)s, seen at %(at)s", who=by, at=clock_text(file.at)))


def _muted(state: State) -> str:
    ends = [r.silence.ends_at for r in state.open.values() if r.silence.state == "active" and r.silence.ends_at]
    if ends:
        return _("Alerts muted until %(until)s UTC.", until=f"{max(ends):%H:%M}")
    return _("Alerts are not muted.") if state.open else ""


def discrepancies(state: State, outlook: Outlook, now: datetime) -> list[str]:
    """What every page warns of: drift, a source that is silent, ends that come near."""
    found = []
    if outlook.file is not None and outlook.scheduler is not None:
        pending = any(e.kind in ("override", "put_back", "removal") for r in state.open.values() for e in r.effects)
        leaving = any(rollback.override.removed_at for rollback in state.open.values() if rollback.restarted_at is None)
        status = outlook.scheduler.status
        said = drift(state, outlook.file, status)
        calm = status == "disabled" and leaving  # it is on its way back: step 5 waits for it
        found += [] if pending else [one for one in said if not (calm and "although nothing holds it" in one)]
        if status == "unknown":
            found = [one for one in found if "status is not known" not in one]
    found += silent(outlook, now)
    for rollback in state.open.values():
        found += _silence_troubles(rollback, state, outlook, now)
    return found


def silent(outlook: Outlook, now: datetime, sources: Collection[str] = SOURCES) -> list[str]:
    """One sentence for each of the sources that does not answer: since when, and what it said instead."""
    found = []
    for source, one in outlook.missing.items():
        if source in sources:
            found.append(f"{source} does not answer since {_since(one.since, now)}: {one.why}")
    return found


def _since(moment: datetime, now: datetime) -> str:
    """The time; on another day with its date."""
    return clock_text(moment) if moment.date() == now.date() else stamp(moment)


def _silence_troubles(rollback: Rollback, state: State, outlook: Outlook, now: datetime) -> list[str]:
    silence, found = rollback.silence, []
    if silence.state == "lost":
        found.append(f"the silence of {rollback.id} is gone: silence the alerts again")
    if silence.state == "active":
        found += [
            f"Alertmanager at {seen.name} does not have the silence of {rollback.id}"
            for seen in outlook.members
            if seen.silences is not None and ((own := seen.silence(silence.id)) is None or own.state != "active")
        ]
    if silence.state == "active" and silence.ends_at:
        left = silence.ends_at - now
        due = next((minutes for minutes in reversed(MINUTES) if left <= timedelta(minutes=minutes)), None)
        if due is not None and left > timedelta(0):
            found.append(f"the silence of {rollback.id} ends in less than {due} minutes")
        since = state.scheduler.at
        if state.scheduler.status == "enabled" and rollback.restarted_at is not None and now - since > LINGER:
            found.append(f"the scheduler is enabled and the silence of {rollback.id} still mutes its alerts")
    return found


def current() -> tuple[State, Outlook, datetime]:
    """State, outlook and time of this request."""
    here = site()
    return here.installation.state, here.lookout.outlook, here.installation.clock()
