"""A sentence as a value: the words that are the program's, and apart from them what it filled in.

``Said("mode is {}, expected 0600", "0644")`` is a text: its English, ``mode is 0644, expected 0600``. Pages say it in
another language by its template, never by taking the English apart, so nothing that a person wrote is translated; what
rules and machines look at is its code. Joined to another text it is only a text: what is filled into a sentence is
handed over as a value of it.

An entry keeps one as a list, ``["file_mode", "mode is {}, expected 0600", "0644"]``: the code (``""`` where nobody
looks at one), the template of its day, the values, each a text, a whole number, or such a list again. So it can be read
for ever by whoever has nothing but the entry, also after the program found better words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final, Self

from ledger.errors import Corrupt

PLACE: Final = "{}"
"""Where a value stands in a template."""
_CODE: Final = re.compile(r"[a-z][a-z_]*|")
_LARGEST: Final = 2**53 - 1
_DEEPEST: Final = 8
"""Sentences within sentences."""
_SHORTEST: Final = 8
"""Characters of a value that is cut."""


class Said(str):
    """A text with its ``template``, the ``values`` in its places and a ``code``."""

    __slots__ = ("code", "template", "values")
    code: str
    template: str
    values: tuple[str | int, ...]
    """What was filled in: texts as they stand, whole numbers, and sentences of their own."""

    def __new__(cls, template: str, *values: object, code: str = "") -> Self:
        """``ValueError`` where there are more or fewer values than places."""
        kept = tuple(map(_kept, values))
        said = str.__new__(cls, fill(template, kept))
        said.code, said.template, said.values = code, template, kept
        return said

    def __str__(self) -> str:
        """Itself, so that ``str(error)`` of an error that was given one gives it back."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.code, self.template, self.values)

    @property
    def text(self) -> str:
        """The English alone."""
        return self[:]

    def each(self, change: Callable[[str], str]) -> Said:
        """The same with every text among its values changed, and those of sentences in it."""
        changed = (
            value.each(change) if isinstance(value, Said) else value if isinstance(value, int) else change(value)
            for value in self.values
        )
        return _again(self.code, self.template, tuple(changed))

    def shortened(self, longest: int) -> Said:
        """The same with its values cut so that it has at most ``longest`` characters, where they can be."""
        if len(self) <= longest or not self.values:
            return self
        room = max(_SHORTEST, (longest - len(self.template)) // len(self.values))
        return _again(self.code, self.template, tuple(_cut(value, room) for value in self.values))


def _kept(value: object) -> str | int:
    """A sentence, or a whole number that an entry can hold, as it is; all else is text."""
    if isinstance(value, Said) or (type(value) is int and abs(value) <= _LARGEST):
        return value
    return str(value)


def fill(template: str, values: tuple[object, ...]) -> str:
    """The template with its places filled; ``ValueError`` where there are more or fewer values than places."""
    pieces = _pieces(template)
    if len(pieces) != len(values) + 1:
        raise ValueError(f"{len(values)} values for {template!r}")
    parts = [pieces[0]]
    for value, piece in zip(values, pieces[1:], strict=True):
        parts += (f"{value}", piece)
    return "".join(parts)


@lru_cache(4_096)
def _pieces(template: str) -> list[str]:
    return template.split(PLACE)


def joined(sentences: Iterable[str], between: str = ", ") -> Said:
    """The sentences one after the other, each with its values; empty where there are none."""
    parts = [as_said(sentence) for sentence in sentences]
    return parts[0] if len(parts) == 1 else Said(between.join([PLACE] * len(parts)), *parts)


def as_said(text: str) -> Said:
    """A text as such a value; one without is a template of its own, or what fills an empty one."""
    return text if isinstance(text, Said) else Said(PLACE, text) if PLACE in text else Said(text)


def encode(text: str) -> list[Any]:
    """``[code, template, values…]``, as an entry keeps it; what lies too deep in it as English alone."""
    return _encode(as_said(text), 1)


def _encode(said: Said, depth: int) -> list[Any]:
    return [said.code, said.template, *(_encode_value(value, depth) for value in said.values)]


def _encode_value(value: str | int, depth: int) -> Any:
    if not isinstance(value, Said):
        return value
    return _encode(value, depth + 1) if depth < _DEEPEST else value.text


def decode(value: Any) -> Said:
    """What :func:`encode` wrote; ``Corrupt`` where it is anything else."""
    return _decode(value, 1)


def _decode(value: Any, depth: int) -> Said:
    if depth > _DEEPEST:
        raise Corrupt("a sentence within sentences that is too deep")
    if type(value) is not list or len(value) < 2:
        raise Corrupt(Said("expected [code, sentence, values…], found {}", repr(value)))
    code, template, *values = value
    if type(code) is not str or type(template) is not str or not _CODE.fullmatch(code):
        raise Corrupt(Said("expected [code, sentence, values…], found {}", repr(value)))
    if template.count(PLACE) != len(values):
        raise Corrupt(Said("{} values for the sentence {}", len(values), repr(template)))
    return _again(code, template, tuple([_decode_value(value, depth) for value in values]))


def _decode_value(value: Any, depth: int) -> str | int:
    if type(value) is list:
        return _decode(value, depth + 1)
    if type(value) is str or (type(value) is int and abs(value) <= _LARGEST):
        return value
    raise Corrupt(Said("expected a text, a whole number or a sentence, found {}", repr(value)))


def _again(code: str, template: str, values: tuple[object, ...]) -> Said:
    return Said(template, *values, code=code)


def _cut(value: str | int, longest: int) -> str | int:
    if isinstance(value, Said):
        return value.shortened(longest)
    return value if isinstance(value, int) or len(value) <= longest else value[: longest - 1] + "…"
