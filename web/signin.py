"""Sign in, sign out, choose a password."""

from __future__ import annotations

import re

from flask import Blueprint, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from ledger.errors import Refused
from web.errors import status_of
from web.site import site

blueprint = Blueprint("signin", __name__)
_PATH = re.compile(r"/(?![/\\])[^\s]*")


@blueprint.get("/sign-in")
def form() -> str | Response:
    """The form; who is signed in already goes on."""
    if g.person:
        return redirect(_target(request.args.get("to", "/")), code=303)
    return render_template("signin.html", to=_target(request.args.get("to", "/")))


@blueprint.post("/sign-in")
def enter() -> tuple[str, int] | Response:
    """Check name and password; a session begins anew, so that nobody can have planted one."""
    login, to = request.form.get("login", "").strip().lower(), _target(request.form.get("to", "/"))
    try:
        token, known = site().accounts.sign_in(
            login, request.form.get("password", ""), request.remote_addr or "", request.user_agent.string
        )
        if not site().installation.state.people.get(known.person):
            site().accounts.end(known.token)
            raise Refused("this account has no role any more; ask an admin")
    except Refused as error:
        return render_template("signin.html", to=to, login=login, error=str(error)), status_of(error)
    session.clear()
    session["token"] = token
    return redirect(url_for("signin.password", to=to) if known.must_change else to, code=303)


@blueprint.post("/sign-out")
def leave() -> Response:
    """End this session."""
    if g.token:
        site().accounts.end(g.token)
    session.clear()
    return redirect(url_for("signin.form"), code=303)


@blueprint.get("/password")
def password() -> str:
    """The form for a new password."""
    return render_template("password.html", to=_target(request.args.get("to", "/")))


@blueprint.post("/password")
def change() -> tuple[str, int] | Response:
    """Change one's own password; all other sessions end."""
    to = _target(request.form.get("to", "/"))
    try:
        site().accounts.check(g.person, request.form.get("password", ""))
        if request.form.get("new", "") != request.form.get("again", ""):
            raise Refused("the two new passwords differ; type the same one twice")
        site().accounts.change(g.person, request.form["new"], g.token)
    except Refused as error:
        return render_template("password.html", to=to, error=str(error)), status_of(error)
    return redirect(to, code=303)


def _target(path: str) -> str:
    """A path of this site to go on to; anything else is the first page."""
    return path if _PATH.fullmatch(path) else "/"
