"""Whether trading is stopped, in words that go by what is seen now and never by what the ledger believes."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

from ledger.app.reading.outlook import Outlook
from ledger.domain.effects import awaits_file
from ledger.domain.facts import FileSeen
from ledger.domain.moments import clock_or_day
from ledger.domain.rules import clock_text
from ledger.domain.runbook import TRADING
from ledger.domain.standing import claims, why_it_does_not_stop
from ledger.domain.state import Rollback, State
from ledger.domain.stopping.stop import OBEYS_WITHIN, runs_on, stays_off
from web.i18n import gettext as _
from web.told import clause
from web.words import person

Stands = Literal["stops", "broken", "not looked"]
"""Of an override: it stops trading, it does not, or nothing has looked since it was written."""


def override_stands(state: State, outlook: Outlook, now: datetime) -> Stands:
    """What is seen at the override's path; a look from before it was written says nothing of it."""
    file = outlook.file if outlook.fresh("override", now) else None
    written = state.holder.override.written_at if state.holder else None
    if file is None or (written is not None and file.at <= written):
        return "not looked"
    return "broken" if why_it_does_not_stop(file, TRADING, now) else "stops"


def may_obey_yet(state: State, outlook: Outlook, now: datetime) -> bool:
    """Whether a scheduler that is still enabled has had no time to obey the override that was written."""
    stands = override_stands(state, outlook, now)
    if stands == "stops" and outlook.file is not None:
        return not runs_on(outlook.file, outlook.scheduler)
    written = state.holder.override.written_at if state.holder else None
    return stands == "not looked" and written is not None and now - written <= OBEYS_WITHIN


def not_looked_yet(state: State, outlook: Outlook, now: datetime) -> bool:
    """Whether the file was written or removed a moment ago, and what was seen last at its path is from before that."""
    file, left = outlook.file, leaving(state, outlook, now)
    done = state.holder.override.written_at if state.holder else left.removed if left else None
    return file is not None and done is not None and file.at <= done and now - done <= OBEYS_WITHIN


class Leaving(NamedTuple):
    """A rollback that removed its override."""

    id: str
    removed: datetime


def leaving(state: State, outlook: Outlook, now: datetime) -> Leaving | None:
    """The rollback that just restored trading, while the scheduler has had no time to start again."""
    seen = outlook.scheduler
    last = max((one for one in map(_leaving, state.open.values()) if one), key=lambda one: one.removed, default=None)
    if last is None or seen is None or state.holder is not None or stays_off(last.removed, seen):
        return None
    restarts = (one.restarted_at for one in state.open.values() if one.restarted_at is not None)
    if any(last.removed <= at < seen.at for at in restarts):
        return None  # it did start again, and stopped since
    file = outlook.file if outlook.fresh("override", now) else None
    return last if file is None or file.at <= last.removed or file.kind == "absent" else None


def _leaving(rollback: Rollback) -> Leaving | None:
    """Where nobody else held the scheduler when it let go."""
    removed = rollback.override.removed_at
    if removed is None or rollback.override.held_by or rollback.component != TRADING:
        return None
    return Leaving(rollback.id, removed)


def trading(state: State, outlook: Outlook, now: datetime) -> str:
    """Whether trading runs, in a sentence: stopped only while the scheduler itself says so."""
    holder, seen = state.holder, outlook.scheduler
    known = seen is not None and outlook.fresh("scheduler", now) and seen.status != "unknown"
    if holder is not None and holder.override.written_at is not None:
        since, who = clock_or_day(holder.override.written_at, now), person(holder.override.by)
        if known and seen is not None and seen.status == "disabled":
            return _("Trading STOPPED since %(since)s (%(who)s).", since=since, who=who)
        if known and may_obey_yet(state, outlook, now):
            return _("%(who)s stopped trading at %(since)s; it has not been seen stopped yet.", who=who, since=since)
        if known:
            return _("Trading is RUNNING although %(who)s stopped it at %(since)s.", since=since, who=who)
        return _not_known(state, outlook, now, since, who)
    if known and seen is not None:
        return _("Trading is running.") if seen.status == "enabled" else _stopped_by_nobody(state, outlook, now)
    return _("Whether trading runs is not known: %(why)s.", why=unknown_scheduler(outlook))


def _stopped_by_nobody(state: State, outlook: Outlook, now: datetime) -> str:
    """For a moment after the restore it is only on its way back."""
    if (left := leaving(state, outlook, now)) is None:
        return _("Trading is STOPPED, and no rollback holds it.")
    at = clock_or_day(left.removed, now, seconds=True)
    return _("Restored at %(at)s: the override is gone, the scheduler has not been seen enabled yet.", at=at)


def _not_known(state: State, outlook: Outlook, now: datetime, since: str, who: str) -> str:
    """Somebody stopped it, and the scheduler cannot be asked."""
    stands, why = override_stands(state, outlook, now), unknown_scheduler(outlook)
    if stands == "broken" and outlook.file is not None:
        return _(
            "Whether trading runs is not known: %(who)s stopped it at %(since)s, and now %(why)s.",
            who=who,
            since=since,
            why=clause(why_it_does_not_stop(outlook.file, TRADING, now)),
        )
    if stands == "not looked":
        return _(
            "%(who)s wrote the override at %(since)s; whether it stands and trading obeys is not known: %(why)s.",
            who=who,
            since=since,
            why=why,
        )
    return _(
        "The override stands since %(since)s (%(who)s); whether trading obeys is not known: %(why)s.",
        since=since,
        who=who,
        why=why,
    )


def unknown_scheduler(outlook: Outlook) -> str:
    """Why nothing is known of the scheduler now, as a clause."""
    missing = outlook.missing.get("scheduler")
    if missing is not None and missing.asked:
        return _("the scheduler does not answer")
    if missing is not None:
        return _("no scheduler is configured")
    asked = "scheduler" in outlook.at
    return _("the scheduler was not asked for a while") if asked else _("the scheduler was not asked yet")


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
    if (
        holder is not None
        and override_stands(state, outlook, now) == "not looked"
        and may_obey_yet(state, outlook, now)
    ):
        by, at = person(holder.override.by), clock_text(holder.override.written_at or now)
        return Standing(True, False, _("written by %(who)s at %(at)s, and read back then", who=by, at=at))
    if file is None or not outlook.fresh("override", now):
        return Standing(False, holder is not None, _("the override was not seen for a while"))
    broken = why_it_does_not_stop(file, TRADING, now)
    scheduler = outlook.scheduler if outlook.fresh("scheduler", now) else None
    if broken and holder is not None:
        return Standing(False, True, _("nothing stops it: %(why)s", why=clause(broken)))
    if broken:
        what = _("one press: opens the rollback, declares the emergency, writes the override")
        return Standing(False, False, what)
    by = person(holder.override.by) if holder is not None else claims(file.content).by
    if runs_on(file, scheduler):
        return Standing(False, True, _("stopped by %(who)s, and the scheduler runs on", who=by))
    if state.holders and all(rollback.purpose == "drill" for rollback in state.holders):
        return Standing(False, False, _("a drill stopped it and ends by itself; a stop pressed now outlasts it"))
    return Standing(True, False, _("already stopped by %(who)s, seen at %(at)s", who=by, at=clock_text(file.at)))


def is_gone(rollback: Rollback, outlook: Outlook, now: datetime) -> bool:
    """Whether the override by which it holds is gone: recorded, or seen just now."""
    file = _file(rollback, outlook, now)
    return bool(rollback.override.removed_outside) or (file is not None and file.kind == "absent")


def _file(rollback: Rollback, outlook: Outlook, now: datetime) -> FileSeen | None:
    """What was just seen at the path of the override by which it holds; None where nothing was since it was written."""
    file, written = outlook.file, rollback.override.written_at
    if file is None or written is None or file.at <= written or not outlook.fresh("override", now):
        return None
    mine = file.path == rollback.override.path
    return file if mine and rollback.is_open and rollback.holds and not awaits_file(rollback) else None


def remark(rollback: Rollback, outlook: Outlook, now: datetime) -> str:
    """What is wrong now with a stop that passed once; empty where it stands, or nothing is held."""
    if not rollback.is_open or not rollback.holds or awaits_file(rollback) or rollback.component != TRADING:
        return ""
    file = _file(rollback, outlook, now)
    if file is None:
        if outlook.fresh("override", now):
            return ""  # it was written a moment ago, and the next look is due
        return _("Whether the override still stands is not known: it was not seen for a while.")
    at = clock_text(file.at)
    if file.kind == "absent":
        return _("The override is gone, seen at %(at)s: it stops nothing any more.", at=at)
    if why := why_it_does_not_stop(file, rollback.component, now):
        return _("The override does not stop it any more, seen at %(at)s: %(why)s.", at=at, why=clause(why))
    if runs_on(file, outlook.scheduler if outlook.fresh("scheduler", now) else None):
        return _("The override stands, and the scheduler runs on.")
    return ""
