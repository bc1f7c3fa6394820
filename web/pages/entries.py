"""One entry: a sentence, its place in the chain, its fields in words, its exact bytes, and all to check it by hand."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, abort, render_template

from ledger.app.reading.by_hand import by_hand
from ledger.app.reading.covering import covering
from ledger.app.reading.queries import judged_json
from ledger.app.soundness.coverage import coverage
from ledger.app.soundness.marks import Judged, judged
from ledger.app.words import mark
from ledger.domain.event import RESERVED
from ledger.domain.runbook import STEPS
from ledger.errors import Corrupt
from ledger.proof.entry import GENESIS, link, parse_entry
from ledger.said import Said
from web import fields, raw
from web.by_hand import zipped
from web.pages.timeline import timeline
from web.site import site

blueprint = Blueprint("entries", __name__)
SHOWN: Final = 12_000
"""Bytes of a line up to which it is shown exactly, beside the form for reading; longer ones are downloaded."""
VOUCHES = {
    "session": mark("signed in to the dashboard"),
    "os": mark("logged in on the ledger's machine"),
    "token": mark("held a token"),
    "lab": mark("a person of the lab, vouched for by nobody"),
    "none": mark("nobody: the ledger itself wrote it"),
}
FLAGS: Final = {
    "alerts.silenced": mark("Alerts are silenced"),
    "override.active": mark("The override is in place"),
    "rollback.active": mark("A rollback is open"),
    "scheduler.known": mark("It is known what the scheduler does"),
    "scheduler.stopped": mark("The scheduler is stopped"),
}


@blueprint.get("/entries/<int:sequence>")
def show(sequence: int) -> str:
    """The page of one entry."""
    here, row = site(), _judged(sequence)
    installation, last = here.installation, here.installation.ledger.view().size
    if row.record is None:
        return render_template("entries/unreadable.html", one=row, last=last)
    line, record, around = row.line, row.record, judged(installation, [sequence - 1, sequence + 1])
    before, after = around.get(sequence - 1), around.get(sequence + 1)
    entry = parse_entry(line)
    timeline().catch_up()
    nearest = timeline().store.neighbours(record.rollback, sequence) if record.rollback else (None, None)
    body: dict[str, Any] = entry.body
    step = body["metadata"].get("step")
    return render_template(
        "entries/show.html",
        page=judged_json(row),
        line=line.decode() if len(line) <= SHOWN else "",
        size=len(line),
        digest=link(line),
        previous=entry.previous,
        before=judged_json(before) if before else None,
        after=judged_json(after) if after else None,
        follows=entry.previous == (link(before.line) if before else GENESIS),
        followed=_names(after.line, line) if after else None,
        signed=_signed(line),
        covered=covering(installation, sequence, record.request_id),
        compared=next(check for check in coverage(here.guard) if check.name == "checkpoints"),
        vouches=VOUCHES.get(record.auth, record.auth),
        nearest=nearest,
        corrections=timeline().store.corrections(sequence),
        last=last,
        step=STEPS[step] if isinstance(step, int) and 0 <= step < len(STEPS) else None,
        record=record,
        fields=fields.in_words(record),
        words=fields.WORDS,
        unknown={} if record.event else _own(body["metadata"]),
        evidence=fields.artefacts(record, body),
        flags=[(FLAGS.get(name, name), value) for name, value in sorted(body["runtime_flags"].items())],
        parts=raw.parts(body),
        body=body,
    )


def _own(metadata: dict[str, Any]) -> dict[str, Any]:
    """The fields of an event that this build does not know, under their own names."""
    return {name: value for name, value in metadata.items() if name not in RESERVED}


def _judged(sequence: int) -> Judged:
    """The row as it stands, and why it does not hold; 404 where the ledger has none in that place."""
    installation = site().installation
    rows = judged(installation, [sequence]) if 0 < sequence < 2**53 else {}
    if sequence not in rows:
        abort(404, Said("the ledger has {} entries", installation.ledger.view().size))
    return rows[sequence]


def _names(line: bytes, before: bytes) -> bool:
    """Whether a line names the bytes of the one before it."""
    try:
        return parse_entry(line).previous == link(before)
    except (Corrupt, RecursionError):
        return False


def _signed(line: bytes) -> str:
    """Why the signatures do not fit, or ``""``."""
    try:
        site().installation.ledger.check(line)
    except Corrupt as error:
        return str(error)
    return ""


@blueprint.get("/entries/<int:sequence>/bytes")
def download(sequence: int) -> Response:
    """The exact bytes, without a line end: what the next entry's ``previous`` is the SHA-384 of."""
    return attachment(_judged(sequence).line, f"entry-{sequence}.json")


@blueprint.get("/entries/<int:sequence>/by-hand.zip")
def to_check(sequence: int) -> Response:
    """Everything that it takes to check the entry by hand, and the commands."""
    row, installation = _judged(sequence), site().installation
    if row.record is None:
        abort(404, "the bytes in this place are no entry: there is nothing to check by")
    packed = zipped(by_hand(installation, sequence, row.line))
    return attachment(packed, f"{installation.config.stage}-entry-{sequence}.zip")


def attachment(data: bytes, name: str) -> Response:
    """Bytes to be saved under a name of ours, never shown as a page."""
    answer = Response(data, mimetype="application/octet-stream")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
