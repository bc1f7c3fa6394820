"""One sealed entry for all who look at its bytes."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.proof.entry import GENESIS, HmacKey, seal_entry

ORIGIN = "stage4-ledger.invalid/stage4/0123456789abcdef"


@pytest.fixture
def key() -> HmacKey:
    return HmacKey("stage4-2026-11", b"a shared secret")


@pytest.fixture
def body() -> dict[str, Any]:
    return {
        "artefacts": {"incident_id": "INC-2042", "override_sha384": "sha384:" + "a" * 96, "size": 311},
        "kind": "runbook_event",
        "metadata": {"actor": "p-4f9c2", "reason": 'wielostrategiczny "spór" /\n🙂', "version": 1},
        "runtime_flags": {"override.active": True, "rollback.active": True},
        "stage": "stage4",
        "status": "override_written",
        "tags": ["rollback"],
        "timestamp": "2026-11-23T05:27:01.123456+00:00",
    }


@pytest.fixture
def line(body: dict[str, Any], key: HmacKey) -> bytes:
    return seal_entry(body, origin=ORIGIN, sequence=17, previous=GENESIS, key=key)
