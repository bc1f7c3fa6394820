"""What every event class has, and how its fields become an entry's ``artefacts`` and ``metadata`` and back.

Digests (fields named ``…_sha384``) and ids listed in :data:`ARTEFACT_FIELDS` go to ``artefacts``, all others to
``metadata``. A field that equals ``None``, ``""`` or ``()`` and has that as default is left out, so that one event has
one form. Sentences of the program's own (:attr:`Event.said`) are ``[code, template, values…]``. Times are
``YYYY-MM-DDTHH:MM:SS.ffffff+00:00``; tuples are lists.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, ClassVar, NamedTuple, TypeVar, cast, dataclass_transform

from ledger import said
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
    after_closing: ClassVar[bool] = False
    """True where it may come after the rollback was closed."""
    sentence: ClassVar[str] = ""
    """What the timeline says; ``{field}`` names a field."""
    sentence_noted: ClassVar[str] = ""
    """What it says where somebody added a ``note``; ``""`` where the event has none."""
    said: ClassVar[frozenset[str]] = frozenset()
    """Fields that are sentences of the program's, not of people: kept with their values (:mod:`ledger.said`)."""


EVENTS: dict[tuple[str, int], type[Event]] = {}
"""(status, version) -> class. A name in the database never decides what Python imports: only classes that
:mod:`ledger.domain.events` imports are here."""
_E = TypeVar("_E", bound=type[Event])
_V = TypeVar("_V")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def event(kind: _E) -> _E:
    """Make a class an event of its ``status`` and ``version``; ``ValueError`` where another one has them."""
    made: Any = dataclasses.dataclass(frozen=True, slots=True, kw_only=True)(kind)
    if EVENTS.setdefault((made.status, made.version), made) is not made:
        raise ValueError(f"{made.status} version {made.version} is an event already")
    return cast("_E", made)


def in_english(kind: _E) -> _E:
    """The version before ``kind``, which kept as English alone what is :attr:`~Event.said` since. Has its meaning."""
    return _before(kind, "kept its sentences as English alone", said=frozenset())


def knew_less(kind: _E) -> _E:
    """The version before ``kind``, which had fewer fields: those that are optional now. Has its meaning."""
    return _before(kind, "knew less")


def _before(kind: _E, what: str, **own: Any) -> _E:
    version = kind.version - 1
    named = {"__doc__": f"Version {version}, which {what}.", "__module__": kind.__module__}
    given = {"version": version, "__annotations__": {}}
    return event(cast("_E", type(f"{kind.__name__}{version}", (kind,), named | given | own)))


def versions_of(kind: type[Event]) -> tuple[type[Event], ...]:
    """The class, and those of earlier versions with the same meaning."""
    return tuple(version for version in EVENTS.values() if issubclass(version, kind) and version.status == kind.status)


def by_version(table: Mapping[type[Event], _V]) -> dict[type[Event], _V]:
    """What is said of a class said of its earlier versions too, where the table says nothing of their own."""
    found = {}
    for kind in EVENTS.values():
        same = (base for base in kind.__mro__ if base in table and getattr(base, "status", "") == kind.status)
        if (nearest := next(same, None)) is not None:
            found[kind] = table[nearest]
    return found


def events_of(module: ModuleType) -> tuple[type[Event], ...]:
    """The events that a module declares, every version."""
    return tuple(kind for kind in EVENTS.values() if kind.__module__ == module.__name__)


class Field(NamedTuple):
    """How one field stands in an entry."""

    name: str
    artefact: bool
    optional: bool
    default: Any
    plain: type | None
    """The JSON type that is taken as it is; None where ``encode`` and ``decode`` have something to do."""
    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]
    said: bool
    """Whether it is a sentence of the program's, or several."""


_MARKS = "--T::."
"""Characters 4, 7, 10, 13, 16 and 19 of a time."""


def format_time(moment: datetime) -> str:
    """``2026-11-23T05:27:01.123456+00:00``: UTC, always six digits of a second."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def parse_time(value: Any) -> datetime:
    """An aware UTC datetime from exactly :func:`format_time`'s form; ``Corrupt`` or ``ValueError`` otherwise.

    The places of the marks decide, which is as strict as formatting again and comparing (a test looks) and quicker.
    """
    if type(value) is not str:
        raise Corrupt(f"expected a time, found {value!r}")
    moment = datetime.fromisoformat(value)
    # Later Pythons read 24:00 as the next day's midnight, which has another form.
    if value[26:] != "+00:00" or value[4:20:3] != _MARKS or value[11:13] == "24":
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
    matchers = []
    for item in value:
        if type(item) is not list or [type(part) for part in item] != [str, str, bool, bool]:
            raise Corrupt(f"expected [name, value, is_regex, is_equal], found {item!r}")
        matchers.append(Matcher(*item))
    return tuple(matchers)


def _sentences(value: Any) -> tuple[said.Said, ...]:
    if type(value) is not list:
        raise Corrupt(f"expected a list of sentences, found {value!r}")
    return tuple(map(said.decode, value))


def _same(value: Any) -> Any:
    return value


def _plain(text: str) -> str:
    """The text alone, where it was a sentence with its values."""
    return text[:]


def _codec(annotation: Any) -> tuple[type | None, Callable[[Any], Any], Callable[[Any], Any]]:
    if annotation is datetime:
        return None, format_time, parse_time
    if annotation == tuple[str, ...]:
        return None, lambda texts: list(map(_plain, texts)), _texts
    if annotation == tuple[Matcher, ...]:
        return None, (lambda matchers: [list(matcher) for matcher in matchers]), _matchers
    if annotation in (str, int, bool, dict):
        return annotation, _plain if annotation is str else _same, _exactly(annotation)
    if typing.get_origin(annotation) is dict:
        return dict, _same, _exactly(dict)
    if typing.get_origin(annotation) is typing.Literal:
        return None, _same, _one_of(typing.get_args(annotation))
    raise TypeError(f"no entry form for {annotation}")


_SAID: Mapping[Any, tuple[type | None, Callable[[Any], Any], Callable[[Any], Any]]] = {
    str: (None, said.encode, said.decode),
    tuple[str, ...]: (None, lambda texts: list(map(said.encode, texts)), _sentences),
}
"""How what is said stands in an entry, by its annotation."""


def fields_of(kind: type[Event]) -> tuple[Field, ...]:
    """How ``kind``'s fields stand in an entry; computed once, when the registry is built."""
    hints = typing.get_type_hints(kind)
    fields = []
    for field in dataclasses.fields(kind):
        hint = hints[field.name]
        arguments = [a for a in typing.get_args(hint) if a is not type(None)]
        nullable = type(None) in typing.get_args(hint) and len(arguments) == 1
        codec = _SAID[hint] if field.name in kind.said else _codec(arguments[0] if nullable else hint)
        optional = field.default is not dataclasses.MISSING and field.default in (None, "", ())
        artefact = field.name.endswith("_sha384") or field.name in ARTEFACT_FIELDS
        fields.append(Field(field.name, artefact, optional, field.default, *codec, field.name in kind.said))
    return tuple(fields)


def digests_of(kind: type[Event]) -> tuple[str, ...]:
    """Names of the fields that name artefacts."""
    return tuple(field.name for field in dataclasses.fields(kind) if field.name.endswith("_sha384"))
