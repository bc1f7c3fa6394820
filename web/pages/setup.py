"""The setup list: what a new installation is to be given, how each item stands, what to type, and a look now."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from flask import Blueprint, Flask, abort, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ledger.app.setup_list.items import ITEMS, SERVERS, Item
from ledger.app.setup_list.standing import upcoming
from ledger.app.words import mark
from ledger.errors import LedgerError
from web.site import site
from web.words import Look

LOOKS: Final = {
    "done": Look(mark("done"), "✓", "good"),
    "not_yet": Look(mark("not yet"), "○", "quiet"),
    "broken": Look(mark("does not work"), "✕", "bad"),
}
blueprint = Blueprint("setup", __name__)


class SetupLine(NamedTuple):
    """The setup list in a line, for other pages."""

    done: int
    of: int
    item: Item
    """What is to be done next."""
    broken: bool
    """Whether that was set up and does not work."""


@blueprint.record_once
def _line(setup: Any) -> None:
    app: Flask = setup.app
    app.jinja_env.globals.update(setup_line=setup_line)


def setup_line() -> SetupLine | None:
    """How far the setup is; None in a lab, once all is done that a server can know, and as long as it has not looked.

    A head that was kept elsewhere is shown to a server anew after each start: that alone is no reason to ask.
    """
    try:
        if _is_lab():
            return None
        listed = site().setup.standings()
    except LedgerError:
        return None  # the page says what is wrong with the ledger
    asked = tuple(standing for standing in listed if standing.item.kept)
    following = upcoming(asked)
    if following is None or not all(standing.looked_at for standing in asked):
        return None
    done = sum(standing.state == "done" for standing in listed)
    return SetupLine(done, len(listed), following.item, following.state == "broken")


@blueprint.get("/setup")
def show() -> str:
    """The list; the item that is to be done next is open, or the one that was looked at just now."""
    return _render(request.args.get("item", ""))


@blueprint.post("/setup/<name>")
def look(name: str) -> Response:
    """Look at one item now. Nothing is written, here or outside."""
    if name not in [item.name for item in ITEMS]:
        abort(404)
    if not g.roles - {"auditor"}:
        abort(403, "an auditor reads what others saw; who holds another role may look")
    site().setup.take(name, by=g.person, head=request.form.get("head", ""))
    return redirect(url_for("setup.show", item=name, _anchor=f"setup-{name}"), code=303)


def _render(opened: str) -> str:
    listed = site().setup.standings()
    following = upcoming(listed)
    return render_template(
        "setup.html",
        listed=listed,
        looks=LOOKS,
        servers=SERVERS,
        done=sum(standing.state == "done" for standing in listed),
        following=following,
        opened=opened or (following.item.name if following else ""),
        may_look=bool(g.roles - {"auditor"}),
        config=site().installation.home.config,
        home=site().installation.home.root,
        lab=_is_lab(),
    )


def _is_lab() -> bool:
    opened = site().installation.state.opened
    return opened is not None and opened.purpose == "lab"
