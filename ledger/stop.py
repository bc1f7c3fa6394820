"""The stop when the ledger cannot be written or decided on: standard library alone.

The override file is written first, then a spool file that says who, why and when; the ledger takes it in later
(``ledger.app.spool``). Audit never stands between an operator and the stop, and never forgets it.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import errno
import hashlib
import hmac
import json
import os
import secrets
import stat
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from ledger.digest import sha384
from ledger.domain.override_text import format_override, parse_override
from ledger.domain.runbook import COMPONENTS
from ledger.domain.text import INLINE, check_text, check_ticket, shorten
from ledger.errors import LedgerError, Refused, Unreachable
from ledger.files import make_folder, place_exclusive

FORMAT = "stage4-ledger stop v1"
RESERVE = ".reserve"
"""A file in the spool folder that is given up where the disk is full."""
RESERVE_BYTES = 1024 * 1024


class Stopped(NamedTuple):
    """What the stop did: the override's path and digest, and where the spool file is ("" where none could be made)."""

    path: str
    sha384: str
    spool: str


def stop_without_ledger(
    root: Path,
    *,
    reason: str,
    why: str,
    ticket: str = "",
    requested_by: str = "",
    component: str = "multi_strategy",
    seconds: int | None = None,
    directory: str = "",
) -> Stopped:
    """Write the override and spool what happened. ``why`` says why the ledger was passed over.

    ``Refused`` where it is stopped already, ``Unreachable`` (with the manual way) where the folder cannot be written.
    """
    if component not in COMPONENTS:
        raise Refused(f"unknown component {component[:60]!a}; known: {', '.join(COMPONENTS)}")
    at = datetime.now(UTC)
    content = format_override(
        component=component,
        reason=shorten(check_text("the reason", reason), INLINE),
        requested_by=requested_by or f"uid {os.getuid()}",
        ticket=_ticket(ticket),
        written_at=at,
        expires_at=at + timedelta(seconds=seconds) if seconds else None,
    )
    path = root / (directory or configured_directory(root)) / COMPONENTS[component][0]
    _write(root, path, content)
    facts = {
        "format": FORMAT,
        "claimed_at": at.isoformat(timespec="microseconds"),
        "component": component,
        "override_sha384": sha384(content),
        "path": str(path),
        "reason": shorten(check_text("the reason", reason), INLINE),
        "requested_by": requested_by or f"uid {os.getuid()}",
        "ticket": _ticket(ticket),
        "uid": os.getuid(),
        "why": shorten(" ".join(why.split()), INLINE),
    }
    return Stopped(str(path), sha384(content), _spool(root, facts))


def configured_directory(root: Path) -> str:
    """``override.directory`` of ``stage4.toml`` (or its environment variable); the default where that is unreadable."""
    default = "var/runtime/overrides"
    if found := os.environ.get("STAGE4_OVERRIDE_DIRECTORY"):
        return found
    with contextlib.suppress(ImportError, OSError, ValueError, KeyError, TypeError):
        import tomllib  # not in every python3 that an operator may have at hand

        return str(tomllib.loads((root / "stage4.toml").read_text("utf-8"))["override"]["directory"])
    return default


def manual_way(path: Path, content: bytes) -> str:
    """What a person types where no program can write the file."""
    return f"umask 077; cat > {path} <<'END'\n{content.decode()}END"


def _ticket(ticket: str) -> str:
    try:
        return check_ticket(ticket) if ticket else ""
    except LedgerError:
        return ""  # a mistyped ticket must not stand between an operator and the stop


def _write(root: Path, path: Path, content: bytes) -> None:
    try:
        make_folder(path.parent)
        try:
            place_exclusive(path, content)
        except OSError as error:
            if error.errno != errno.ENOSPC or not _give_up_reserve(root):
                raise
            place_exclusive(path, content)
    except FileExistsError:
        raise Refused(f"already stopped: {path} is there{_claims(path)}") from None
    except OSError as error:
        raise Unreachable(
            f"the override {path} cannot be written: {error.strerror}. Stop the scheduler by hand, on its machine:\n"
            f"{manual_way(path, content)}\nor stop its service."
        ) from error


def _claims(path: Path) -> str:
    """Whose stop stands there, as far as a plain file says; a pipe or a link at the path is not waited for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return ", and it is no plain file: the scheduler may not have obeyed it"
            fields = parse_override(stream.read(64 * 1024)) or {}
    except OSError as error:
        return f", and cannot be read: {error.strerror}"
    return f" (by {fields.get('requested_by', '?')} at {fields.get('timestamp', '?')}: {fields.get('reason', '?')})"


def _give_up_reserve(root: Path) -> bool:
    try:
        (root / "var" / "spool" / RESERVE).unlink()
    except OSError:
        return False
    return True


def _spool(root: Path, facts: dict[str, Any]) -> str:
    """Keep the facts, signed with the ledger's HMAC key where it can be read; never fails."""
    folder = root / "var" / "spool"
    page = dict(facts, signature=_signature(root, facts))
    path = folder / f"stop-{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}.json"
    for last in (False, True):
        try:
            make_folder(folder)
            place_exclusive(path, json.dumps(page, indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n")
        except OSError:
            if last or not _give_up_reserve(root):
                return ""
        else:
            return str(path)
    return ""


def sign_spool(facts: dict[str, Any], key: bytes) -> str:
    """Base64 of HMAC-SHA256 over the facts as canonical JSON."""
    data = json.dumps(facts, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    return base64.b64encode(hmac.digest(key, data, hashlib.sha256)).decode()


def _signature(root: Path, facts: dict[str, Any]) -> str:
    """The spool's signature, or "" (marked unsigned) where there is no key to be had."""
    try:
        key = Path(os.environ.get("STAGE4_HMAC_KEY_FILE", str(root / "var" / "keys" / "hmac.key"))).read_bytes().strip()
    except OSError:
        return ""
    return sign_spool(facts, key) if key else ""


def main(arguments: list[str], why: str) -> int:
    """``disable_multi_strategy.py`` with nothing but the standard library; returns the exit status."""
    parser = argparse.ArgumentParser(prog="disable_multi_strategy.py", description="The stop, without the ledger.")
    parser.add_argument("--component", choices=list(COMPONENTS), default="multi_strategy")
    parser.add_argument("--reason", required=True)
    parser.add_argument("--requested-by", default="")
    parser.add_argument("--ticket", default="")
    parser.add_argument("--duration-minutes", type=int)
    parser.add_argument("--output-dir", default="")
    parser.add_argument("--log-level", default="INFO")
    parser.add_argument("--home", default=os.environ.get("STAGE4_HOME", "."))
    given = parser.parse_args(arguments)
    print(f"disable_multi_strategy.py: the ledger is passed over: {why}", file=sys.stderr)
    try:
        stopped = stop_without_ledger(
            Path(given.home).absolute(),
            reason=given.reason,
            why=why,
            ticket=given.ticket,
            requested_by=given.requested_by,
            component=given.component,
            seconds=60 * given.duration_minutes if given.duration_minutes else None,
            directory=str(Path(given.output_dir).absolute()) if given.output_dir else "",
        )
    except Refused as error:
        print(f"disable_multi_strategy.py: {error}", file=sys.stderr)
        return 1
    except LedgerError as error:
        print(f"disable_multi_strategy.py: {error}", file=sys.stderr)
        return 3
    print(f"override  {stopped.path}\ndigest    {stopped.sha384}\nspooled   {stopped.spool or '(nowhere)'}")
    return 0
