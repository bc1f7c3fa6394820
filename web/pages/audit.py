"""The audit: verify the whole ledger, take it along, and how to verify it without this server."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final

from flask import Blueprint, Response, abort, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from ledger.app.parsing import whole
from ledger.app.reading.covering import Covering, opened
from ledger.app.reading.finding import MOST
from ledger.app.reading.finding import find as search
from ledger.app.reading.queries import judged_json
from ledger.app.soundness.coverage import coverage
from ledger.app.soundness.examine import look_at
from ledger.app.words import mark
from ledger.errors import LedgerError
from ledger.proof.note import format_verifier
from web.chain import picture
from web.site import Site, site

TYPED: Final = 200
"""Characters of what is looked for."""
SHOWN: Final = 20
"""Checkpoints on the page."""
_KEY: Final = "stage4.verification"
PROVES: Final = {
    "Whether the holder of all keys": mark(
        "A head from today in a place that the operator cannot reach: copy it below. Later the verifier, "
        "given that head on your own machine, shows whether the ledger still has it."
    ),
    "Who the people are": mark(
        "Nothing in the ledger. The page Access shows who signed in from where; who holds which name is known to "
        "whoever gave out the accounts."
    ),
    "Receipts:": mark("Nothing that is kept. A wrong one would show as a press that was done twice: as two entries."),
    "Artefacts:": mark("Read the files and hash them: stage4 verify in the ledger's home does."),
    "HMACs:": mark("The HMAC key: stage4 verify with --hmac-key-file."),
}
"""What would prove what the verifier did not check, by how its sentence begins."""
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
    ledger, older = here.installation.ledger, whole(request.args.get("older", ""))
    size = ledger.view().size
    newest = [opened(here.installation, note) for _, note in ledger.log.newest_checkpoints(SHOWN)]
    checkpoints = newest if older is None else list(islice(_older(older), SHOWN))
    head = next((one for one in newest if not one.why), None)
    found = here.guard.whole
    return render_template(
        "audit/show.html",
        run=current_app.extensions.get(_KEY),
        found=found,
        findings=here.guard.findings,
        picture=picture(coverage(here.guard), size, [one.size for one in newest]),
        unproved=[(sentence, _proof_of(sentence)) for sentence in found.open_questions] if found else [],
        checkpoints=checkpoints,
        older=_beyond(checkpoints),
        head=head.head if head else "",
        heads=sorted(here.installation.state.heads.items()),
        key=format_verifier(ledger.verifier),
        origin=ledger.origin,
        stage=here.installation.config.stage,
        size=size,
    )


def _proof_of(sentence: str) -> str:
    return next((proof for start, proof in PROVES.items() if sentence.startswith(start)), "")


def _older(size: int) -> Iterator[Covering]:
    """The checkpoints of at most so many entries, the largest first, as far as each says its own size."""
    log = site().installation.ledger.log
    while size > 0 and (note := log.newest_checkpoint(size)) is not None:
        found = opened(site().installation, note)
        yield found
        size = found.size - 1


def _beyond(shown: Sequence[Covering]) -> int:
    """From where older checkpoints follow; 0 where none do."""
    last = shown[-1].size - 1 if len(shown) == SHOWN else 0
    return last if last > 0 and site().installation.ledger.log.newest_checkpoint(last) is not None else 0


@blueprint.get("/audit/find")
def find() -> str | Answer:
    """What fits the number, digest, id or head that was typed; where it is one entry or rollback, that."""
    here, typed = site(), request.args.get("q", "").strip()[:TYPED]
    found = search(here.installation, here.timeline, here.digests, typed)
    if len(found.rollbacks) == 1:
        return redirect(url_for("rollbacks.show", rollback=found.rollbacks[0].id), code=303)
    if len(found.entries) == 1 and not found.rollbacks:
        return redirect(url_for("entries.show", sequence=found.entries[0].sequence), code=303)
    rows = [judged_json(one) for one in found.entries]
    size = here.installation.ledger.view().size
    return render_template("audit/find.html", q=typed, found=found, rows=rows, size=size, most=MOST)


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
