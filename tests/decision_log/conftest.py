"""A folder with a key file and a summary, and the command as a person starts it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ledger.cli.decision_log import FindOwnLog, build_command
from ledger.decision_log.rules import Report, Rules
from ledger.decision_log.signature import SharedKey
from ledger.decision_log.verify import verify_stream

SECRET = b"0f2c-a-printable-key"
CHECK = ("--hmac-key-file", "key")
Run = Callable[..., Result]


def words(line: str) -> list[str]:
    return line.split()


def canonical(value: Any) -> bytes:
    """Written again here on purpose: the tests trust json and hmac, not the code under test."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def mac_of(value: Any, secret: bytes = SECRET, algorithm: str = "sha256") -> str:
    return base64.b64encode(hmac.new(secret, canonical(value), algorithm).digest()).decode()


def signed(entry: dict[str, Any], secret: bytes = SECRET, key_id: str | None = None) -> dict[str, Any]:
    signature = {"algorithm": "HMAC-SHA256", "value": mac_of(entry, secret)}
    return {**entry, "signature": signature if key_id is None else {**signature, "key_id": key_id}}


def valid(**more: Any) -> dict[str, Any]:
    entry = {
        "artefacts": {"report": "sha384:" + "0" * 96, "run_id": 42, "optional": None, "share": 0.5},
        "runtime_flags": {"demo_mode": False},
        "signatures": {"owner": "hmac:deadbeef"},
        "stage": "paper",
        "status": "ready",
        "timestamp": "2026-11-23T05:27:01Z",
    }
    return {**entry, **more}


def verify_bytes(data: bytes, **rules: object) -> Report:
    return verify_stream(io.BytesIO(data), Rules(**{"key": SharedKey(SECRET), **rules}))


def causes(report: Report) -> list[tuple[int | None, str]]:
    return [(finding.line, finding.place) for finding in report.findings]


def without_own_log(path: Path) -> None:
    return None


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("key").write_bytes(b"\n  " + SECRET + b" \n")
    Path("summary.json").write_text('{"rollback": "INC-2042"}\n')
    return tmp_path


@pytest.fixture
def run() -> Run:
    def start(*typed: object, own_log: FindOwnLog = without_own_log, **more: Any) -> Result:
        result = CliRunner().invoke(build_command(own_log), [str(word) for word in typed], **more)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert "Traceback" not in result.output
        return result

    return start


@pytest.fixture
def log(folder: Path) -> Path:
    path = folder / "foreign.jsonl"
    write(path, *(signed(valid(status=f"ready_{number}")) for number in range(3)))
    return path


def write(path: Path, *entries: dict[str, Any]) -> None:
    path.write_bytes(b"".join(canonical(entry) + b"\n" for entry in entries))


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def sha384(path: Path) -> str:
    return "sha384:" + hashlib.sha384(path.read_bytes()).hexdigest()
