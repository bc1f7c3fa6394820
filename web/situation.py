"""The situation in one sentence and one glance: what the ledger declares beside what was seen outside."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from ledger.app.observer.warnings import LINGER, MINUTES
from ledger.app.oncall.duty import in_short, words
from ledger.app.reading.muted import Muted, how_muted
from ledger.app.reading.outlook import SOURCES, Outlook
from ledger.app.reading.queries import DISABLED_AND_FREE, STATUS_UNKNOWN, drift, silence_drift
from ledger.app.telling.standing import unsent
from ledger.app.words import mark
from ledger.domain.facts import AlertCount
from ledger.domain.moments import clock_or_day
from ledger.domain.rules import owed_before, owed_before_end
from ledger.domain.runbook import STEPS, Step
from ledger.domain.state import Rollback, State
from ledger.said import Said
from web.i18n import gettext as _
from web.i18n import ngettext
from web.site import site
from web.standing import is_gone, leaving, not_looked_yet, trading
from web.told import brief, told
from web.words import Look, person


class Next(NamedTuple):
    """What comes next for a rollback and whose it is."""

    rollback: str
    step: int | None
    waits: str
    """Whom it waits for and for what, in the language of the request; no full stop."""
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
    says: str = ""
    """Where declared, commanded and observed agree: that, in a few words."""
    spark: bool = False
    """Whether the critical metric's line belongs to it."""
    outside: tuple[tuple[str, str], ...] = ()
    """Names and addresses of the servers whose word it is."""


UNKNOWN = ("?", "unknown")


def next_of(rollback: Rollback, outlook: Outlook, now: datetime) -> list[Next]:
    """The next actions of an open rollback, the most urgent first."""
    if not rollback.is_open:
        return []
    actions = []
    if gone := is_gone(rollback, outlook, now):
        actions.append(_next(rollback, Step.RESTORE if rollback.restoring else Step.DISABLE, gone=True))
    if not rollback.restoring and not owed_before_end(rollback):
        return [*actions, Next(rollback.id, 5, _(_END), "incident_manager", rollback.duty.get("incident_manager", ""))]
    for number in _order(rollback):
        if rollback.steps[number].passed or owed_before(rollback, number):
            continue
        actions.append(_next(rollback, number, gone=gone))
        if not rollback.emergency:
            break
    return actions


def _order(rollback: Rollback) -> tuple[Step, ...]:
    """The steps, the most urgent first. In an emergency the confirmation may follow: nothing waits for it."""
    if rollback.restoring:
        return (Step.RESTORE, Step.COMPLETE)
    first = (Step.ANNOUNCE,)
    others = (Step.DISABLE, Step.SILENCE, Step.CHECK, Step.WATCH)
    return (*others, *first) if rollback.emergency else (*first, *others)


def _next(rollback: Rollback, number: Step, *, gone: bool) -> Next:
    role = "product_owner" if number == Step.ANNOUNCE else STEPS[number].role
    what = (gone and _GONE.get(number)) or _WAITS[number]
    return Next(rollback.id, number, _(what), role, rollback.duty.get(role, ""))


_WAITS: Final = (
    mark("Waiting for a product owner to confirm"),
    mark("Waiting for L2 Ops to stop the scheduler"),
    mark("Waiting for Observability to silence the alerts"),
    mark("Waiting for L2 Ops to check that it stopped"),
    mark("Waiting for NOC to watch the metrics"),
    mark("Waiting for L2 Ops to restore trading"),
    mark("Waiting for an Incident Manager to close the decision log"),
)
_GONE: Final = {
    Step.DISABLE: mark("Waiting for L2 Ops to stop again, or to put the override back"),
    Step.RESTORE: mark("Waiting for L2 Ops to adopt the removal, or to stop again"),
}
_END: Final = mark("Waiting for an Incident Manager to end the incident")


def waiting(action: Next, *, where: bool = False) -> str:
    """``Waiting for NOC to watch the metrics (Ola).``, as somebody would say it in the incident channel."""
    about = ", ".join([person(action.holder)] * bool(action.holder) + [action.rollback] * where)
    return f"{action.waits}{f' ({about})' if about else ''}."


def on_duty(role: str, *, short: bool = False) -> Said | None:
    """Who is on duty for a role, by the schedule, as it was seen last; None where the role has none."""
    here, now = site().installation, site().installation.clock()
    duty = here.oncall.duty(role, now)
    return (in_short if short else words)(duty, here.state, here.people.names(), now) if duty else None


def running_watch(rollback: Rollback, now: datetime) -> datetime | None:
    """When the watch that runs is over; None where none runs."""
    watch = rollback.watch
    if watch is None or not rollback.is_open or watch.disturbed or rollback.steps[Step.WATCH].passed:
        return None
    return watch.ends_at if now < watch.ends_at else None


def critical(outlook: Outlook) -> list[AlertCount] | None:
    """Critical Stage4 alerts that fire, by name, as Prometheus has them; None where that is not known."""
    if outlook.counts is None:
        return None
    return [count for count in outlook.counts if count.severity == "critical" and count.state == "firing"]


def sentence(state: State, outlook: Outlook, now: datetime) -> str:
    """The whole situation as somebody would say it in the incident channel."""
    parts = [trading(state, outlook, now), _muted(state, outlook, now), _firing(state, outlook, now)]
    for rollback in list(state.open.values())[:2]:
        parts += _turn(rollback, outlook, now, where=len(state.open) > 1)
    if not state.open:
        parts.append(_("No rollback is open."))
    return " ".join(part for part in parts if part)


def _turn(rollback: Rollback, outlook: Outlook, now: datetime, *, where: bool) -> list[str]:
    """That its watch runs, or whom it waits for."""
    ends = running_watch(rollback, now)
    upcoming = next_of(rollback, outlook, now)
    if ends is None:
        return [part for action in upcoming[:1] for part in (waiting(action, where=where), *_duty(action.role))]
    others = [action for action in upcoming if action.step != Step.WATCH]
    place = f" ({rollback.id})" if where else ""
    watching = _("Watching until %(at)s%(where)s.", at=_clock(ends, now), where=place)
    return [watching, *(waiting(action, where=where) for action in others[:1])]


def _duty(role: str) -> list[str]:
    """Who is on duty, where that is known."""
    duty = site().installation.oncall.duty(role, site().installation.clock())
    said = on_duty(role, short=True)
    return [told(said)] if duty and duty.on is not None and said else []


def _firing(state: State, outlook: Outlook, now: datetime) -> str:
    """Critical alerts that fire; once trading was restored also that this is not known."""
    firing = critical(outlook) if outlook.fresh("prometheus", now) else None
    if firing is None:
        restored = any(rollback.restarted_at for rollback in state.open.values())
        return _("Whether critical alerts fire is not known.") if restored else ""
    first = first_fired(outlook)
    return firing_words(firing, clock_or_day(first, now) if first else "")


def first_fired(outlook: Outlook) -> datetime | None:
    """Since when the oldest critical alert fires; None where that is not known (nothing fires, or too much)."""
    firing = [alert for alert in outlook.alerts or () if alert.state == "firing"]
    return min((alert.active_at for alert in firing if dict(alert.labels).get("severity") == "critical"), default=None)


def firing_words(found: list[AlertCount], since: str = "") -> str:
    """How many critical alerts fire, since when, and which; empty where none does."""
    if not found:
        return ""
    names = sorted({count.name.removeprefix("MultiStrategy") for count in found})
    number = sum(count.number for count in found)
    listed = ", ".join([*names[:_NAMED], *(["…"] if len(names) > _NAMED else [])])
    given: dict[str, object] = {"num": number, "names": listed}
    if since:
        given["since"] = since
        return (
            ngettext(
                "%(num)s critical alert fires since %(since)s UTC: %(names)s.",
                "%(num)s critical alerts fire since %(since)s UTC: %(names)s.",
                number,
            )
            % given
        )
    return (
        ngettext("%(num)s critical alert fires: %(names)s.", "%(num)s critical alerts fire: %(names)s.", number) % given
    )


_NAMED = 3
"""Alerts that a sentence names."""


def muted_now(outlook: Outlook, now: datetime) -> Muted:
    """Whether alerts are muted, by what the members of Alertmanager said last."""
    missing = outlook.missing.get("alertmanager")
    labels = site().installation.labels
    return how_muted(outlook.members, outlook.muting, labels, now, missing.why if missing else "")


def _muted(state: State, outlook: Outlook, now: datetime) -> str:
    """Also where no rollback is open, as long as something mutes."""
    muted = muted_now(outlook, now)
    missing = outlook.missing.get("alertmanager")
    if muted.verdict == "not known" and muted.until is None and missing and missing.asked:
        return _("Whether alerts are muted is not known: Alertmanager does not answer.")  # why stands in the banner
    return brief(muted.sentence) if state.open or muted.verdict in ("muted", "partly") else ""


def discrepancies(state: State, outlook: Outlook, now: datetime) -> list[str]:
    """What every page warns of: drift, a source that is silent, ends that come near."""
    troubles: list[str] = []
    if outlook.file is not None and outlook.scheduler is not None:
        pending = any(e.kind in ("override", "put_back", "removal") for r in state.open.values() for e in r.effects)
        status = outlook.scheduler.status
        calm = status == "disabled" and leaving(state, outlook, now)  # it is on its way back
        told_below = {STATUS_UNKNOWN, *([DISABLED_AND_FREE] if calm else [])}
        if not pending and not not_looked_yet(state, outlook, now):
            troubles += [trouble for trouble in drift(state, outlook.file, status) if trouble.code not in told_below]
    # What nobody configured is not broken: the setup list says what to do.
    asked = {source for source, missing in outlook.missing.items() if missing.asked}
    troubles += silent(outlook, now, asked & set(SOURCES))
    for rollback in state.open.values():
        troubles += _silence_troubles(rollback, state, outlook, now)
    return [*troubles, *(one.sentence for one in unsent(site().installation))]


def silent(outlook: Outlook, now: datetime, sources: Collection[str] = SOURCES) -> list[str]:
    """One sentence for each of the sources that does not answer (since when, what it said instead) or is not asked."""
    sentences: list[str] = []
    for source, missing in outlook.missing.items():
        if source in sources:
            if missing.asked:
                sentences.append(
                    Said("{} does not answer since {}: {}", source, _clock(missing.since, now), missing.why)
                )
            else:
                sentences.append(Said("{} was not asked: {}", source, missing.why))
    return sentences


def _clock(moment: datetime, now: datetime) -> str:
    """The time; on another day with its date."""
    return f"{clock_or_day(moment, now, seconds=True)} UTC"


def _silence_troubles(rollback: Rollback, state: State, outlook: Outlook, now: datetime) -> list[str]:
    silence = rollback.silence
    troubles: list[str] = []
    if silence.state == "lost":
        troubles.append(Said("the silence of {} is gone: silence the alerts again", rollback.id))
    if silence.state == "active":
        troubles += silence_drift(rollback, outlook.members)
    if silence.state == "active" and silence.ends_at:
        left = silence.ends_at - now
        due = next((minutes for minutes in reversed(MINUTES) if left <= timedelta(minutes=minutes)), None)
        if due is not None and left > timedelta(0):
            troubles.append(Said("the silence of {} ends in less than {} minutes", rollback.id, due))
        since = state.scheduler.since
        if state.scheduler.status == "enabled" and rollback.restarted_at is not None and now - since > LINGER:
            troubles.append(Said("the scheduler is enabled and the silence of {} still mutes its alerts", rollback.id))
    return troubles


def current() -> tuple[State, Outlook, datetime]:
    """State, outlook and time of this request."""
    here = site()
    return here.installation.state, here.lookout.outlook, here.installation.clock()
