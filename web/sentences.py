"""Sentences of the ledger in another language, found by their template.

The ledger composes English sentences; what it filled in is found again by the template's ``{}``. The translation says
of each place what it is: ``{}`` or ``{0}`` stands as it is (ids, numbers, paths, what people typed), ``{0:said}`` is a
sentence of the ledger, ``{0:list}`` clauses with commas, ``{0:word}`` a word that the catalogue must know, or the
template does not fit, ``{0:bare}`` something without a space, ``{0:or}`` names with "or" between them. So nothing that
a person wrote is ever translated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Final, NamedTuple

from web.catalogue import LEDGER, texts

KEPT: Final = frozenset({"override", "scheduler", "alertmanager", "prometheus", "enabled", "disabled"})
"""Words that stay as they are, as in the runbook."""
_PLACE = re.compile(r"\{(\d?)(?::(\w+))?\}")
_VERDICT = " — {}"
_ALONE = r"""('[^']*'|"[^"]*"|\S+)"""
"""What a sentence may begin with: an id, a path, or text in quotes. Else any sentence with "is" in it would fit."""
_DEEPEST = 4


class _Template(NamedTuple):
    pattern: re.Pattern[str]
    literal: str
    """Its longest text between two places: a sentence without it cannot fit."""
    translated: str


@lru_cache(maxsize=20_000)
def translate(sentence: str, tongue: str) -> str:
    """The sentence in a language; as it stands where there is no translation."""
    return sentence if tongue != "pl" else _said(sentence, 0)


def _said(sentence: str, depth: int) -> str:
    exact = texts(LEDGER).get(sentence) or texts(None).get(sentence)
    if exact or depth > _DEEPEST:
        return exact or sentence
    by_word = _templates()
    for template in (*by_word.get(sentence.split(" ", 1)[0], ()), *by_word.get("", ())):
        if template.literal in sentence and (found := template.pattern.fullmatch(sentence)):
            filled = _filled(template.translated, found.groups(), depth)
            if filled is not None:
                return filled
    return sentence


def _filled(translated: str, parts: tuple[str, ...], depth: int) -> str | None:
    """The translation with its places filled; None where a word is not one that the ledger uses."""
    out, last = [], 0
    for number, place in enumerate(_PLACE.finditer(translated)):
        part = _part(parts[int(place[1]) if place[1] else number], place[2], depth)
        if part is None:
            return None
        out += [translated[last : place.start()], part]
        last = place.end()
    return "".join([*out, translated[last:]])


def _part(part: str, kind: str | None, depth: int) -> str | None:
    if kind == "said":
        return _said(part, depth + 1)
    if kind == "list":
        return _clauses(part.split(", "), depth + 1)
    if kind == "bare":
        return None if " " in part else part
    if kind == "word":
        return part if part in KEPT else texts(LEDGER).get(part) or texts(None).get(part)
    return part.replace(" or ", " lub ") if kind == "or" else part


def _clauses(clauses: list[str], depth: int) -> str:
    """Clauses with commas between them, some with commas of their own: the longest that is known, then the rest."""
    for size in range(len(clauses), 0, -1):
        known = ", ".join(clauses[:size])
        if (said := _said(known, depth)) != known or size == 1:
            rest = clauses[size:]
            return ", ".join([said, _clauses(rest, depth)] if rest else [said])
    return ""


@cache
def _templates() -> dict[str, tuple[_Template, ...]]:
    """The templates by their first word, "" for those that begin with a place; the most definite first."""
    found: dict[str, list[tuple[int, int, _Template]]] = {}
    for message, translated in _with_and_without_verdict():
        if translated:
            pieces = message.split("{}")
            word = pieces[0].split(" ", 1)[0] if " " in pieces[0] else ""
            template = _Template(_pattern(message, translated), max(pieces, key=len), translated)
            found.setdefault(word, []).append((-len(pieces[0]), -len("".join(pieces)), template))
    return {word: tuple(one[2] for one in sorted(all_, key=lambda one: one[:2])) for word, all_ in found.items()}


def _with_and_without_verdict() -> Iterator[tuple[str, str]]:
    """The messages; where one ends in a verdict, also as pages say it that show the verdict beside it."""
    for message, translated in texts(LEDGER).items():
        yield message, translated
        if message.endswith(_VERDICT):
            yield message.removesuffix(_VERDICT), translated.rpartition(" — ")[0]


def _pattern(message: str, translated: str) -> re.Pattern[str]:
    text = "(.*?)".join(map(re.escape, message.split("{}")))
    if message.endswith(_VERDICT):
        text = text.removesuffix("(.*?)") + "(pass|fail|error|inconclusive)"
    if text.startswith("(.*?)") and not translated.startswith(("{0:said}", "{0:list}")):
        text = _ALONE + text.removeprefix("(.*?)")
    return re.compile(text, re.DOTALL)
