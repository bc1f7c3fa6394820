"""One entry: a sentence, its fields, its exact bytes, what can be said for them; and the artefacts that it names."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, abort, render_template

from ledger.app.reading.queries import judged_json
from ledger.app.record.erasing import read
from ledger.app.soundness.marks import Judged, judged
from ledger.app.words import mark
from ledger.domain.record import Recorded
from ledger.errors import Corrupt, Erased, LedgerError
from ledger.proof.entry import GENESIS, link, parse_entry
from ledger.said import Said
from web.pages.timeline import timeline
from web.site import site

blueprint = Blueprint("entries", __name__)
artefacts = Blueprint("artefacts", __name__)
_DIGEST = re.compile(r"[0-9a-f]{96}")
_PNG = b"\x89PNG\r\n\x1a\n"
VOUCHES = {
    "session": mark("signed in to the dashboard"),
    "os": mark("logged in on the ledger's machine"),
    "token": mark("held a token"),
    "lab": mark("a person of the lab, vouched for by nobody"),
    "none": mark("nobody: the ledger itself wrote it"),
}


@blueprint.get("/entries/<int:sequence>")
def show(sequence: int) -> str:
    """The page of one entry."""
    row = _judged(sequence)
    if row.record is None:
        return render_template("entries/unreadable.html", one=row, last=site().installation.ledger.view().size)
    line, record, log = row.line, row.record, site().installation.ledger.log
    entry = parse_entry(line)
    before, after = log.line(sequence - 1) if sequence > 1 else None, dict(log.numbered([sequence + 1]))
    timeline().catch_up()
    nearest = timeline().store.neighbours(record.rollback, sequence) if record.rollback else (None, None)
    body: dict[str, Any] = entry.body
    return render_template(
        "entries/show.html",
        page=judged_json(row),
        line=line.decode(),
        size=len(line),
        digest=link(line),
        previous=entry.previous,
        follows=entry.previous == (link(before) if before else GENESIS),
        followed=_names(after[sequence + 1], line) if after else None,
        signed=_signed(line),
        vouches=VOUCHES.get(record.auth, record.auth),
        nearest=nearest,
        corrections=timeline().store.corrections(sequence),
        last=site().installation.ledger.view().size,
        sayings=_sayings(record),
        facts={name: value for name, value in body["metadata"].items() if name != "os"},
        evidence={name: value for name, value in body["artefacts"].items() if name.endswith("_sha384")},
        flags=body["runtime_flags"],
        body=body,
    )


def _judged(sequence: int) -> Judged:
    """The row as it stands, and why it does not hold; 404 where the ledger has none in that place."""
    installation = site().installation
    rows = judged(installation, [sequence]) if 0 < sequence < 2**53 else {}
    if sequence not in rows:
        abort(404, Said("the ledger has {} entries", installation.ledger.view().size))
    return rows[sequence]


def _sayings(record: Recorded) -> dict[str, tuple[Said, ...]]:
    """The fields of an entry that are the program's own sentences."""
    if record.event is None:
        return {}
    values = {name: getattr(record.event, name) for name in record.event.said}
    return {name: value if isinstance(value, tuple) else (value,) for name, value in values.items() if value}


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
    return _attachment(_judged(sequence).line, f"entry-{sequence}.json")


@artefacts.get("/artefacts/<digest>", endpoint="show")
def show_artefact(digest: str) -> Response | tuple[str, int]:
    """The bytes of an artefact, hashed again when read, as an attachment."""
    try:
        data = _artefact(digest)
    except Erased as error:
        return render_template("error.html", status=410, sentence=str(error), owed=()), 410
    return _attachment(data, f"{digest[:16]}.{_ending(data)}")


@artefacts.get("/artefacts/<digest>/picture")
def picture(digest: str) -> Response:
    """A PNG, to be shown."""
    data = _artefact(digest)
    if not data.startswith(_PNG):
        abort(404, "this artefact is no picture")
    return Response(data, mimetype="image/png")


def _artefact(digest: str) -> bytes:
    if not _DIGEST.fullmatch(digest):
        abort(404, "an artefact is named by 96 hex digits")
    name = f"sha384:{digest}"
    if not site().installation.artefacts.path(name).exists() and name not in site().installation.state.texts:
        abort(404, "no artefact of that name is kept here")
    try:
        return read(site().installation, name)
    except Erased:
        raise
    except LedgerError as error:
        abort(404, str(error))


def _ending(data: bytes) -> str:
    if data.startswith(_PNG):
        return "png"
    return "json" if data[:1] in (b"{", b"[") else "txt" if data.isascii() else "bin"


def _attachment(data: bytes, name: str) -> Response:
    answer = Response(data, mimetype="application/octet-stream")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
