"""The audit: verify the whole ledger, take it along, and how to verify it without this server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from flask import Blueprint, Response, abort, current_app, redirect, render_template, url_for
from werkzeug.wrappers import Response as Answer

from ledger.app.soundness.examine import look_at
from ledger.errors import LedgerError
from ledger.proof.checkpoint import open_checkpoint
from ledger.proof.note import format_verifier
from web.site import Site, site

SHOWN = 20
"""Checkpoints on the page."""
_KEY = "stage4.verification"
blueprint = Blueprint("audit", __name__)


@dataclass
class Verification:
    """One look at everything that the ledger decides from."""

    started: datetime
    read: int = 0
    """Rows and artefacts so far."""
    total: int = 0
    error: str = ""
    done: threading.Event = field(default_factory=threading.Event)

    def advance(self, read: int, total: int) -> None:
        """So many are read, of how many."""
        self.read, self.total = read, total


@blueprint.get("/audit")
def show() -> str:
    """The page."""
    here = site()
    ledger = here.installation.ledger
    newest = ledger.log.newest_checkpoints(SHOWN)
    return render_template(
        "audit/show.html",
        run=current_app.extensions.get(_KEY),
        found=here.guard.whole,
        findings=here.guard.findings,
        checkpoints=[(size, open_checkpoint(note, ledger.verifier), note.decode()) for size, note in newest],
        key=format_verifier(ledger.verifier),
        origin=ledger.origin,
        stage=here.installation.config.stage,
        size=ledger.view().size,
    )


@blueprint.post("/audit/verify")
def verify() -> Answer:
    """Begin to verify, unless it runs already."""
    earlier = current_app.extensions.get(_KEY)
    if earlier is None or earlier.done.is_set():
        here = site()
        run = Verification(here.installation.clock())
        current_app.extensions[_KEY] = run
        thread = threading.Thread(target=_run, args=(here, run), name="verification", daemon=True)
        thread.start()
        run.done.wait(1.0)
    return redirect(url_for("audit.show"), code=303)


def _run(here: Site, run: Verification) -> None:
    try:
        installation = here.installation
        here.guard.take(*look_at(installation.home.root, run.advance, clock=installation.clock))
    except LedgerError as error:
        run.error = str(error)
    finally:
        run.done.set()
        here.hub.publish("outlook", {})


@blueprint.get("/audit/<stage>.jsonl")
def lines(stage: str) -> Response:
    """The ledger: exactly the stored bytes, a line end after each."""
    _require(stage)
    log = site().installation.ledger.log
    size = site().installation.ledger.view().size

    def stream() -> Iterator[bytes]:
        for line in log.lines(0, size):
            yield line + b"\n"

    return _attachment(Response(stream(), mimetype="application/octet-stream"), f"{stage}.jsonl")


@blueprint.get("/audit/<stage>.checkpoint")
def checkpoint(stage: str) -> Response:
    """The newest checkpoint."""
    _require(stage)
    note = site().installation.ledger.log.newest_checkpoint() or b""
    return _attachment(Response(note, mimetype="application/octet-stream"), f"{stage}.checkpoint")


@blueprint.get("/audit/<stage>.vkey")
def key(stage: str) -> Response:
    """The verifier key."""
    _require(stage)
    text = format_verifier(site().installation.ledger.verifier) + "\n"
    return _attachment(Response(text, mimetype="application/octet-stream"), f"{stage}.vkey")


def _require(stage: str) -> None:
    if stage != site().installation.config.stage:
        abort(404)


def _attachment(answer: Response, name: str) -> Response:
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
