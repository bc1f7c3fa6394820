"""Critical alerts that fire again once trading was restored: told once for each rollback, while it is open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from ledger.adapters.alertmanager import everywhere
from ledger.app.observer.desk import Desk
from ledger.app.steps.common import alerts_json, names
from ledger.domain.facts import AlertSeen, MemberSeen
from ledger.domain.judge import may_be_ours
from ledger.domain.observing.events import CriticalAlertsSeen
from ledger.domain.state import Rollback, State
from ledger.domain.text import listed
from ledger.said import Said

PATIENCE = timedelta(minutes=1)
"""So long an alert from before the restore may take to end."""


class Alerts:
    """Looks at what the members of the Alertmanager cluster say fires, muted or not."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def look(self, state: State, members: Sequence[MemberSeen]) -> None:
        """One round; without a member that says what fires nothing is known, and nothing told."""
        for rollback in state.open.values():
            if not rollback.holds and not rollback.fired_again:
                self._after(rollback, members)

    def _after(self, rollback: Rollback, members: Sequence[MemberSeen]) -> None:
        heard = {seen.name: critical for seen in members if (critical := self._critical(seen))}
        firing = everywhere(list(heard.values()))
        restarted, now = rollback.restarted_at, self._desk.installation.clock()
        if restarted is None or all(alert.active_at < restarted and now - restarted < PATIENCE for alert in firing):
            return
        reading = tuple(sorted(alert.labels for alert in firing))
        if not self._desk.twice(f"fired:{rollback.id}", reading, ()):
            return
        event = CriticalAlertsSeen(
            alerts=names(firing),
            alerts_sha384=self._desk.installation.keep(alerts_json(firing)),
            members=tuple(heard),
            seen_at=now,
        )
        text = Said(
            "critical alerts fire after {} was restored: {}", rollback.id, listed(alert.name for alert in firing)
        )
        self._desk.warn(event, text, rollback.id)

    def _critical(self, seen: MemberSeen) -> tuple[AlertSeen, ...]:
        own = self._desk.installation.labels
        return tuple(
            alert
            for alert in seen.firing or ()
            if alert.severity == "critical" and may_be_ours(alert, own, seen.pattern)
        )
