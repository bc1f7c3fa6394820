"""The words for a review's codes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from ledger.app.durations import format_duration
from ledger.app.review.parts import Debt, Duration, Proof, Review, Span
from ledger.app.words import mark
from ledger.domain.runbook import STEPS
from web import fields
from web.gantt import Lane
from web.i18n import gettext, ngettext
from web.told import clause
from web.words import stamp

MOST_LISTED: Final = 100
"""Alerts, artefacts or deviations that a page or a document tells one by one; a download has all."""
LONGEST_SHOWN: Final = 2_000
"""Characters of what somebody wrote that a page shows; a document to hand on has all of it."""
DURATIONS: Final = {
    "to_confirm": mark("to confirm"),
    "to_disable": mark("to disable"),
    "to_silence": mark("to silence"),
    "watched": mark("watched and judged"),
    "to_restore": mark("to restore"),
    "stopped": mark("from the first stop until trading was enabled again"),
    "released": mark("from the first stop until its hold was released"),
    "open": mark("from opening to closing"),
}
LANES: Final = {
    "scheduler_held": mark("override in place"),
    "alerts_silenced": mark("alerts silenced"),
    "alert": mark("alert"),
    "not_observed": mark("not observed"),
    "maintenance_window": mark("maintenance window"),
}
MARKS: Final = {
    "opened": mark("opened"),
    "confirmed": mark("confirmed"),
    "refused": mark("confirmation refused"),
    "emergency": mark("emergency"),
    "removed_outside": mark("override removed outside"),
    "put_back": mark("override put back"),
    "silence_extended": mark("silence extended"),
    "silence_lost": mark("silence lost"),
    "window_extended": mark("window extended"),
    "incident_ended": mark("incident ended"),
    "abort_asked": mark("abort asked for"),
    "all_clear": mark("all-clear"),
    "closed": mark("closed"),
    "aborted": mark("aborted"),
    "note": mark("note"),
}
DEBTS: Final = {
    "late_confirmation": mark("late confirmation or refusal"),
    "longer_window": mark("confirmation of the longer window"),
    "silence_end": mark("end of the silence"),
    "review": mark("review of: %(what)s"),
    "ticket": mark("a ticket"),
    "reason": mark("a reason"),
}
DRIFTS: Final = {
    "override_removed_outside": mark("override removed outside"),
    "override_observed": mark("override changed outside"),
    "scheduler_observed": mark("scheduler not as declared"),
    "foreign_silence_seen": mark("silence made by somebody else"),
    "silence_lost": mark("silence gone"),
    "silence_observed": mark("silence run out"),
}
FOUND: Final = {
    "present": mark("present"),
    "missing": mark("missing"),
    "changed": mark("changed"),
    "erased": mark("erased"),
}
STATES: Final = {"running": mark("so far"), "never": mark("never")}


def lane(code: str, label: str = "") -> str:
    """A lane of the axis: a step's title, an alert's name, or what the code says."""
    if code.startswith("step_"):
        number = int(code.removeprefix("step_"))
        return f"{number} · {gettext(STEPS[number].title)}"
    if code == "not_observed":
        return f"{gettext(LANES[code])}: {clause(label)}"
    if code == "drift":
        return gettext(DRIFTS[label])
    return label if code == "alert" else gettext(LANES[code])


class StepRow(NamedTuple):
    """One line of the table of steps. ``took`` is None where nothing came of it; ``entries`` are its attempts'."""

    number: int
    shown: str | None
    attempts: int
    waited: int | None
    took: int | None
    planned: int | None
    """Seconds that the step should take; None where nobody said."""
    entries: tuple[tuple[int, int], ...]
    """First and last, 0 where there is no last one yet."""


def steps(found: Review) -> list[StepRow]:
    """All seven, also those that were never begun: of a closed rollback they were not done."""
    known, rows = {timing.step: timing for timing in found.steps}, []
    for step in STEPS:
        timing = known.get(step.number)
        planned = found.planned.get(step.number)
        bars = [bar for bar in found.spans if bar.lane == f"step_{step.number}"]
        pairs = tuple((bar.start.entry, bar.end.entry if bar.end else 0) for bar in bars)
        if timing is None:
            rows.append(StepRow(step.number, None, 0, None, None, planned, ()))
            continue
        undone = timing.shown is None and not found.rollback.is_open
        settled = ((timing.began.entry, timing.settled.entry if timing.settled else 0),)
        took = None if undone else timing.took
        rows.append(StepRow(step.number, timing.shown, timing.attempts, timing.waited, took, planned, pairs or settled))
    return rows


def duration(one: Duration, found: Review) -> str:
    """What a figure is the time of: the runbook's duration is no time in which trading stood still all along."""
    code = "released" if one.code == "stopped" and found.rollback.override.held_by else one.code
    return gettext(DURATIONS[code])


def held() -> str:
    """The figure beside the runbook's duration."""
    code = "scheduler_held"
    return gettext(LANES[code])


def span(one: Span) -> str:
    """One bar in words."""
    verdict = f" — {gettext(one.label)}" if one.label and one.lane.startswith("step_") else ""
    return lane(one.lane, one.label) + verdict


def listed(found: Review) -> tuple[list[Span], int]:
    """The bars that are told one by one, the critical alerts before others; and how many alerts are not."""
    alerts = sorted((one for one in found.spans if one.lane == "alert"), key=lambda one: not one.critical)
    left_off = {id(one) for one in alerts[MOST_LISTED:]}
    return [one for one in found.spans if id(one) not in left_off], len(left_off)


def unlisted(number: int) -> str:
    """How many alerts are not told one by one, and what has them."""
    told = ngettext(
        "%(num)s more alert is not listed here: the JSON has all.",
        "%(num)s more alerts are not listed here: the JSON has all.",
        number,
    )
    return told % {"num": number}


def left_off(whole: Sequence[object]) -> str:
    """How many of these are not told one by one, and what has them; ``""`` where all are."""
    number = len(whole) - MOST_LISTED
    told = ngettext(
        "%(num)s more is not listed here: the Markdown has all.",
        "%(num)s more are not listed here: the Markdown has all.",
        number,
    )
    return told % {"num": number} if number > 0 else ""


def until(one: Span, stamp: Callable[[datetime], object] = stamp) -> str:
    """When a bar ends, and where that was not seen what was seen instead."""
    if one.end is None:
        return gettext("running")
    if one.ended:
        return str(stamp(one.end.at))
    if one.gone is not None:
        seen = {"at": stamp(one.end.at), "gone": stamp(one.gone.at)}
        return gettext("last seen firing at %(at)s, not seen any more at %(gone)s", **seen)
    return gettext("last seen firing at %(at)s, its end was not seen", at=stamp(one.end.at))


def lasted(one: Lane) -> str:
    """How long a lane's bars are together; at least so long where an end was not seen, no figure for a moment."""
    if one.at_least and not one.seconds:
        return "–"
    return ("≥ " if one.at_least else "") + format_duration(one.seconds)


def artefact(one: Proof) -> str:
    """What an artefact is."""
    return gettext(fields.artefact(one.name))


def debt(one: Debt) -> str:
    """What is owed."""
    what = DEBTS[one.code]
    return gettext(what, what=clause(one.of)) if one.of else gettext(what)
