"""Polish and English. Texts are English in code and templates; ``locale/pl`` has the Polish ones.

Sentences that the ledger composes (events, refusals) are translated by their template: ``web/sentences.py``.
"""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Flask, g, request
from werkzeug.wrappers import Response

from web.catalogue import translations
from web.cookies import path
from web.security import onwards
from web.sentences import translate

__all__ = ["LANGUAGES", "THEMES", "blueprint", "gettext", "init_app", "language", "ngettext", "said", "translate"]

LANGUAGES: Final = {"en": "English", "pl": "Polski"}
THEMES: Final = ("auto", "light", "dark")
_YEAR = 365 * 24 * 3600
blueprint = Blueprint("i18n", __name__)


def init_app(app: Flask) -> None:
    """Choose the language before each request and give the templates their functions."""
    app.before_request(_choose)
    app.register_blueprint(blueprint)
    app.jinja_env.add_extension("jinja2.ext.i18n")
    # Not "newstyle": that marks what it returns as safe, and some messages are names that came from outside.
    app.jinja_env.install_gettext_callables(gettext, _counted, newstyle=False)  # type: ignore[attr-defined]
    app.jinja_env.globals.update(languages=LANGUAGES, themes=THEMES)
    app.jinja_env.filters["said"] = said


def _choose() -> None:
    asked = request.cookies.get("lang", "")
    g.language = asked if asked in LANGUAGES else request.accept_languages.best_match(list(LANGUAGES)) or "en"
    theme = request.cookies.get("theme", "")
    g.theme = theme if theme in THEMES else "auto"


@blueprint.post("/choose")
def choose() -> Response:
    """Remember a language or a theme in a cookie of this browser."""
    answer = onwards(request.form.get("to", "/"))
    for name, known in (("lang", LANGUAGES), ("theme", THEMES)):
        if (value := request.form.get(name)) in known:
            answer.set_cookie(
                name,
                str(value),
                max_age=_YEAR,
                path=path(),
                samesite="Lax",
                httponly=True,
                secure=request.is_secure,
            )
    return answer


def language() -> str:
    """The language of this request; English outside of one."""
    return str(g.get("language", "en")) if g else "en"


def gettext(message: str, **values: object) -> str:
    """The message in the language of this request, its ``%(name)s`` filled in."""
    translated = str(translations(language()).gettext(message))
    if translated == message and not values:  # a name that the ledger gave: of a span, of a step
        translated = translate(message, language())
    return translated % values if values else translated


def ngettext(one: str, many: str, number: int) -> str:
    """The form that the number asks for: Polish has three."""
    return str(translations(language()).ngettext(one, many, number))


def _counted(singular: str, many: str, number: int) -> str:
    return ngettext(singular, many, number) % {"num": number}


def said(sentence: str) -> str:
    """A sentence of the ledger in the language of this request; as it stands where there is no translation."""
    return translate(sentence, language())
