"""The Polish texts, ``web/locale/pl.po`` (gettext), read once; nothing is compiled beforehand."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from ledger.shipped import folder

PATH: Final = folder("locale") / "pl.po"
LEDGER: Final = "ledger"
"""Context of the sentences that the ledger composes."""


@cache
def catalogue() -> Catalog:
    """The file as it is."""
    with PATH.open("rb") as stream:
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
    """English -> Polish of one context, without those that have a plural."""
    return {
        str(one.id): str(one.string)
        for one in catalogue()
        if one.id and one.context == context and isinstance(one.id, str)
    }
