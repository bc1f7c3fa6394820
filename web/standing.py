"""Whether trading is stopped, in words that go by what is seen now and never by what the ledger believes."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from ledger.app.reading.outlook import Outlook
from ledger.domain.effects import awaits_file
from ledger.domain.facts import FileSeen
from ledger.domain.rules import clock_text
from ledger.domain.runbook import TRADING
from ledger.domain.standing import claims, why_it_does_not_stop
from ledger.domain.state import Rollback, State
from ledger.domain.stopping.stop import runs_on
from web.i18n import gettext as _
from web.i18n import said
from web.words import person


def trading(state: State, outlook: Outlook, now: datetime) -> str:
    """Whether trading runs, in a sentence: stopped only while the scheduler itself says so."""
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
        why = unknown_scheduler(outlook)
        if file is None:
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
    if known and seen is not None:
        running = seen.status == "enabled"
        return _("Trading is running.") if running else _("Trading is STOPPED, and no rollback holds it.")
    return _("Whether trading runs is not known: %(why)s.", why=unknown_scheduler(outlook))


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
        return _("The override does not stop it any more, seen at %(at)s: %(why)s.", at=at, why=said(why))
    if runs_on(file, outlook.scheduler if outlook.fresh("scheduler", now) else None):
        return _("The override stands, and the scheduler runs on.")
    return ""
