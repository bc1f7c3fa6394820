"""One entry: a sentence, its fields, its exact bytes, what can be said for them; and the artefacts that it names."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, abort, render_template

from ledger.app.erasing import read
from ledger.app.queries import entry_json
from ledger.errors import Corrupt, Erased, LedgerError
from ledger.proof.entry import GENESIS, link, parse_entry
from web.pages.timeline import timeline
from web.site import site
from web.words import mark

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
    line, log = _line(sequence), site().installation.ledger.log
    record, _ = next(site().installation.ledger.records(sequence - 1))
    entry = parse_entry(line)
    before, after = log.line(sequence - 1) if sequence > 1 else None, log.line(sequence + 1)
    timeline().catch_up()
    nearest = timeline().store.neighbours(record.rollback, sequence) if record.rollback else (None, None)
    body: dict[str, Any] = entry.body
    return render_template(
        "entries/show.html",
        page=entry_json(record, line),
        line=line.decode(),
        size=len(line),
        digest=link(line),
        previous=entry.previous,
        follows=entry.previous == (link(before) if before else GENESIS),
        followed=None if after is None else parse_entry(after).previous == link(line),
        signed=_signed(line),
        vouches=VOUCHES.get(record.auth, record.auth),
        nearest=nearest,
        corrections=timeline().store.corrections(sequence),
        last=site().installation.ledger.view().size,
        facts={name: value for name, value in body["metadata"].items() if name != "os"},
        evidence={name: value for name, value in body["artefacts"].items() if name.endswith("_sha384")},
        flags=body["runtime_flags"],
        body=body,
    )


def _signed(line: bytes) -> str:
    """Why the signatures do not fit, or ``""``."""
    try:
        site().installation.ledger.check(line)
    except Corrupt as error:
        return str(error)
    return ""


def _line(sequence: int) -> bytes:
    line = site().installation.ledger.log.line(sequence) if 0 < sequence < 2**53 else None
    if line is None:
        abort(404, f"the ledger has {site().installation.ledger.view().size} entries")
    return line


@blueprint.get("/entries/<int:sequence>/bytes")
def download(sequence: int) -> Response:
    """The exact bytes, without a line end: what the next entry's ``previous`` is the SHA-384 of."""
    return _attachment(_line(sequence), f"entry-{sequence}.json")


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
