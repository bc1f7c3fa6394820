"""Take in stops that happened while the ledger could not be written. Their time and person are claims."""

from __future__ import annotations

import contextlib
import hmac
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ledger.app.durations import parse_duration
from ledger.app.home import keys
from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.domain.asked import fit
from ledger.domain.command import SYSTEM
from ledger.domain.opening.commands import OpenRollback
from ledger.domain.stopping.commands import TakeInStop
from ledger.domain.text import clean
from ledger.errors import LedgerError
from ledger.files import make_folder, place_exclusive, read_bounded
from ledger.stop import FORMAT, RESERVE, RESERVE_BYTES, sign_spool
from ledger.store.values import Receipt

_LONGEST = 64 * 1024
_FAR = timedelta(days=366)
"""A time that is further off than this is no time of a stop."""


def reserve(installation: Installation) -> None:
    """Keep some disk space that the stop can give up (``var/spool/.reserve``)."""
    path = installation.home.spool / RESERVE
    with contextlib.suppress(OSError):
        make_folder(path.parent)
        place_exclusive(path, b"\0" * RESERVE_BYTES)


def take_in(installation: Installation) -> list[str]:
    """Turn every spool file into entries and move it to ``taken/``; returns the rollbacks they belong to.

    A press that the ledger took all the same, a moment after it was passed over, is in it already.
    """
    paths = sorted(installation.home.spool.glob("stop-*.json")) if installation.home.spool.is_dir() else []
    taken, failed = [], None
    for path in paths:
        try:
            taken.append(_take_in(installation, path))
        except LedgerError as error:  # the others are taken in all the same
            failed = error
    if failed is not None and not taken:
        raise failed
    return taken


def _take_in(installation: Installation, path: Path) -> str:
    data = read_bounded(path, _LONGEST)
    facts = _facts(data)
    known = _taken_by_the_ledger(installation, str(facts.get("request_id", "")))
    if known is None:
        digest = installation.keep(data)
        command = _command(installation, facts, digest)
        known = installation.submit(command, Press(SYSTEM, f"spool-{digest[-32:]}"))
    record, _ = next(installation.ledger.records(known.last - 1))
    make_folder(path.parent / "taken")
    path.rename(path.parent / "taken" / path.name)
    return record.rollback


def _taken_by_the_ledger(installation: Installation, request_id: str) -> Receipt | None:
    receipts = installation.ledger.log.receipts(request_id) if request_id else []
    return next((receipt for receipt in receipts if receipt.request_id == request_id), None)


def _command(installation: Installation, facts: dict[str, Any], digest: str) -> TakeInStop:
    at = installation.clock()
    asked = fit(**{name: str(facts.get(name, "")) for name in ("reason", "ticket", "requested_by", "component")})
    claimed = _moment(facts.get("claimed_at"), at)
    signed = "" if _signed(installation, facts) else "unsigned: "
    file = installation.look(_path(installation, asked.component, facts))
    if file.content:
        installation.keep(file.content)
    opening = OpenRollback(
        ticket=asked.ticket,
        purpose="incident",
        reason=asked.reason if facts else "the spool file could not be read",
        component=asked.component,
        channel=installation.config.rollback.channel,
        window_start=claimed,
        window_end=claimed + timedelta(seconds=parse_duration(installation.config.rollback.window)),
    )
    return TakeInStop(
        opening=opening,
        spool_sha384=digest,
        claimed_at=claimed,
        claimed_by=_claimed_by(facts),
        claimed_person=_person(installation, facts),
        why=clean(f"{signed}{facts.get('why', 'unreadable spool file')}"),
        file=file,
        standing=facts.get("standing") is True,
    )


def _claimed_by(facts: dict[str, Any]) -> str:
    by, uid = str(facts.get("requested_by", "unknown")), f"uid {facts.get('uid', '?')}"
    return clean(by if by == uid else f"{by}, {uid}")


def _person(installation: Installation, facts: dict[str, Any]) -> str:
    """Whose press it claims to be: the person of a browser, else the one with that login uid; "" for nobody known."""
    people = installation.state.people
    if (who := str(facts.get("who", ""))) in people:
        return who
    with contextlib.suppress(LedgerError):
        uid = facts.get("login_uid")
        person = installation.people.by_uid(uid) if isinstance(uid, int) else None
        return person.id if person and person.id in people else ""
    return ""


def _path(installation: Installation, component: str, facts: dict[str, Any]) -> Path:
    """Where the spool says that the override is; its word counts only for a file of that name."""
    path, own = Path(str(facts.get("path", ""))), installation.override_path(component)
    return path if path.is_absolute() and path.name == own.name else own


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
    return moment if moment.tzinfo and abs(moment - fallback) < _FAR else fallback


def _signed(installation: Installation, facts: dict[str, Any]) -> bool:
    claims = {name: value for name, value in facts.items() if name != "signature"}
    with contextlib.suppress(LedgerError):
        key = keys.read_private(installation.home.path(installation.config.signing.hmac_key_file)).strip()
        signature = str(facts.get("signature", "")).encode("utf-8", "replace")
        return hmac.compare_digest(sign_spool(claims, key).encode(), signature)
    return False
