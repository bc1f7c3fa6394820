"""What the steps share: outcomes, bounded text, log lines."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.app.record.deliver import deliver
from ledger.app.record.erasing import SALT
from ledger.digest import sha384
from ledger.domain.command import Command
from ledger.domain.facts import AlertSeen, MemberSeen, SchedulerSeen, SilenceSeen
from ledger.domain.runbook import Verdict
from ledger.domain.state import Rollback, StepState
from ledger.domain.text import INLINE, check_text, shorten

T = TypeVar("T")
Say = Callable[[str], None]
"""Called with each line of progress as it happens."""
LISTED = 50
"""How many alerts an entry names; all of them are in the artefact."""


class Outcome(NamedTuple):
    """What a step came to."""

    rollback: Rollback
    verdict: Verdict | None
    reasons: tuple[str, ...] = ()
    log: str = ""
    """The text an operator can paste."""
    said: str = ""
    """What is to be said first, where nothing was done because nothing was left to do."""


def act(
    installation: Installation, press: Press, command: Command, rollback: str = "", timeout: float | None = None
) -> Rollback:
    """Submit (waiting at most ``timeout`` seconds for others) and deliver; returns the rollback as it is after that.

    What a scheduler answered is kept as it came: what the entry says of it was made fit.
    """
    for fact in (getattr(command, name, None) for name in ("seen", "scheduler")):
        if isinstance(fact, SchedulerSeen) and fact.answer:
            installation.keep(fact.answer, press)
    receipt = installation.record(command, press, rollback, timeout)
    deliver(installation)
    installation.publish_if_possible()
    name = rollback or rollback_of(installation, receipt.last)
    after = installation.state.rollback(name)
    assert after is not None
    return after


def rollback_of(installation: Installation, sequence: int) -> str:
    """The rollback that an entry belongs to."""
    record, _ = next(installation.ledger.records(sequence - 1))
    return record.rollback


def outcome(rollback: Rollback, number: int, log: str = "") -> Outcome:
    """The outcome of a step by its last verdict."""
    step: StepState = rollback.steps[number]
    return Outcome(rollback, step.verdict, step.reasons, log)


def bounded(installation: Installation, press: Press, name: str, text: str) -> tuple[str, str]:
    """Text for an entry, and the digest of the artefact with all of it where it is longer than 200 characters.

    The artefact begins with 16 random bytes, so that it can be erased and its digest tells nothing (docs/runbook.md).
    """
    checked = check_text(name, text)
    if len(checked) <= INLINE:
        return checked, ""
    return shorten(checked), installation.keep(salted(checked), press)


def salted(text: str) -> bytes:
    """Free text as an artefact: 16 random bytes first, so that it can be erased and its digest tells nothing."""
    return secrets.token_bytes(SALT) + text.encode()


def alerts_json(alerts: Sequence[AlertSeen]) -> bytes:
    """A list of alerts as an artefact."""
    rows = [_alert_page(alert) for alert in alerts]
    return json.dumps(rows, indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def _alert_page(alert: AlertSeen) -> dict[str, object]:
    return {
        "active_at": alert.active_at.isoformat(),
        "labels": dict(alert.labels),
        "name": alert.name,
        "otherwise": list(alert.otherwise),
        "silenced_by": list(alert.silenced_by),
        "state": alert.state,
    }


def members_json(members: Sequence[MemberSeen]) -> bytes:
    """What every member said, as an artefact: its silences that have not expired, and the runbook's alerts."""
    rows = [
        {
            "member": seen.name,
            "at": seen.at.isoformat(),
            "ahead_seconds": round(seen.ahead),
            "error": seen.error,
            "unread": [str(unread) for unread in seen.unread],
            "silences": _or_unknown(_living(seen), silence_page),
            "alerts": _or_unknown(seen.firing, _alert_page),
        }
        for seen in members
    ]
    return json.dumps(rows, indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def _living(seen: MemberSeen) -> list[SilenceSeen] | None:
    return None if seen.silences is None else [silence for silence in seen.silences if silence.state != "expired"]


def silence_page(seen: SilenceSeen) -> dict[str, object]:
    """A silence as JSON for an artefact."""
    return {
        "id": seen.id,
        "state": seen.state,
        "matchers": [str(matcher) for matcher in seen.matchers],
        "starts_at": seen.starts_at.isoformat(),
        "ends_at": seen.ends_at.isoformat(),
        "created_by": seen.created_by,
        "comment": seen.comment,
    }


def _or_unknown(items: Sequence[T] | None, page: Callable[[T], dict[str, object]]) -> list[dict[str, object]] | None:
    return None if items is None else [page(seen) for seen in items]


def names(alerts: Sequence[AlertSeen]) -> tuple[str, ...]:
    """At most 50 alerts by name, schedule and severity, for an entry or a terminal, and how many more there are."""
    named = tuple(shorten(title(alert), 120) for alert in alerts[:LISTED])
    left = len(alerts) - len(named)
    return (*named, f"… (+{left})") if left else named


def title(alert: AlertSeen) -> str:
    """``MultiStrategyPnlDrawdown{mean_reversion} critical``: what tells one alert from another."""
    labels = dict(alert.labels)
    schedule = f"{{{labels['schedule']}}}" if "schedule" in labels else ""
    return f"{alert.name}{schedule} {alert.severity}".strip()


def status_log(seen: SchedulerSeen) -> list[str]:
    """The lines that the status check prints, without the last one, which is the status alone."""
    lines = [f"asked     {seen.source or '(nothing configured)'} at {seen.at.isoformat(timespec='seconds')}"]
    if seen.since:
        lines.append(f"since     {seen.since.isoformat(timespec='seconds')}")
    if seen.cycle is not None:
        lines.append(f"cycle     {seen.cycle}")
    lines += [f"warning   {warning}" for warning in seen.warnings] or ["warnings  none"]
    lines += [f"note      {note}" for note in seen.notes]
    if seen.answer:
        lines.append(f"answer    {sha384(seen.answer)}, {len(seen.answer)} bytes as they came")
    if seen.error:
        lines.append(f"unknown   {seen.error}")
    return lines
