"""Sentences of the ledger in another language, by their template.

A :class:`~ledger.said.Said` has its template and its values apart, and each value that is one too is said in its own
words. The translation says of each place what it is: ``{}`` or ``{0}`` stands as it is (ids, numbers, paths, what
people typed), ``{0:said}`` is a sentence of the ledger, ``{0:list}`` clauses with commas, ``{0:word}`` a word that the
catalogue must know, or the template does not fit, ``{0:status}`` what a scheduler says of itself, ``{0:reason}`` what a
person typed or the ledger put in its place, ``{0:known}`` counts with a sentence in brackets each, ``{0:bare}``
something without a space, ``{0:or}`` names with "or" between them. So nothing that a person wrote is ever
translated.

Entries of before keep English sentences: there what was filled in is found again by the ``{}`` of a template of that
day (:func:`parsed`), which ``earlier.po`` keeps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import Final, NamedTuple

from ledger.domain.asked import NO_REASON
from ledger.said import PLACE, Said, fill
from web.catalogue import LEDGER, texts

KEPT: Final = frozenset({"override", "scheduler", "alertmanager", "prometheus", "enabled", "disabled"})
"""Words that stay as they are, as in the runbook."""
_PLACE = re.compile(r"\{(\d?)(?::(\w+))?\}")
_VERDICT = " — {}"
_ALONE = r"""('[^']*'|"[^"]*"|\S+)"""
"""What a sentence may begin with: an id, a path, or text in quotes. Else any sentence with "is" in it would fit."""
_DEEPEST = 4
_LONGEST = 1_200
_ALERT: Final = re.compile(r"(\w+(?:\{[^{}]*\})?) (critical|warning)")
"""An alert as entries name it (``ledger.app.steps.common.title``)."""
"""Characters of an English sentence that is understood by its form: longer than any that an entry keeps."""
_MOST = 40
"""Clauses with commas between them."""
_LETTER = re.compile(r"[^\W\d_]")
_IN_BRACKETS = re.compile(r"\(([^()]+)\)")
_ASKED = re.compile(r"as asked by entry \d+")
"""The reason of an abort that was led through steps 5 and 6."""


class _Template(NamedTuple):
    pattern: re.Pattern[str]
    literal: str
    """Its longest text between two places: a sentence without it cannot fit."""
    translated: str


def translate(sentence: str, tongue: str) -> str:
    """The sentence in a language; as it stands where there is no translation."""
    if tongue != "pl":
        return sentence
    return _by_template(sentence, 0) if isinstance(sentence, Said) else parsed(sentence)


def _by_template(said: Said, depth: int) -> str:
    translated = _of_templates().get(said.template)
    if translated is not None and (filled := _filled(translated, said.values, depth)) is not None:
        return filled
    if _LETTER.search(said.template.replace(PLACE, "")):
        return parsed(said.text)
    return fill(said.template, tuple(_part(value, None, depth) for value in said.values))


@lru_cache(maxsize=20_000)
def parsed(sentence: str) -> str:
    """A sentence that came as English alone."""
    return _said(sentence, 0) if len(sentence) <= _LONGEST else sentence


def _said(sentence: str, depth: int) -> str:
    if (alert := _ALERT.fullmatch(sentence)) and (severe := texts(None).get(f"{alert[2]} alert")):
        return f"{alert[1]} ({severe})"
    exact = texts(LEDGER).get(sentence) or texts(None).get(sentence)
    if exact or depth > _DEEPEST:
        return exact or sentence
    by_word = _templates()
    for template in (*by_word.get(sentence.split(" ", 1)[0], ()), *by_word.get("", ())):
        if template.literal in sentence and (match := template.pattern.fullmatch(sentence)):
            filled = _filled(template.translated, match.groups(), depth)
            if filled is not None:
                return filled
    return sentence


def _filled(translated: str, parts: Sequence[str | int], depth: int) -> str | None:
    """The translation with its places filled; None where a word is not one that the ledger uses."""
    out, last = [], 0
    for number, place in enumerate(_PLACE.finditer(translated)):
        part = _part(parts[int(place[1]) if place[1] else number], place[2], depth)
        if part is None:
            return None
        out += [translated[last : place.start()], part]
        last = place.end()
    return "".join([*out, translated[last:]])


def _part(part: str | int, kind: str | None, depth: int) -> str | None:
    if isinstance(part, int):
        return str(part)
    if isinstance(part, Said):
        return _by_template(part, depth + 1)
    if len(part) > _LONGEST:
        return part
    if kind == "reason":
        return _said(part, depth + 1) if part == NO_REASON or _ASKED.fullmatch(part) else part
    if kind == "said":
        return _said(part, depth + 1)
    if kind == "list":
        return _clauses(part.split(", "), depth + 1)
    if kind == "known":
        return _IN_BRACKETS.sub(lambda match: f"({_said(match[1], depth + 1)})", part)
    if kind == "bare":
        return None if " " in part else part
    if kind in ("word", "status"):
        return _known(part, status=kind == "status")
    return part.replace(" or ", " lub ") if kind == "or" else part


def _known(word: str, *, status: bool) -> str | None:
    """A word of the catalogue; the runbook's own stay, but where a scheduler says of itself how it stands."""
    if word in KEPT and not status:
        return word
    return texts(LEDGER).get(word) or texts(None).get(word) or (word if status else None)


def _clauses(clauses: list[str], depth: int) -> str:
    """Clauses with commas between them, some with commas of their own: the longest that is known, then the rest."""
    if len(clauses) > _MOST:
        return ", ".join(clauses)
    for size in range(len(clauses), 0, -1):
        known = ", ".join(clauses[:size])
        if (said := _said(known, depth)) != known or size == 1:
            rest = clauses[size:]
            return ", ".join([said, _clauses(rest, depth)] if rest else [said])
    return ""


@cache
def _of_templates() -> dict[str, str]:
    """Template -> translation, of all that have one; words and names that pages know too."""
    return {message: translated for message, translated in _with_and_without_verdict() if translated}


@cache
def _templates() -> dict[str, tuple[_Template, ...]]:
    """The templates by their first word, "" for those that begin with a place; the most definite first."""
    by_word: dict[str, list[tuple[int, int, _Template]]] = {}
    for message, translated in _with_and_without_verdict():
        if translated:
            pieces = message.split("{}")
            word = pieces[0].split(" ", 1)[0] if " " in pieces[0] else ""
            template = _Template(_pattern(message, translated), max(pieces, key=len), translated)
            by_word.setdefault(word, []).append((-len(pieces[0]), -len("".join(pieces)), template))
    return {
        word: tuple(ranked[2] for ranked in sorted(all_, key=lambda ranked: ranked[:2]))
        for word, all_ in by_word.items()
    }


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
