"""What every event class has, and how its fields become an entry's ``artefacts`` and ``metadata`` and back.

Digests (fields named ``…_sha384``) and ids listed in :data:`ARTEFACT_FIELDS` go to ``artefacts``, all others to
``metadata``. A field that equals ``None``, ``""`` or ``()`` and has that as default is left out, so that one event has
one form. Times are ``YYYY-MM-DDTHH:MM:SS.ffffff+00:00``; tuples are lists.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar, NamedTuple

from ledger.domain.facts import Matcher
from ledger.errors import Corrupt

ARTEFACT_FIELDS = frozenset({"silence_id"})
_ENVELOPE = "actor auth marks os request_id role rollback rollback_entry step version wall_time"
RESERVED = frozenset(_ENVELOPE.split())
"""Names in ``metadata`` that belong to the envelope; no event may use them (a test looks)."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened. ``status`` is its permanent name, never reused, with ``version``."""

    status: ClassVar[str] = ""
    version: ClassVar[int] = 1
    step: ClassVar[int | None] = None
    kind: ClassVar[str] = "runbook_event"
    decides: ClassVar[bool] = False
    """True where the field ``verdict`` is the verdict of the whole step."""
    sentence: ClassVar[str] = ""
    """What the timeline says; ``{field}`` names a field."""


class _Field(NamedTuple):
    name: str
    artefact: bool
    optional: bool
    default: Any
    encode: Callable[[Any], Any] | None
    decode: Callable[[Any], Any]


def _time_text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _time(value: Any) -> datetime:
    if type(value) is not str:
        raise Corrupt(f"expected a time, found {value!r}")
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is not UTC or moment.isoformat(timespec="microseconds") != value:
        raise Corrupt(f"expected a UTC time with microseconds, found {value!r}")
    return moment


def _exactly(kind: type) -> Callable[[Any], Any]:
    def decode(value: Any) -> Any:
        if type(value) is not kind:
            raise Corrupt(f"expected {kind.__name__}, found {value!r}")
        return value

    return decode


def _one_of(allowed: tuple[Any, ...]) -> Callable[[Any], Any]:
    def decode(value: Any) -> Any:
        if type(value) is not str or value not in allowed:
            raise Corrupt(f"expected one of {', '.join(map(str, allowed))}, found {value!r}")
        return value

    return decode


def _texts(value: Any) -> tuple[str, ...]:
    if type(value) is not list or not all(type(item) is str for item in value):
        raise Corrupt(f"expected a list of texts, found {value!r}")
    return tuple(value)


def _matchers(value: Any) -> tuple[Matcher, ...]:
    if type(value) is not list:
        raise Corrupt(f"expected a list of matchers, found {value!r}")
    found = []
    for item in value:
        if type(item) is not list or [type(part) for part in item] != [str, str, bool, bool]:
            raise Corrupt(f"expected [name, value, is_regex, is_equal], found {item!r}")
        found.append(Matcher(*item))
    return tuple(found)


def _codec(annotation: Any) -> tuple[Callable[[Any], Any] | None, Callable[[Any], Any]]:
    if annotation is datetime:
        return _time_text, _time
    if annotation == tuple[str, ...]:
        return list, _texts
    if annotation == tuple[Matcher, ...]:
        return (lambda matchers: [list(matcher) for matcher in matchers]), _matchers
    if annotation in (str, int, bool, dict):
        return None, _exactly(annotation)
    if typing.get_origin(annotation) is dict:
        return None, _exactly(dict)
    if typing.get_origin(annotation) is typing.Literal:
        return None, _one_of(typing.get_args(annotation))
    raise TypeError(f"no entry form for {annotation}")


def fields_of(kind: type[Event]) -> tuple[_Field, ...]:
    """How ``kind``'s fields stand in an entry; computed once, when the registry is built."""
    hints = typing.get_type_hints(kind)
    found = []
    for field in dataclasses.fields(kind):
        hint = hints[field.name]
        arguments = [a for a in typing.get_args(hint) if a is not type(None)]
        nullable = type(None) in typing.get_args(hint) and len(arguments) == 1
        encode, decode = _codec(arguments[0] if nullable else hint)
        optional = field.default is not dataclasses.MISSING and field.default in (None, "", ())
        artefact = field.name.endswith("_sha384") or field.name in ARTEFACT_FIELDS
        found.append(_Field(field.name, artefact, optional, field.default, encode, decode))
    return tuple(found)


def digests_of(kind: type[Event]) -> tuple[str, ...]:
    """Names of the fields that name artefacts."""
    return tuple(field.name for field in dataclasses.fields(kind) if field.name.endswith("_sha384"))
