"""Now: one sentence, the open rollbacks with whose turn it is, and one glance. The stop is in the bar above."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from flask import Blueprint, Flask, g, render_template, url_for

from ledger.app import reverse_proxy as front
from ledger.app.people import access
from ledger.app.reading.condition import condition
from ledger.app.reading.muted import Muted
from ledger.app.reading.outlook import Outlook
from ledger.app.soundness import Finding
from ledger.app.words import mark
from ledger.domain.moments import clock_or_day
from ledger.domain.runbook import Step
from ledger.domain.state import Rollback, State
from ledger.errors import LedgerError
from ledger.masking import masked
from ledger.said import Said
from web import situation, truth
from web.i18n import gettext as _
from web.moments import after_restore
from web.pages.steps import road
from web.shared import shared
from web.site import site
from web.situation import Row, Tile
from web.standing import may_obey_yet
from web.told import clause
from web.words import Look

blueprint = Blueprint("now", __name__)


@blueprint.record_once
def _drift(setup: Any) -> None:
    app: Flask = setup.app
    app.jinja_env.globals.update(drift_now=drift_now, unsound=unsound, guard=lambda: site().guard)


def drift_now() -> list[str]:
    """What every page warns of: how the ledger itself stands, also that it cannot be had, and drift."""
    if not g.person:
        return []
    said = list(condition(site().installation))
    unrecorded = access.trouble(site().installation.home.root) if g.roles & {"admin", "auditor"} else ""
    try:
        said += situation.discrepancies(*situation.current())
    except LedgerError as error:
        said.append(str(error))
    return [*said, *(warning for warning in (site().unobserved(), unrecorded, _undeclared()) if warning)]


def _undeclared() -> str:
    """To an admin: that something stands in front that nobody declared, and what to do."""
    installation = site().installation
    seen = front.noted(installation.home, installation.clock()) if "admin" in g.roles else None
    return f"{clause(front.describe(seen))}; {clause(front.remedy(seen))}" if seen else ""


def unsound() -> tuple[Finding, ...]:
    """What is wrong with the ledger itself, as far as it was looked at: every page says so."""
    return site().guard.findings if g.person else ()


@blueprint.get("/")
@shared
def show() -> str:
    """The first page."""
    return render()


@blueprint.get("/top")
@shared
def top() -> str:
    """The bar and the banner alone, for open pages that do not look again as a whole."""
    return render_template("parts/top.html", still=True)


def render(
    error: LedgerError | None = None,
    typed: dict[str, str] | None = None,
    said: Sequence[str] = (),
    *,
    loud: bool = False,
) -> str:
    """The page, with what was typed into the stop and why it was not taken, or what the stop found."""
    state, outlook, now = situation.current()
    return render_template(
        "now.html",
        own_address=url_for("now.show"),
        sentence=situation.sentence(state, outlook, now),
        tiles=tiles(state, outlook, now),
        rollbacks=[_open(rollback, outlook, now) for rollback in state.open.values()],
        restored=[(rollback, ends) for rollback in state.open.values() if (ends := after_restore(rollback, now))],
        alerts=truth.alerts_now(outlook, now),
        holder=state.holder,
        ledger=_ledger(state),
        **answer_of_stop(error, typed, said, loud=loud),
    )


class Open(NamedTuple):
    """An open rollback on the first page."""

    rollback: Rollback
    waiting: tuple[tuple[str, Said | None], ...]
    """Whom it waits for, and for what; and who is on duty for that."""
    watch: datetime | None
    """When its watch is over, while one runs."""
    road: list[Look]
    """A word for each of its steps."""


def _open(rollback: Rollback, outlook: Outlook, now: datetime) -> Open:
    watch = situation.running_watch(rollback, now)
    upcoming = [
        action for action in situation.next_of(rollback, outlook, now) if not (watch and action.step == Step.WATCH)
    ]
    steps = road(site().installation.state, rollback, outlook, now, str(g.person))
    waiting = tuple((situation.waiting(action), situation.on_duty(action.role)) for action in upcoming)
    return Open(rollback, waiting, watch, steps)


def answer_of_stop(
    error: LedgerError | None = None,
    typed: dict[str, str] | None = None,
    said: Sequence[str] = (),
    *,
    loud: bool = False,
) -> dict[str, Any]:
    """What ``parts/said.html`` and the stop's own form show of a press that was not simply done."""
    return {
        "said": [sentence for sentence in said if sentence],
        "loud": loud,
        "error": error,
        "stop_typed": typed or {},
    }


def tiles(state: State, outlook: Outlook, now: datetime) -> list[Tile]:
    """Scheduler, override, silence, alerts: what is seen, and what is declared where that differs."""
    return [
        _scheduler(state, outlook, now),
        _override(state, outlook, now),
        _silence(state, outlook, now),
        _alerts(outlook, now),
    ]


_UNKNOWN: Final = Look(mark("unknown"), "?", "unknown")
_STALE: Final = Look(mark("stale"), "…", "unknown")


def _commanded(state: State, *kinds: str) -> str:
    entry = next((e.requested for r in state.open.values() for e in r.effects if e.kind in kinds), None)
    return _("asked for by entry %(entry)s", entry=entry) if entry else _("nothing pending")


def _missing(outlook: Outlook, source: str) -> tuple[str, datetime | None]:
    missing = outlook.missing.get(source)
    return (missing.why, missing.since) if missing else ("", None)


def _not_fresh(outlook: Outlook, source: str) -> Look:
    return _STALE if source in outlook.at else _UNKNOWN


def _pending(state: State, *kinds: str) -> bool:
    return any(effect.kind in kinds for rollback in state.open.values() for effect in rollback.effects)


_FILE: Final = ("override", "put_back", "removal")
_MUTING: Final = ("silence", "silence_extend", "silence_end")


def _scheduler(state: State, outlook: Outlook, now: datetime) -> Tile:
    held = state.holder is not None
    seen = outlook.scheduler
    agrees = False
    if seen is None or seen.status == "unknown" or not outlook.fresh("scheduler", now):
        look = _not_fresh(outlook, "scheduler")
    else:
        agrees = (seen.status == "disabled") == held and not _pending(state, *_FILE)
        late = held and seen.status == "enabled"
        tone = "stopped" if seen.status == "disabled" else "plain"
        tone = "warn" if late and may_obey_yet(state, outlook, now) else "bad" if late else tone
        look = Look(*_STATUS[seen.status], tone)
    rows = (
        Row(_("declared"), _("disabled") if held else _("enabled")),
        Row(_("commanded"), _commanded(state, *_FILE)),
        Row(_("observed"), _observed(outlook), outlook.at.get("scheduler")),
    )
    says = _("as the ledger says") if agrees else ""
    return Tile(_("Scheduler"), look, rows, _missing(outlook, "scheduler")[0], "scheduler", says=says)


_STATUS: Final = {"enabled": (mark("enabled"), "▶"), "disabled": (mark("disabled"), "■")}


def _observed(outlook: Outlook) -> str:
    """The scheduler's own word, as it was had last; ``unknown`` is nobody's word."""
    seen = outlook.scheduler
    return _(_STATUS[seen.status][0]) if seen and seen.status != "unknown" else _("not known")


def _override(state: State, outlook: Outlook, now: datetime) -> Tile:
    holder, seen = state.holder, outlook.file
    agrees = False
    if seen is None or not outlook.fresh("override", now):
        look = _not_fresh(outlook, "override")
    elif seen.kind == "absent":
        agrees = holder is None
        look = Look(mark("absent"), "○", "bad" if holder else "plain")
    elif holder is not None and seen.sha384 == holder.override.sha384 and seen.mode == "0600":
        agrees = True
        look = Look(mark("present"), "■", "stopped")
    else:
        look = Look(mark("not as declared"), "≠", "bad")
    observed = f"{_(seen.kind)}, {seen.mode}" if seen and seen.mode else _(seen.kind) if seen else _("not known")
    rows = (
        Row(_("declared"), _("present") + f" ({holder.id})" if holder else _("absent")),
        Row(_("commanded"), _commanded(state, *_FILE)),
        Row(_("observed"), observed, outlook.at.get("override")),
    )
    says = ""
    if agrees and not _pending(state, *_FILE):
        says = _("written by %(id)s", id=holder.id) if holder else _("nothing holds the scheduler")
    return Tile(_("Override"), look, rows, _missing(outlook, "override")[0], "override", says=says)


def _silence(state: State, outlook: Outlook, now: datetime) -> Tile:
    declared = [r for r in state.open.values() if r.silence.id and r.silence.state in ("active", "lost", "end_owed")]
    seen = situation.muted_now(outlook, now)
    said = {"active": _("active"), "lost": _("lost"), "end_owed": _("end owed")}
    theirs = [*(muting for muting in outlook.muting if not muting.owner or muting.surplus), *outlook.unlisted]
    rows = (
        Row(_("declared"), ", ".join(f"{said[r.silence.state]} ({r.id})" for r in declared) or _("none")),
        Row(_("commanded"), _commanded(state, *_MUTING)),
        Row(_("observed"), _muted_words(seen, now), outlook.at.get("alertmanager")),
        *((Row(_("by others"), str(len(theirs))),) if theirs else ()),
    )
    look = _silence_look(declared, seen, outlook, now)
    agrees = look.tone in ("info", "warn", "plain") and bool(declared) == (seen.verdict == "muted") and not theirs
    says = ""
    if agrees and not _pending(state, *_MUTING):
        says = _muted_words(seen, now) if declared else _("nothing mutes Stage4 alerts")
    missing, link = _missing(outlook, "alertmanager")[0], url_for("silences.show")
    return Tile(_("Silence"), look, rows, missing, "alertmanager", link, says)


def _silence_look(declared: list[Rollback], seen: Muted, outlook: Outlook, now: datetime) -> Look:
    """By what mutes now at every member, and by whether that is what is declared."""
    if seen.verdict == "not known":
        return _not_fresh(outlook, "alertmanager")
    own = [member.silence(r.silence.id) for member in outlook.members for r in declared]
    if any(silence is None or silence.state == "expired" for silence in own):
        return Look(mark("gone"), "✕", "bad") if seen.verdict == "not" else _NOT_EVERYWHERE
    if seen.verdict == "partly":
        return _NOT_EVERYWHERE
    if declared:
        ends = min((silence.ends_at for silence in own if silence), default=now)
        return Look(mark("active"), "◗", "warn" if (ends - now).total_seconds() < 900 else "info")
    if outlook.muting or outlook.unlisted:
        return Look(mark("by others"), "◗", "warn")
    return Look(mark("none"), "○", "plain")


_NOT_EVERYWHERE: Final = Look(mark("not everywhere"), "◑", "bad")


def _muted_words(seen: Muted, now: datetime) -> str:
    """What a tile says of it."""
    if seen.verdict == "not known":
        return _("not known")
    if seen.verdict == "not" or seen.until is None:
        return _("none") if seen.verdict == "not" else _("active")
    until = clock_or_day(seen.until, now)
    if seen.verdict == "partly":
        return _("not everywhere, until %(until)s UTC", until=until)
    return _("until %(until)s UTC", until=until)


def _alerts(outlook: Outlook, now: datetime) -> Tile:
    critical, alerts = situation.critical(outlook), outlook.counts or ()
    grave = sum(count.number for count in critical or ())
    others = sum(count.number for count in alerts if count.state == "firing") - grave
    pending = sum(count.number for count in alerts if count.state == "pending")
    if critical is None or not outlook.fresh("prometheus", now):
        look = _not_fresh(outlook, "prometheus")
    else:
        look = Look(str(grave), "!", "bad") if grave else Look("0", "○", "warn" if pending else "plain")
    names = ", ".join(sorted({count.name.removeprefix("MultiStrategy") for count in critical or ()}))
    unknown = _("not known") if critical is None else ""
    rows = (
        Row(_("critical"), unknown or names or _("none"), outlook.at.get("prometheus")),
        Row(_("other firing"), unknown or str(others)),
        Row(_("pending"), unknown or str(pending)),
    )
    note = _missing(outlook, "prometheus")[0]
    return Tile(_("Critical alerts"), look, rows, note, "prometheus", spark=critical is not None, outside=_outside())


def _outside() -> tuple[tuple[str, str], ...]:
    """Where the alerts stand themselves: names and addresses; nothing of an address that holds a secret."""
    config = site().installation.config
    pages = (("Prometheus", config.prometheus.url, "alerts"), ("Alertmanager", config.alertmanager.url, "#/alerts"))
    first = [(name, url.split(",")[0].strip(), page) for name, url, page in pages]
    return tuple((name, f"{url.rstrip('/')}/{page}") for name, url, page in first if url and masked(url) == url)


class LedgerLine(NamedTuple):
    """How long the ledger is, where it ends, and when it was read as a whole."""

    size: int
    head: str
    last: datetime
    verified: datetime | None


def _ledger(state: State) -> LedgerLine:
    view = site().installation.ledger.view()
    return LedgerLine(view.size, view.head, state.at, site().verified)
