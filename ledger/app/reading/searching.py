"""How entries are found by words: what is searched in, and in which form a typed word is looked for.

Accents and capitals do not count, and of a word its stem is enough: "wyciszenie" finds "Wyciszeń". The stem is a cut of
common endings, no grammar: it may find more than was meant, and never less than the word itself would.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any, Final

from ledger.domain.record import Recorded
from ledger.said import Said

_LONGEST: Final = 4_000
"""Characters of an entry that are searched."""
_REPEATED: Final = 24
"""Characters of a value that may stand more than once."""
_SHORTEST: Final = 4
"""Letters that a stem has at least."""
_WITHOUT_DECOMPOSITION: Final = str.maketrans("łøđı", "lodi")
_ENDINGS: Final = {
    "pl": (
        *("iami", "iach", "iego", "iemu", "ami", "ach", "owi", "iem", "iom", "iej", "ego", "emu", "ymi", "imi", "ych"),
        *("ich", "ia", "ie", "iu", "om", "em", "ow", "ej", "ym", "im", "a", "e", "i", "o", "u", "y"),
    ),
    "en": ("s",),
}
"""Language -> endings without accents, of two that fit the longer first."""


def folded(text: str) -> str:
    """The text in lower case and without accents; a NUL, which would end it for a database, is a space."""
    text = text.lower().replace("\0", " ")
    if text.isascii():
        return text
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return plain.translate(_WITHOUT_DECOMPOSITION)


def stem(word: str, language: str) -> str:
    """The form in which a typed word is looked for: folded, and without its ending where it is all letters."""
    word = folded(word)
    if word.isalpha():
        for ending in _ENDINGS.get(language, ()):
            if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST:
                return word.removesuffix(ending)
    return word


def search_text(
    record: Recorded, body: dict[str, Any], said: Said, link: str, translated: Callable[[str], str] | None
) -> str:
    """All by which an entry is found, folded.

    Its digest, its request id and what it names come first, then what is said of it, in the other language too, then
    what stands in its own fields: long values there alone, because all that is stored is read by every search.
    """
    own = {name: value for name, value in body["metadata"].items() if name not in ("version", "rollback_entry")}
    said = said.each(lambda value: value if len(value) <= _REPEATED else "")
    told = [said, record.status, record.status.replace("_", " "), *((translated(said),) if translated else ())]
    values = [link, record.request_id, *_values(body["artefacts"]), *told, *_values(own)]
    return folded("\n".join(values))[:_LONGEST]


def _values(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for part in value.values() for text in _values(part)]
    if isinstance(value, list):
        return [text for part in value for text in _values(part)]
    return []
