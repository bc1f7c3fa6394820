"""Sentences of the ledger as pages tell them: short, in the page's language, people and roles by name.

The ledger keeps ids, codes and whole paths, and says what to type; an entry's page and the terminal show that. All
that a page makes of a sentence is in here: ``brief`` for running text, ``clause`` for a refusal within a sentence,
``told`` for one that stands alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from flask import Flask

from ledger.app.words import codes_by_name, roles_by_name
from ledger.said import Said
from web.i18n import gettext, said, translate
from web.words import IDS, UUID, named, short

_PATH: Final = re.compile(r"(?<![\w:/.])/(?:[^\s/,;:'\"()]+/)+([^\s/,;:'\"()]+)")
_PATH_ALONE: Final = re.compile(r"/(?:[^/\0]+/)+([^/\0]+)")
_UUID: Final = re.compile(rf"\b{UUID.pattern}\b")
_ID_ALONE: Final = re.compile(rf"{UUID.pattern}|(?:sha384:)?[0-9a-f]{{96}}")
_COUNTED: Final = re.compile(r"(\d+) \w+ (\([^()]+\))")
_ALL_COUNTED: Final = re.compile(rf"{_COUNTED.pattern}(?:, {_COUNTED.pattern})*")
"""How many of which code, with its meaning in brackets; several with commas between them."""
_TIME: Final = re.compile(r"\b(\d{4}-\d\d-\d\d)T(\d\d:\d\d(?::\d\d)?)(?:\.\d+)?(?:\+00:00|Z)")
_COMMAND: Final = re.compile(
    r"(?::| see:?| zobacz:?) stage4 (?:rollback|people|silences|connections|status|stop)\b[^;]*"
)
_DANGLES: Final = re.compile(
    r"[;:,.]\s*(?:see|zobacz|open one with|otwórz|give one with|roles are changed with|role zmienia)?:?\s*(?=;|$)"
)
_WORD: Final = re.compile(r"[^\W\d_]+(?=[ ,;:.]|$)")
_ENDS: Final = (".", "!", "?", "…", ":")


def init_app(app: Flask) -> None:
    """Give the templates these filters."""
    app.jinja_env.filters.update(brief=brief, clause=clause, told=told, sentence=as_sentence)


def brief(sentence: Any) -> str:
    """In the page's language, people by name, paths and ids short; the entry's page has them whole."""
    text = said(sentence.each(_briefly) if isinstance(sentence, Said) else str(sentence))
    return named(readable(shorter(text)))


def clause(sentence: Any) -> str:
    """A refusal or a debt: roles by name too, and no line for a terminal where a button stands."""
    text = brief(roles_by_name(sentence, gettext) if isinstance(sentence, Said) else sentence)
    short_of = _COMMAND.sub("", text)
    if short_of != text:
        short_of = _DANGLES.sub("", short_of)
    return codes_by_name(short_of, gettext)


def told(sentence: Any) -> str:
    """The same as a sentence of its own."""
    return as_sentence(clause(sentence))


def as_sentence(text: str) -> str:
    """With a capital, unless an id or a name stands first, and a full stop."""
    if _WORD.match(text):
        text = text[0].upper() + text[1:]
    return text if not text or text.endswith(_ENDS) else f"{text}."


def shorter(text: str) -> str:
    """``/srv/stage4/var/runtime/x.json`` is ``x.json``, and a UUID its first eight digits."""
    return _UUID.sub(lambda match: short(match[0]), _PATH.sub(r"\1", text))


def readable(text: str) -> str:
    """Times in it as pages write them: ``2026-11-23 05:27:01 UTC``."""
    return _TIME.sub(r"\1 \2 UTC", text)


def heard(sentence: Said, tongue: str, names: Mapping[str, str]) -> str:
    """What ``brief`` gives, where nobody asks: for every page that is open."""
    text = translate(sentence.each(_briefly), tongue)
    return IDS.sub(lambda match: names.get(match[0], match[0]), readable(shorter(text)))


def _briefly(value: str) -> str:
    if path := _PATH_ALONE.fullmatch(value):
        return path[1]
    if _ALL_COUNTED.fullmatch(value):
        return _COUNTED.sub(r"\1 \2", value)
    return short(value) if _ID_ALONE.fullmatch(value) else value
