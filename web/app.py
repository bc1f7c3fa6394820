"""The application factory."""

from __future__ import annotations

import contextlib
from typing import Any

from flask import Flask, current_app, redirect, url_for
from htmx_flask import Htmx, make_response, request
from werkzeug.wrappers import Response

from ledger.shipped import folder
from web import acts, body, errors, i18n, identity, live, security, signin, told, truth, visible, watched, whole, words
from web.cookies import Cookies
from web.pages import PAGES
from web.proxy import Proxied
from web.site import KEY, Site

TEMPLATES, STATIC = folder("templates"), folder("static")


def create_app(site: Site) -> Flask:
    """The dashboard of one site. Nothing is started here: whoever serves it starts the site's threads."""
    app = Flask("web", template_folder=str(TEMPLATES), static_folder=str(STATIC))
    app.extensions[KEY] = site
    app.extensions[whole.KEY] = whole.needed(TEMPLATES, STATIC)
    app.config.update(
        SECRET_KEY=site.secret,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SEND_FILE_MAX_AGE_DEFAULT=3600,
    )
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True, "finalize": visible.finalize}
    app.jinja_env.globals.update(build=whole.build(app.extensions[whole.KEY]), build_header=whole.BUILD)
    app.session_interface = Cookies()
    Htmx(app)
    for part in (i18n, security, identity, body, words, told, truth, watched, errors):
        part.init_app(app)
    app.before_request(_of_this_build)
    app.wsgi_app = Proxied(app.wsgi_app, site)  # type: ignore[method-assign]
    for blueprint in (signin.blueprint, live.blueprint, acts.blueprint, *PAGES):
        app.register_blueprint(blueprint)
    app.add_url_rule("/favicon.ico", "favicon", _favicon)
    app.url_defaults(_versioned)
    return app


def _of_this_build() -> Response | None:
    """A page that was open during an update is loaded anew when it looks again: its frame may lack something."""
    build = current_app.jinja_env.globals["build"]
    if request.htmx.trigger in ("main", "truth") and request.headers.get(whole.BUILD) != build:
        anew: Response = make_response("", 204, refresh=True)
        return anew
    return None


def _versioned(endpoint: str, values: dict[str, Any]) -> None:
    """A file that changed has another address, so that a browser may keep what it has."""
    if endpoint == "static":
        with contextlib.suppress(OSError):
            values.setdefault("v", int((STATIC / values["filename"]).stat().st_mtime))


def _favicon() -> Response:
    return redirect(url_for("static", filename="icon-calm.svg"), code=302)
