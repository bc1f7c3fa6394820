"""The post-mortem as Markdown, in the language of the request; every number stands beside the entries it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from ledger.app.durations import format_duration
from ledger.app.review.parts import Debt, Departure, Duration, Line, Point, Review
from ledger.domain.runbook import STEPS
from ledger.domain.text import visible
from web.i18n import gettext as _
from web.i18n import said
from web.review_words import DURATIONS, FOUND, MARKS, STATES, debt, span
from web.words import PHASES, VERDICTS, person

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~<>&@:-])")
Row = tuple[object, ...]


def escape(text: object) -> str:
    """Free text as Markdown that shows it as it is, on one line: no markup, link, HTML or table cell of its own."""
    return _SPECIAL.sub(r"\\\1", visible(" ".join(str(text).split())))


def review_markdown(found: Review) -> str:
    """Tables under headings; the same as the page."""
    rollback = found.rollback
    phase = _(PHASES[rollback.phase].word)
    head = f"# {escape(_('Review of %(id)s', id=rollback.id))} ({escape(phase)})\n\n{escape(rollback.reason)}\n"
    if rollback.is_open:
        head += f"\n{escape(_('So far, up to'))} {escape(_time(found.at))}\n"
    return head + "".join(_sections(found))


def _sections(found: Review) -> Iterable[str]:
    yield _section(_("Durations"), (_("What"), _("How long"), "s", _("Entries")), map(_duration, found.durations))
    steps = (_("Step"), _("Verdict"), _("Attempts"), _("Waited"), _("Took"), _("Entries"))
    yield _section(_("Steps"), steps, _steps(found))
    axis = (_("What"), _("From"), _("Until"), _("Entries"))
    yield _section(_("On one time axis"), axis, _axis(found))
    tried = (_("Step"), _("Attempt"), _("Verdict"), _("Reasons"), _("Who"), _("When"), _("Entry"))
    yield _section(_("Attempts and verdicts"), tried, _attempts(found))
    left = (_("What"), _("Who"), _("When"), _("Entry"), _("Settled"))
    yield _section(_("Deviations"), left, map(_deviation, found.deviations))
    yield _section(_("Owed and paid"), (_("What"), _("Since"), _("Entry"), _("Paid")), map(_debt, found.debts))
    lines = (_("Entry"), _("When"), _("Who"), _("What"), _("Corrected by"))
    yield _section(_("Timeline"), lines, map(_line, found.timeline))
    kept = (_("Artefact"), _("Entry"), "SHA-384", _("Size"), _("State"))
    rows = ((p.name, p.entry, p.sha384, "–" if p.size is None else p.size, _(FOUND[p.found])) for p in found.evidence)
    yield _section(_("Evidence"), kept, rows)


def _section(title: str, heads: Row, rows: Iterable[Row]) -> str:
    lines = ["| " + " | ".join(map(escape, row)) + " |" for row in (heads, *rows)]
    if len(lines) == 1:
        return f"\n## {title}\n\n{_('None.')}\n"
    lines.insert(1, "|" + " --- |" * len(heads))
    return f"\n## {title}\n\n" + "\n".join(lines) + "\n"


def _duration(one: Duration) -> Row:
    end = one.end.entry if one.end else _(STATES[one.state])
    shown = "–" if one.seconds is None else format_duration(one.seconds)
    return _(DURATIONS[one.code]), shown, "–" if one.seconds is None else one.seconds, f"{one.start.entry} → {end}"


def _steps(found: Review) -> Iterable[Row]:
    for one in found.steps:
        entries = f"{one.began.entry} → {one.settled.entry if one.settled else '…'}"
        waited = "–" if one.waited is None else format_duration(one.waited)
        verdict = _(VERDICTS[one.shown].word) if one.shown else "–"
        title = f"{one.step} · {_(STEPS[one.step].title)}"
        yield title, verdict, one.attempts, waited, format_duration(one.took), entries


def _axis(found: Review) -> Iterable[Row]:
    for one in found.spans:
        end = _time(one.end.at) if one.end else _("running")
        entries = dict.fromkeys(point.entry for point in (one.start, one.end) if point)
        yield span(one), _time(one.start.at), end, ", ".join(map(str, entries))
    for mark in found.marks:
        claimed = f" ({_('claimed')})" if mark.claimed else ""
        yield _(MARKS[mark.code]) + claimed, _time(mark.point.at), "", mark.point.entry


def _attempts(found: Review) -> Iterable[Row]:
    for one in found.attempts:
        verdict, why = _(VERDICTS[one.verdict].word), "; ".join(map(said, one.reasons))
        yield one.step, one.number, verdict, why, person(one.by), _time(one.at), one.entry


def _deviation(one: Departure) -> Row:
    return said(one.what), person(one.by), _time(one.point.at), one.entry, _settled(one.settled)


def _debt(one: Debt) -> Row:
    paid = f"{_settled(one.paid)}, {person(one.paid_by)}" if one.paid else _("still owed")
    return debt(one), _time(one.since.at), one.since.entry, paid


def _settled(point: Point | None) -> str:
    return f"{_time(point.at)} ({point.entry})" if point else "–"


def _line(one: Line) -> Row:
    claimed = f" ({_('claimed to be of')} {_time(one.occurred_at)})" if one.occurred_at else ""
    if _time(one.stamped) != _time(one.at):
        claimed += " " + _("(recorded as %(time)s, because an earlier entry is later)", time=_time(one.stamped))
    return one.entry, _time(one.at), person(one.by), said(one.text) + claimed, ", ".join(map(str, one.corrected_by))


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
