"""Rollbacks: the list, the form that opens one, and the page on which one is run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

from flask import Blueprint, abort, g, redirect, render_template, request, url_for

from ledger.app.acts import ACTS, Act
from ledger.app.acts.act import Asking
from ledger.app.acts.opening import FIELDS as OPENING
from ledger.app.parsing import whole
from ledger.app.press import new_request_id
from ledger.app.reading.eligibility import Answer, may
from ledger.app.reading.finding import of_ticket
from ledger.app.reading.outlook import Outlook
from ledger.app.reading.rows import Filter
from ledger.app.reading.timeline import Shown, as_they_stand
from ledger.domain.duties.owed import owed
from ledger.domain.paper import paper_lines
from ledger.domain.rules import duration_minutes
from ledger.domain.runbook import COMPONENTS, PURPOSES, STEPS, Step, StepRow
from ledger.domain.state import Evidence, Rollback, StepState
from ledger.errors import LedgerError
from ledger.said import Said
from web import situation
from web.i18n import gettext as _
from web.identity import actor, only
from web.pages import previews
from web.pages.timeline import timeline
from web.shared import request_id, shared
from web.site import site
from web.standing import remark, trading
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
    remarks: tuple[str, ...]
    """What is seen now and is not as the step left it."""


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
        rows=[(rollback, duration_minutes(rollback), owed(rollback)) for rollback in (*open_ones, *page[:PAGE])],
        q=words,
        older=page[PAGE - 1].opened_entry if len(page) > PAGE else None,
        later=edge is not None,
        any=bool(state.open or state.closed),
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
    asking = _asking(rollback)
    offered = [_offer(act, asking) for act in ACTS.values() if _shows(act, asking)]
    offered = [offer for offer in offered if offer.act.name == failed or offer.answer.yes or not offer.foreign]
    return render_template(
        "rollbacks/show.html",
        own_address=url_for("rollbacks.show", rollback=rollback.id),
        rollback=rollback,
        steps=_steps(rollback, offered),
        may_stop=rollback.is_open and g.roles != {"auditor"},
        general=[offer for offer in offered if offer.act.step is None],
        owed=owed(rollback),
        upcoming=situation.next_of(rollback, asking.outlook, asking.at),
        sentence=situation.sentence(here.installation.state, asking.outlook, asking.at),
        asking=asking,
        outlook=asking.outlook,
        watch=watch_page(rollback, asking.at),
        jobs=here.jobs.of(rollback.id),
        minutes=duration_minutes(rollback),
        entries=_newest(rollback),
        request_id=request_id,
        failed=failed,
        # Its form is gone because the rollback moved on: the answer stands alone, with what was typed.
        stranded=ACTS[failed] if failed and all(offer.act.name != failed for offer in offered) else None,
        error=error,
        typed=typed or {},
    )


def _asking(rollback: Rollback) -> Asking:
    here = site()
    names = here.installation.people.names()
    return Asking(here.installation, actor(), rollback, here.lookout.outlook, here.installation.clock(), names)


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


def _steps(rollback: Rollback, offered: list[Offered]) -> list[StepPage]:
    _, outlook, now = situation.current()
    due = {action.step for action in situation.next_of(rollback, outlook, now)}
    paper = paper_lines(rollback)
    pages = []
    for step, state in zip(STEPS, rollback.steps, strict=True):
        mine = [offer for offer in offered if offer.act.step == step.number]
        pages.append(
            StepPage(
                step,
                state,
                tuple(offer for offer in mine if offer.act.main),
                tuple(offer for offer in mine if not offer.act.main),
                tuple(artefact for artefact in rollback.evidence if artefact.step == step.number),
                paper.get(step.number, ()),
                step.number in due,
                tuple(situation.silent(outlook, now, NEEDS.get(step.number, ()))) if step.number in due else (),
                tuple(_remarks(rollback, step.number, outlook, now)),
            )
        )
    return pages


def _remarks(rollback: Rollback, number: int, outlook: Outlook, now: datetime) -> Iterator[str]:
    """Step 1: whether the override still stands; step 5: if not, whether trading runs; step 6: which alerts fire."""
    passed = rollback.steps[Step.DISABLE].passed
    if number in (Step.DISABLE, Step.RESTORE) and passed and (text := remark(rollback, outlook, now)):
        yield text if number == Step.DISABLE else trading(site().installation.state, outlook, now)
    if number == Step.COMPLETE and rollback.is_open and rollback.restarted_at is not None:
        firing = situation.critical(outlook) if outlook.fresh("prometheus", now) else None
        text = _("Whether critical alerts fire is not known.") if firing is None else situation.firing_words(firing)
        if text:
            yield text


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
