"""Connections: who elsewhere is told, what waits at each since when and why, and what a person does about it."""

from __future__ import annotations

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ledger.app.parsing import whole
from ledger.app.people.access import count_refusal
from ledger.app.press import Press, new_request_id
from ledger.app.telling.standing import give_up, retry, standing
from ledger.errors import LedgerError
from web.acts import press
from web.errors import status_of
from web.identity import actor
from web.site import site

SHOWN = 20
"""Deliveries of one queue on the page."""
blueprint = Blueprint("connections", __name__)


@blueprint.get("/connections")
def show() -> str:
    """Every connection as it stands by the ledger; nothing is asked of the other side."""
    return _render()


@blueprint.post("/connections/<name>")
def settle(name: str) -> Response | tuple[str, int]:
    """Send one message again now, or give it up with a reason."""
    entry, part = whole(request.form.get("entry", "")) or 0, request.form.get("part", "")
    what = request.form.get("do", "")
    if what not in ("retry", "give-up"):
        abort(404)
    here = site()
    try:
        if press.taken() is None:
            made = Press(actor(), press.press_id())
            if what == "retry":
                retry(here.installation, made, name, entry, part)
            else:
                give_up(here.installation, made, name, entry, request.form.get("reason", ""), part)
    except LedgerError as error:
        count_refusal(here.installation.home.root, error)
        return _render(error), status_of(error)
    return redirect(url_for("connections.show"), code=303)


def _render(error: LedgerError | None = None) -> str:
    installation = site().installation
    return render_template(
        "connections.html",
        listed=standing(installation),
        shown=SHOWN,
        error=error,
        may=bool(g.roles - {"auditor"}),
        request_id=new_request_id,
        typed=request.form,
        config=installation.home.config,
    )
