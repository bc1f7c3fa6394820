"""Access (auditor, admin): the ledger of sign-ins and refusals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from flask import Blueprint, Response, abort, render_template, request

from ledger.app.installation import Installation, open_home
from ledger.app.parsing import whole
from ledger.app.people.access import STAGE, has_ledger, trouble, wanted
from ledger.app.reading.accesses import page
from ledger.app.reading.queries import entry_json, sentence
from ledger.domain.record import Recorded
from ledger.errors import Unreachable
from ledger.said import Said
from web.identity import only
from web.site import site
from web.words import person as named

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
    """Newest first, a page at a time; of one person where one is chosen."""
    here, person = site().installation, request.args.get("person", "")[:64]
    given = {"person": person, "people": sorted(here.state.people, key=lambda one: named(one).lower())}
    if not wanted(here.home.root):
        return render_template("access.html", rows=[], size=0, more=0, **given)
    with _ledger() as access:
        found = page(access, whole(request.args.get("to", "")), person, PAGE)
    rows = [
        entry_json(record, line) | {"happened": _happened(record), "told": _told(record)} for record, line in found.rows
    ]
    return render_template("access.html", rows=rows, size=found.size, more=found.more, **given)


def _told(record: Recorded) -> Said:
    """What happened, with people by name: the entry has their ids."""
    people = {getattr(record.event, name, "") for name in ("person", "by")}
    return sentence(record).each(lambda value: named(value) if value in people else value)


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
