"""Step 2: what fires and is not surely ours, or not surely at Alertmanager. Each is a doubt, with its name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ledger.domain.facts import AlertSeen, Matcher, MemberSeen, PrometheusSeen
from ledger.domain.judge import is_stage4, may_be_ours, unclear
from ledger.domain.muting import as_it_came
from ledger.domain.runbook import Verdict
from ledger.domain.text import listed
from ledger.said import Said, joined

_Findings = Iterator[tuple[Verdict, str]]


def nothing_fires(
    members: Sequence[MemberSeen], prometheus: PrometheusSeen | None, installation: Sequence[Matcher]
) -> _Findings:
    """None of ours fires: nothing to suppress only where nothing of the runbook's fires anywhere."""
    others = {
        alert.labels: alert for seen in members for alert in seen.firing or () if is_stage4(alert, (), seen.pattern)
    }
    if others:
        number, differ = len(others), differing(tuple(others.values()), installation)
        yield unclear(
            True,
            "alerts_of_others",
            "{} Stage4 alerts fire and none of them is of this installation by silence.labels: {}",
            number,
            differ,
        )
        return
    if prometheus is None or prometheus.counts is None:
        why = prometheus.error if prometheus else "it was not asked"
        told = "no alert fires at Alertmanager, and whether one fires in Prometheus is not known: {}"
        yield unclear(True, "prometheus_unknown", told, why)
        return
    firing = sum(count.number for count in prometheus.counts if count.state == "firing")
    yield unclear(
        firing,
        "alerts_not_sent",
        "{} Stage4 alerts fire in Prometheus and none is at Alertmanager: check that Prometheus sends them there",
        firing,
    )


def unlabelled(members: Sequence[MemberSeen], name: str, installation: Sequence[Matcher]) -> _Findings:
    """Alerts that the silence ``name`` does not suppress and that lack a label of ours: another's, or ours."""
    for seen in members:
        alerts = [
            alert
            for alert in seen.firing or ()
            if name not in alert.silenced_by
            and may_be_ours(alert, installation, seen.pattern)
            and not is_stage4(alert, installation, seen.pattern)
        ]
        lacking = {
            matcher.name for matcher in installation for alert in alerts if not dict(alert.labels).get(matcher.name)
        }
        yield unclear(
            alerts,
            "alerts_unlabelled",
            "Alertmanager at {}: not suppressed, and perhaps of this installation, for the label {} is missing: {}",
            seen.name,
            listed(sorted(lacking)),
            listed(alert.name for alert in alerts),
        )


def unlisted_at(
    members: Sequence[MemberSeen], prometheus: PrometheusSeen | None, installation: Sequence[Matcher]
) -> _Findings:
    """What fires in Prometheus for a while and no member lists. Where there is no Prometheus nobody is asked."""
    if prometheus is None or not prometheus.configured:
        return
    if prometheus.counts is None or prometheus.lasting is None:
        yield unclear(
            True,
            "prometheus_unknown",
            "whether more fires in Prometheus than Alertmanager lists is not known: {}",
            prometheus.error,
        )
        return
    listing = _Listing(
        alert for seen in members for alert in seen.firing or () if may_be_ours(alert, installation, seen.pattern)
    )
    patterns = {seen.pattern for seen in members}
    alerts = [
        alert
        for alert in prometheus.lasting
        if any(may_be_ours(alert, installation, pattern) for pattern in patterns) and not listing.has(alert)
    ]
    yield unclear(
        alerts,
        "alerts_not_listed",
        "firing in Prometheus and listed by no member of Alertmanager, so who pages for it is not known: {}",
        listed(alert.name for alert in alerts),
    )


class _Listing:
    """Alertmanager's alerts that may be ours, in which one of Prometheus' is found by the labels that both have.

    On the way labels are added and dropped (external labels, alert_relabel_configs).
    """

    def __init__(self, alerts: Iterable[AlertSeen]) -> None:
        self._shapes: dict[frozenset[str], list[dict[str, str]]] = {}
        for alert in alerts:
            labels = {name: value for name, value in alert.labels if as_it_came(name) and as_it_came(value)}
            self._shapes.setdefault(frozenset(labels), []).append(labels)
        self._parts: dict[tuple[frozenset[str], frozenset[str]], set[frozenset[tuple[str, str]]]] = {}

    def has(self, alert: AlertSeen) -> bool:
        """Whether one of them may be this one."""
        labels = {"alertname": alert.name, **dict(alert.labels)}
        return any(
            self._part(names & set(labels), labels) in self._all(names, names & set(labels)) for names in self._shapes
        )

    def _all(self, names: frozenset[str], shared: frozenset[str]) -> set[frozenset[tuple[str, str]]]:
        key = names, shared
        if key not in self._parts:
            self._parts[key] = {self._part(shared, labels) for labels in self._shapes[names]}
        return self._parts[key]

    @staticmethod
    def _part(shared: frozenset[str], labels: Mapping[str, str]) -> frozenset[tuple[str, str]]:
        return frozenset((name, labels[name]) for name in shared)


def differing(alerts: Sequence[AlertSeen], installation: Sequence[Matcher]) -> str:
    """``env="lab" is there, and env="prod" is asked for``: where labels are not those of the configuration."""
    told = []
    for matcher in installation:
        values = sorted({dict(alert.labels).get(matcher.name, "") for alert in alerts} - {matcher.value})
        if values:
            there = listed((f'{matcher.name}="{value}"' for value in values), 3)
            told.append(Said('{} is there, and {}="{}" is asked for', there, matcher.name, matcher.value))
    return joined(told, "; ")
