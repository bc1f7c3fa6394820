"""What the entries of a home come to, as JSON that is kept beside it: facts, no sentence that a build composes."""

from __future__ import annotations

import io
import json
from typing import Any

from ledger.app.installation import Installation
from ledger.app.reading.queries import rollback_json
from ledger.app.review.as_json import review_json
from ledger.app.review.post_mortem import review
from ledger.digest import sha384
from ledger.domain.flags import runtime_flags
from ledger.domain.state import Rollback
from ledger.verify import verify

COMPOSED = ("duration_min", "next")
"""Of a rollback: counted up to now where it is open; what to type, which may be worded anew."""
COMPOSED_OF_STEP = ("paper", "title", "role", "passes_when")
OF_ENTRIES = ("timeline", "evidence")
"""Of a post-mortem: what stands in the entries as it is."""
ENDLESS = ("up_to", "durations", "steps", "spans")
"""Of a post-mortem: counted up to now where the rollback is open."""


LATER = (
    "override_in_place_seconds",
    "key_times",
    "planned_window_seconds",
    "ended",
    "findings",
    "follow_ups",
    "reviews",
)
LATER_OF_SPAN = ("critical", "end_seen", "not_seen_any_more")
"""Of a post-mortem and its bars: names that they did not have yet when the homes were kept."""


def told(installation: Installation) -> dict[str, Any]:
    """The folded state, each rollback and its post-mortem, and what the verifier says of the published lines."""
    state = installation.state
    report = verify(io.BytesIO(installation.home.published.read_bytes()))
    every = [*state.open.values(), *state.closed.values()]
    return {
        "entries": state.sequence,
        "head": installation.ledger.view().head,
        "lines_sha384": sha384(installation.home.published.read_bytes()),
        "last": state.timestamp.isoformat(),
        "flags": runtime_flags(state),
        "open": sorted(state.open),
        "closed": sorted(state.closed),
        "holders": [one.id for one in state.holders],
        "people": {person: sorted(roles) for person, roles in sorted(state.people.items())},
        "deactivated": dict(sorted(state.deactivated.items())),
        "texts": {name: [one.entry, one.proposal, one.erased] for name, one in sorted(state.texts.items())},
        "foreign": {name: [one.entry, one.created_by, one.fits] for name, one in sorted(state.foreign.items())},
        "files": {name: [one.entry, one.kind, one.sha384, one.mode] for name, one in sorted(state.files.items())},
        "scheduler": [state.scheduler.entry, state.scheduler.status, state.scheduler.cycle],
        "unknown": list(state.unknown),
        "statuses": [
            f"{record.status} {record.event.version if record.event else '?'}"
            for record, _ in installation.ledger.records()
        ],
        "verified": [report.outcome != "not_verified", report.entries, report.proved],
        "rollbacks": {one.id: _rollback(installation, one) for one in sorted(every)},
    }


def comparable(page: dict[str, Any]) -> dict[str, Any]:
    """Without the length of a second attempt at a step that had passed: the builds of then counted it as none."""
    for rollback in page["rollbacks"].values():
        found = rollback["review"]
        again = {f"step_{one['step']}" for one in found.get("steps", ()) if one["attempts"] > 1}
        for one in found.get("steps", ()):
            one.pop("took_seconds")
            one.pop("planned_seconds", None)
        if "spans" in found:
            found["spans"] = [one for one in found["spans"] if one["lane"] not in again]
    return page


def kept_form(page: dict[str, Any]) -> str:
    """The page with a line for each name, so that a difference shows where it is."""
    lines = (f"{json.dumps(name)}: {json.dumps(value, sort_keys=True)}" for name, value in sorted(page.items()))
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _rollback(installation: Installation, rollback: Rollback) -> dict[str, Any]:
    page = {name: value for name, value in rollback_json(rollback).items() if name not in COMPOSED}
    page["steps"] = [
        {name: value for name, value in step.items() if name not in COMPOSED_OF_STEP} for step in page["steps"]
    ]
    page["owed"] = [{"since": one["since"], "entry": one["entry"]} for one in page["owed"]]
    left_out = (*OF_ENTRIES, *LATER, *(() if rollback.closed_at else ENDLESS))
    post_mortem = review_json(review(installation, rollback))
    for one in post_mortem["spans"]:
        for name in LATER_OF_SPAN:
            one.pop(name, None)
    page["review"] = {name: value for name, value in post_mortem.items() if name not in left_out}
    return page
