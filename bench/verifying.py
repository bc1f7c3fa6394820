"""Verify whole rollbacks on one core: ours, the C calls of it alone, and the others' own verification."""

from __future__ import annotations

import hashlib
import hmac
import io
import time
from binascii import b2a_base64
from collections.abc import Callable
from pathlib import Path

import orjson

from bench.append import SIGNLEDGER
from bench.others import Auditchain, SignLedger
from bench.rounds import Piece, take_turns
from bench.workloads import payload, rollbacks
from ledger.proof.entry import mac_of
from ledger.verify import verify
from ledger.verify.signatures import unsigned_bytes
from tests.verify.builders import KEY, ORIGIN, SIGNER, join

OURS = "Stage4 Ledger, all steps"
LIMIT = "the C calls of it alone"


def ours(lines: tuple[bytes, ...], note: bytes) -> Callable[[], None]:
    """``ledger.verify`` with everything: checkpoint, verifier key and HMAC key."""
    data = join(lines)

    def check() -> None:
        report = verify(io.BytesIO(data), checkpoint=note, verifier=SIGNER.verifier, hmac_keys=[KEY])
        if not report.verified or report.entries != len(lines):
            raise AssertionError(report.findings[:3])

    return check


def limit(lines: tuple[bytes, ...]) -> Callable[[], None]:
    """Parse and format, SHA-384 of the line, two HMACs, SHA-256 of leaf and node: no Python verifier is quicker."""
    unsigned = [unsigned_bytes(line) for line in lines]
    place = f"{ORIGIN}\n10000\nsha384:{'0' * 96}\n".encode()
    mac, option = mac_of(KEY), orjson.OPT_SORT_KEYS

    def check() -> None:
        leaf = b"\0" * 32
        for line, signed in zip(lines, unsigned, strict=True):
            if orjson.dumps(orjson.loads(line), option=option) != line:
                raise AssertionError("not canonical")
            hashlib.sha384(line).hexdigest()
            hmac.compare_digest(mac(signed), mac(place))
            leaf = hashlib.sha256(b"\x01" + hashlib.sha256(b"\x00" + line).digest() + leaf).digest()
        b2a_base64(leaf)

    return check


def signledger(path: Path, lines: tuple[bytes, ...], algorithm: str) -> Callable[[], None]:
    """As many entries with the same content in SignLedger; filled without flushing, which does not bear on reading."""
    ledger = SignLedger(path, algorithm, "OFF")
    for line in lines:
        ledger.append(payload(line))
    return ledger.verify


def auditchain(path: Path, lines: tuple[bytes, ...]) -> Callable[[], None]:
    """As many records with the same content in auditchain, and a checkpoint of them."""
    return Auditchain(path).fill([payload(line) for line in lines])


def measure(folder: Path, rounds: int, entries: int) -> dict[str, list[float]]:
    """Entries per second of processor time of each in each round: what one core does, whatever else runs on it."""
    lines, note = rollbacks(entries)
    pieces = {OURS: Piece(len(lines), ours(lines, note)), LIMIT: Piece(len(lines), limit(lines))}
    for number, (name, algorithm) in enumerate(SIGNLEDGER.items()):
        path = folder / f"verify-{number}.sqlite"
        pieces[name] = Piece(len(lines), signledger(path, lines, algorithm))
    pieces["auditchain, HMAC and checkpoint"] = Piece(
        len(lines), auditchain(folder / "verify-auditchain.sqlite", lines)
    )
    return take_turns(pieces, rounds, time.process_time)
