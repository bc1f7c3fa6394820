"""Step 2, slowly: what an entry says, read field by field, and why it cannot be read. `quick` reads the common ones."""

from __future__ import annotations

from typing import Any

import msgspec

from ledger.domain.flags import FLAGS
from ledger.domain.record import Recorded, parse_body
from ledger.errors import Corrupt
from ledger.proof.entry import CHAIN_SIGNATURE, parse_entry

HOSTILE = (Corrupt, ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError)
"""What nonsense in an entry's fields may raise; all of it is the entry's fault."""


class Read(msgspec.Struct, frozen=True, gc=False):
    """What the steps look at in one entry. Its line is canonical and of the form; whether it is true, they find out."""

    sequence: int
    previous: str
    stage: str
    timestamp: str
    algorithm: str
    key_id: str
    value: str
    """Base64 of the HMAC over the entry."""
    chain: str
    """``hmac:`` + base64 of the HMAC over the entry's place."""
    origin: Any
    """``artefacts.origin``; None where it is missing."""
    incident: Any
    """``artefacts.incident_id``; None where it is missing."""
    auth: Any
    of_rollback: bool
    """Whether ``metadata`` names a rollback."""
    flags: tuple[bool, ...] | dict[str, bool]
    """In the order of :data:`~ledger.domain.flags.FLAGS`; the table as it is where it has other names."""
    record: Recorded | str
    """The event in its place, or why it cannot be read."""


def read_entry(raw: bytes) -> Read:
    """What a line says; ``Corrupt`` (or ``RecursionError``) where it is no entry at all."""
    entry = parse_entry(raw)
    body, metadata = entry.body, entry.metadata
    signature, artefacts, flags = body["signature"], body["artefacts"], body["runtime_flags"]
    try:
        record: Recorded | str = parse_body(entry.sequence, entry.timestamp, body)
    except HOSTILE as error:
        record = str(error)
    return Read(
        entry.sequence,
        entry.previous,
        body["stage"],
        body["timestamp"],
        signature["algorithm"],
        signature["key_id"],
        signature["value"],
        body["signatures"][CHAIN_SIGNATURE],
        artefacts.get("origin"),
        artefacts.get("incident_id"),
        metadata.get("auth"),
        "rollback" in metadata,
        tuple(map(flags.get, FLAGS)) if flags.keys() == set(FLAGS) else flags,
        record,
    )
