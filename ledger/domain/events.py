"""The explicit registry of event names. A name in the database never decides what Python imports."""

from __future__ import annotations

from typing import Any

from ledger.domain.access import events as _access
from ledger.domain.closing import events as _closing
from ledger.domain.duties import events as _duties
from ledger.domain.event import EVENTS, Event, digests_of, fields_of
from ledger.domain.keeping import events as _keeping
from ledger.domain.learning import events as _learning
from ledger.domain.observing import events as _observing
from ledger.domain.opening import events as _opening
from ledger.domain.people import events as _people
from ledger.domain.restoring import events as _restoring
from ledger.domain.silencing import events as _silencing
from ledger.domain.stopping import events as _stopping
from ledger.domain.telling import events as _telling
from ledger.domain.watching import events as _watching
from ledger.errors import Corrupt

__all__ = ["ARTEFACT_NAMES", "DIGESTS", "EVENTS", "FREE_TEXT", "MODULES", "format_event", "parse_event"]
MODULES = (
    _access,
    _closing,
    _duties,
    _keeping,
    _learning,
    _observing,
    _opening,
    _people,
    _restoring,
    _silencing,
    _stopping,
    _telling,
    _watching,
)
"""Where events are; a test looks that no folder is missing."""


_FIELDS = {kind: fields_of(kind) for kind in EVENTS.values()}


DIGESTS = {kind: digests_of(kind) for kind in EVENTS.values()}
"""Event class -> names of the fields that name artefacts."""


FREE_TEXT = frozenset({"reason_sha384", "text_sha384"})
"""Fields that name a long text which people typed; only these artefacts can be erased (docs/runbook.md)."""


ARTEFACT_NAMES = {kind: frozenset(f.name for f in fields if f.artefact) for kind, fields in _FIELDS.items()}
"""Event class -> names of its fields that stand in ``artefacts``."""


_NAMES = {kind: frozenset(field.name for field in fields) for kind, fields in _FIELDS.items()}


def format_event(event: Event) -> tuple[dict[str, Any], dict[str, Any]]:
    """The event's own part of ``artefacts`` and of ``metadata``."""
    artefacts: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    for field in _FIELDS[type(event)]:
        value = getattr(event, field.name)
        if field.optional and value == field.default:
            continue
        if field.plain is None:
            value = field.encode(value)
        elif field.plain is int:
            value = int(value)  # a step's name is its number
        (artefacts if field.artefact else metadata)[field.name] = value
    return artefacts, metadata


def parse_event(kind: type[Event], fields: dict[str, Any]) -> Event:
    """The event behind its fields (both parts together); ``Corrupt`` for a missing, unknown or wrong one."""
    values: dict[str, Any] = {}
    for name, _, optional, default, plain, _, decode, _ in _FIELDS[kind]:
        if name not in fields:
            if not optional:
                raise Corrupt(f"{kind.status}: {name} is missing")
            continue
        value = fields[name]
        if type(value) is not plain:
            try:
                value = decode(value)
            except (Corrupt, ValueError) as error:
                raise Corrupt(f"{kind.status}: {name}: {error}") from error
        if optional and value == default:
            raise Corrupt(f"{kind.status}: {name} is empty and should not be there")
        values[name] = value
    if len(values) != len(fields):
        raise Corrupt(f"{kind.status}: unknown {', '.join(sorted(fields.keys() - _NAMES[kind]))}")
    return kind(**values)
