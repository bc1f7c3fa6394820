"""People (admin): roles, accounts, sessions. A password is shown once, in the answer to the press that made it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ledger.app.acts.people import About, Made, take
from ledger.app.acts.taking import Proof
from ledger.app.people.access import count_refusal
from ledger.app.press import Press, new_request_id
from ledger.errors import LedgerError, Refused
from web.acts import press
from web.errors import status_of
from web.identity import actor, only
from web.site import site

blueprint = Blueprint("people", __name__)


@blueprint.get("/people")
@only("admin")
def index() -> str:
    """Everybody."""
    return _render()


@blueprint.post("/people")
@only("admin")
def add() -> str | tuple[str, int]:
    """A new person with an account; the password is shown once."""
    here = site()
    try:
        made = _take("add", _about())
    except LedgerError as error:
        return _refused(error)
    return _render(fresh=(made.person, here.accounts.login_of(made.person), made.password))


@blueprint.post("/people/<person>/<what>")
@only("admin")
def change(person: str, what: str) -> str | Response | tuple[str, int]:
    """Roles, password, sessions, deactivation, erasure of one person."""
    here = site()
    try:
        made = _take(what, _about(person))
    except LedgerError as error:
        return _refused(error)
    if made.password:
        return _render(fresh=(person, here.accounts.login_of(person), made.password))
    return redirect(url_for("people.index"), code=303)


def _about(person: str = "") -> About:
    typed = request.form
    login = typed.get("login", "").strip().lower()
    return About(person, typed.get("name", ""), tuple(typed.getlist("roles")), login)


def _take(what: str, about: About) -> Made:
    here = site()
    proof = Proof(request.form.get("password", ""), accounts=here.accounts)
    return take(what, here.installation, here.accounts, Press(actor(), _request_id()), about, proof)


def _request_id() -> str:
    """The form's own number; one that was taken already does nothing again and shows no password again."""
    if site().installation.ledger.log.receipts(f"{press.number()}."):
        raise Refused("this form was sent already; load the page again")
    return press.press_id()


def _refused(error: LedgerError) -> tuple[str, int]:
    count_refusal(site().installation.home.root, error)
    return _render(error=error), status_of(error)


def _render(error: LedgerError | None = None, fresh: tuple[str, str, str] | None = None) -> str:
    here = site()
    state, seen = here.installation.state, here.accounts.seen()
    names = here.installation.people.names()
    rows: list[dict[str, Any]] = [
        {
            "id": person,
            "name": names.get(person, ""),
            "roles": roles,
            "login": here.accounts.login_of(person),
            "sessions": here.accounts.sessions(person),
            "seen": datetime.fromtimestamp(seen[person], UTC) if person in seen else None,
            "left": state.deactivated.get(person),
        }
        for person, roles in sorted(state.people.items(), key=lambda item: names.get(item[0], item[0]).lower())
    ]
    return render_template(
        "people.html", rows=rows, error=error, fresh=fresh, request_id=new_request_id, typed=request.form
    )
