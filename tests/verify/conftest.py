"""Verifying in memory."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from ledger.verify import Report, verify

from .builders import KEY, SIGNER, checkpoint_of, join


def check(data: bytes | Sequence[bytes], **given: Any) -> Report:
    """Verify bytes or lines."""
    raw = data if isinstance(data, bytes) else join(data)
    return verify(io.BytesIO(raw), **given)


def check_all(data: bytes | Sequence[bytes], original: Sequence[bytes], **given: Any) -> Report:
    """Verify with the HMAC key and the checkpoint of the original lines."""
    anchors = {"checkpoint": checkpoint_of(original), "verifier": SIGNER.verifier, "hmac_keys": [KEY]}
    return check(data, **(anchors | given))


def named(report: Report) -> list[tuple[str, int | None]]:
    """Cause and sequence of every finding but that a log without a checkpoint has an end that nothing covers."""
    assert not report.findings_left_out
    found = [one for one in report.findings if not (one.cause == "not_covered" and report.checkpoint_size is None)]
    return [(finding.cause, finding.sequence) for finding in found]


def holds(report: Report) -> bool:
    """Nothing is wrong; where no checkpoint was given, nothing covers the end, and that alone is said."""
    return not named(report) and report.outcome == ("verified" if report.verified else "incomplete")
