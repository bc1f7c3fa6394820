"""The bar of every page: what trading does now, since when, by whom, and who saw it when.

Its kind goes by what is seen, never by what the ledger believes: ``runs`` and ``stopped`` are said only of what the
scheduler itself said just now, ``stopping`` while a good override is there and the scheduler has not been seen to obey
it yet, ``restoring`` while the override is gone and it has not been seen to run again, ``mismatch`` where somebody
stopped it and it runs, ``unknown`` where nobody can be asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Final, Literal, NamedTuple

from flask import Flask, g, url_for

from ledger.app.reading.outlook import Outlook
from ledger.app.reading.rows import Filter
from ledger.domain.moments import clock_or_day
from ledger.domain.runbook import TRADING, Step
from ledger.domain.standing import claims
from ledger.domain.state import Rollback, State
from ledger.domain.stopping.stop import stoppable
from ledger.errors import LedgerError
from web import situation
from web.i18n import gettext as _
from web.i18n import ngettext
from web.moments import after_restore
from web.shared import request_id
from web.site import site
from web.standing import Standing, leaving, may_obey_yet, override_stands, standing, unknown_scheduler
from web.told import clause
from web.words import person

Kind = Literal["runs", "stopping", "stopped", "restoring", "mismatch", "unknown"]


class Fact(NamedTuple):
    """One more thing that the bar tells."""

    text: str
    tone: str = "plain"
    until: datetime | None = None
    """A moment that is counted down to."""
    link: str = ""


class Truth(NamedTuple):
    """What trading does, as far as it is seen."""

    kind: Kind
    since: datetime | None = None
    """From when the clock counts; None where nobody knows."""
    by: str = ""
    """Who stopped it, by name."""
    rollback: str = ""
    detail: str = ""
    """A clause: what was seen of it, or why it is not known."""
    seen: datetime | None = None
    """When the scheduler was had last; None where it never was."""
    facts: tuple[Fact, ...] = ()

    @property
    def shape(self) -> str:
        """Told apart also without colours."""
        shapes = {"runs": "▶", "stopping": "◧", "stopped": "■", "restoring": "◨", "mismatch": "✕", "unknown": "?"}
        return shapes[self.kind]

    @property
    def word(self) -> str:
        """What it says, in three words."""
        return {
            "runs": _("Trading runs"),
            "stopping": _("Stop written"),
            "stopped": _("TRADING STOPPED"),
            "restoring": _("Restored"),
            "mismatch": _("TRADING RUNS ON"),
            "unknown": _("Trading: not known"),
        }[self.kind]


def init_app(app: Flask) -> None:
    """Give the templates the bar, and how the stop stands in it."""
    app.jinja_env.globals.update(
        truth_now=truth_now,
        stop_stands=stop_stands,
        stop_joins=stop_joins,
        stop_trail=trail,
        may_stop_here=may_stop_here,
        firing_now=firing_now,
        press_number=request_id,
    )


def firing_now() -> str:
    """The critical alerts that fire, as a stop's reason is prefilled with them."""
    here = site()
    return here.lookout.outlook.critical_words(here.installation.clock())


def stop_joins() -> str:
    """What a press without a ticket does, in a sentence."""
    try:
        joined = stoppable(site().installation.state, "", TRADING)
    except LedgerError:
        return ""
    if joined is None:
        return _("Opens a rollback and declares the emergency; with the ticket of an open one it joins that.")
    return _("Stops under %(id)s, which is open.", id=joined.id)


def may_stop_here() -> bool:
    """Whether the one who looks has the stop: everybody signed in but an auditor."""
    return bool(g.get("person")) and g.roles != {"auditor"}


def stop_stands() -> Standing:
    """How the stop stands; its button is there also where nobody can say."""
    try:
        return standing(*situation.current())
    except LedgerError as error:
        return Standing(stopped=False, again=False, text=clause(str(error)))


def truth_now() -> Truth:
    """The bar of this request. Where the ledger cannot be read it goes by what is seen outside alone."""
    here = site()
    outlook, now = here.lookout.outlook, here.installation.clock()
    try:
        state = here.installation.state
    except LedgerError as error:
        seen = truth(State(), outlook, now)
        return seen._replace(facts=(Fact(_("the ledger cannot be read: %(why)s", why=clause(str(error))), "bad"),))
    return truth(state, outlook, now)._replace(facts=tuple(facts(state, outlook, now)))


def truth(state: State, outlook: Outlook, now: datetime) -> Truth:
    """What trading does, without the facts beside it."""
    holder, scheduler = state.holder, outlook.scheduler
    held = holder is not None and holder.override.written_at is not None
    since = holder.override.written_at if held and holder else None
    by, name = (person(holder.override.by), holder.id) if held and holder else ("", "")
    seen = outlook.at.get("scheduler")
    if scheduler is None or scheduler.status == "unknown" or not outlook.fresh("scheduler", now):
        return Truth("unknown", None, by, name, _unknown(state, outlook, now), seen)
    if scheduler.status == "disabled" and (left := leaving(state, outlook, now)) is not None:
        detail = _("the override is gone, and the scheduler has not been seen enabled yet")
        return Truth("restoring", left.removed, "", left.id, detail, seen)
    if scheduler.status == "disabled":
        own = state.scheduler.since if state.scheduler.status == "disabled" else None
        detail = _("seen disabled") if held else _("seen disabled; no rollback holds it")
        return Truth("stopped", since or own, by, name, detail, seen)
    stands, file = override_stands(state, outlook, now), outlook.file
    who = by or (claims(file.content).by if file is not None and stands == "stops" else "")
    if (held or stands == "stops") and may_obey_yet(state, outlook, now):
        begun = since or (file.changed if file is not None else None)
        return Truth("stopping", begun, who, name, _STOPPING[stands](), seen)
    own = state.scheduler.since if state.scheduler.status == "enabled" else None
    if held or stands == "stops":
        return Truth("mismatch", own, who, name, _MISMATCH[stands](), seen)
    return Truth("runs", own, "", "", _("seen enabled"), seen)


_STOPPING: Final[Mapping[str, Callable[[], str]]] = {
    "stops": lambda: _("the file is there, and the scheduler has not been seen stopped yet"),
    "not looked": lambda: _("the file was written and read back, and the scheduler has not been seen stopped yet"),
}
_MISMATCH: Final[Mapping[str, Callable[[], str]]] = {
    "stops": lambda: _("the override stands, and the scheduler runs on"),
    "broken": lambda: _("the override stops nothing"),
    "not looked": lambda: _("whether the override stands is not known, and the scheduler is seen enabled"),
}


def _unknown(state: State, outlook: Outlook, now: datetime) -> str:
    """Why, and what was seen last."""
    why = unknown_scheduler(outlook)
    seen = outlook.scheduler_last
    if seen is not None:
        at = _when(seen.at, now)
        return _("%(why)s; last seen %(status)s at %(at)s", why=why, status=_status(seen.status), at=at)
    known = state.scheduler
    if known.status != "unknown":
        since = _when(known.at, now)
        return _("%(why)s; recorded as %(status)s since %(at)s", why=why, status=_status(known.status), at=since)
    return why


def _status(status: str) -> str:
    return _("enabled") if status == "enabled" else _("disabled")


def _when(moment: datetime, now: datetime) -> str:
    return f"{clock_or_day(moment, now, seconds=True)} UTC"


def facts(state: State, outlook: Outlook, now: datetime) -> Iterator[Fact]:
    """Alerts, their muting, the watch, and how far the ledger was verified."""
    yield alerts_now(outlook, now)
    muted = situation.muted_now(outlook, now)
    if muted.verdict == "muted" and muted.until is not None:
        until = clock_or_day(muted.until, now)
        yield Fact(_("alerts muted until %(until)s UTC", until=until), link=url_for("silences.show"))
    elif muted.verdict == "partly":
        yield Fact(_("alerts not muted everywhere"), "warn", link=url_for("silences.show"))
    elif muted.verdict == "not known" and any(r.silence.state != "none" for r in state.open.values()):
        yield Fact(_("whether alerts are muted is not known"), "unknown", link=url_for("silences.show"))
    for rollback in state.open.values():
        if (watch := situation.running_watch(rollback, now)) is not None:
            where = url_for("rollbacks.show", rollback=rollback.id, _anchor="step-4")
            yield Fact(_("watch ends in"), "info", watch, where)
        if (ends := after_restore(rollback, now)) is not None:
            yield Fact(_("restored; alerts are watched for"), "info", ends)
    yield _ledger(now)


def alerts_now(outlook: Outlook, now: datetime) -> Fact:
    """How many critical alerts fire now, and how many are about to."""
    critical = situation.critical(outlook) if outlook.fresh("prometheus", now) else None
    if critical is None:
        return Fact(_("critical alerts: not known"), "unknown")
    number = sum(count.number for count in critical)
    if not number:
        pending = sum(count.number for count in outlook.counts or () if count.state == "pending")
        if pending:
            words = ngettext("none critical, %(num)s pending", "none critical, %(num)s pending", pending)
            return Fact(words % {"num": pending}, "warn")
        return Fact(_("no critical alert fires"))
    return Fact(ngettext("%(num)s critical alert", "%(num)s critical alerts", number) % {"num": number}, "bad")


def _ledger(now: datetime) -> Fact:
    guard = site().guard
    link = url_for("audit.show")
    if guard.findings:
        return Fact(_("the ledger does not hold"), "bad", link=link)
    if guard.verified is None:
        return Fact(_("ledger not verified since the start"), "unknown", link=link)
    at = clock_or_day(guard.looked or guard.verified, now)  # the newest rows are looked at every minute
    return Fact(_("verified to entry %(n)s at %(at)s UTC", n=guard.verified_entries, at=at), link=link)


class Moment(NamedTuple):
    """One of the four things that a stop is made of; ``at`` is None while it has not been seen."""

    what: str
    at: datetime | None


def trail(rollback: Rollback) -> tuple[Moment, ...]:
    """What its latest stop did: asked for, written, read back, seen disabled. Nothing before it was written.

    What was never asked of this ledger (an override that was adopted, a hold that was joined) has no such moment.
    """
    written, step = rollback.override.written_at, rollback.steps[Step.DISABLE]
    if written is None:
        return ()
    asked = _asked(rollback)
    begun = () if asked is None else (Moment(_("asked"), asked),)
    read = Moment(_("read back"), step.at if step.passed else None)
    return (*begun, Moment(_("written"), written), read, Moment(_("seen disabled"), _seen_disabled(rollback, written)))


def _seen_disabled(rollback: Rollback, written: datetime) -> datetime | None:
    """When the scheduler was first seen disabled since: by an entry, or else by the last look."""
    here = site()
    recorded, seen = here.installation.state.scheduler, here.lookout.outlook.scheduler
    if rollback.holds and recorded.disabled_since >= written:
        return recorded.disabled_since  # also where it runs on since
    if rollback.holds and recorded.status == "disabled" and recorded.at >= written:
        return recorded.at
    if rollback.holds and seen is not None and seen.status == "disabled" and seen.at >= written:
        return seen.at
    return None


def _asked(rollback: Rollback) -> datetime | None:
    """When its latest stop was asked for; None where the read model cannot be had, or the file was adopted."""
    asked = Filter(rollback=rollback.id, statuses=("override_requested", "put_back_requested"))
    try:
        site().timeline.catch_up()
        rows = site().timeline.store.page(asked, None, 1, newest_first=True)
    except LedgerError:
        return None
    return datetime.fromisoformat(rows[0].timestamp) if rows else None
