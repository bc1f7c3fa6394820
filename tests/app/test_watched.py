"""The alerts of a stop as they stand now are sorted as its verdict will sort them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger.app.reading.outlook import Missing, Outlook
from ledger.app.reading.watched import Watched, watched
from ledger.domain.facts import AlertCount, AlertSeen, Matcher
from ledger.domain.judge import judge_watch
from ledger.domain.state import Override, Rollback
from tests.domain.builders import T0
from tests.domain.facts import absent, episode, scheduler, watch

STOPPED = T0 + timedelta(seconds=7, milliseconds=600)
NOW = T0 + timedelta(minutes=2)
HERE = (Matcher("env", "prod"),)
LATENCY, PNL = "MultiStrategySchedulerLatencyCritical", "MultiStrategyPnlDrawdown"


def rollback(expected: tuple[str, ...] = ()) -> Rollback:
    made = Rollback("INC-1", "INC-1", "incident", "r", "multi_strategy", "#c", T0, NOW, "p-1", T0, 1)
    return made._replace(override=Override(written_at=STOPPED), expected=expected)


def alert(name: str, after: float, severity: str = "critical", schedule: str = "a", **more: str) -> AlertSeen:
    """An alert active since that many seconds after ``T0``."""
    labels = {"alertname": name, "severity": severity, "schedule": schedule, **more}
    return AlertSeen(name, tuple(sorted(labels.items())), "firing", T0 + timedelta(seconds=after))


def seen(*alerts: AlertSeen, expected: tuple[str, ...] = ()) -> Watched:
    found = watched(rollback(expected), Outlook(alerts=alerts, counts=(), at={"prometheus": NOW}), NOW, HERE)
    assert found is not None
    return found


def test_new_ones_come_first_and_alike_ones_are_one_line() -> None:
    found = seen(
        alert(PNL, -60),
        alert(LATENCY, 30, schedule="b"),
        alert(LATENCY, 20),
        alert("MultiStrategySecondaryDelay", 50, "warning"),
        alert("MultiStrategyRiskExposureDeviation", 40),
        expected=("MultiStrategyRiskExposureDeviation",),
    )
    assert found.alerts is not None
    assert [(one.kind, one.name, one.number) for one in found.alerts] == [
        ("new", LATENCY, 2),
        ("expected", "MultiStrategyRiskExposureDeviation", 1),
        ("carried_over", PNL, 1),
        ("other", "MultiStrategySecondaryDelay", 1),
    ]
    assert (found.alerts[0].since, found.alerts[0].about) == (T0 + timedelta(seconds=20), ("a", "b"))
    assert (found.count("new"), found.fresh) == (2, True)


@pytest.mark.parametrize("after", [6, 7, 8])
@pytest.mark.parametrize("expected", [(), (PNL,)])
@pytest.mark.parametrize("severity", ["critical", "warning"])
def test_page_and_verdict_count_the_same_as_new(after: int, expected: tuple[str, ...], severity: str) -> None:
    _, new, carried = judge_watch(
        rollback(expected),
        watch(episodes=(episode(T0 + timedelta(seconds=after), PNL, severity=severity),)),
        scheduler("disabled"),
        absent(),
        HERE,
    )
    found = seen(alert(PNL, after, severity), expected=expected)
    assert (found.count("new"), found.count("carried_over")) == (len(new), len(carried))


def test_alerts_of_another_installation_and_of_others_are_left_out() -> None:
    assert seen(alert(PNL, 30, env="paper"), alert("DiskFull", 30)).alerts == ()
    assert seen(alert(PNL, 30, env="prod"), alert(PNL, 30)).count("new") == 2


def test_what_is_not_known_is_never_nothing() -> None:
    never = watched(rollback(), Outlook(), NOW)
    assert never is not None and never.alerts is None and never.seen_at is None and not never.fresh
    old = Outlook(alerts=(), counts=(), at={"prometheus": NOW}, missing={"prometheus": Missing(NOW, "refused")})
    stale = watched(rollback(), old, NOW)
    assert stale is not None and not stale.fresh
    storm = Outlook(alerts=None, counts=(AlertCount(PNL, "critical", "firing", 5_000),), at={"prometheus": NOW})
    many = watched(rollback(), storm, NOW)
    assert many is not None and many.alerts is None and many.too_many == 5_000


def test_before_the_stop_there_is_nothing_to_sort() -> None:
    assert watched(rollback()._replace(override=Override()), Outlook(), NOW) is None
