"""The alerts since a stop as they stand now, sorted as the watch sorts them; its verdict goes by the history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from ledger.app.reading.outlook import Outlook
from ledger.domain.facts import AlertSeen, Matcher
from ledger.domain.judge import may_be_ours
from ledger.domain.runbook import ALERT_PATTERN
from ledger.domain.state import Rollback
from ledger.domain.watching.decide import installation_of
from ledger.domain.watching.sorting import Kind, kind, since_the_stop

ORDER: tuple[Kind, ...] = ("new", "expected", "carried_over", "other")
"""What a person asks for first."""


class Alike(NamedTuple):
    """Alerts of one name, kind, state and severity."""

    kind: Kind
    name: str
    severity: str
    state: str
    """``firing`` or ``pending``."""
    number: int
    since: datetime
    """Since when the first of them is active."""
    about: tuple[str, ...]
    """The schedules or strategies that they are about, where labels say so."""


class Watched(NamedTuple):
    """What is known of the alerts now."""

    seen_at: datetime | None
    """When Prometheus answered last; None before it did once."""
    fresh: bool
    """Whether that is the present."""
    alerts: tuple[Alike, ...] | None
    """The newest first within each kind; None where they are not known one by one."""
    too_many: int
    """How many there are where they are too many to be looked at one by one; else 0."""

    def count(self, wanted: Kind) -> int:
        """How many alerts are of a kind."""
        return sum(alike.number for alike in self.alerts or () if alike.kind == wanted)


def watched(
    rollback: Rollback, outlook: Outlook, now: datetime, labels: Sequence[Matcher] = (), pattern: str = ALERT_PATTERN
) -> Watched | None:
    """The runbook's alerts of this installation; None where the rollback stopped nothing yet.

    ``labels`` name the installation where the rollback's own silence does not.
    """
    written = rollback.override.written_at
    if written is None:
        return None
    counts = outlook.counts or ()
    alerts: tuple[Alike, ...] | None = None
    if outlook.alerts is not None:
        installation = installation_of(rollback.silence.matchers) or labels
        ours = (alert for alert in outlook.alerts if may_be_ours(alert, installation, pattern))
        alerts = _alike(ours, since_the_stop(written), rollback.expected)
    return Watched(
        seen_at=outlook.at.get("prometheus"),
        fresh=outlook.fresh("prometheus", now),
        alerts=alerts,
        too_many=sum(count.number for count in counts) if alerts is None else 0,
    )


def _alike(alerts: Iterable[AlertSeen], stopped: datetime, expected: Sequence[str]) -> tuple[Alike, ...]:
    groups: dict[tuple[Kind, str, str, str], list[AlertSeen]] = {}
    for alert in alerts:
        sort = kind(alert.name, alert.severity, alert.active_at, stopped, expected)
        groups.setdefault((sort, alert.name, alert.severity, alert.state), []).append(alert)
    found = [
        Alike(*key, len(group), min(alert.active_at for alert in group), _about(group)) for key, group in groups.items()
    ]
    found.sort(key=lambda alike: (alike.name, alike.state))
    found.sort(key=lambda alike: alike.since, reverse=True)
    return tuple(sorted(found, key=lambda alike: ORDER.index(alike.kind)))


def _about(alerts: Iterable[AlertSeen]) -> tuple[str, ...]:
    labels = [dict(alert.labels) for alert in alerts]
    return tuple(sorted({name for one in labels if (name := one.get("schedule") or one.get("strategy"))}))
