"""How the other ledgers are set up, the same for appending and verifying."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from auditchain import AuditLog, SqliteBackend
from signledger import Ledger
from signledger.backends.sqlite import SQLiteBackend
from signledger.crypto.signatures import Signer, create_signer

KEY = b"k" * 32


class SignLedger:
    """SignLedger on its SQLite back end; ``algorithm`` of the signer, or "" for the hash chain alone."""

    def __init__(self, path: Path, algorithm: str, synchronous: str = "FULL") -> None:
        backend = SQLiteBackend(str(path))
        # Its own setting is NORMAL, which may lose the last commits at a power cut; it has no option for it.
        backend._get_connection().execute(f"PRAGMA synchronous={synchronous}")  # noqa: SLF001
        self.ledger = Ledger(backend=backend, auto_verify=False)
        self.signer: Signer | None = create_signer(algorithm) if algorithm else None

    def append(self, data: dict[str, Any]) -> None:
        """One entry; without metadata SignLedger 1.0.0 cannot read its own rows, so there is some."""
        if self.signer is None:
            self.ledger.append(data, metadata={"bench": "1"})
        else:
            self.ledger.append(data, metadata={"bench": "1"}, sign=True, signer=self._sign)

    def _sign(self, digest: str) -> str:
        assert self.signer is not None
        return str(self.signer.sign(digest.encode()))

    def verify(self) -> None:
        """Its own ``verify_integrity``, then every signature, which that does not look at."""
        if not self.ledger.verify_integrity():
            raise AssertionError("SignLedger does not verify its own ledger")
        if self.signer is None:
            return
        for entry in self.ledger.get_entries():
            if not self.signer.verify(entry.hash.encode(), entry.signature):
                raise AssertionError("SignLedger does not verify its own signatures")


class Auditchain:
    """auditchain on its SQLite back end, sealed with HMAC-SHA256, through its asynchronous interface."""

    def __init__(self, path: Path) -> None:
        self.runner = asyncio.Runner()
        self.log = AuditLog(SqliteBackend(path), seal_key=KEY)
        self.runner.run(self.log.init())

    def append(self, data: dict[str, Any]) -> None:
        """One record."""
        metadata = data["metadata"]
        self.runner.run(self.log.append(metadata["actor"], data["status"], data["stage"], metadata=data))

    def fill(self, bodies: list[dict[str, Any]]) -> Callable[[], None]:
        """Write many at once; gives its verification of them against a checkpoint of its own."""
        many = [(data["metadata"]["actor"], data["status"], data["stage"], data) for data in bodies]
        self.runner.run(self.log.append_many(many))
        checkpoint = self.runner.run(self.log.checkpoint())

        def check() -> None:
            if not self.runner.run(self.log.verify(expected_count=len(many), checkpoint=checkpoint)).ok:
                raise AssertionError("auditchain does not verify its own log")

        return check
