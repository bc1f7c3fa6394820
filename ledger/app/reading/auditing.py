"""A log verified by what was given: keys and heads from an auditor, or this installation's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ledger.app.installation import Installation
from ledger.errors import Refused
from ledger.files import read_bounded
from ledger.proof.entry import HMAC_DIGESTS, HmacKey
from ledger.proof.note import MAX_NOTE, Verifier, format_verifier, parse_verifier, read_verifier
from ledger.said import Said
from ledger.verify import Head, Report, open_log, verify

_LIMIT = 64 * 1024


class Given(NamedTuple):
    """What a log is verified by. ``""`` or nothing where there is none; the report then says what was not checked."""

    lines: str
    """Path of the lines: plain, ``.gz``, or ``-`` for standard input."""
    checkpoint: str = ""
    """Path of the signed checkpoint."""
    public_key: str = ""
    """The verifier key, or the path of a file that holds it."""
    hmac_key_files: tuple[str, ...] = ()
    heads: tuple[Head, ...] = ()
    """Heads that somebody else kept."""
    kept: tuple[str, ...] = ()
    """Paths of checkpoints that somebody else kept: heads whose signature is checked."""


def own(installation: Installation) -> Given:
    """The published files of an installation, and its own keys."""
    home = installation.home
    return Given(
        lines=str(home.published),
        checkpoint=str(home.published_checkpoint),
        public_key=format_verifier(installation.ledger.verifier),
        hmac_key_files=(str(home.path(installation.config.signing.hmac_key_file)),),
    )


def verify_given(given: Given, progress: Callable[[int], None] | None = None) -> Report:
    """Verify. ``Unreachable`` for a file that cannot be read, ``Refused`` or ``Corrupt`` for a key that is none.

    The checkpoint is read first, then the lines: a ledger that grows meanwhile has lines beyond it, never too few.
    """
    note = read_bounded(Path(given.checkpoint), MAX_NOTE) if given.checkpoint else None
    kept = [read_bounded(Path(path), MAX_NOTE) for path in given.kept]
    verifier = _verifier(given.public_key) if given.public_key else None
    keys = [key for file in given.hmac_key_files for key in _hmac_keys(Path(file))]
    with open_log(given.lines) as lines:
        return verify(
            lines,
            checkpoint=note,
            verifier=verifier,
            hmac_keys=keys,
            heads=given.heads,
            kept=kept,
            progress=progress,
        )


def _verifier(text: str) -> Verifier:
    """The key itself, or a file that holds it."""
    if "+" not in text or Path(text).exists():
        return read_verifier(read_bounded(Path(text), _LIMIT), text)
    return parse_verifier(text.strip())


def _hmac_keys(path: Path) -> list[HmacKey]:
    """The key for either algorithm: an auditor is given a file, not what it was used with."""
    secret = read_bounded(path, _LIMIT).strip()
    if not secret:
        raise Refused(Said("the key file {} is empty", path))
    return [HmacKey("", secret, algorithm) for algorithm in HMAC_DIGESTS]
