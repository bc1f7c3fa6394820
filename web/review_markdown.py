"""The post-mortem as Markdown, in the language of the request; every number stands beside the entries it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from ledger.app.durations import format_duration
from ledger.app.review.parts import Debt, Departure, Duration, FollowUp, Highlight, Line, Point, Review, Span, Words
from ledger.domain.runbook import STEPS
from ledger.domain.text import visible
from web.i18n import gettext as _
from web.i18n import said
from web.review_story import KEY_TIMES, highlight, impact, summary
from web.review_words import FOUND, MARKS, STATES, artefact, debt, duration, held, listed, span, steps, unlisted, until
from web.words import PHASES, VERDICTS, person, verdict

_SPECIAL = re.compile(r"([\\`*\[\]|~<>&@]|(?<!\w)_|_(?!\w)|(?<=\])\(|:(?=//)|^[#+=-]|^\d+(?=[.)])(?=.))")
"""What could be markup where it stands: an underscore inside of a word is none, nor is a dash inside of a line."""
Row = tuple[object, ...]


def escape(text: object) -> str:
    """Free text as Markdown that shows it as it is, on one line: no markup, link, HTML or table cell of its own."""
    return _SPECIAL.sub(r"\\\1", visible(" ".join(str(text).split())))


def review_markdown(found: Review) -> str:
    """What happened in a paragraph, then lists and tables under headings; the same as the page."""
    rollback = found.rollback
    phase = _(PHASES[rollback.phase].word)
    head = f"# {escape(_('Post-mortem of %(id)s', id=rollback.id))} ({escape(phase)})\n\n{escape(rollback.reason)}\n"
    if rollback.is_open:
        head += f"\n{escape(_('So far, up to'))} {escape(_time(found.at))}\n"
    for deviation in found.fired_again:
        told = _(
            "Trading was restored, and after that critical alerts were seen firing: entry %(n)s.", n=deviation.entry
        )
        head += f"\n{escape(told)} {escape(said(deviation.what))}\n"
    told = " ".join(f"{one.text}{_brackets(one.entries)}" for one in summary(found))
    return f"{head}\n{escape(told)}\n" + "".join((*_first_page(found), *_sections(found)))


def _brackets(entries: Iterable[int]) -> str:
    """Entries in round brackets: square ones are a link's."""
    numbers = ", ".join(map(str, entries))
    return f" ({numbers})" if numbers else ""


def _first_page(found: Review) -> Iterable[str]:
    counted = (_(KEY_TIMES[one.code]) for one in found.key_times)
    times = (
        (
            name,
            _("never") if one.state == "never" else _("not yet") if not one.end else format_duration(one.seconds or 0),
            _pair(one),
        )
        for name, one in zip(counted, found.key_times, strict=True)
    )
    yield _section(_("Time to stop"), (_("What"), _("How long"), _("Entries")), times)
    yield _list(_("Timeline in short"), map(_short, found.told.highlights))
    yield _list(_("Impact"), (f"{name}: {figure}" for name, figure in impact(found)))
    ended = [found.told.ended] if found.told.ended and found.told.ended.text else []
    yield _list(_("What ended it"), map(_wrote, ended))
    left = (_("What"), _("Who"), _("When"), _("Entry"), _("Settled"))
    yield _section(_("Deviations"), left, map(_deviation, found.deviations))
    yield _section(_("Owed and paid"), (_("What"), _("Since"), _("Entry"), _("Paid")), map(_debt, found.debts))
    yield _list(_("Contributing factors and lessons"), (f"{_(one.kind)}: {_wrote(one)}" for one in found.told.findings))
    yield _list(_("Follow-ups"), map(_follow_up, found.told.follow_ups))
    yield _list(_("Read and signed"), map(_wrote, found.told.reviews))


def _short(one: Highlight) -> str:
    by = f", {person(one.by)}" if one.by else ""
    return f"{_time(one.point.at)} – {highlight(one)}{by}{_brackets([one.point.entry])}"


def _wrote(one: Words) -> str:
    about = f", {_('about')} {one.about}" if one.about else ""
    return f"{one.text} – {person(one.by)}, {_time(one.point.at)}{_brackets([one.entry])}{about}"


def _follow_up(one: FollowUp) -> str:
    done = f"{_('finished')}: {_wrote(one.done)}" if one.done else _("to be done")
    return (
        f"{one.what.text} – {person(one.assignee)}, {_('due')} {_time(one.due)}{_brackets([one.what.entry])} – {done}"
    )


def _list(title: str, lines: Iterable[str]) -> str:
    told = "".join(f"- {escape(line)}\n" for line in lines)
    return f"\n## {title}\n\n{told or _('Nothing is written yet.') + chr(10)}"


def _pair(one: Duration) -> str:
    return f"{one.start.entry} → {one.end.entry if one.end else '…'}"


def _sections(review: Review) -> Iterable[str]:
    yield _section(_("Durations"), (_("What"), _("How long"), "s", _("Entries")), _durations(review))
    heads = (_("Step"), _("Verdict"), _("Attempts"), _("Waited"), _("Took"), _("Planned"), _("Entries"))
    yield _section(_("Steps, compared with the plan"), heads, _steps(review))
    tried = (_("Step"), _("Attempt"), _("Verdict"), _("Reasons"), _("Who"), _("When"), _("Entry"))
    yield _section(_("Attempts and verdicts"), tried, _attempts(review))
    lines = (_("Entry"), _("When"), _("Who"), _("What"), _("Corrected by"))
    yield _section(_("All entries"), lines, map(_line, review.timeline))
    kept = (_("Artefact"), _("Entry"), "SHA-384", _("Size"), _("State"))
    rows = (
        (artefact(p), p.entry, p.sha384, "–" if p.size is None else p.size, _(FOUND[p.found])) for p in review.evidence
    )
    yield _section(_("Artefacts"), kept, rows)
    axis = (_("What"), _("From"), _("Until"), _("Entries"))
    bars, left_off = listed(review)
    yield _section(_("Appendix: the axis as a table"), axis, _axis(review, bars))
    if left_off:
        yield f"\n{escape(unlisted(left_off))}\n"


def _section(title: str, heads: Row, rows: Iterable[Row]) -> str:
    lines = ["| " + " | ".join(map(escape, row)) + " |" for row in (heads, *rows)]
    if len(lines) == 1:
        none = _("None.")
        return f"\n## {title}\n\n{none}\n"
    lines.insert(1, "|" + " --- |" * len(heads))
    return f"\n## {title}\n\n" + "\n".join(lines) + "\n"


def _durations(review: Review) -> Iterable[Row]:
    for figure in review.durations:
        yield _duration(figure, review)
        if figure.code == "stopped" and review.held:
            pairs = (f"{bar.start.entry} → {bar.end.entry if bar.end else _(STATES['running'])}" for bar in review.held)
            seconds = review.held_seconds
            yield held(), format_duration(seconds), seconds, ", ".join(pairs)


def _duration(figure: Duration, review: Review) -> Row:
    end = figure.end.entry if figure.end else _(STATES[figure.state])
    shown = "–" if figure.seconds is None else format_duration(figure.seconds)
    return (
        duration(figure, review),
        shown,
        "–" if figure.seconds is None else figure.seconds,
        f"{figure.start.entry} → {end}",
    )


def _steps(review: Review) -> Iterable[Row]:
    for row in steps(review):
        entries = ", ".join(f"{a}" if a == b else f"{a} → {b or '…'}" for a, b in row.entries)
        waited = "–" if row.waited is None else format_duration(row.waited)
        shown = _(verdict(row.shown, review.rollback.is_open).word)
        title = f"{row.number} · {_(STEPS[row.number].title)}"
        took = "–" if row.took is None else format_duration(row.took)
        planned = "–" if row.planned is None else format_duration(row.planned)
        yield title, shown, row.attempts, waited, took, planned, entries or "–"


def _axis(review: Review, bars: Iterable[Span]) -> Iterable[Row]:
    for bar in bars:
        entries = dict.fromkeys(point.entry for point in (bar.start, bar.end, bar.gone) if point)
        yield span(bar), _time(bar.start.at), until(bar, _time), ", ".join(map(str, entries))
    for mark in review.marks:
        claimed = f" ({_('claimed')})" if mark.claimed else ""
        yield _(MARKS[mark.code]) + claimed, _time(mark.point.at), "", mark.point.entry


def _attempts(review: Review) -> Iterable[Row]:
    for attempt in review.attempts:
        told, why = _(VERDICTS[attempt.verdict].word), "; ".join(map(said, attempt.reasons))
        yield attempt.step, attempt.number, told, why, person(attempt.by), _time(attempt.at), attempt.entry


def _deviation(deviation: Departure) -> Row:
    return (
        said(deviation.what),
        person(deviation.by),
        _time(deviation.point.at),
        deviation.entry,
        _settled(deviation.settled),
    )


def _debt(owed: Debt) -> Row:
    paid = f"{_settled(owed.paid)}, {person(owed.paid_by)}" if owed.paid else _("still owed")
    return debt(owed), _time(owed.since.at), owed.since.entry, paid


def _settled(point: Point | None) -> str:
    return f"{_time(point.at)} ({point.entry})" if point else "–"


def _line(line: Line) -> Row:
    claimed = f" ({_('claimed to be of')} {_time(line.occurred_at)})" if line.occurred_at else ""
    if _time(line.stamped) != _time(line.at):
        claimed += " " + _("(recorded as %(time)s, because an earlier entry is later)", time=_time(line.stamped))
    return (
        line.entry,
        _time(line.at),
        person(line.by),
        said(line.text) + claimed,
        ", ".join(map(str, line.corrected_by)),
    )


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
