"""The explicit registry of event names. A name in the database never decides what Python imports."""

from __future__ import annotations

from typing import Any

from ledger.domain.events import access, duties, ledger, observation, override, rollback, silence
from ledger.domain.events.base import Event, digests_of, fields_of
from ledger.errors import Corrupt

EVENTS: dict[tuple[str, int], type[Event]] = {
    (kind.status, kind.version): kind
    for module in (ledger, rollback, override, silence, observation, duties, access)
    for kind in module.EVENTS
}
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
        (artefacts if field.artefact else metadata)[field.name] = value
    return artefacts, metadata


def parse_event(kind: type[Event], fields: dict[str, Any]) -> Event:
    """The event behind its fields (both parts together); ``Corrupt`` for a missing, unknown or wrong one."""
    values: dict[str, Any] = {}
    for name, _, optional, default, plain, _, decode in _FIELDS[kind]:
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
