"""Step 2, quickly: a line whose kind of event is known is read in one go, into the form that such an entry has.

The form names every field and its type. The line is decoded into it and encoded again, and the bytes are compared: what
the form has no place for (another field, a key twice, an empty field written out, an escape too many) does not come
back. Nothing is judged here: a line that is not taken is read by :mod:`ledger.verify.reading`, which says why it is
wrong or that nothing is. A test holds that both read alike.
"""

from __future__ import annotations

import functools
import typing
from collections.abc import Callable
from datetime import datetime
from operator import itemgetter
from typing import Annotated, Any, Literal, NamedTuple

import msgspec

from ledger.domain.event import Event, Field, fields_of, parse_time
from ledger.domain.events import EVENTS
from ledger.domain.flags import FLAGS
from ledger.domain.record import Recorded
from ledger.errors import Corrupt
from ledger.proof.canonical import MAX_LINE, format_canonical
from ledger.proof.entry import CHAIN_SIGNATURE, HMAC_DIGESTS, is_chain_signature
from ledger.verify.reading import Read

_LARGEST = 2**53 - 1
_NUMBER = Annotated[int, msgspec.Meta(ge=-_LARGEST, le=_LARGEST)]
_TEXT = Annotated[str, msgspec.Meta(min_length=1)]
_ENVELOPE = (
    ("actor", str),
    ("auth", str),
    ("marks", tuple[str, ...], ()),
    ("os", dict[str, Any] | None, None),
    ("request_id", str),
    ("role", str),
    ("rollback", str, ""),
    ("rollback_entry", _NUMBER, 0),
    ("wall_time", str, ""),
)
_recorded = functools.partial(tuple.__new__, Recorded)
"""A named tuple from its fields' values, in order: half the time of calling the class."""
_PLACE = (("incident_id", _TEXT | None, None), ("origin", _TEXT | None, None))


class Chain(msgspec.Struct, gc=False):
    """``chain``."""

    previous: str
    sequence: Annotated[int, msgspec.Meta(ge=1, le=_LARGEST)]


class Signature(msgspec.Struct, gc=False):
    """``signature``."""

    algorithm: Literal[tuple(HMAC_DIGESTS)]  # type: ignore[valid-type]
    key_id: str
    value: str


class Signatures(msgspec.Struct, gc=False):
    """``signatures``."""

    chain: str = msgspec.field(name=CHAIN_SIGNATURE)


_FLAGS = msgspec.defstruct(
    "Flags", [(f"flag{number}", bool, msgspec.field(name=name)) for number, name in enumerate(FLAGS)], gc=False
)


class Shape(NamedTuple):
    """How a line of one kind is decoded, and how its event is taken out of that."""

    status: str
    decode: Callable[[bytes], Any]
    event: Callable[[Any], Event]
    """Decoded entry -> the event."""
    tables: tuple[str, ...]
    """The event's fields that are tables with anything in them."""


def read_quickly(raw: bytes) -> Read | None:
    """What a line says, exactly as :func:`~ledger.verify.reading.read_entry` reads it; None where that must look."""
    at = raw.rfind(_STATUS) + len(_STATUS)  # a guess, which the form confirms
    for shape in _SHAPES[raw[at : raw.find(b'"', at)]]:
        try:
            form = shape.decode(raw)
            return _take(form, shape) if _encode(form) == raw and len(raw) <= MAX_LINE else None
        except (msgspec.MsgspecError, Corrupt, ValueError, RecursionError):
            continue
    return None


def _take(form: Any, shape: Shape) -> Read | None:
    metadata, signature, text = form.metadata, form.signature, form.timestamp
    rollback, number, chain = metadata.rollback, metadata.rollback_entry, form.chain
    origin, incident = form.artefacts.origin, form.artefacts.incident_id
    if (
        bool(rollback) != bool(number)
        or (origin is None) != bool(rollback)
        or (incident is None) == bool(rollback)
        or not signature.value.isascii()
        or not is_chain_signature(form.signatures.chain)
    ):
        return None
    moment = parse_time(text)
    marks, system, wall = metadata.marks, metadata.os, metadata.wall_time
    if wall == text or (marks and marks != tuple(sorted(set(marks)))):
        return None
    if system is not None and (not system or format_canonical(system) is None):
        return None
    for name in shape.tables:
        format_canonical(getattr(metadata, name))  # refuses floats, and what else such a table may not hold
    record = _recorded(
        (
            shape.event(form),
            shape.status,
            chain.sequence,
            moment,
            parse_time(wall) if wall else moment,
            metadata.actor,
            metadata.auth,
            metadata.role,
            metadata.request_id,
            rollback,
            number,
            system,
            marks,
        )
    )
    return Read(
        chain.sequence,
        chain.previous,
        form.stage,
        text,
        signature.algorithm,
        signature.key_id,
        signature.value,
        form.signatures.chain,
        origin,
        incident,
        metadata.auth,
        bool(rollback),
        msgspec.structs.astuple(form.runtime_flags),
        record,
    )


_VERSIONS: dict[bytes, tuple[type[Event], ...]] = {}
"""Status -> the classes of its versions, the newest first."""
for (_name, _version), _kind in sorted(EVENTS.items(), key=itemgetter(0)):
    _VERSIONS[_name.encode()] = (_kind, *_VERSIONS.get(_name.encode(), ()))


class _Shapes(dict[bytes, tuple[Shape, ...]]):
    """Status -> how it is read, the newest version first; each is made when it is first met, of known ones only."""

    def __missing__(self, status: bytes) -> tuple[Shape, ...]:
        if status not in _VERSIONS:
            return ()
        shapes = self[status] = tuple(map(_shape_of, _VERSIONS[status]))
        return shapes


_SHAPES = _Shapes()
_STATUS = b'"status":"'
_encode = msgspec.json.Encoder(order="deterministic").encode
"""The forms' own fields stand in order; this puts the tables inside them in order too."""


def _shape_of(kind: type[Event]) -> Shape:
    fields = fields_of(kind)
    tables = tuple(field.name for field in fields if field.plain is dict)
    # One call with every field by its name, written out: half the time of a loop over the fields. The names are those
    # of our own classes.
    sentences = {f"{field.name}_said": field.decode for field in fields if field.said}
    values = ", ".join(f"{field.name}={_value_of(field)}" for field in fields)
    make = eval(f"lambda form: kind({values})", {"kind": kind, "time": parse_time, "given": _given, **sentences})  # noqa: S307
    return Shape(kind.status, msgspec.json.Decoder(_form_of(kind)).decode, make, tables)


def _value_of(field: Field) -> str:
    value = f"form.{'artefacts' if field.artefact else 'metadata'}.{field.name}"
    if field.said:
        said = f"{field.name}_said({value})"
        return f"given({said}) if {value} is not None else {field.default!r}" if field.optional else said
    if field.decode is not parse_time:
        return value
    return f"time({value}) if {value} is not None else None" if field.optional else f"time({value})"


def _given(said: Any) -> Any:
    """What is left out where it is empty; ``Corrupt`` where it stands there all the same."""
    if not said:
        raise Corrupt("empty, and should not be there")
    return said


def _form_of(kind: type[Event]) -> type[msgspec.Struct]:
    """The form of an entry whose event is of ``kind``."""
    hints, fields = typing.get_type_hints(kind), fields_of(kind)
    own = {field.name: _typed(field, hints[field.name]) for field in fields}
    fixed: list[Any] = [("version", Literal[kind.version])]
    if kind.step is not None:
        fixed.append(("step", Literal[int(kind.step)]))
    metadata = [own[field.name] for field in fields if not field.artefact]
    artefacts = [own[field.name] for field in fields if field.artefact]
    return msgspec.defstruct(
        "Form",
        [
            ("artefacts", _struct("Artefacts", [*artefacts, *_PLACE])),
            ("chain", Chain),
            ("kind", Literal[kind.kind]),
            ("metadata", _struct("Metadata", [*metadata, *_ENVELOPE, *fixed])),
            ("runtime_flags", _FLAGS),
            ("signature", Signature),
            ("signatures", Signatures),
            ("stage", _TEXT),
            ("status", Literal[kind.status]),
            ("tags", tuple[Literal["ledger", "rollback"]]),
            ("timestamp", str),
        ],
        gc=False,
    )


def _struct(name: str, fields: list[Any]) -> type[msgspec.Struct]:
    return msgspec.defstruct(name, sorted(fields, key=itemgetter(0)), kw_only=True, omit_defaults=True, gc=False)


def _typed(field: Field, hint: Any) -> tuple[str, Any] | tuple[str, Any, Any]:
    """A field as its struct has it: times as text, numbers in bounds; what may be left out with its default."""
    plain = [part for part in typing.get_args(hint) if part is not type(None)]
    kind = plain[0] if type(None) in typing.get_args(hint) else hint
    kind = {datetime: str, int: _NUMBER, str: _TEXT if field.artefact else str}.get(kind, kind)
    if field.said:
        return (field.name, list[Any] | None, None) if field.optional else (field.name, list[Any])
    if field.plain is dict:
        kind = dict[str, Any]
    if not field.optional:
        return field.name, kind
    return field.name, kind | None if field.default is None else kind, field.default
