"""Sign in, sign out, choose a password."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from ledger.app.acts.taking import Proof, require_password
from ledger.app.people.access import count_refusal
from ledger.app.people.accounts import digest_token
from ledger.errors import LedgerError, Refused
from web import cookies
from web.errors import status_of
from web.identity import actor, roles_of
from web.pages.now import answer_of_stop
from web.security import onwards, own_path
from web.site import site

blueprint = Blueprint("signin", __name__)


@blueprint.get("/sign-in")
def form() -> str | Response:
    """The form; who is signed in already goes on."""
    if g.person:
        return onwards(request.args.get("to", "/"))
    return render_template("signin.html", to=own_path(request.args.get("to", "/")), nobody=not site().accounts.any())


@blueprint.post("/sign-in")
def enter() -> tuple[str, int] | Response:
    """Check name and password; a session begins anew, so that nobody can have planted one."""
    login, to = request.form.get("login", "").strip().lower(), own_path(request.form.get("to", "/"))
    here, before = site(), session.get("token", "")
    device = cookies.device(here.secret)
    try:
        token, known = here.accounts.sign_in(
            login,
            request.form.get("password", ""),
            request.remote_addr or "",
            request.user_agent.string,
            lambda person: bool(roles_of(here, person)[0]),
            device,
        )
    except Refused as error:
        return render_template("signin.html", to=to, login=login, error=str(error)), status_of(error)
    if before:
        here.accounts.leave(digest_token(before))
    session.clear()
    session["token"] = token
    answer = redirect(url_for("signin.password", to=to), code=303) if known.must_change else onwards(to)
    cookies.remember_device(answer, here.secret, device, known.person)
    return answer


@blueprint.post("/sign-out")
def leave() -> Response:
    """End this session."""
    if g.token:
        site().accounts.leave(g.token)
    session.clear()
    return redirect(url_for("signin.form"), code=303)


@blueprint.get("/password")
def password() -> str:
    """The form for a new password."""
    return render(to=own_path(request.args.get("to", "/")))


def render(
    error: LedgerError | None = None,
    typed: dict[str, str] | None = None,
    said: Sequence[str] = (),
    *,
    loud: bool = False,
    to: str = "/",
    refused: str = "",
) -> str:
    """The page; who must choose a password sees no other one, so what the stop found stands on it."""
    found = answer_of_stop(error, typed, said, loud=loud)
    return render_template("password.html", to=to, refused=refused, must_change=g.must_change, **found)


@blueprint.post("/password")
def change() -> tuple[str, int] | Response:
    """Change one's own password; all other sessions end."""
    to = own_path(request.form.get("to", "/"))
    try:
        require_password(actor(), Proof(request.form.get("password", ""), accounts=site().accounts))
        session["token"] = site().accounts.change(g.person, _typed_twice(), g.token)
    except Refused as error:
        count_refusal(site().installation.home.root, error)
        return render(to=to, refused=str(error)), status_of(error)
    return onwards(to)


def _typed_twice() -> str:
    if request.form.get("new", "") != request.form.get("again", ""):
        raise Refused("the two new passwords differ; type the same one twice")
    return request.form.get("new", "")
