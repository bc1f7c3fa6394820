"""The Polish texts, ``web/locale/pl/*.po`` (gettext), read once; nothing is compiled beforehand.

Context ``ledger``: sentences that the ledger composes. In them ``{}`` or ``{0}`` stands for what is filled in as it
is, ``{0:said}`` for a sentence, ``{0:list}`` for clauses and ``{0:word}`` for a word that are translated too,
``{0:or}`` for names with " or " between them.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from ledger.shipped import folder

FOLDER: Final = folder("locale") / "pl"
EARLIER: Final = FOLDER / "earlier.po"
"""What the ledger said before: the sentences of old entries."""
LEDGER: Final = "ledger"
"""Context of the sentences that the ledger composes."""


@cache
def catalogue() -> Catalog:
    """What is said today, of all files together."""
    whole = Catalog(locale="pl")
    for path in sorted(FOLDER.glob("*.po")):
        for message in _read(path) if path != EARLIER else ():
            if message.id:
                whole[message.id] = message
    return whole


def _read(path: Path) -> Catalog:
    with path.open("rb") as stream:
        return read_po(stream, locale="pl")


@cache
def translations(tongue: str) -> NullTranslations:
    """The functions of gettext for a language; English needs no texts."""
    if tongue != "pl":
        return NullTranslations()
    compiled = io.BytesIO()
    write_mo(compiled, catalogue())
    compiled.seek(0)
    return Translations(compiled)


@cache
def texts(context: str | None) -> Mapping[str, str]:
    """English -> Polish of one context, without those that have a plural; then what was said before."""
    said = [*catalogue(), *(_read(EARLIER) if EARLIER.exists() else ())]
    polish: dict[str, str] = {}
    for message in said:
        if message.id and message.context == context and isinstance(message.id, str):
            polish.setdefault(str(message.id), str(message.string))
    return polish
