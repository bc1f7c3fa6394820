"""Polish and English. Texts are English in code and templates; ``locale/pl.po`` has the Polish ones.

Sentences that the ledger composes (events, refusals) are translated by their template: a message of context ``ledger``
whose ``{}`` stand for what was filled in.
"""

from __future__ import annotations

import io
import re
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Blueprint, Flask, g, redirect, request
from werkzeug.wrappers import Response

LANGUAGES: Final = {"en": "English", "pl": "Polski"}
THEMES: Final = ("auto", "light", "dark")
_CATALOGUE = Path(__file__).parent / "locale" / "pl.po"
_YEAR = 365 * 24 * 3600
blueprint = Blueprint("i18n", __name__)


def init_app(app: Flask) -> None:
    """Choose the language before each request and give the templates their functions."""
    app.before_request(_choose)
    app.register_blueprint(blueprint)
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
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
    back = request.form.get("to", "/")
    answer = redirect(back if re.fullmatch(r"/(?![/\\])[^\s]*", back) else "/", code=303)
    for name, known in (("lang", LANGUAGES), ("theme", THEMES)):
        if (value := request.form.get(name)) in known:
            answer.set_cookie(name, str(value), max_age=_YEAR, samesite="Lax", httponly=True, secure=request.is_secure)
    return answer


def language() -> str:
    """The language of this request; English outside of one."""
    return str(g.get("language", "en")) if g else "en"


def gettext(message: str, **values: object) -> str:
    """The message in the language of this request, its ``%(name)s`` filled in."""
    found = str(translations(language()).gettext(message))
    return found % values if values else found


def ngettext(one: str, many: str, number: int) -> str:
    """The form that the number asks for: Polish has three."""
    return str(translations(language()).ngettext(one, many, number))


def said(sentence: str) -> str:
    """A sentence of the ledger in the language of this request; as it stands where there is no translation."""
    return translate(sentence, language())


@cache
def translations(tongue: str) -> NullTranslations:
    """The catalogue of a language, read once; English needs none."""
    if tongue != "pl" or not _CATALOGUE.exists():
        return NullTranslations()
    compiled = io.BytesIO()
    with _CATALOGUE.open("rb") as stream:
        write_mo(compiled, read_po(stream, locale="pl"))
    compiled.seek(0)
    return Translations(compiled)


@lru_cache(maxsize=10_000)
def translate(sentence: str, tongue: str) -> str:
    """A sentence of the ledger in a language, by the templates of context ``ledger``."""
    if tongue == "en":
        return sentence
    exact = str(translations(tongue).pgettext("ledger", sentence))
    if exact != sentence:
        return exact
    for pattern, translated in _templates():
        if found := pattern.fullmatch(sentence):
            return _filled(translated, [translate(part, tongue) for part in found.groups()])
    return sentence


@cache
def _templates() -> tuple[tuple[re.Pattern[str], str], ...]:
    """The templates with something to fill in, the most literal text first."""
    if not _CATALOGUE.exists():
        return ()
    with _CATALOGUE.open("rb") as stream:
        messages = [m for m in read_po(stream, locale="pl") if m.context == "ledger" and "{}" in str(m.id) and m.string]
    messages.sort(key=lambda message: -len(str(message.id).replace("{}", "")))
    return tuple((_pattern(str(message.id)), str(message.string)) for message in messages)


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile("(.*?)".join(map(re.escape, template.split("{}"))), re.DOTALL)


def _filled(template: str, parts: list[str]) -> str:
    """``{}`` in order, or ``{0}`` … where the translation turns the order round."""
    in_order = iter(parts)
    return re.sub(r"\{(\d?)\}", lambda found: parts[int(found[1])] if found[1] else next(in_order), template)
