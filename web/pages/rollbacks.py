"""Rollbacks: the list, the form that opens one, and the page on which one is run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

from flask import Blueprint, abort, g, render_template, request, url_for

from ledger.app.acts import ACTS, Act
from ledger.app.acts.act import Asking
from ledger.app.acts.opening import FIELDS as OPENING
from ledger.app.installation import new_request_id
from ledger.app.parsing import whole
from ledger.app.reading.eligibility import Answer, may
from ledger.app.reading.rows import Filter, Row
from ledger.domain.duties.owed import owed
from ledger.domain.paper import paper_lines
from ledger.domain.rules import duration_minutes
from ledger.domain.runbook import COMPONENTS, PURPOSES, STEPS, StepRow
from ledger.domain.state import Evidence, Rollback, StepState
from ledger.errors import LedgerError
from web import situation
from web.identity import actor, only
from web.pages import previews
from web.pages.timeline import timeline
from web.shared import request_id, shared
from web.site import site
from web.words import PURPOSES as PURPOSE_WORDS

PAGE: Final = 50
"""Closed rollbacks listed at a time."""
NEWEST: Final = 30
"""Entries beside a rollback's steps; all of them are on the timeline."""
blueprint = Blueprint("rollbacks", __name__)
blueprint.add_app_template_global(lambda name: ACTS[name].label if name in ACTS else name, "acts_label")


@dataclass(frozen=True)
class Offered:
    """One act as it is offered to this person now."""

    act: Act
    answer: Answer
    preview: dict[str, Any] | None
    """What its preview shows; None where it has none."""

    @property
    def foreign(self) -> bool:
        """Another role's button, beside the step's own: it is not there at all."""
        return not self.act.main and self.answer.needs_role


@dataclass(frozen=True)
class StepPage:
    """One step as the page shows it."""

    step: StepRow
    state: StepState
    main: tuple[Offered, ...]
    more: tuple[Offered, ...]
    evidence: tuple[Evidence, ...]
    paper: tuple[str, ...]
    current: bool
    silent: tuple[str, ...]
    """What does not answer although this step needs it."""


@blueprint.get("/rollbacks")
@shared
def index() -> str:
    """Open rollbacks, then a page of closed ones, the newest first; ``q`` is a part of an id or a reason."""
    state, words = site().installation.state, request.args.get("q", "").strip()[:200]
    edge = whole(request.args.get("before", ""))
    closed = sorted(state.closed.values(), key=lambda one: one.opened_entry, reverse=True)
    matching = (one for one in closed if (edge is None or one.opened_entry < edge) and _speaks_of(one, words))
    page = list(islice(matching, PAGE + 1))
    open_ones = [one for one in state.open.values() if edge is None and _speaks_of(one, words)]
    return render_template(
        "rollbacks/index.html",
        rows=[(one, duration_minutes(one), owed(one)) for one in (*open_ones, *page[:PAGE])],
        q=words,
        older=page[PAGE - 1].opened_entry if len(page) > PAGE else None,
        later=edge is not None,
        any=bool(state.open or closed),
    )


def _speaks_of(rollback: Rollback, words: str) -> bool:
    return words.lower() in f"{rollback.id} {rollback.ticket} {rollback.reason}".lower()


@blueprint.get("/rollbacks/new")
@only("incident_manager")
def new() -> str:
    """The form."""
    return render_form()


def render_form(error: LedgerError | None = None, typed: dict[str, str] | None = None) -> str:
    """The form, with what was typed and why it was not taken."""
    config = site().installation.config
    return render_template(
        "rollbacks/new.html",
        fields={field.name: field for field in OPENING},
        purposes={name: PURPOSE_WORDS[name] for name in PURPOSES},
        components=COMPONENTS,
        alerts=config.alerts.rules,
        channel=config.rollback.channel,
        window=config.rollback.window,
        request_id=request.form.get("request_id") or new_request_id(),
        error=error,
        typed=typed or {},
        chosen=request.form.getlist("expected"),
    )


@blueprint.get("/rollbacks/<rollback>")
@shared
def show(rollback: str) -> str:
    """The page of one rollback."""
    return render(rollback)


def render(name: str, failed: str = "", error: LedgerError | None = None, typed: dict[str, str] | None = None) -> str:
    """The page; with ``failed`` the act that was not taken, its form open with what was typed."""
    here = site()
    found = here.installation.state.rollback(name)
    if found is None:
        abort(404, f"there is no rollback {name[:64]!a}")
    asking = _asking(found)
    offered = [_offer(act, asking) for act in ACTS.values() if _shows(act, asking)]
    offered = [one for one in offered if one.act.name == failed or one.answer.yes or not one.foreign]
    return render_template(
        "rollbacks/show.html",
        own_address=url_for("rollbacks.show", rollback=found.id),
        rollback=found,
        steps=_steps(found, offered),
        general=[one for one in offered if one.act.step is None],
        owed=owed(found),
        upcoming=situation.next_of(found),
        sentence=situation.sentence(here.installation.state, asking.outlook, asking.at),
        asking=asking,
        outlook=asking.outlook,
        watch=watch_page(found, asking.at),
        jobs=here.jobs.of(found.id),
        minutes=duration_minutes(found),
        entries=_newest(found),
        request_id=request_id,
        failed=failed,
        # Its form is gone because the rollback moved on: the answer stands alone, with what was typed.
        stranded=ACTS[failed] if failed and all(one.act.name != failed for one in offered) else None,
        error=error,
        typed=typed or {},
    )


def _asking(found: Rollback) -> Asking:
    here = site()
    names = here.installation.people.names()
    return Asking(here.installation, actor(), found, here.lookout.outlook, here.installation.clock(), names)


def _shows(act: Act, asking: Asking) -> bool:
    """Who only reads is shown no acts at all."""
    return bool(g.roles - {"auditor"}) and act.shows(asking)


def _offer(act: Act, asking: Asking) -> Offered:
    state = asking.installation.state
    answer = may(state, asking.actor, act.probe(asking), asking.rollback.id, asking.at)
    preview = previews.PREVIEWS[act.name](asking, answer) if act.name in previews.PREVIEWS else None
    return Offered(act, answer, preview)


NEEDS = {2: ("alertmanager",), 3: ("scheduler",), 4: ("prometheus",), 5: ("scheduler", "alertmanager")}
"""The sources that a step cannot be judged without."""


def _steps(found: Rollback, offered: list[Offered]) -> list[StepPage]:
    _, outlook, now = situation.current()
    due = {one.step for one in situation.next_of(found)}
    paper = paper_lines(found)
    pages = []
    for step, state in zip(STEPS, found.steps, strict=True):
        mine = [one for one in offered if one.act.step == step.number]
        pages.append(
            StepPage(
                step,
                state,
                tuple(one for one in mine if one.act.main),
                tuple(one for one in mine if not one.act.main),
                tuple(one for one in found.evidence if one.step == step.number),
                paper.get(step.number, ()),
                step.number in due,
                tuple(situation.silent(outlook, now, NEEDS.get(step.number, ()))) if step.number in due else (),
            )
        )
    return pages


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


def _newest(found: Rollback) -> list[Row]:
    """The rollback's newest entries, newest first; none while they cannot be had: its steps do not need them."""
    try:
        timeline().catch_up()
        return timeline().store.page(Filter(rollback=found.id), None, NEWEST, newest_first=True)
    except LedgerError:
        return []
