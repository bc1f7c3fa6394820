"""What adapters would have seen, with everything in order unless said otherwise."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ledger.digest import sha384
from ledger.domain.facts import (
    AlertEpisode,
    AlertSeen,
    FileSeen,
    Matcher,
    MemberSeen,
    PrometheusSeen,
    RuleSeen,
    SchedulerSeen,
    SilenceSeen,
    WatchSeen,
)
from ledger.domain.override_text import format_override
from ledger.domain.runbook import EXPECTED_RULES
from ledger.domain.state import Rollback
from ledger.domain.stopping.decide import override_content

from .builders import T0

PATH = "/srv/stage4/var/runtime/overrides/multi_strategy_disable.json"
ENV = Matcher("env", "prod")
MATCHERS = (Matcher("alertname", "MultiStrategy.+", is_regex=True), ENV)
PNL = "MultiStrategyPnlDrawdown"


def absent(at: datetime = T0) -> FileSeen:
    """Nothing at the override path."""
    return FileSeen(path=PATH, kind="absent", at=at)


def file_of(content: bytes, at: datetime = T0, **changes: Any) -> FileSeen:
    """A plain file of mode 600."""
    fields = {"kind": "file", "sha384": sha384(content), "size": len(content), "mode": "0600", "uid": 0}
    return FileSeen(**{"path": PATH, "at": at, "owner": "root", "content": content} | fields | changes)


def override_of(rollback: Rollback, at: datetime = T0) -> FileSeen:
    """The file that the rollback asked for, as asked for."""
    assert rollback.override.request is not None
    return file_of(override_content(rollback.override.request), at)


def good(at: datetime = T0, **changes: Any) -> FileSeen:
    """An override that somebody made by hand: it stops trading."""
    text = format_override(
        component="multi_strategy", reason="by hand", requested_by="Jan", ticket="", written_at=at, expires_at=None
    )
    return file_of(text, at, **{"changed": at} | changes)


def scheduler(status: Any, at: datetime = T0, **changes: Any) -> SchedulerSeen:
    """What the scheduler says of itself."""
    return SchedulerSeen(**{"status": status, "at": at, "source": "http://127.0.0.1:9401/status"} | changes)


def silence(at: datetime = T0, **changes: Any) -> SilenceSeen:
    """An active silence with the right matchers for another hour."""
    fields = {"id": "s-1", "state": "active", "matchers": MATCHERS, "starts_at": at, "ends_at": at + timedelta(hours=1)}
    return SilenceSeen(**fields | {"created_by": "stage4", "comment": "INC-2042", "at": at} | changes)


def member(
    silence: SilenceSeen | None = None, firing: tuple[AlertSeen, ...] = (), at: datetime = T0, **changes: Any
) -> MemberSeen:
    """A member of the Alertmanager cluster that says all."""
    silences = () if silence is None else (silence,)
    return MemberSeen(**{"name": "http://am-1", "at": at, "silences": silences, "firing": firing} | changes)


def calm() -> PrometheusSeen:
    """Prometheus has no alert of the runbook's."""
    return PrometheusSeen(())


def alert(name: str = PNL, env: str = "prod", by: tuple[str, ...] = ("s-1",), **changes: Any) -> AlertSeen:
    """A firing critical alert that the silence suppresses."""
    labels = (("alertname", name), ("env", env), ("severity", "critical"))
    return AlertSeen(
        **{"name": name, "labels": labels, "state": "firing", "active_at": T0, "silenced_by": by} | changes
    )


def episode(active_at: datetime, name: str = PNL, env: str = "prod", severity: str = "critical", fired: bool = True):
    """One alert's activity in the window."""
    labels = (("alertname", name), ("env", env), ("severity", severity))
    return AlertEpisode(name, labels, active_at, active_at, active_at, fired)


def watch(start: datetime = T0, minutes: int = 15, **changes: Any) -> WatchSeen:
    """A gapless window without alerts."""
    end = start + timedelta(minutes=minutes)
    samples = minutes * 4 + 1
    return WatchSeen(
        **{
            "start": start,
            "end": end,
            "step_seconds": 15,
            "expected_samples": samples,
            "up_samples": samples,
            "evaluated_samples": samples,
            "gaps": (),
            "episodes": (),
            "rules": tuple(RuleSeen(name, "ok", "inactive", end) for name in EXPECTED_RULES),
            "missing_rules": (),
            "warnings": (),
        }
        | changes
    )
