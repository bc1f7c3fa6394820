"""The timeline: every entry of the ledger, filtered, searched, fetched as one scrolls."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from flask import Blueprint, render_template
from htmx_flask import request

from ledger.app.parsing import in_utc, whole
from ledger.app.reading.rows import Filter, Row, Word
from ledger.app.reading.timeline import Shown, Timeline, as_they_stand
from ledger.domain.events import EVENTS
from ledger.domain.runbook import STEPS
from web.site import site
from web.words import VERDICTS

PAGE: Final = 50
"""Rows fetched at a time."""
OFFERED: Final = 200
"""Rollbacks offered by name, the newest; any other can be typed."""
blueprint = Blueprint("timeline", __name__)


class Chosen(NamedTuple):
    """The filter as it was typed, and as the store takes it."""

    typed: dict[str, str]
    filter: Filter
    newest_first: bool


def timeline() -> Timeline:
    """The site's read model."""
    return site().timeline


@blueprint.get("/timeline")
def show() -> str:
    """The page, or with ``beyond`` (htmx) the next rows alone."""
    progress, chosen = timeline().catch_up(), _chosen()
    beyond = request.args.get("beyond", "")
    rows, shown_rows = _rows(chosen, beyond)
    if any(not shown_row.why and shown_row.row != row for shown_row, row in zip(shown_rows, rows, strict=False)):
        progress = timeline().renew()  # it was changed: what else of it may be hidden by this filter?
        rows, shown_rows = _rows(chosen, beyond)
    more = request.args.to_dict() | {"beyond": str(rows[PAGE - 1].sequence)} if len(rows) > PAGE else None
    given: dict[str, Any] = {"rows": shown_rows, "more": more, "chosen": chosen, "step_titles": STEPS}
    if request.htmx and beyond:
        return render_template("timeline/rows.html", **given)
    complete = more is None and not beyond
    shown = len(rows) if complete else timeline().store.count(chosen.filter)
    people = site().installation.state.people
    return render_template(
        "timeline/show.html",
        **given,
        progress=progress,
        shown=shown,
        hidden=progress.done - shown,
        newest=progress.done,
        rollbacks=timeline().store.rollbacks(OFFERED),
        people=sorted(people),
        statuses=sorted({status for status, _ in EVENTS}),
        verdicts=list(VERDICTS)[:4],
    )


def _rows(chosen: Chosen, beyond: str) -> tuple[list[Row], list[Shown]]:
    """The next rows as the read model finds them, one more than is shown, and as their entries stand."""
    rows = timeline().store.page(chosen.filter, whole(beyond), PAGE + 1, newest_first=chosen.newest_first)
    return rows, as_they_stand(site().installation, rows[:PAGE])


@blueprint.get("/timeline/fresh")
def fresh() -> str:
    """How many entries came after one that is shown, for the bar above the rows."""
    after, chosen = request.args.get("after", ""), _chosen()
    timeline().catch_up()
    number = timeline().store.count(chosen.filter, whole(after) or 0)
    return render_template("timeline/fresh.html", number=number, after=after, chosen=chosen)


def _chosen() -> Chosen:
    names = ("rollback", "step", "person", "status", "verdict", "since", "until", "q", "order")
    typed = {name: request.args.get(name, "").strip()[:200] for name in names}
    chosen = Filter(
        rollback=typed["rollback"],
        step=int(typed["step"]) if typed["step"] in {str(step.number) for step in STEPS} else None,
        person=typed["person"],
        statuses=(typed["status"],) if typed["status"] else (),
        verdict=typed["verdict"],
        since=_time(typed["since"]),
        until=_time(typed["until"]),
        words=tuple(Word(word, _named(word)) for word in typed["q"].lower().split()[:8]),
    )
    return Chosen({name: value for name, value in typed.items() if value}, chosen, typed["order"] != "oldest")


def _named(word: str) -> tuple[str, ...]:
    """People whose names a word is a part of: names are in the directory, not in the entries."""
    return tuple(id_ for id_, name in site().installation.people.names().items() if word in name.lower())


def _time(text: str) -> str:
    """A typed time (UTC) as entries write it; ``""`` where it is none."""
    try:
        return in_utc(text).isoformat(timespec="microseconds")
    except ValueError:
        return ""


def category(row: Shown) -> str:
    """A sign for what kind of thing happened, beside its words."""
    signs = {"override": "■", "silence": "◗", "watch": "◉", "rollback": "◆", "scheduler": "▶", "note": "✎"}
    return next((sign for start, sign in signs.items() if row.status.startswith(start)), "·")


@blueprint.record_once
def _filters(setup: Any) -> None:
    setup.app.jinja_env.filters["category"] = category
