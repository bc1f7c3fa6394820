"""A real Alertmanager that inhibits: what it suppresses by other than silences pages nobody, and is not called loud."""

from __future__ import annotations

import json

import pytest
import requests

from ledger.adapters.alertmanager import Alertmanager
from ledger.adapters.silence_wire import parse_alerts
from ledger.app.reading.muted import how_muted
from ledger.app.reading.muting import after_the_end
from ledger.domain.facts import Matcher
from ledger.domain.muting import held_otherwise

from .neighbours import now, quick, until
from .test_alertmanager_cluster import Pair, cluster, create, fire

ENV = (Matcher("env", "lab"),)
OURS = (Matcher("alertname", "MultiStrategy.+", is_regex=True),)
RULE = {"source_matchers": ["alertname = DCPowerDown"], "target_matchers": ["alertname =~ MultiStrategy.+"]}


@pytest.fixture
def inhibiting(apart: Pair) -> Pair:
    """The first of two has an inhibit rule, and the alert that inhibits fires there."""
    first, _ = apart
    page = json.loads((first.folder / "am.yml").read_text())
    (first.folder / "am.yml").write_text(json.dumps(page | {"inhibit_rules": [RULE]}))
    requests.post(f"{first.url}/-/reload", timeout=5).raise_for_status()
    power = [{"labels": {"alertname": "DCPowerDown"}}]
    requests.post(f"{first.url}/api/v2/alerts", json=power, timeout=5).raise_for_status()
    return apart


def test_what_is_inhibited_stays_muted_when_our_silence_ends(inhibiting: Pair) -> None:
    first, _ = inhibiting
    made, name = create(cluster(first)), fire(first)
    both = cluster(first)
    until(lambda: any(one.otherwise and one.silenced_by for one in both.firing(OURS)))
    loud = after_the_end(both.look(), ENV, (made.id,))
    assert loud.will_fire == ()
    [stays] = loud.stay_muted
    assert stays.startswith(name) and "inhibited by the alert " in stays


def test_what_is_inhibited_is_muted_and_nobody_knows_until_when(inhibiting: Pair) -> None:
    first, second = inhibiting
    fire(first, second)
    alone = cluster(first)
    until(lambda: any(one.otherwise for one in alone.firing(OURS)))
    members = alone.look()
    assert how_muted(members, (), ENV, now()).sentence == "Alerts are muted, and until when is not known."
    [one] = held_otherwise(members, ENV)
    assert one.members == (first.url,)
    assert held_otherwise(members, (Matcher("env", "prod"),)) == (), "of another installation"
    both = Alertmanager([quick(first.url), quick(second.url)], now)
    assert how_muted(both.look(), (), ENV, now()).verdict == "partly"
    assert both.firing(OURS)[0].otherwise == (), "the other member pages"


def said(**status: object) -> object:
    whole = {"state": "active", "silencedBy": [], "inhibitedBy": []} | status
    labels = {"alertname": "MultiStrategyPnlDrawdown"}
    return [{"labels": labels, "startsAt": "2026-11-23T07:00:00Z", "status": whole}]


@pytest.mark.parametrize(
    ("status", "otherwise"),
    [
        ({}, ()),
        ({"state": "unprocessed"}, ()),
        ({"state": "suppressed", "silencedBy": ["s-1"]}, ()),
        ({"state": "suppressed", "inhibitedBy": ["b", "a"]}, ("inhibited by the alert a, b",)),
        ({"state": "active", "mutedBy": ["weekends"]}, ("muted by the time interval weekends",)),
        ({"state": "suppressed", "mutedBy": None}, ("suppressed, and it is not said by what",)),
    ],
)
def test_what_suppresses_beside_silences_is_said(status: dict[str, object], otherwise: tuple[str, ...]) -> None:
    [one], unread = parse_alerts(said(**status))
    assert (one.otherwise, unread) == (otherwise, ())


@pytest.mark.parametrize("status", [{"state": "resting"}, {"state": None}, {"inhibitedBy": "a"}, {"mutedBy": [7]}])
def test_a_state_that_nobody_knows_is_not_understood(status: dict[str, object]) -> None:
    found, [one] = parse_alerts(said(**status))
    assert found == () and one.active
