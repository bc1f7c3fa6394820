"""An artefact: shown where it is text, JSON or a picture and not too large, else to be downloaded."""

from __future__ import annotations

import json
import re
from typing import Final, Literal

from flask import Blueprint, Response, abort, render_template

from ledger.app.reading.naming import NamedBy, named_by
from ledger.app.record.erasing import SALT, read
from ledger.errors import Erased, LedgerError
from web.fields import ARTEFACTS
from web.pages.entries import attachment
from web.site import site
from web.visible import exact_bytes

blueprint = Blueprint("artefacts", __name__)
LARGEST: Final = 80_000
"""Characters, as they stand in the page, of a text that is shown; more is downloaded."""
LARGEST_JSON: Final = 2_000_000
LARGEST_PICTURE: Final = 5_000_000
_DIGEST = re.compile(r"[0-9a-f]{96}")
_PNG = b"\x89PNG\r\n\x1a\n"
Kind = Literal["json", "txt", "png", "bin"]


@blueprint.get("/artefacts/<digest>")
def show(digest: str) -> str | tuple[str, int]:
    """Its page; its bytes were hashed again when they were read."""
    try:
        data = _read(digest)
    except Erased as error:
        return _erased(error)
    by, kind = _named(digest), _kind(data)
    text = _text(data, by, kind)
    return render_template(
        "artefacts/show.html",
        digest=digest,
        by=by,
        words=ARTEFACTS,
        kind=kind,
        size=len(data),
        text=text if text is not None and len(exact_bytes(text)) <= LARGEST else None,
        picture=kind == "png" and len(data) <= LARGEST_PICTURE,
        salt=SALT if by is not None and by.salted else 0,
        name=_file_name(digest, by, kind),
    )


@blueprint.get("/artefacts/<digest>/bytes", endpoint="bytes")
def download(digest: str) -> Response | tuple[str, int]:
    """The exact bytes, as an attachment."""
    try:
        data = _read(digest)
    except Erased as error:
        return _erased(error)
    return attachment(data, _file_name(digest, _named(digest), _kind(data)))


@blueprint.get("/artefacts/<digest>/picture")
def picture(digest: str) -> Response:
    """A PNG, to be shown."""
    data = _read(digest)
    if not data.startswith(_PNG):
        abort(404, "this artefact is no picture")
    return Response(data, mimetype="image/png")


def _erased(error: Erased) -> tuple[str, int]:
    return render_template("error.html", status=410, sentence=str(error), owed=()), 410


def _read(digest: str) -> bytes:
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


def _named(digest: str) -> NamedBy | None:
    return named_by(site().installation, site().timeline, digest)


def _file_name(digest: str, by: NamedBy | None, kind: Kind) -> str:
    """``INC-2042-step4-report.json``; by its digest where no entry is known to name it."""
    return f"{by.name if by is not None else digest[:16]}.{kind}"


def _kind(data: bytes) -> Kind:
    """By what the bytes are, whatever anybody called them."""
    if data.startswith(_PNG):
        return "png"
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return "bin"
    return "json" if _laid_out(text) else "txt"


def _laid_out(text: str) -> str:
    """JSON to be read; ``""`` where it is none, or too large to be looked into."""
    if not text.startswith(("{", "[")) or len(text) > LARGEST_JSON:
        return ""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return ""


def _text(data: bytes, by: NamedBy | None, kind: Kind) -> str | None:
    """What it says; JSON is laid out. None where it is no text."""
    if kind == "png" or len(data) > LARGEST:
        return None
    try:
        text = data[SALT if by is not None and by.salted else 0 :].decode()
    except UnicodeDecodeError:
        return None
    return _laid_out(text) if kind == "json" else text
