"""The post-mortem as a document: one HTML page that needs nothing beside it, of which a PDF is made."""

from __future__ import annotations

import base64
import importlib.util
from typing import Any

from flask import render_template
from markupsafe import Markup

from ledger.app.installation import Installation
from ledger.app.record.erasing import read
from ledger.app.review.parts import Review
from ledger.errors import LedgerError
from ledger.proof.checkpoint import open_checkpoint
from ledger.shipped import folder
from web.axis import Axis
from web.gantt import gantt


def head_of(installation: Installation) -> str:
    """``N:ROOT`` of the newest checkpoint, as ``stage4 verify --head`` takes it; ``""`` where there is none."""
    ledger = installation.ledger
    for _, note in ledger.log.newest_checkpoints(1):
        checkpoint = open_checkpoint(note, ledger.verifier)
        return f"{checkpoint.size}:{base64.b64encode(checkpoint.root).decode()}"
    return ""


def document(installation: Installation, found: Review, shown: dict[str, Any], template: str) -> str:
    """The page, with its style, pictures and drawing in it."""
    head = head_of(installation)
    return render_template(
        template,
        **shown,
        linked=False,
        css=css,
        endpoints=frozenset(),
        head=head,
        code=_qr(head),
        origin=installation.ledger.origin,
        style=Markup((folder("static") / "document.css").read_text()),  # noqa: S704 (our own file)
        axis=Axis(gantt(found)),
        drawn=[picture for proof in shown["pictures"] if (picture := _picture(installation, proof.sha384))],
    )


def _qr(text: str) -> Markup:
    """A QR code as SVG; none where ``segno`` is not installed."""
    if not text or importlib.util.find_spec("segno") is None:
        return Markup("")
    import segno

    return Markup(segno.make(text, error="m").svg_inline(scale=3, border=2))  # noqa: S704 (drawn of digits)


def _picture(installation: Installation, name: str) -> str:
    try:
        return "data:image/png;base64," + base64.b64encode(read(installation, name)).decode()
    except LedgerError:
        return ""


def css(text: str) -> Markup:
    """Free text inside a string of a stylesheet: every character that could end it is written by its number."""
    return Markup("".join(char if char.isalnum() or char in " -_.:/+=" else f"\\{ord(char):x} " for char in text))  # noqa: S704
