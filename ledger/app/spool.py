"""Take in stops that happened while the ledger could not be written. Their time and person are claims."""

from __future__ import annotations

import contextlib
import hmac
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ledger.app import keys
from ledger.app.durations import parse_duration
from ledger.app.installation import Installation
from ledger.domain.commands import SYSTEM, OpenRollback, TakeInStop
from ledger.domain.text import shorten
from ledger.errors import LedgerError
from ledger.files import make_folder, place_exclusive
from ledger.stop import FORMAT, RESERVE, RESERVE_BYTES, sign_spool


def reserve(installation: Installation) -> None:
    """Keep some disk space that the stop can give up (``var/spool/.reserve``)."""
    path = installation.home.spool / RESERVE
    with contextlib.suppress(OSError):
        make_folder(path.parent)
        place_exclusive(path, b"\0" * RESERVE_BYTES)


def take_in(installation: Installation) -> list[str]:
    """Turn every spool file into entries and move it to ``taken/``; returns the rollbacks they belong to."""
    found = sorted(installation.home.spool.glob("stop-*.json")) if installation.home.spool.is_dir() else []
    taken = []
    for path in found:
        data = path.read_bytes()
        digest = installation.keep(data)
        command = _command(installation, data, digest)
        receipt = installation.submit(command, SYSTEM, request_id=f"spool-{digest[-32:]}")
        record, _ = next(installation.ledger.records(receipt.last - 1))
        taken.append(record.rollback)
        make_folder(path.parent / "taken")
        path.rename(path.parent / "taken" / path.name)
    return taken


def _command(installation: Installation, data: bytes, digest: str) -> TakeInStop:
    facts = _facts(data)
    at = installation.clock()
    claimed = _moment(facts.get("claimed_at"), at)
    signed = "" if _signed(installation, facts) else "unsigned: "
    path = Path(str(facts.get("path") or installation.override_path()))
    file = installation.look(path)
    if file.content:
        installation.keep(file.content)
    opening = OpenRollback(
        ticket=str(facts.get("ticket", "")),
        purpose="incident",
        reason=shorten(str(facts.get("reason") or "the spool file could not be read")),
        component=str(facts.get("component") or "multi_strategy"),
        channel=installation.config.rollback_channel,
        window_start=claimed,
        window_end=claimed + timedelta(seconds=parse_duration(installation.config.rollback_window)),
    )
    return TakeInStop(
        opening=opening,
        spool_sha384=digest,
        claimed_at=claimed,
        claimed_by=shorten(f"{facts.get('requested_by', 'unknown')}, uid {facts.get('uid', '?')}"),
        why=shorten(f"{signed}{facts.get('why', 'unreadable spool file')}"),
        file=file,
    )


def _facts(data: bytes) -> dict[str, Any]:
    try:
        page = json.loads(data)
    except ValueError:
        return {}
    return page if isinstance(page, dict) and page.get("format") == FORMAT else {}


def _moment(text: Any, fallback: datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return fallback
    return moment if moment.tzinfo else fallback


def _signed(installation: Installation, facts: dict[str, Any]) -> bool:
    claims = {name: value for name, value in facts.items() if name != "signature"}
    with contextlib.suppress(LedgerError):
        key = keys.read_private(installation.home.path(installation.config.hmac_key_file)).strip()
        return hmac.compare_digest(sign_spool(claims, key), str(facts.get("signature", "")))
    return False
