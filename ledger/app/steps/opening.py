"""Step 0: announce, confirm; notes and the abort."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from ledger.app.durations import parse_duration
from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.app.reading.covering import head_to_send
from ledger.app.steps.common import LISTED, Outcome, act, alerts_json, bounded, outcome, title
from ledger.domain.closing.commands import Abort
from ledger.domain.facts import AlertSeen
from ledger.domain.keeping.commands import AddNote
from ledger.domain.opening.commands import Confirm, OpenRollback
from ledger.domain.runbook import Purpose
from ledger.domain.state import Rollback
from ledger.domain.text import check_ticket, shorten
from ledger.errors import Refused, Unreachable
from ledger.proof.entry import link
from ledger.said import Said


def open_rollback(
    installation: Installation,
    press: Press,
    *,
    ticket: str,
    reason: str,
    purpose: Purpose = "incident",
    component: str = "multi_strategy",
    channel: str = "",
    window: str = "",
    start: datetime | None = None,
    expected: tuple[str, ...] = (),
    permalink: str = "",
) -> Outcome:
    """Open a rollback: the ticket is looked up, the alerts that fire are kept, the announcement is written.

    Planned work is opened ahead: ``start`` is when its window begins, ``expected`` the alerts that a load test raises.
    """
    inline, reason_sha384 = bounded(installation, press, "the reason", reason)
    start = start or installation.clock()
    end = start + timedelta(seconds=parse_duration(window or installation.config.rollback.window))
    where = channel or installation.config.rollback.channel
    ticket_state, ticket_sha384 = look_up(installation, press, check_ticket(ticket))
    firing, firing_sha384 = _firing(installation, press)
    announcement = announce_opening(ticket, purpose, inline, component, where, start, end, firing)
    announcement += head_to_send(installation)
    command = OpenRollback(
        ticket=ticket,
        purpose=purpose,
        reason=inline,
        reason_sha384=reason_sha384,
        component=component,
        channel=where,
        window_start=start,
        window_end=end,
        announcement_sha384=installation.keep(announcement, press),
        permalink=permalink,
        ticket_state=ticket_state,
        ticket_sha384=ticket_sha384,
        firing=firing,
        firing_sha384=firing_sha384,
        expected=expected,
    )
    rollback = act(installation, press, command)
    return Outcome(rollback, None, log=announcement)


def announce_opening(
    ticket: str,
    purpose: str,
    reason: str,
    component: str,
    channel: str,
    start: datetime,
    end: datetime,
    firing: tuple[str, ...],
) -> str:
    """The text to post in the channel."""
    listed = "".join(f"\n  - {line}" for line in firing) or " none known"
    return (
        f"[Stage4] {ticket}: rollback of {component} ({purpose})\n"
        f"Reason: {reason}\n"
        f"Window: {start:%Y-%m-%d %H:%M} to {end:%H:%M} UTC. Channel: {channel}\n"
        f"Alerts firing now:{listed}\n"
    )


def look_up(installation: Installation, press: Press, ticket: str) -> tuple[str, str]:
    """The ticket's state in the ticket system and the answer as an artefact; ``claimed`` where nobody could say."""
    from ledger.adapters import tickets  # slow to import

    try:
        seen = tickets.seen(installation.tickets(), installation.config.tickets.url, ticket, installation.clock)
    except Unreachable as error:
        return shorten(Said("claimed: {}", error)), ""
    if seen is None:
        return "claimed", ""
    return shorten(seen.status), installation.keep(seen.body, press)


def _firing(installation: Installation, press: Press) -> tuple[tuple[str, ...], str]:
    """The runbook's alerts that fire at opening, with ``activeAt``, and how many critical ones of others.

    From Prometheus. Where there are too many to read, how many there are of each; nothing where it cannot be asked.
    """
    from ledger.adapters.http import TooMuch  # slow to import

    try:
        prometheus = installation.prometheus
        elsewhere = prometheus.critical_elsewhere()
        more = [Said("and {} critical alerts that are none of the runbook's", elsewhere)] if elsewhere else []
        try:
            alerts: tuple[AlertSeen, ...] = prometheus.alerts()
        except TooMuch:
            counted = [count for count in prometheus.counts() if count.state == "firing"]
            lines = [f"{count.number} {count.name} {count.severity}" for count in counted]
            return _announced(lines, more), ""
    except Unreachable as error:
        return (shorten(Said("unknown: {}", error)),), ""
    firing = [alert for alert in alerts if alert.state == "firing"]
    lines = [Said("{} since {}", title(alert), alert.active_at.isoformat(timespec="seconds")) for alert in firing]
    return _announced(lines, more), installation.keep(alerts_json(firing), press)


def _announced(lines: Sequence[str], more: Sequence[str]) -> tuple[str, ...]:
    """At most fifty lines, and how many there are beyond them."""
    left = len(lines) - LISTED
    cut = [f"… (+{left})"] if left > 0 else []
    return tuple(shorten(line) for line in (*lines[:LISTED], *cut, *more))


def confirm(installation: Installation, press: Press, rollback: Rollback) -> Outcome:
    """Confirm what the opening entry's line says."""
    line = installation.ledger.log.line(rollback.opened_entry)
    if line is None:
        raise Refused(Said("the opening entry {} is not there", rollback.opened_entry))
    return outcome(act(installation, press, Confirm(confirms=link(line)), rollback.id), 0)


def note(
    installation: Installation, press: Press, rollback: Rollback, text: str, occurred_at: datetime | None = None
) -> Outcome:
    """Add a note, also after closing."""
    inline, whole = bounded(installation, press, "the note", text)
    command = AddNote(text=inline, text_sha384=whole, occurred_at=occurred_at)
    return Outcome(act(installation, press, command, rollback.id), None)


def abort(installation: Installation, press: Press, rollback: Rollback, reason: str) -> Outcome:
    """Give the rollback up; after step 1 it leads through steps 5 and 6."""
    return Outcome(act(installation, press, Abort(reason=reason), rollback.id), None)
