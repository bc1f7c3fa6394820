"""The state as plain values (lists, tables, texts, numbers), and back: how a snapshot holds it. Pure.

Made from the annotations, so that a field more needs nothing here: a named tuple is a list of its fields, an event
``[status, version, fields as in an entry]``, a time its text, a set a sorted list, what may be nothing ``null``. What
is read back was sealed by whoever wrote it, so it is not checked again.
"""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from ledger import said
from ledger.domain.closed import Closed
from ledger.domain.event import Event, Field, fields_of, format_time
from ledger.domain.events import EVENTS


class Form(NamedTuple):
    """How the values of one annotation are written and read."""

    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]


@functools.cache
def form_of(annotation: Any) -> Form:
    """The form of what is annotated so; ``TypeError`` where there is none."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Literal, dict):
        return _PLAIN
    if annotation in _SIMPLE:
        return _SIMPLE[annotation]
    if isinstance(annotation, type) and issubclass(annotation, Event):
        return Form(_encode_event, _decode_event)
    if isinstance(annotation, type) and issubclass(annotation, tuple) and hasattr(annotation, "_fields"):
        return _named(annotation)
    if origin in (typing.Union, types.UnionType):
        return _union(arguments)
    if origin is tuple:
        return _tuple(arguments)
    if origin is frozenset:
        item = form_of(arguments[0])
        return Form(lambda values: sorted(map(item.encode, values)), lambda plain: frozenset(map(item.decode, plain)))
    if origin in (Mapping, typing.get_origin(Mapping[str, str])):
        return _mapping(form_of(arguments[1]))
    raise TypeError(f"no form for {annotation}")


_PLAIN = Form(lambda value: value, lambda value: value)
_TEXT = Form(
    lambda value: said.encode(value) if isinstance(value, said.Said) else value,
    lambda plain: said.decode(plain) if isinstance(plain, list) else plain,
)
"""A sentence of the program's stays one with its values."""
_SIMPLE = {
    str: _TEXT,
    int: _PLAIN,
    bool: _PLAIN,
    datetime: Form(format_time, datetime.fromisoformat),
    Closed: Form(lambda _: None, lambda _: Closed()),  # kept beside the state
}


def _named(kind: type[Any]) -> Form:
    hints = typing.get_type_hints(kind)
    forms = [form_of(hints[name]) for name in kind._fields]
    encoders, decoders = [form.encode for form in forms], [form.decode for form in forms]
    new = tuple.__new__
    return Form(
        lambda values: [encode(value) for encode, value in zip(encoders, values, strict=True)],
        lambda plain: new(kind, [decode(value) for decode, value in zip(decoders, plain, strict=True)]),
    )


def _union(arguments: tuple[Any, ...]) -> Form:
    """Something or nothing, where nothing is ``None`` or the empty tuple."""
    something = [argument for argument in arguments if argument not in (type(None), tuple[()])]
    if len(something) != 1 or len(arguments) != 2:
        raise TypeError(f"no form for one of {arguments}")
    form, nothing = form_of(something[0]), None if type(None) in arguments else ()
    return Form(
        lambda value: None if value == nothing else form.encode(value),
        lambda plain: nothing if plain is None else form.decode(plain),
    )


def _tuple(arguments: tuple[Any, ...]) -> Form:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        item = form_of(arguments[0])
        return Form(lambda values: list(map(item.encode, values)), lambda plain: tuple(map(item.decode, plain)))
    forms = [form_of(argument) for argument in arguments]
    return Form(
        lambda values: [form.encode(value) for form, value in zip(forms, values, strict=True)],
        lambda plain: tuple(form.decode(value) for form, value in zip(forms, plain, strict=True)),
    )


def _mapping(value: Form) -> Form:
    return Form(
        lambda mapping: {name: value.encode(item) for name, item in mapping.items()},
        lambda plain: {name: value.decode(item) for name, item in plain.items()},
    )


@functools.cache
def _fields_of(status: str, version: int) -> tuple[Field, ...]:
    return fields_of(EVENTS[status, version])


def _encode_event(event: Event) -> Any:
    values = ((field, getattr(event, field.name)) for field in _fields_of(event.status, event.version))
    return [event.status, event.version, [None if value is None else field.encode(value) for field, value in values]]


def _decode_event(plain: Any) -> Event:
    status, version, values = plain
    fields = zip(_fields_of(status, version), values, strict=True)
    return EVENTS[status, version](
        **{field.name: None if value is None else field.decode(value) for field, value in fields}
    )
