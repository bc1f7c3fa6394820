"""The first page of a post-mortem in words: what happened in a few sentences, each with the entries that say so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

from ledger.app.durations import format_duration
from ledger.app.review.parts import Debt, Duration, Highlight, Review, seconds_between
from ledger.app.words import mark
from ledger.domain.asked import NO_REASON
from ledger.domain.moments import clock_or_day
from web.i18n import gettext as _
from web.i18n import ngettext
from web.words import VERDICTS, person, stamp

KEY_TIMES: Final = {
    "detected": mark("detected"),
    "decided": mark("decided"),
    "stopped": mark("stopped"),
    "confirmed": mark("seen disabled"),
    "restored": mark("restored"),
}
"""Under the figures that count from the first critical alert, or from the opening."""
MEANT: Final = {
    "detected": mark("the rollback was opened"),
    "decided": mark("confirmed, or an emergency declared"),
    "stopped": mark("the override was in place"),
    "confirmed": mark("the scheduler itself said disabled"),
    "restored": mark("the scheduler was seen enabled again"),
}
HIGHLIGHTS: Final = {
    "first_alert": mark("First critical alert active"),
    "opened": mark("Rollback opened"),
    "emergency": mark("Emergency declared"),
    "confirmed": mark("Rollback confirmed"),
    "refused": mark("Confirmation refused"),
    "stopped": mark("Override in place"),
    "muted": mark("Alerts silenced"),
    "confirmed_stop": mark("Stop confirmed by the scheduler's own status"),
    "removed_outside": mark("Override removed outside"),
    "silence_lost": mark("Silence lost"),
    "watched": mark("Watch judged"),
    "incident_ended": mark("Incident ended"),
    "abort_asked": mark("Abort asked for"),
    "restored": mark("Scheduler seen enabled again"),
    "released": mark("Hold released"),
    "all_clear": mark("All-clear announced"),
    "closed": mark("Rollback closed"),
    "aborted": mark("Rollback aborted"),
    "reviewed": mark("Review recorded"),
}


class Sentence(NamedTuple):
    """One sentence, and the entries that say so."""

    text: str
    entries: tuple[int, ...]


def summary(found: Review) -> list[Sentence]:
    """About five sentences; nothing in them that no entry says."""
    times = {one.code: one for one in found.key_times}
    return [*_stop(found, times), *_alert(found, times), *_back(found, times), *_end(found), *_afterwards(found)]


def _stop(found: Review, times: dict[str, Duration]) -> Iterator[Sentence]:
    stopped, seen = times.get("stopped"), times.get("confirmed")
    if stopped is None or stopped.end is None:
        text = _("The scheduler was not stopped.") if found.closed else _("The scheduler has not been stopped yet.")
        yield Sentence(text, ())
    elif seen is not None and seen.end is not None:
        values = {"who": person(found.told.stopped_by), "at": stamp(stopped.end.at), "seen": _clock(found, seen.end.at)}
        text = _("%(who)s had the scheduler stopped at %(at)s, and it was seen disabled at %(seen)s.", **values)
        yield Sentence(text, (stopped.end.entry, seen.end.entry))
    else:
        text = _("%(who)s had an override written at %(at)s; the scheduler was not seen disabled.")
        values = {"who": person(found.told.stopped_by), "at": stamp(stopped.end.at)}
        yield Sentence(text % values, (stopped.end.entry,))
    if found.rollback.reason != NO_REASON:
        yield Sentence(
            _("The reason given: “%(reason)s”.", reason=found.rollback.reason), (found.rollback.opened_entry,)
        )


def _alert(found: Review, times: dict[str, Duration]) -> Iterator[Sentence]:
    stopped = times.get("stopped")
    first = next((one for one in found.told.highlights if one.code == "first_alert"), None)
    if first is not None and stopped is not None and stopped.end is not None:
        values = {
            "alert": first.detail,
            "at": _clock(found, first.point.at),
            "took": format_duration(stopped.seconds or 0),
        }
        text = _("The first critical alert, %(alert)s, was active from %(at)s, %(took)s before the stop.", **values)
        yield Sentence(text, (first.point.entry, stopped.end.entry))
    elif first is None and found.rollback.purpose == "incident":
        text = _("No critical alert is recorded before the stop, so times count from the opening.")
        yield Sentence(text, (found.rollback.opened_entry,))


def _back(found: Review, times: dict[str, Duration]) -> Iterator[Sentence]:
    stopped = next((one for one in found.durations if one.code == "stopped"), None)
    restored = times.get("restored")
    if stopped is None or restored is None:
        return
    took = format_duration(stopped.seconds or 0)
    if restored.end is None and found.rollback.is_open:
        yield Sentence(_("Trading was not restored yet, %(took)s after the stop.", took=took), (stopped.start.entry,))
    elif restored.end is not None and found.rollback.override.held_by:
        text = _("Its hold was released at %(at)s, %(took)s after the stop; others still held the scheduler.")
        yield Sentence(text % {"at": _clock(found, restored.end.at), "took": took}, (restored.end.entry,))
    elif restored.end is not None:
        text = _(
            "The scheduler was seen enabled again at %(at)s, %(took)s after the stop.",
            at=_clock(found, restored.end.at),
            took=took,
        )
        yield Sentence(text, (restored.end.entry,))


def _end(found: Review) -> Iterator[Sentence]:
    ended = found.told.ended
    if ended is None:
        return
    if found.rollback.aborting:
        text = _("%(who)s gave it up: “%(text)s”.")
    elif ended.text:
        text = _("What ended it, by %(who)s: “%(text)s”.")
    else:
        text = _("%(who)s ended the incident; what ended it is not written.")
    yield Sentence(text % {"who": person(ended.by), "text": ended.text}, (ended.entry,))


def _clock(found: Review, moment: datetime) -> str:
    """A time of the opening's day without its date."""
    return f"{clock_or_day(moment, found.rollback.opened_at, seconds=True)} UTC"


def _afterwards(found: Review) -> Iterator[Sentence]:
    left, unpaid = found.deviations, owed(found)
    if left:
        number = ngettext("%(num)s deviation from the runbook", "%(num)s deviations from the runbook", len(left))
    else:
        number = _("No deviation from the runbook")
    debts = (
        ngettext("%(num)s debt is unpaid", "%(num)s debts are unpaid", len(unpaid)) if unpaid else _("nothing is owed")
    )
    text = f"{number % {'num': len(left)}}; {debts % {'num': len(unpaid)}}."
    yield Sentence(text, tuple(one.entry for one in left[:3]))
    if found.told.reviews:
        last = found.told.reviews[-1]
        yield Sentence(_("Reviewed by %(who)s at %(at)s.", who=person(last.by), at=stamp(last.point.at)), (last.entry,))
    else:
        yield Sentence(_("Nobody has recorded a review."), ())


def owed(found: Review) -> tuple[Debt, ...]:
    """What is still owed."""
    return tuple(one for one in found.debts if one.paid is None)


def highlight(one: Highlight) -> str:
    """A line of the short time line, without its time."""
    detail = _(VERDICTS[one.detail].word) if one.code == "watched" else one.detail
    return f"{_(HIGHLIGHTS[one.code])}: {detail}" if detail else _(HIGHLIGHTS[one.code])


def impact(found: Review) -> list[tuple[str, str]]:
    """What it cost, as far as the ledger saw: word and figure."""
    muted = [span for span in found.spans if span.lane == "alerts_silenced"]
    fired = [span for span in found.spans if span.lane == "alert"]
    rows = []
    if found.held:
        rows.append((_("Override in place"), _so_far(found.held_seconds, running=found.held[-1].end is None)))
    if muted:
        seconds = sum(seconds_between(one.start.at, one.end.at if one.end else found.at) for one in muted)
        rows.append((_("Alerts silenced"), _so_far(seconds, running=muted[-1].end is None)))
    critical = sum(span.critical for span in fired)
    told = _("%(num)s, %(critical)s critical", num=len(fired), critical=critical) if fired else _("none recorded")
    rows.append((_("Alerts that fired"), told))
    rows.append((_("Component"), found.rollback.component))
    return rows


def _so_far(seconds: int, *, running: bool) -> str:
    return f"{format_duration(seconds)} ({_('so far')})" if running else format_duration(seconds)


def difference(planned: int | None, took: int | None) -> str:
    """How much longer or shorter than planned; a dash where one of both is not known."""
    if planned is None or took is None:
        return "–"
    if abs(took - planned) < 1:
        return _("as planned")
    sign = "+" if took > planned else "−"
    return f"{sign}{format_duration(abs(took - planned))}"
