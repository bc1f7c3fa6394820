"""Rollbacks: the list, the form that opens one, and the page on which one is run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final, NamedTuple

from flask import Blueprint, abort, g, redirect, render_template, request, url_for

from ledger.app.acts import ACTS, Act
from ledger.app.acts.act import Asking
from ledger.app.parsing import whole
from ledger.app.press import new_request_id
from ledger.app.reading.finding import of_ticket
from ledger.app.reading.rows import Filter
from ledger.app.reading.timeline import Shown, as_they_stand
from ledger.domain.duties.owed import Owed, owed
from ledger.domain.moments import clock_or_day
from ledger.domain.rules import duration_minutes
from ledger.domain.runbook import COMPONENTS, PURPOSES
from ledger.domain.state import Rollback
from ledger.errors import LedgerError
from ledger.said import Said
from web import situation
from web.fields import artefact
from web.i18n import gettext
from web.identity import actor, only
from web.pages import steps
from web.pages.offers import Offered, offer
from web.pages.timeline import timeline
from web.shared import request_id, shared
from web.site import site
from web.words import PURPOSES as PURPOSE_WORDS
from web.words import Look

PAGE: Final = 50
"""Closed rollbacks listed at a time."""
NEWEST: Final = 30
"""Entries beside a rollback's steps; all of them are on the timeline."""
blueprint = Blueprint("rollbacks", __name__)
blueprint.add_app_template_filter(lambda moment: clock_or_day(moment, site().installation.clock()), "clock")
blueprint.add_app_template_global(situation.on_duty, "on_duty")
blueprint.add_app_template_global(lambda name: ACTS[name].label if name in ACTS else name, "acts_label")


class Listed(NamedTuple):
    """One line of the list."""

    rollback: Rollback
    road: list[Look]
    to_stop: float | None
    """Seconds from its opening to the stop; None where it stopped nothing."""
    minutes: int | None
    owed: tuple[Owed, ...]


@blueprint.get("/rollbacks")
@shared
def index() -> str:
    """Open rollbacks, then a page of closed ones, the newest first; ``q`` is a part of an id or a reason."""
    state, words = site().installation.state, request.args.get("q", "").strip()[:200]
    edge = whole(request.args.get("before", ""))
    matching = (
        rollback
        for rollback in state.closed.newest_first()
        if (edge is None or rollback.opened_entry < edge) and _speaks_of(rollback, words)
    )
    page = list(islice(matching, PAGE + 1))
    open_ones = [rollback for rollback in state.open.values() if edge is None and _speaks_of(rollback, words)]
    return render_template(
        "rollbacks/index.html",
        rows=[_listed(rollback) for rollback in (*open_ones, *page[:PAGE])],
        q=words,
        older=page[PAGE - 1].opened_entry if len(page) > PAGE else None,
        later=edge is not None,
        any=bool(state.open or state.closed),
    )


def _listed(rollback: Rollback) -> Listed:
    state, outlook, now = situation.current()
    took = (rollback.stopped_at - rollback.opened_at).total_seconds() if rollback.stopped_at else None
    return Listed(
        rollback,
        steps.road(state, rollback, outlook, now, str(g.person)),
        None if took is None else max(0.0, took),
        duration_minutes(rollback),
        owed(rollback),
    )


def _speaks_of(rollback: Rollback, words: str) -> bool:
    return words.lower() in f"{rollback.id} {rollback.ticket} {rollback.reason}".lower()


@blueprint.get("/rollbacks/new")
@only("incident_manager")
def new() -> str:
    """The form."""
    return render_form()


def render_form(error: LedgerError | None = None, typed: dict[str, str] | None = None) -> str:
    """The form, with what was typed and why it was not taken: two fields in an incident, the rest for planned work."""
    config, outlook = site().installation.config, site().lookout.outlook
    firing = situation.critical(outlook) if outlook.fresh("prometheus", site().installation.clock()) else None
    purpose = (typed or {}).get("purpose", request.args.get("purpose", "incident"))
    return render_template(
        "rollbacks/new.html",
        planned=purpose != "incident",
        purposes={name: PURPOSE_WORDS[name] for name in PURPOSES if name != "incident"},
        components=COMPONENTS,
        alerts=config.alerts.rules,
        channel=config.rollback.channel,
        window=config.rollback.window,
        firing=situation.firing_words(firing or []),
        request_id=request.form.get("request_id") or new_request_id(),
        error=error,
        typed=typed or {},
        chosen=request.form.getlist("expected"),
    )


@blueprint.get("/rollbacks/<rollback>")
@shared
def show(rollback: str) -> str:
    """The page of one rollback; of the one that a ticket was linked to, where it has another id."""
    here = site()
    if here.installation.state.rollback(rollback) is None:
        linked = of_ticket(here.installation, here.timeline, rollback)
        if linked:
            abort(redirect(url_for("rollbacks.show", rollback=linked[0].id)))
    return render(rollback)


def render(name: str, failed: str = "", error: LedgerError | None = None, typed: dict[str, str] | None = None) -> str:
    """The page; with ``failed`` the act that was not taken, its form open with what was typed."""
    here = site()
    rollback = here.installation.state.rollback(name)
    if rollback is None:
        abort(404, Said("there is no rollback {}", ascii(name[:64])))
    asking, offered = offers(rollback, failed)
    jobs = [job for job in here.jobs.of(rollback.id) if not job.ended or job.error]
    return render_template(
        "rollbacks/show.html",
        own_address=url_for("rollbacks.show", rollback=rollback.id),
        rollback=rollback,
        steps=steps.pages(asking, offered, jobs),
        names=steps.ROAD,
        may_stop=rollback.is_open and g.roles != {"auditor"},
        general=[one for one in offered if one.act.step is None and (one.answer.yes or not one.answer.needs_role)],
        owed=owed(rollback),
        sentence=situation.sentence(here.installation.state, asking.outlook, asking.at),
        asking=asking,
        outlook=asking.outlook,
        watch=watch_page(rollback, asking.at),
        jobs=[job for job in jobs if ACTS[job.act].step is None],
        minutes=duration_minutes(rollback),
        entries=_newest(rollback),
        request_id=request_id,
        failed=failed,
        # Its form is gone because the rollback moved on: the answer stands alone, with what was typed.
        stranded=ACTS[failed] if failed and all(one.act.name != failed for one in offered) else None,
        error=error,
        typed=typed or {},
    )


@blueprint.get("/rollbacks/<rollback>/preview/<name>")
def preview(rollback: str, name: str) -> str | tuple[str, int]:
    """What a press would come to with the duration that is being typed: nothing is asked of the outside for it."""
    found, act = site().installation.state.rollback(rollback), ACTS.get(name)
    if found is None or act is None:
        abort(404)
    asking = _asking(found)
    if not _shows(act, asking):
        return "", 204  # it was pressed meanwhile, and its form is gone with what was typed
    made = offer(act, asking, request.args.get("duration", "")[:40])
    return render_template("rollbacks/preview/shown.html", offered=made, asking=asking)


def offers(rollback: Rollback, failed: str = "", *, in_review: bool = False) -> tuple[Asking, list[Offered]]:
    """The acts that this person is offered by the rollback's page, or by its post-mortem."""
    asking = _asking(rollback)
    acts = [act for act in ACTS.values() if act.in_review == in_review and _shows(act, asking)]
    offered = [offer(act, asking) for act in acts]
    return asking, [one for one in offered if one.act.name == failed or one.answer.yes or not one.foreign]


def _asking(rollback: Rollback) -> Asking:
    here = site()
    names = here.installation.people.names()
    return Asking(here.installation, actor(), rollback, here.lookout.outlook, here.installation.clock(), names)


@blueprint.app_template_filter("artefact")
def _artefact(name: str) -> str:
    """What an artefact is, in the page's language."""
    return gettext(artefact(name))


@blueprint.get("/rollbacks/<rollback>/coverage")
def coverage(rollback: str) -> str:
    """How much of its watch was seen so far: the one line, for pages that are open."""
    found = site().installation.state.rollback(rollback)
    if found is None:
        abort(404, Said("there is no rollback {}", ascii(rollback[:64])))
    return render_template("rollbacks/coverage.html", rollback=found)


def _shows(act: Act, asking: Asking) -> bool:
    """Who only reads is shown no acts at all."""
    return bool(g.roles - {"auditor"}) and act.shows(asking)


@dataclass(frozen=True)
class WatchPage:
    """The window that runs or ran last."""

    starts: datetime
    ends: datetime
    over: bool
    disturbed: str


def watch_page(found: Rollback, at: datetime) -> WatchPage | None:
    """The running window; None where there is none."""
    if found.watch is None or not found.is_open:
        return None
    starts, ends = found.watch.started.starts_at, found.watch.ends_at
    return WatchPage(starts, ends, at >= ends, found.watch.disturbed)


def _newest(rollback: Rollback) -> list[Shown]:
    """The rollback's newest entries, newest first; none while they cannot be had: its steps do not need them."""
    try:
        timeline().catch_up()
        rows = timeline().store.page(Filter(rollback=rollback.id), None, NEWEST, newest_first=True)
        return as_they_stand(site().installation, rows)
    except LedgerError:
        return []
