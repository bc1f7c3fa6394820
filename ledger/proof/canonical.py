"""Canonical JSON: one value, one sequence of bytes (RFC 8785 for a subset without floats).

UTF-8; ASCII keys, sorted; separators ``,`` and ``:``; no escapes beyond what JSON demands; integers within ±(2^53-1);
no floats, no NaN, no duplicate keys, no lone surrogates.
"""

from __future__ import annotations

from typing import Any

import orjson

from ledger.errors import Corrupt
from ledger.said import Said

MAX_LINE = 65_535
"""Longest entry in bytes, without the newline: C2SP tlog-tiles gives an entry a 16-bit length."""

_OPTIONS = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_STRICT_INTEGER
    | orjson.OPT_PASSTHROUGH_SUBCLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_DATACLASS
)
_SCALARS = frozenset((str, int, bool, type(None), Said))


def format_canonical(value: Any) -> bytes:
    """The canonical bytes of a JSON value; ``Corrupt`` where it has none (float, non-ASCII key, large integer)."""
    try:
        data = _dump(value)
        # Canonical bytes escape no letter, so where they are all ASCII the keys are too, and nobody need look at each.
        if not data.isascii() or not _is_exact(value):
            _refuse_inexact(value)
    except RecursionError as error:
        raise Corrupt("nested too deeply") from error
    return data


def _english(value: Any) -> str:
    if isinstance(value, Said):
        return value.text
    raise TypeError(type(value).__name__)


def _dump(value: Any) -> bytes:
    try:
        return orjson.dumps(value, default=_english, option=_OPTIONS)
    except orjson.JSONEncodeError as error:
        _refuse_inexact(value)  # the better reason, where it knows one
        raise Corrupt(f"no canonical form: {error}") from error


def parse_canonical(data: bytes) -> Any:
    """The value behind canonical bytes: parse, format again, compare; anything else is ``Corrupt``."""
    value = parse_inexact(data)
    if holds_float(value):
        _refuse_inexact(value)
    return value


def parse_inexact(data: bytes) -> Any:
    """As :func:`parse_canonical`, but floats are let through: for a caller that looks at the types itself."""
    try:
        value = orjson.loads(data)
        again = orjson.dumps(value, option=_OPTIONS)
    except orjson.JSONDecodeError as error:
        # The reader counts characters, and calls every line "line 1"; who looks for the place counts bytes.
        raise Corrupt(f"not JSON: {error.msg} at byte {len(error.doc[: error.pos].encode())}") from error
    except orjson.JSONEncodeError:
        format_canonical(value)  # says why
        raise
    if again != data or not data.isascii():
        _refuse_inexact(value)
    if again != data:
        at = next((i for i, (a, b) in enumerate(zip(again, data, strict=False)) if a != b), min(len(again), len(data)))
        raise Corrupt(f"not canonical at byte {at}: expected {again[at : at + 24]!r}, found {data[at : at + 24]!r}")
    return value


def holds_float(value: Any) -> bool:
    """Whether a parsed JSON value is a float or holds one anywhere."""
    if type(value) is dict:
        value = value.values()
    elif type(value) is not list:
        return type(value) is float
    kinds = set(map(type, value))
    return float in kinds or (not kinds <= _SCALARS and any(map(holds_float, value)))


def _is_exact(value: Any) -> bool:
    """Whether no value in it is of a kind that has no canonical form; False may also mean that it is none to ask."""
    if type(value) is dict:
        value = value.values()
    elif type(value) is not list:
        return type(value) in _SCALARS
    return set(map(type, value)) <= _SCALARS or all(map(_is_exact, value))


def _refuse_inexact(value: Any) -> None:
    kind = type(value)
    if kind is dict:
        for key, item in value.items():
            if type(key) is not str or not key.isascii():
                raise Corrupt(f"key {key!r} is not ASCII")
            if type(item) not in _SCALARS:
                _refuse_inexact(item)
    elif kind is list or kind is tuple:
        for item in value:
            if type(item) not in _SCALARS:
                _refuse_inexact(item)
    elif kind is float:
        raise Corrupt(f"{value!r} is a float; numbers that are not integers are written as strings")
    elif kind not in _SCALARS:
        raise Corrupt(f"{kind.__name__} has no canonical form")
