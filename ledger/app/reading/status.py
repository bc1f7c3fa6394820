"""How things are now: declared, commanded and observed, by servers that are asked for it. JSON values, no printing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ledger.app.installation import Installation
from ledger.app.oncall.duty import as_json
from ledger.app.reading.muted import how_muted
from ledger.app.reading.queries import drift, rollback_json, silence_drift
from ledger.app.telling.standing import unsent
from ledger.domain.duties.owed import owed
from ledger.domain.facts import FileSeen, MemberSeen, Muting
from ledger.domain.state import Rollback, State
from ledger.errors import LedgerError
from ledger.said import Said


def status_json(installation: Installation, names: dict[str, str] | None = None) -> dict[str, Any]:
    """The truth now: declared, commanded and observed, each with its age in seconds."""
    state, at = installation.state, installation.clock()
    holder = state.holder
    path = holder.override.path if holder else str(installation.override_path())
    seen, scheduler = installation.look(path), installation.scheduler()
    members, missing = _members(installation)
    muting = _muting(installation, members)
    muted = how_muted(members, muting, installation.labels, installation.clock(), missing)
    doubted = [doubt for rollback in state.open.values() for doubt in silence_drift(rollback, members)]
    return {
        "at": at.isoformat(),
        "home": str(installation.home.root),
        "origin": installation.ledger.origin,
        "entries": state.sequence,
        "head": installation.ledger.view().head,
        "last_entry_at": state.at.isoformat(),
        "last_entry_age_seconds": round((at - state.at).total_seconds()),
        "last_entry_stamped": state.timestamp.isoformat(),
        "scheduler": {
            "declared": "disabled" if holder else "enabled",
            "commanded": _commanded(state, "override"),
            "observed": scheduler.status,
            "observed_age_seconds": _age(at, scheduler.at),
            "cycle": scheduler.cycle,
            "warnings": list(scheduler.warnings),
            "error": scheduler.error or None,
        },
        "override": {
            "path": path,
            "declared": "present" if holder else "absent",
            "declared_sha384": holder.override.sha384 if holder else None,
            "commanded": _commanded(state, "removal"),
            "observed": seen.kind,
            "observed_sha384": seen.sha384 or None,
            "mode": seen.mode or None,
            "observed_age_seconds": _age(at, seen.at),
        },
        "silences": [_silence_json(rollback, members, missing, at) for rollback in state.open.values()],
        "muted": {
            "verdict": muted.verdict,
            "sentence": muted.sentence,
            "until": muted.until.isoformat(timespec="seconds") if muted.until else None,
            "not_known": list(muted.not_known),
        },
        "alerts": _alerts(installation),
        "drift": [*drift(state, seen, scheduler.status), *doubted],
        "rollbacks": [
            rollback_json(rollback, names, look_at_override(installation, rollback)) for rollback in state.open.values()
        ],
        "owed_by_closed": [
            {"rollback": rollback.id} | debt._asdict() | {"since": debt.since.isoformat()}
            for rollback in owing(state)
            for debt in owed(rollback)
        ],
        "on_duty": on_duty_json(installation, names),
        "unsent": [one._asdict() for one in unsent(installation)],
        "unknown_entries": list(state.unknown),
    }


def on_duty_json(installation: Installation, names: dict[str, str] | None = None) -> dict[str, Any]:
    """Who is on duty for each role that has a schedule, as it was seen last: whoever asks looks before."""
    now = installation.clock()
    return as_json(installation.oncall.duties(now), installation.state, names or {}, now)


def outside_json(installation: Installation) -> dict[str, Any]:
    """What is seen outside, for when the ledger that declares it cannot be read: nothing is said to be right."""
    seen, scheduler = installation.look(installation.override_path()), installation.scheduler()
    return {
        "home": str(installation.home.root),
        "scheduler": {"observed": scheduler.status, "error": scheduler.error or None},
        "override": {"path": str(installation.override_path()), "observed": seen.kind, "mode": seen.mode or None},
        "alerts": _alerts(installation),
    }


def owing(state: State) -> list[Rollback]:
    """The closed rollbacks that owe something still, the newest first."""
    return sorted(
        (rollback for rollback in state.closed.candidates("owing") if owed(rollback)),
        key=lambda rollback: -rollback.opened_entry,
    )


def look_at_override(installation: Installation, rollback: Rollback) -> FileSeen | None:
    """What is at the path of the override by which a rollback holds; None where it holds nothing."""
    return installation.look(rollback.override.path) if rollback.holds else None


def _age(at: datetime, then: datetime) -> int:
    return max(0, round((at - then).total_seconds()))


def _commanded(state: State, kind: str) -> str | None:
    return next(
        (
            Said("{} asked for by entry {}", kind, e.requested)
            for r in state.open.values()
            for e in r.effects
            if e.kind == kind
        ),
        None,
    )


def _members(installation: Installation) -> tuple[tuple[MemberSeen, ...], str]:
    """What every member of the Alertmanager cluster says now; or none, and why nobody was asked."""
    try:
        return installation.alertmanager.look(), ""
    except LedgerError as error:
        return (), str(error)


def _muting(installation: Installation, members: Sequence[MemberSeen]) -> tuple[Muting, ...]:
    """Who mutes Stage4 alerts, or can; where none is active or to come nobody is asked for more."""
    if not any(silence.state != "expired" for seen in members for silence in seen.silences or ()):
        return ()
    from ledger.app.reading.muting import Shown, who_mutes  # what asks servers is slow to import

    return who_mutes(installation, members, Shown(installation).alerts())


def _silence_json(rollback: Rollback, members: Sequence[MemberSeen], missing: str, at: datetime) -> dict[str, Any]:
    """The rollback's silence by every member's word; ``observed`` is the worst of what was said, not the best."""
    known, told = rollback.silence, list[dict[str, Any]]()
    for seen in members:
        own = seen.silence(known.id)
        observed = None if seen.silences is None else own.state if own else "absent"
        told.append(
            {
                "name": seen.name,
                "observed": observed,
                "ends_at": own.ends_at.isoformat() if own else None,
                "not_known": list(seen.doubts),
            }
        )
    heard = [member["observed"] for member in told if member["observed"]]
    worst = next((state for state in ("absent", "expired", "pending", "active") if state in heard), None)
    whys = [why for member in told for why in member["not_known"]] or ([missing] if missing else [])
    if worst == "active" and whys:
        worst = None  # only at those that answered
    page: dict[str, Any] = {
        "rollback": rollback.id,
        "declared": known.state,
        "id": known.id or None,
        "ends_at": known.ends_at.isoformat() if known.ends_at else None,
        "observed": worst if known.id else None,
        "members": told if known.id else [],
        "error": "; ".join(whys) or None if known.id else None,
    }
    if known.id and members:
        page["observed_age_seconds"] = _age(at, min(seen.at for seen in members))
    return page


def _alerts(installation: Installation) -> dict[str, Any]:
    try:
        firing = [count for count in installation.prometheus.counts() if count.state == "firing"]
    except LedgerError as error:
        return {"critical": None, "firing": None, "error": str(error)}
    critical = sum(count.number for count in firing if count.severity == "critical")
    return {"critical": critical, "firing": sum(count.number for count in firing), "error": None}
