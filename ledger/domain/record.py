"""An event together with its place in the ledger, and its form as an entry's body.

The body is the entry without ``chain`` and signatures; ``ledger.proof.entry`` adds those.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from ledger.domain.event import RESERVED, Event, format_time, parse_time
from ledger.domain.events import ARTEFACT_NAMES, EVENTS, format_event, parse_event
from ledger.errors import Corrupt

_TEXTS = ("actor", "auth", "request_id", "role")
_NUMBERS = ("rollback_entry", "step", "version")


class Recorded(NamedTuple):
    """One event as it stands in the ledger."""

    event: Event | None
    """None for a name or version that this build does not know."""
    status: str
    sequence: int
    timestamp: datetime
    """Never goes back; see ``at`` for durations."""
    at: datetime
    """The wall clock: ``metadata.wall_time`` where the clock went back, else ``timestamp``."""
    actor: str
    auth: str
    role: str
    request_id: str
    rollback: str
    """Empty for an entry of the ledger itself."""
    rollback_entry: int
    os: dict[str, Any] | None = None
    marks: tuple[str, ...] = ()
    """What makes the entry worth a second look, sorted, such as ``role_granted:12`` (``ledger.domain.marks``)."""


def format_body(record: Recorded, *, stage: str, origin: str, incident: str, flags: dict[str, bool]) -> dict[str, Any]:
    """The entry's body (docs/architecture.md, "One format"); ``incident`` is the ticket id, else the rollback's."""
    event = record.event
    if event is None:
        raise Corrupt(f"{record.status} is not known to this build and cannot be written")
    artefacts, metadata = format_event(event)
    metadata |= {
        "actor": record.actor,
        "auth": record.auth,
        "request_id": record.request_id,
        "role": record.role,
        "version": event.version,
    }
    if event.step is not None:
        metadata["step"] = int(event.step)
    if record.os:
        metadata["os"] = record.os
    if record.marks:
        metadata["marks"] = list(record.marks)
    if record.at != record.timestamp:
        metadata["wall_time"] = format_time(record.at)
    if record.rollback:
        metadata |= {"rollback": record.rollback, "rollback_entry": record.rollback_entry}
        artefacts["incident_id"] = incident
    else:
        artefacts["origin"] = origin
    return {
        "artefacts": artefacts,
        "kind": event.kind,
        "metadata": metadata,
        "runtime_flags": flags,
        "stage": stage,
        "status": event.status,
        "tags": ["rollback"] if record.rollback else ["ledger"],
        "timestamp": format_time(record.timestamp),
    }


def parse_body(sequence: int, timestamp: datetime, body: dict[str, Any]) -> Recorded:
    """The record behind an entry's body; ``Corrupt`` where the envelope or the event's own fields are wrong.

    A name or version that this build does not know gives a record without event: readable, but no basis for decisions.
    """
    metadata, status = body["metadata"], body["status"]
    get = metadata.get
    actor, auth, request_id, role = get("actor"), get("auth"), get("request_id"), get("role")
    if not type(actor) is type(auth) is type(request_id) is type(role) is str:
        name = next(name for name in _TEXTS if type(get(name)) is not str)
        raise Corrupt(f"metadata.{name}: expected text, found {get(name)!r}")
    number, step, version = get("rollback_entry", 0), get("step", 0), get("version", 0)
    if not type(number) is type(step) is type(version) is int:
        name = next(name for name in _NUMBERS if type(get(name, 0)) is not int)
        raise Corrupt(f"metadata.{name}: expected a number, found {metadata[name]!r}")
    rollback = get("rollback", "")
    if type(rollback) is not str or bool(rollback) != bool(number):
        raise Corrupt("metadata.rollback and metadata.rollback_entry come together")
    kind = EVENTS.get((status, version))
    return Recorded(
        _parse_own(kind, body) if kind else None,
        status,
        sequence,
        timestamp,
        _wall_time(metadata["wall_time"], body["timestamp"]) if "wall_time" in metadata else timestamp,
        actor,
        auth,
        role,
        request_id,
        rollback,
        number,
        _system(metadata["os"]) if "os" in metadata else None,
        _marks(metadata["marks"]) if "marks" in metadata else (),
    )


def _marks(value: Any) -> tuple[str, ...]:
    texts = type(value) is list and all(type(text) is str for text in value)
    if not texts or not value or value != sorted(set(value)):
        raise Corrupt(f"metadata.marks: expected sorted texts, each once, found {value!r}")
    return tuple(value)


def _parse_own(kind: type[Event], body: dict[str, Any]) -> Event:
    metadata = body["metadata"]
    if body["kind"] != kind.kind or metadata.get("step") != kind.step:
        raise Corrupt(f"{kind.status}: expected kind {kind.kind} and step {kind.step}")
    fields = {name: value for name, value in metadata.items() if name not in RESERVED}
    artefacts, names = body["artefacts"].copy(), ARTEFACT_NAMES[kind]
    place = "incident_id" if metadata.get("rollback") else "origin"
    if type(artefacts.pop(place, None)) is not str:
        raise Corrupt(f"{kind.status}: artefacts.{place} is missing")
    if not names.issuperset(artefacts) or not names.isdisjoint(fields):
        raise Corrupt(f"{kind.status}: in artefacts stand exactly its digests and ids, found {sorted(artefacts)}")
    fields |= artefacts
    return parse_event(kind, fields)


def _system(value: Any) -> dict[str, Any]:
    if type(value) is not dict or not value:
        raise Corrupt(f"metadata.os: expected an object with something in it, found {value!r}")
    return value


def _wall_time(text: Any, timestamp: str) -> datetime:
    if text == timestamp:
        raise Corrupt("metadata.wall_time stands only where it differs from timestamp")
    try:
        return parse_time(text)
    except (Corrupt, ValueError) as error:
        raise Corrupt(f"metadata.wall_time: {error}") from error
