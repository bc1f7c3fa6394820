"""People (admin): roles, accounts, sessions. A password is shown once, in the answer to the press that made it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ledger.app.acts.people import About, Made, take
from ledger.app.acts.taking import Proof
from ledger.app.people.access import count_refusal
from ledger.app.press import Press, new_request_id
from ledger.app.words import mark
from ledger.errors import LedgerError, Refused
from web.acts import press
from web.errors import status_of
from web.identity import actor, only
from web.site import site

blueprint = Blueprint("people", __name__)
WHAT: Final = {
    "roles": mark("Change the roles"),
    "password": mark("Reset the password"),
    "account": mark("Give an account"),
    "sessions": mark("End all sessions"),
    "deactivate": mark("Deactivate the person"),
    "erase": mark("Erase the name"),
}
"""What the row's menu calls it."""


@blueprint.get("/people")
@only("admin")
def index() -> str:
    """Everybody; with ``person`` and ``do`` the form for what is to be done with one."""
    return _render(doing=(request.args.get("person", ""), request.args.get("do", "")))


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
    """The page with what was not taken: its form again, where it was about somebody."""
    count_refusal(site().installation.home.root, error)
    given = request.view_args or {}
    return _render(error=error, doing=(given.get("person", ""), given.get("what", ""))), status_of(error)


def _render(
    error: LedgerError | None = None, fresh: tuple[str, str, str] | None = None, doing: tuple[str, str] = ("", "")
) -> str:
    rows = _rows()
    person, what = doing
    about = next((row for row in rows if row["id"] == person), None)
    return render_template(
        "people.html",
        rows=rows,
        error=error,
        fresh=fresh,
        about=about,
        doing=what if about is not None and what in _offered(about) else "",
        offered=_offered,
        words=WHAT,
        request_id=new_request_id,
        typed=request.form,
    )


def _rows() -> list[dict[str, Any]]:
    """Everybody who was ever a person of this ledger: those who may act first, by name."""
    here = site()
    state, seen, names = here.installation.state, here.accounts.seen(), here.installation.people.names()

    def order(item: tuple[str, frozenset[str]]) -> tuple[bool, str]:
        return item[0] in state.deactivated, names.get(item[0], item[0]).lower()

    return [
        {
            "id": person,
            "name": names.get(person, ""),
            "roles": roles,
            "login": here.accounts.login_of(person),
            "sessions": here.accounts.sessions(person),
            "seen": datetime.fromtimestamp(seen[person], UTC) if person in seen else None,
            "left": state.deactivated.get(person),
        }
        for person, roles in sorted(state.people.items(), key=order)
    ]


def _offered(row: dict[str, Any]) -> list[str]:
    """What can be done with somebody, in the order of the menu."""
    if row["left"]:
        return ["erase"] if row["name"] else []
    mine = row["id"] == g.person
    wanted = {"roles": True, "password": not mine, "sessions": bool(row["sessions"]), "deactivate": not mine}
    return [what for what, there in wanted.items() if there]
