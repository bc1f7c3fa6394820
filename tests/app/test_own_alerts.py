"""An installation whose alerts, rules and dashboard are its own: asked for, silenced and drawn by its settings."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ledger.app.doctor import examine as doctor
from ledger.app.installation import Installation
from ledger.app.steps.pictures import panel_data
from ledger.domain.facts import AlertSeen, Matcher
from ledger.domain.muting import can_mute, label_sets
from ledger.domain.runbook import ALERT_PATTERN, EXPECTED_RULES, Alerts
from ledger.errors import Unreachable
from tests.adapters.neighbours import odd, says

from .settings import changed

OWN = {"pattern": "Momentum.+", "rules": ("MomentumLatency", "MomentumDrawdown")}
NAMED = (Matcher("alertname", "Momentum.+", is_regex=True),)


@pytest.fixture
def own(installation: Installation) -> Installation:
    """An installation with names of its own."""
    installation.config = changed(installation.config, alerts=OWN, silence={"labels": {"env": "prod"}})
    return installation


def test_what_is_not_set_is_the_runbooks(installation: Installation) -> None:
    assert installation.alerts == Alerts(ALERT_PATTERN, EXPECTED_RULES)
    assert str(installation.alert_matcher) == 'alertname=~"MultiStrategy.+"'
    assert installation.dashboard is None


def test_a_silence_has_the_names_of_the_settings(own: Installation) -> None:
    assert list(map(str, own.matchers)) == ['alertname=~"Momentum.+"', 'env="prod"']


def test_both_servers_are_asked_by_the_names_of_the_settings(own: Installation) -> None:
    with odd(says([])) as alertmanager:
        own.config = changed(own.config, alertmanager={"url": alertmanager.url})
        [seen] = own.alertmanager.look()
    asked = " ".join(path for _, path, _, _ in alertmanager.seen)
    assert "Momentum" in asked and "MultiStrategy" not in asked
    assert (seen.pattern, seen.firing) == ("Momentum.+", ())
    answer = says({"status": "success", "data": {"resultType": "vector", "result": []}})
    with odd(answer) as prometheus:
        own.config = changed(own.config, prometheus={"url": prometheus.url})
        assert own.prometheus.counts() == ()
    asked = " ".join(path + body.decode() for _, path, _, body in prometheus.seen)
    assert "Momentum" in asked and "MultiStrategy" not in asked


@pytest.mark.parametrize(
    ("name", "mutes"), [("MomentumLatency", True), ("MomentumNew", True), (EXPECTED_RULES[0], False)]
)
def test_a_silence_of_somebody_elses_is_tried_on_the_names_of_the_settings(name: str, mutes: bool) -> None:
    alerts = Alerts(*OWN.values())
    sets = label_sets((), (), (), alerts)
    assert {one.labels["alertname"] for one in sets} == set(OWN["rules"])
    assert can_mute((Matcher("alertname", name),), (), sets, alerts) is mutes


def test_a_rule_that_nobody_has_seen_is_not_given_the_labels_of_another() -> None:
    alerts, elsewhere = Alerts(*OWN.values()), (Matcher("instance", "elsewhere:9100"),)
    one, other = (
        AlertSeen(name, (("alertname", name), ("instance", "here:9100")), "firing", datetime.now(UTC))
        for name in alerts.rules
    )
    assert can_mute(elsewhere, (), label_sets((), [one], (), alerts), alerts)
    assert not can_mute(elsewhere, (), label_sets((), [one, other], (), alerts), alerts)


def test_alerts_that_were_shown_count_by_the_names_of_the_settings() -> None:
    shown = [
        AlertSeen(name, (("alertname", name),), "firing", datetime.now(UTC))
        for name in ("MomentumX", EXPECTED_RULES[0])
    ]
    sets = label_sets((), shown, (), Alerts(*OWN.values()))
    assert {one.labels["alertname"] for one in sets} == {"MomentumX", *OWN["rules"]}


def test_doctor_names_the_rules_that_are_not_loaded_and_where_they_are_set(own: Installation) -> None:
    with odd(says({"status": "success", "data": {"groups": []}})) as prometheus:
        own.config = changed(own.config, prometheus={"url": prometheus.url})
        (found, *_) = doctor._prometheus(own)
    assert found.found == "rules not loaded: MomentumLatency, MomentumDrawdown"
    assert "[alerts] rules" in found.remedy


def test_the_panels_are_those_of_the_dashboard_that_is_set(own: Installation) -> None:
    """A relative path is below the home."""
    panel = {"title": "Momentum PnL", "targets": [{"expr": "momentum_pnl"}]}
    (own.home.root / "own.json").write_text(json.dumps({"panels": [panel]}))
    with odd(says({"status": "success", "data": {"resultType": "matrix", "result": []}})) as prometheus:
        own.config = changed(own.config, prometheus={"url": prometheus.url}, dashboard={"file": "own.json"})
        now = own.clock()
        [drawn] = panel_data(own, now - timedelta(minutes=1), now)
    assert drawn.panel.title == "Momentum PnL"
    assert any(b"momentum_pnl" in body or "momentum_pnl" in path for _, path, _, body in prometheus.seen)


def test_a_dashboard_that_is_not_there_is_told_before_anybody_needs_it(own: Installation, tmp_path: Path) -> None:
    own.config = changed(own.config, dashboard={"file": str(tmp_path / "gone.json")}, prometheus={"url": "http://p"})
    found = [check for check in doctor._pictures(own) if check.state == "problem"]
    assert "gone.json" in found[0].found and "[dashboard] file" in found[0].remedy
    with pytest.raises(Unreachable):
        panel_data(own, own.clock(), own.clock())
