"""Access (auditor, admin): the ledger of sign-ins and refusals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import islice

from flask import Blueprint, Response, abort, render_template, request

from ledger.app.installation import Installation, open_home
from ledger.app.parsing import whole
from ledger.app.people.access import STAGE, has_ledger, trouble, wanted
from ledger.app.reading.queries import entry_json
from ledger.domain.record import Recorded
from ledger.errors import Unreachable
from web.identity import only
from web.site import site

PAGE = 100
blueprint = Blueprint("access", __name__)


@contextmanager
def _ledger() -> Iterator[Installation]:
    root = site().installation.home.root
    if not has_ledger(root):
        raise Unreachable(trouble(root))
    opened = open_home(root, STAGE)
    try:
        yield opened
    finally:
        opened.ledger.log.close()


@blueprint.get("/access")
@only("auditor", "admin")
def show() -> str:
    """Newest first, a page at a time."""
    if not wanted(site().installation.home.root):
        return render_template("access.html", rows=[], size=0, more=None)
    with _ledger() as access:
        size = access.ledger.view().size
        asked = whole(request.args.get("to", ""))
        last = size if asked is None else min(asked, size)
        first = max(0, last - PAGE)
        records = islice(access.ledger.records(first), last - first)
        rows = [entry_json(record, line) | {"happened": _happened(record)} for record, line in records]
    return render_template("access.html", rows=rows[::-1], size=size, more=first or None)


def _happened(record: Recorded) -> datetime:
    """When it happened: what was kept while no observer ran is entered later."""
    at = getattr(record.event, "at", record.at)
    return at if abs(record.at - at) > _SOON else record.at


_SOON = timedelta(seconds=10)
"""The entry of what happens while an observer runs comes within seconds."""


@blueprint.get("/access/lines")
@only("auditor", "admin")
def lines() -> Response:
    """The access ledger's lines, as stored."""
    if not wanted(site().installation.home.root):
        abort(404)
    with _ledger() as access:
        data = b"".join(line + b"\n" for line in access.ledger.log.lines())
    answer = Response(data, mimetype="application/octet-stream")
    answer.headers["Content-Disposition"] = f'attachment; filename="{STAGE}.jsonl"'
    return answer
