"""Verify whole rollbacks: chain, HMAC, Merkle root, state replay; beside the C calls alone and the others."""

from __future__ import annotations

import hashlib
import hmac
import io
import time
from collections.abc import Callable
from pathlib import Path

import orjson
from auditchain import SqliteBackend as AuditchainBackend
from auditchain import SyncAuditLog
from signledger import Ledger as SignLedger
from signledger.backends.sqlite import SQLiteBackend
from signledger.crypto.signatures import create_signer

from ledger.verify import verify
from tests.verify.builders import KEY, SIGNER, checkpoint_of, honest, join

Check = Callable[[], int]


def ours(rollbacks: int) -> tuple[Check, Check, int]:
    """The verifier, and the hashes, HMACs and parses that it cannot do without, on the same lines."""
    lines = honest(rollbacks)
    data, note = join(lines), checkpoint_of(lines)

    def check() -> int:
        report = verify(io.BytesIO(data), checkpoint=note, verifier=SIGNER.verifier, hmac_keys=[KEY])
        if not report.verified:
            raise AssertionError(report.findings[:3])
        return report.entries

    def limit() -> int:
        for line in lines:
            orjson.dumps(orjson.loads(line), option=orjson.OPT_SORT_KEYS)
            hashlib.sha384(line).digest()
            hmac.digest(KEY.secret, line, "sha256")
            hmac.digest(KEY.secret, line[:200], "sha256")
            hashlib.sha256(b"\x00" + line).digest()
            hashlib.sha256(line[:65]).digest()
        return len(lines)

    return check, limit, len(lines)


def signledger(folder: Path, entries: int) -> Check:
    """SignLedger's ``verify_integrity`` of as many entries: the hash chain."""
    ledger = SignLedger(backend=SQLiteBackend(str(folder / "verify-sl.sqlite")))
    for _ in range(entries):
        ledger.append({"text": "x" * 700}, metadata={"bench": "1"})

    def check() -> int:
        if not ledger.verify_integrity():
            raise AssertionError("SignLedger does not verify its own ledger")
        return entries

    return check


def signledger_signed(folder: Path, entries: int) -> Check:
    """The same with every signature checked (its default signer, RSA), as our checkpoint and HMACs are."""
    ledger, signer = SignLedger(backend=SQLiteBackend(str(folder / "verify-sls.sqlite"))), create_signer()
    for _ in range(entries):
        ledger.append(
            {"text": "x" * 700}, metadata={"bench": "1"}, sign=True, signer=lambda digest: signer.sign(digest.encode())
        )

    def check() -> int:
        ledger.verify_integrity()
        for entry in ledger.backend.get_entries():
            if not signer.verify(entry.hash.encode(), entry.signature):
                raise AssertionError("SignLedger does not verify its own signatures")
        return entries

    return check


def auditchain(folder: Path, entries: int) -> Check:
    """auditchain's ``verify`` of as many records: chain and HMAC."""
    log = SyncAuditLog(AuditchainBackend(folder / "verify-ac.sqlite"), seal_key=b"k" * 32)
    for _ in range(entries):
        log.append("system", "note", "INC-2042", metadata={"text": "x" * 700})

    def check() -> int:
        if not log.verify().ok:
            raise AssertionError("auditchain does not verify its own log")
        return entries

    return check


def measure(folder: Path, rounds: int, rollbacks: int) -> dict[str, list[float]]:
    """Entries per second of each in each round, one core; the others verify a tenth of the entries at most 3,000."""
    check, limit, entries = ours(rollbacks)
    fewer = min(3_000, max(300, entries // 10))
    subjects: dict[str, Check] = {
        "hash, HMAC and parse alone": limit,
        "stage4-ledger": check,
        "SignLedger, signed": signledger_signed(folder, fewer),
        "SignLedger, chain only": signledger(folder, fewer),
        "auditchain": auditchain(folder, fewer),
    }
    found: dict[str, list[float]] = {name: [] for name in subjects}
    for _ in range(rounds):
        for name, run in subjects.items():
            started = time.perf_counter()
            count = run()
            found[name].append(count / (time.perf_counter() - started))
    return found
