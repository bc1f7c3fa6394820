"""What stands in ``audit/`` before a ledger is opened there: whose it is, and where it is kept."""

from __future__ import annotations

import os
from pathlib import Path

from ledger.app.home import keys
from ledger.app.home.config import Config
from ledger.app.home.folders import Home
from ledger.errors import LedgerError, Refused
from ledger.files import digest_file, sync_folder
from ledger.proof.canonical import MAX_LINE
from ledger.proof.checkpoint import open_checkpoint
from ledger.proof.entry import check_signatures, parse_entry
from ledger.proof.note import Verifier, parse_verifier

SUFFIXES = (".jsonl", ".checkpoint", ".vkey")
"""Lines, checkpoint and verifier key of one ledger."""


def require_unused(home: Home, config: Config) -> None:
    """``Refused`` where any published file was signed by this home's keys: a stranger's files were not."""
    public_key = keys.read_signer(home.path(config.signing.checkpoint_key_file), "").verifier.public_key
    for path in (home.published_key, home.published_checkpoint, home.published):
        if path.exists() and _signed_by(home, config, path, public_key):
            raise Refused(
                f"these keys signed a ledger before ({path}), but {home.store} is missing. A second history under the "
                "same keys would be taken for tampering: restore the store, or move keys and audit away"
            )


def _signed_by(home: Home, config: Config, path: Path, public_key: bytes) -> bool:
    """Whether a published file is of these keys, whatever the origin. What cannot be read is not."""
    try:
        with path.open("rb") as stream:
            data = stream.readline(MAX_LINE + 1) if path == home.published else stream.read(MAX_LINE)
        if path == home.published_key:
            return parse_verifier(data.decode("utf-8", "replace").strip()).public_key == public_key
        if path == home.published_checkpoint:
            open_checkpoint(data, Verifier(data.partition(b"\n")[0].decode("utf-8", "replace"), public_key))
            return True
        entry = parse_entry(data.rstrip(b"\n"))
        algorithm = entry.body["signature"]["algorithm"]
        key = keys.read_hmac_key(home.path(config.signing.hmac_key_file), "", algorithm)
        check_signatures(entry, key, str(entry.body["artefacts"].get("origin", "")))
    except (OSError, LedgerError):
        return False
    return True


def set_aside(home: Home, suffixes: tuple[str, ...] = SUFFIXES) -> tuple[str, str]:
    """Files of an earlier log are kept as ``stage4.before-ledger.*``; path and digest of its lines, or twice "".

    The digest stands in the first entry. ``Refused``, and nothing is moved, where one of these names is taken.
    """
    names = [(home.published.with_suffix(suffix), _aside(home, suffix)) for suffix in suffixes]
    for path, aside in names:
        if os.path.lexists(path) and os.path.lexists(aside) and not os.path.samestat(os.lstat(path), os.lstat(aside)):
            raise Refused(f"both {path} and {aside} exist; move one of them away first")
    for path, aside in names:
        if os.path.lexists(aside):
            path.unlink(missing_ok=True)  # an interrupted run of an earlier version gave it both names
        elif os.path.lexists(path):
            os.rename(path, aside)
            sync_folder(aside.parent)
    lines = _aside(home, ".jsonl")
    return (str(lines), digest_file(lines)) if lines.exists() else ("", "")


def _aside(home: Home, suffix: str) -> Path:
    return home.published.with_name(f"{home.stage}.before-ledger{suffix}")
