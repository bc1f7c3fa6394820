"""The post-mortem as JSON and as Markdown; every number stands beside the entries that it comes from."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ledger.app.durations import format_duration
from ledger.app.review_parts import Review
from ledger.domain.text import visible

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~<>&@:-])")
_PARTS = ("durations", "spans", "marks", "attempts", "timeline", "evidence", "deviations", "debts")


def review_json(found: Review) -> dict[str, Any]:
    """Texts, whole numbers, booleans and null; times ISO 8601 in UTC."""
    return {
        "format": "stage4-ledger review v1",
        "rollback": found.rollback.id,
        "phase": found.rollback.phase,
        "ticket": found.rollback.ticket,
        "reason": found.rollback.reason,
        "up_to": found.at.isoformat(),
        **{name: [_plain(dataclasses.asdict(one)) for one in getattr(found, name)] for name in _PARTS},
    }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def escape(text: object) -> str:
    """Free text as Markdown that shows it as it is, on one line: no markup, link, HTML or table cell of its own."""
    return _SPECIAL.sub(r"\\\1", visible(" ".join(str(text).split())))


def review_markdown(found: Review, names: Mapping[str, str]) -> str:
    """Tables under headings; ``names`` gives people's names by id."""
    rollback = found.rollback
    so_far = "" if not rollback.is_open else f" (so far, up to {_time(found.at)})"

    def who(person: str) -> str:
        return names.get(person, person)

    sections: list[tuple[str, tuple[str, ...], list[tuple[object, ...]]]] = [
        (
            "Durations",
            ("what", "how long", "seconds", "entries"),
            [
                (one.name, format_duration(one.seconds), one.seconds, f"{one.first} to {one.last or 'now'}")
                for one in found.durations
            ],
        ),
        (
            "Attempts",
            ("step", "attempt", "verdict", "reasons", "by", "at", "entry"),
            [
                (a.step, a.number, a.verdict, "; ".join(a.reasons), who(a.by), _time(a.at), a.entry)
                for a in found.attempts
            ],
        ),
        (
            "Deviations",
            ("what", "by", "at", "entry"),
            [(one.what, who(one.by), _time(one.at), one.entry) for one in found.deviations],
        ),
        (
            "Owed",
            ("what", "since", "entry", "paid"),
            [
                (d.what, _time(d.since), d.entry, f"entry {d.paid}, {who(d.paid_by)}" if d.paid else "still owed")
                for d in found.debts
            ],
        ),
        (
            "Timeline",
            ("entry", "at", "by", "what", "corrected by"),
            [
                (one.entry, _time(one.at), who(one.by), one.text, ", ".join(map(str, one.corrected_by)))
                for one in found.timeline
            ],
        ),
        (
            "Evidence",
            ("artefact", "entry", "digest", "bytes", "state"),
            [
                (one.name, one.entry, one.sha384, "" if one.size is None else one.size, one.found)
                for one in found.evidence
            ],
        ),
    ]
    head = f"# Review of {escape(rollback.id)}{escape(so_far)}\n\n{escape(rollback.reason)}\n"
    return head + "".join(_section(*one) for one in sections)


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _section(title: str, heads: Iterable[str], rows: list[tuple[object, ...]]) -> str:
    if not rows:
        return f"\n## {title}\n\nNone.\n"
    heads = tuple(heads)
    lines = ["| " + " | ".join(map(escape, row)) + " |" for row in (heads, *rows)]
    lines.insert(1, "|" + " --- |" * len(heads))
    return f"\n## {title}\n\n" + "\n".join(lines) + "\n"
