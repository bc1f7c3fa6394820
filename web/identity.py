"""Who asks: the signed-in person of a request, and the routes that need none.

Every route is closed unless it is listed in :data:`OPEN`, so that a new page cannot forget to ask.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask, abort, g, redirect, session, url_for
from htmx_flask import request
from werkzeug.wrappers import Response

from ledger.app.people.accounts import SignedIn
from ledger.app.people.known_roles import as_far_as_read, recall, remember
from ledger.domain.command import Actor
from ledger.domain.runbook import RUNBOOK_ROLES
from ledger.errors import LedgerError, Unreachable
from ledger.said import Said
from web.site import Site, site

OPEN = frozenset(
    ("static", "favicon", "signin.form", "signin.enter", "health.healthz", "health.metrics", "i18n.choose")
)
"""Endpoints that anybody may ask."""
TIMERS = frozenset(("live.stream", "live.poll", "now.top"))
"""Endpoints that a page asks by itself: nobody is at the keyboard because of them."""
STOP = "acts.stop"
"""The one endpoint that works while nothing else does."""
CHANGING = frozenset(("signin.password", "signin.change", "signin.leave", "i18n.choose", "now.top", "static", STOP))
"""What somebody may still do who must choose a new password first."""


def init_app(app: Flask) -> None:
    """Find out who asks before anything else happens."""
    app.before_request(identify)


def identify() -> Response | None:
    """Put the person into ``g``: ``g.person`` (id or ""), ``g.roles``. Sends a stranger to the sign-in page."""
    g.person, g.roles, g.token, g.must_change = "", frozenset(), "", False
    if request.endpoint == "static":
        return None
    here = site()
    known = _who(here, session.get("token", ""))
    roles, sure = roles_of(here, known.person, at_once=request.endpoint == STOP) if known else (frozenset(), True)
    if known and not roles and sure:
        with contextlib.suppress(Unreachable):  # without a role it opens nothing anyway
            here.accounts.end_all(known.person, "no_role", "system")
    if known and (roles or (request.endpoint == STOP and not sure)):
        g.person, g.roles, g.token, g.must_change = known.person, roles, known.token, known.must_change
        if known.must_change and request.endpoint not in CHANGING:
            return redirect(url_for("signin.password"), code=303)
        return None
    if request.endpoint in OPEN or request.endpoint is None:
        return None
    if request.method != "GET" or "text/html" not in request.headers.get("Accept", ""):
        abort(401)
    return redirect(url_for("signin.form", to=request.full_path.rstrip("?")), code=303)


def _who(here: Site, token: str) -> SignedIn | None:
    """Whose session it is. Where that file cannot be had or was lost, the stop goes by what it said last."""
    try:
        known = here.accounts.who(token, used=not _by_itself())
    except Unreachable:
        if request.endpoint != STOP:
            raise
        known = None
    return here.accounts.who_last(token) if known is None and request.endpoint == STOP else known


def _by_itself() -> bool:
    """Whether a page asks by itself: the stream, or a look because an entry arrived."""
    return request.endpoint in TIMERS or request.htmx.trigger == "main"


def roles_of(here: Site, person: str, *, at_once: bool = False) -> tuple[frozenset[str], bool]:
    """The person's roles by the ledger, and True; by what it said last, and False, where it cannot be read now.

    No role and False: nobody has ever read them here, and the stop is refused to nobody for that. ``at_once``: nor does
    it wait until they are read, which takes seconds in a long ledger.
    """
    try:
        people = here.installation.state.people
        if here.installation.ledger.held_anyway:  # read from the published lines, which may lack the newest
            known = recall(here.installation.home) or people
            return known.get(person, frozenset()), False
    except LedgerError:
        here.people = here.people or recall(here.installation.home)
        if not here.people and not at_once:
            here.people = as_far_as_read(here.installation)
        return here.people.get(person, frozenset()), False
    if people is not here.people:
        here.people = people
        remember(here.installation.home, people)
    return people.get(person, frozenset()), True


def stands(here: Site, token: str) -> bool:
    """Whether a browser's session still stands, and its person still holds a role."""
    known = here.accounts.who(token, used=False)
    return known is not None and bool(roles_of(here, known.person)[0])


def actor() -> Actor:
    """The person of this request as the ledger knows them."""
    return Actor(person=g.person, auth="session")


def runs_the_runbook() -> bool:
    """Whether the person holds any role of the runbook."""
    return bool(g.roles & frozenset(RUNBOOK_ROLES))


def only(*roles: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """403 unless the person holds one of the roles."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(*given: Any, **named: Any) -> Any:
            if not g.roles & frozenset(roles):
                abort(403, Said("this page is for {}", " or ".join(roles)))
            return view(*given, **named)

        return guarded

    return decorate
