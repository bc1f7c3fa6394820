"""What fires around a rollback: at a stop that asked nobody, and again once trading was restored.

Each is told once for each rollback, while it is open.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from ledger.adapters.alertmanager import everywhere
from ledger.app.observer.desk import Desk
from ledger.app.steps.common import alerts_json, names
from ledger.domain.facts import AlertSeen, MemberSeen
from ledger.domain.judge import may_be_ours
from ledger.domain.observing.events import AlertsSeen, CriticalAlertsSeen
from ledger.domain.state import Rollback, State
from ledger.domain.text import listed
from ledger.said import Said

RECENT = timedelta(seconds=30)
"""How old a look before the stop may be; what was seen earlier may be over."""
AT_ONCE = timedelta(minutes=2)
"""How long after the opening its beginning is still seen."""
PATIENCE = timedelta(minutes=1)
"""So long an alert from before the restore may take to end."""
_KEPT = {("rollback_opened", "firing_sha384"), ("alerts_seen", "alerts_sha384")}
"""Where the alerts at a rollback's beginning stand."""


class _Look(NamedTuple):
    """What the members that could say it said fires, muted or not."""

    at: datetime
    members: tuple[str, ...]
    firing: tuple[AlertSeen, ...]


class Alerts:
    """Looks at what the members of the Alertmanager cluster say fires, muted or not."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._before: _Look | None = None

    def look(self, state: State, members: Sequence[MemberSeen]) -> None:
        """One round; without a member that says what fires nothing is known, and nothing told."""
        heard = {seen.name: self._ours(seen) for seen in members if seen.firing is not None}
        seen = _Look(self._desk.installation.clock(), tuple(heard), everywhere(list(heard.values())))
        for rollback in state.open.values():
            if not rollback.holds and not rollback.fired_again:
                self._after(rollback, members)
            if not rollback.restoring and not any((one.status, one.name) in _KEPT for one in rollback.evidence):
                self._at_its_beginning(rollback, seen)
        if heard:
            self._before = seen

    def _at_its_beginning(self, rollback: Rollback, seen: _Look) -> None:
        """What nobody asked for in an emergency: the last look before it, which waits in memory."""
        before, at = self._before, rollback.opened_at
        near = before is not None and before.firing and timedelta(0) <= at - before.at <= RECENT
        told = before if before is not None and near else seen
        if seen.at - at > AT_ONCE:
            return  # what fires long after it says nothing of what led to it
        if told.firing:
            event = AlertsSeen(
                alerts=names(told.firing),
                alerts_sha384=self._desk.installation.keep(alerts_json(told.firing)),
                members=told.members,
                seen_at=told.at,
            )
            self._desk.record(event, rollback.id)

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

    def _ours(self, seen: MemberSeen) -> tuple[AlertSeen, ...]:
        own = self._desk.installation.labels
        return tuple(alert for alert in seen.firing or () if may_be_ours(alert, own, seen.pattern))

    def _critical(self, seen: MemberSeen) -> tuple[AlertSeen, ...]:
        return tuple(alert for alert in self._ours(seen) if alert.severity == "critical")
