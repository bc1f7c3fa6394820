"""Two real Alertmanagers that never gossip: whether alerts are muted is told by both of them."""

from __future__ import annotations

from ledger.adapters.alertmanager import Alertmanager
from ledger.app.reading.muted import Muted, how_muted
from ledger.domain.facts import Matcher, Muting
from ledger.domain.moments import clock_or_day
from ledger.domain.muting import label_sets, muting

from .neighbours import now
from .test_alertmanager_cluster import Pair, cluster, create, fire

LABELS = (Matcher("env", "lab"),)


def told(both: Alertmanager, owner: str) -> Muted:
    members = both.look()
    found = muting(members, LABELS, label_sets(members, (), LABELS))
    whose = [Muting(one.silence, one.members, tuple(a.name for a in one.alerts), owner) for one in found]
    return how_muted(members, whose, LABELS, now())


def test_what_one_member_mutes_alone_is_not_called_muted(apart: Pair) -> None:
    first, second = apart
    create(cluster(first))
    fire(first, second)
    found = told(cluster(first, second), "INC-1")
    assert found.verdict == "partly"
    assert f"1 of those that fire are not, at {second.url}" in found.sentence


def test_a_silence_of_somebody_else_that_mutes_at_both_is_muted_until_its_end(apart: Pair) -> None:
    first, second = apart
    fire(first, second)
    ends = [create(cluster(one)).ends_at for one in apart]
    found = told(cluster(first, second), "")
    assert found.sentence == f"Alerts muted until {clock_or_day(max(ends), now())} UTC (p-4f9c2)."


def test_a_member_that_is_gone_leaves_it_not_known(apart: Pair) -> None:
    first, second = apart
    create(cluster(first))
    second.stop()
    found = told(cluster(first, second), "INC-1")
    assert found.verdict == "not known"
    assert second.url in found.sentence
