"""The timeline: what happened, line by line or entry by entry, filtered, searched, fetched as one scrolls."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any, Final, NamedTuple

from flask import Blueprint, render_template
from htmx_flask import request

from ledger.app.parsing import in_utc, whole
from ledger.app.reading.rows import Filter, Row, Word
from ledger.app.reading.searching import folded, stem
from ledger.app.reading.timeline import Shown, Timeline, as_they_stand
from ledger.domain.events import EVENTS
from ledger.domain.runbook import STEPS
from web import story
from web.categories import CATEGORIES, SYSTEM, sign
from web.i18n import language
from web.shared import shared
from web.site import site
from web.words import VERDICTS

PAGE: Final = 40
"""Lines fetched at a time, or entries."""
MOST: Final = 80
"""Entries that these lines are of at most: one line has as many as 24."""
OFFERED: Final = 200
"""Rollbacks offered by name, the newest; any other can be typed."""
_NAMES: Final = (
    *("rollback", "step", "person", "status", "verdict", "since", "until", "q", "order", "category", "view", "at"),
)
_RARE: Final = frozenset({"rollback", "step", "person", "status", "verdict", "since", "until", "order"})
"""What stands behind "More filters"."""
_CLOCK: Final = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")
_PRECISION: Final = {10: timedelta(days=1), 16: timedelta(minutes=1), 19: timedelta(seconds=1)}
"""Length of a typed time -> how long what it names lasts."""
blueprint = Blueprint("timeline", __name__)


class Chosen(NamedTuple):
    """The filter as it was typed, and as the store takes it."""

    typed: dict[str, str]
    filter: Filter
    categories: frozenset[str]
    newest_first: bool
    folded: bool
    """Whether what belongs together stands on one line, and the system's own entries are left out."""
    place: Filter
    """The filter up to the time that was gone to, or from there on."""
    unread: tuple[str, ...]
    """What was typed as a time and is none."""

    def but(self, **changed: str) -> dict[str, str]:
        """The address of the same with something else typed; ``""`` takes it away."""
        return {name: value for name, value in (self.typed | changed).items() if value}

    def toggled(self, category: str) -> dict[str, str]:
        """The address of the same with a category more, or without it."""
        return self.but(category=",".join(sorted(self.categories ^ {category})))

    @property
    def rare(self) -> bool:
        """Whether something behind "More filters" is set."""
        return not _RARE.isdisjoint(self.typed)


def timeline() -> Timeline:
    """The site's read model."""
    return site().timeline


@blueprint.get("/timeline")
def show() -> str:
    """The page, or with ``beyond`` (htmx) the next lines alone."""
    progress, chosen = timeline().catch_up(), _chosen()
    beyond = request.args.get("beyond", "")
    found, shown_rows = _found(chosen, beyond)
    if any(not one.why and one.row != row for one, row in zip(shown_rows, found.rows, strict=True)):
        progress = timeline().renew()  # it was changed: what else of it may be hidden by this filter?
        found, shown_rows = _found(chosen, beyond)
    told = story.lines(shown_rows, folded=chosen.folded, newest_first=chosen.newest_first)
    above = (request.args.get("day", "") if beyond else "", request.args.get("under", "") if beyond else "")
    sections = list(story.sections(told, above))
    given: dict[str, Any] = {"sections": sections, "more": _more(chosen, found.last, sections), "chosen": chosen}
    if request.htmx and beyond:
        return render_template("timeline/rows.html", **given)
    store, people = timeline().store, site().installation.state.people
    complete = not found.last and not beyond and chosen.place == chosen.filter
    shown = found.matching if complete else store.count(chosen.filter)
    quiet = store.count(chosen.filter._replace(without=(), statuses=tuple(SYSTEM.statuses))) if _hides(chosen) else 0
    return render_template(
        "timeline/show.html",
        **given,
        progress=progress,
        shown=shown,
        system=quiet,
        hidden=progress.done - shown - quiet,
        newer=shown - store.count(chosen.place) if chosen.place != chosen.filter else 0,
        newest=progress.done,
        numbered=_numbered(chosen, progress.done),
        rollbacks=store.rollbacks(OFFERED),
        people=sorted(people),
        categories=CATEGORIES,
        statuses=sorted({status for status, _ in EVENTS}),
        verdicts=list(VERDICTS)[:4],
        step_titles=STEPS,
    )


class Found(NamedTuple):
    """What the read model finds for one page."""

    rows: list[Row]
    last: str
    """The row or leader beyond which the next ones are; ``""`` where there are none."""
    matching: int
    """Rows that the filter lets through; a line brings along those that belong to it."""


def _found(chosen: Chosen, beyond: str) -> tuple[Found, list[Shown]]:
    """The next rows as the read model finds them, and as their entries stand."""
    found = (_lines if chosen.folded else _entries)(chosen, whole(beyond))
    return found, as_they_stand(site().installation, found.rows)


def _entries(chosen: Chosen, beyond: int | None) -> Found:
    rows = timeline().store.page(chosen.place, beyond, PAGE + 1, newest_first=chosen.newest_first)
    return Found(rows[:PAGE], str(rows[PAGE - 1].sequence) if len(rows) > PAGE else "", len(rows))


def _lines(chosen: Chosen, beyond: int | None) -> Found:
    counted = timeline().store.leaders(chosen.place, beyond, PAGE + 1, newest_first=chosen.newest_first)
    leaders = [leader for leader, _ in counted]
    rows = timeline().store.members(leaders[:PAGE])
    sizes = Counter(row.leader for row in rows)
    fits = max(1, sum(total <= MOST for total in accumulate(sizes[leader] for leader in leaders[:PAGE])))
    last = str(leaders[fits - 1]) if len(leaders) > fits else ""
    matching = sum(number for _, number in counted)
    return Found([row for row in rows if row.leader in leaders[:fits]], last, matching)


def _more(chosen: Chosen, last: str, sections: list[story.Section]) -> dict[str, str] | None:
    """The address of the next lines; None where there are none."""
    if not last:
        return None
    return chosen.but(beyond=last, day=sections[-1].day, under=sections[-1].rollback)


@blueprint.get("/timeline/fresh")
@shared
def fresh() -> str:
    """How many entries came after one that is shown, for the bar above the rows."""
    after, chosen = request.args.get("after", ""), _chosen()
    timeline().catch_up()
    number = timeline().store.count(chosen.filter, whole(after) or 0)
    return render_template("timeline/fresh.html", number=number, after=after, chosen=chosen)


def _chosen() -> Chosen:
    typed = {name: request.args.get(name, "").strip()[:200] for name in _NAMES}
    folds, newest_first = typed["view"] != "every", typed["order"] != "oldest"
    categories = frozenset(typed["category"].split(",")) & {one.code for one in CATEGORIES}
    statuses = {status for one in CATEGORIES if one.code in categories for status in one.statuses}
    if typed["status"]:
        statuses = {typed["status"]}
    chosen = Filter(
        rollback=typed["rollback"],
        step=int(typed["step"]) if typed["step"] in {str(step.number) for step in STEPS} else None,
        person=typed["person"],
        statuses=tuple(sorted(statuses)),
        verdict=typed["verdict"],
        since=_time(typed["since"]),
        until=_time(typed["until"]),
        words=tuple(Word(stem(word, language()), _named(word)) for word in _words(typed["q"])),
        without=tuple(sorted(SYSTEM.statuses)) if folds and not statuses else (),
    )
    place = _up_to(chosen, _span(typed["at"]), newest_first=newest_first)
    unread = tuple(typed[name] for name in ("at", "since", "until") if typed[name] and _span(typed[name]) is None)
    kept = {name: value for name, value in typed.items() if value}
    return Chosen(kept, chosen, categories, newest_first, folds, place, unread)


def _hides(chosen: Chosen) -> bool:
    return bool(chosen.filter.without)


def _words(text: str) -> list[str]:
    """At most eight words; the mark of a digest that was shortened is none of it."""
    return [word for part in text.split()[:8] if (word := part.rstrip("…"))]


def _named(word: str) -> tuple[str, ...]:
    """People whose names a word is a part of: names are in the directory, not in the entries."""
    word = folded(word)
    return tuple(id_ for id_, name in site().installation.people.names().items() if word in folded(name))


def _numbered(chosen: Chosen, size: int) -> int | None:
    """The entry whose number was searched for."""
    number = whole(chosen.typed.get("q", ""))
    return number if number is not None and 0 < number <= size else None


def _time(text: str) -> str:
    """A typed time (UTC) as entries write it; ``""`` where it is none."""
    span = _span(text)
    return "" if span is None else _iso(span[0])


def _span(text: str) -> tuple[datetime, datetime] | None:
    """A typed time (UTC), and when what it names is over: a day, a minute, a second. None where it is none.

    A time of day alone is the last one that was.
    """
    try:
        if not _CLOCK.fullmatch(text):
            moment = in_utc(text)
            return moment, moment + _PRECISION.get(len(text), timedelta(seconds=1))
        now = site().installation.clock()
        moment = in_utc(f"{now:%Y-%m-%d}T{text:0>5}" if text.count(":") == 1 else f"{now:%Y-%m-%d}T{text:0>8}")
        moment -= timedelta(days=1) if moment > now else timedelta()
        return moment, moment + timedelta(minutes=1) if text.count(":") == 1 else moment + timedelta(seconds=1)
    except (ValueError, OverflowError):
        return None


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")


def _up_to(chosen: Filter, span: tuple[datetime, datetime] | None, *, newest_first: bool) -> Filter:
    """The filter up to a time that was gone to, or from there on where the oldest stand first."""
    if span is None:
        return chosen
    begin, end = map(_iso, span)
    if newest_first:
        return chosen._replace(until=min(end, chosen.until or end))
    return chosen._replace(since=max(begin, chosen.since))


def _reason_of(rollback: str) -> str:
    """Why it was opened, or ``""`` where the ledger's state does not know it."""
    state = site().installation.state
    known = state.open.get(rollback) or state.closed.get(rollback)
    return known.reason if known is not None else ""


@blueprint.record_once
def _words_of_the_story(setup: Any) -> None:
    setup.app.jinja_env.filters.update(shortly=story.shortly, sign=sign, initials=story.initials)
    setup.app.jinja_env.filters.update(hue=story.hue, reason_of=_reason_of)
    setup.app.jinja_env.globals.update(later=story.later, day_word=story.day_word)
