"""One line of a decision log v2, parsed strictly, and its canonical bytes.

Unlike an entry of our own ledger (``ledger.proof.entry``) a foreign entry may hold floats and any key, so this is
Python's ``json`` and not ``ledger.proof.canonical``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, NoReturn

from ledger.errors import Corrupt

MAX_FOREIGN_LINE: Final = 1_048_576
"""Longest line in bytes, without the newline, that is read or written: memory stays bounded."""

_COMPACT: Final = (",", ":")
_SPACED: Final = (", ", ": ")
_SHOWN: Final = 120


class Finding(NamedTuple):
    """One thing that is wrong. ``line`` counts from 1; ``None`` stands for the log as a whole."""

    place: str
    cause: str
    expected: str
    found: str
    line: int | None = None

    def __str__(self) -> str:
        where = "the log" if self.line is None else f"line {self.line}"
        return f"{where}: {self.place}: {self.cause}; expected {self.expected}, found {self.found}"


def shown(value: Any) -> str:
    """A value for a person: JSON in ASCII, so that nothing in a log can steer a terminal; at most 120 characters."""
    try:
        text = json.dumps(value)
    except (ValueError, RecursionError):
        text = f"a {type(value).__name__} that cannot be shown"
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def format_canonical_v2(value: Any) -> bytes:
    """The bytes under a v2 signature: sorted keys, ``,`` and ``:``, UTF-8 not escaped; ``Corrupt`` for none.

    There are none for NaN, infinities, lone surrogates and what is nested too deeply.
    """
    try:
        text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=_COMPACT, allow_nan=False)
        return text.encode()
    except (ValueError, RecursionError) as error:
        raise Corrupt(f"no canonical form: {error}") from error


def parse_foreign_line(line: bytes) -> dict[str, Any] | Finding:
    """The object on a line (without its newline), or what is wrong with the line. Never raises."""
    try:
        entry = parse_json(line.decode())
    except UnicodeDecodeError as error:
        return Finding("line", f"not UTF-8 at byte {error.start}", "UTF-8", repr(line[error.start : error.start + 8]))
    except Corrupt as error:
        return Finding("line", str(error), "one JSON object", shown(line[:80].decode(errors="replace")))
    if type(entry) is not dict:
        return Finding("line", "not an object", "one JSON object", shown(entry))
    return entry


def parse_json(text: str) -> Any:
    """The value of a JSON text; ``Corrupt`` for duplicate keys, NaN, infinities and what is nested too deeply."""
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise Corrupt("nested too deeply") from error
    except json.JSONDecodeError as error:
        raise Corrupt(f"not JSON: {error.msg} at character {error.pos}") from error
    except ValueError as error:
        raise Corrupt(f"not JSON: {error}") from error


def check_written(line: bytes, entry: dict[str, Any]) -> Iterator[Finding]:
    """A finding where the line is not what ``json.dumps`` makes of its own content.

    A v2 signature covers the parsed content, so another spelling of it (``1e5`` as ``1E5``, a space, a carriage return)
    would not show. Accepted are ``json.dumps``'s four spellings: compact or spaced, escaped or not, keys in any order.
    """
    if line not in _spellings(entry):
        # Where it leaves the spelling that it keeps to longest: a line with spaces after its commas is no wrong line.
        at = max((_first_difference(line, spelling) for spelling in _spellings(entry)), default=0)
        yield Finding(
            "line",
            f"not spelled as JSON is written here, from byte {at} on; the signature does not cover spelling",
            "json.dumps of the same content, without white space around it",
            repr(line[at : at + 24]),
        )


def _spellings(entry: dict[str, Any]) -> Iterator[bytes]:
    for separators in (_COMPACT, _SPACED):
        for escaped in (False, True):
            try:
                text = json.dumps(entry, ensure_ascii=escaped, separators=separators, allow_nan=False)
            except (ValueError, RecursionError):
                continue
            yield text.encode(errors="replace")


def _first_difference(line: bytes, other: bytes) -> int:
    pairs = enumerate(zip(line, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(line), len(other)))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entry = dict(pairs)
    if len(entry) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {shown(twice)} stands twice")
    return entry


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
