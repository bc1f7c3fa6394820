"""Warnings ahead of time: ends that come near, windows that are over, a silence that outlives the stop."""

from __future__ import annotations

from datetime import datetime, timedelta

from ledger.app.durations import format_duration
from ledger.app.observer.desk import Desk
from ledger.domain.duties.events import WindowOverrun
from ledger.domain.moments import clock_or_day
from ledger.domain.observing.events import WarningGiven
from ledger.domain.runbook import Step
from ledger.domain.state import Rollback, State
from ledger.said import Said

MINUTES = (15, 5, 1)
LINGER = timedelta(minutes=5)
"""How long our silence may be active with the scheduler enabled before it is told."""


class Warnings:
    """Each warning once: the nearest threshold that was told is remembered for each end."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._told: dict[tuple[str, str, datetime], int] = {}
        self._lingering: dict[str, datetime] = {}

    def look(self, state: State) -> None:
        """One round over the open rollbacks."""
        for rollback in state.open.values():
            if rollback.silence.state == "active" and rollback.silence.ends_at:
                self._near(rollback, "silence_expiry", "silence", rollback.silence.ends_at)
            asked = rollback.override.request
            if rollback.holds and asked is not None and asked.expires_at:
                self._near(rollback, "override_expiry", "override", asked.expires_at)
            self._overrun(rollback)
            self._linger(state, rollback)

    def _near(self, rollback: Rollback, kind: str, what: str, ends: datetime) -> None:
        at = self._desk.installation.clock()
        left = (ends - at).total_seconds()
        due = next((minutes for minutes in reversed(MINUTES) if 0 < left <= 60 * minutes), None)
        key = (rollback.id, kind, ends)
        if due is None or self._told.get(key, MINUTES[0] + 1) <= due:
            return
        self._told[key] = due
        text = Said(
            "the {} of {} ends in {} ({} UTC)",
            what,
            rollback.id,
            format_duration(left),
            clock_or_day(ends, at, seconds=True),
        )
        self._desk.warn(WarningGiven(warning=kind, text=text), text, rollback.id)  # type: ignore[arg-type]

    def _overrun(self, rollback: Rollback) -> None:
        if rollback.purpose == "incident" or rollback.overrun or rollback.steps[Step.RESTORE].passed:
            return
        at = self._desk.installation.clock()
        if at > rollback.window_end:
            event = WindowOverrun(window_end=rollback.window_end)
            text = Said(
                "the window of {} is over since {} UTC and it is not",
                rollback.id,
                clock_or_day(rollback.window_end, at),
            )
            self._desk.warn(event, text, rollback.id)

    def _linger(self, state: State, rollback: Rollback) -> None:
        """docs/runbook.md: scheduler enabled with our silence still active for 5 minutes is red everywhere."""
        if rollback.silence.state != "active" or state.scheduler.status != "enabled":
            self._lingering.pop(rollback.id, None)
            return
        at = self._desk.installation.clock()
        since = self._lingering.setdefault(rollback.id, at)
        key = (rollback.id, "silence_without_override", since)
        if at - since >= LINGER and key not in self._told:
            self._told[key] = 0
            text = Said("the scheduler is enabled and the silence of {} still mutes its alerts", rollback.id)
            self._desk.warn(WarningGiven(warning="silence_without_override", text=text), text, rollback.id)
