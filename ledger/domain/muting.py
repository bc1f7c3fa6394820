"""Which silences mute Stage4 alerts of this installation, or can: never decided on labels that nobody saw.

Where such an alert was shown by anybody its real labels count, and by Alertmanager's own word what silences it. Where
none was, labels that are not known are free: only alertname, severity and our own labels can rule a silence out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ledger.domain.facts import AlertSeen, Matcher, MemberSeen, SilenceSeen
from ledger.domain.judge import is_stage4
from ledger.domain.matching import matches
from ledger.domain.runbook import Alerts
from ledger.errors import Refused

_SEVERITIES = ("critical", "warning")
_MOST_SHOWN = 50
"""Label sets that silences are tried on: a storm's alerts differ in labels that silences rarely name."""
_RUNBOOK = Alerts()
_NOT_OURS = {"alertname": "SomebodyElsesAlert"}


class LabelSet(NamedTuple):
    """Labels that an alert of this installation has, or may have."""

    labels: Mapping[str, str]
    whole: bool
    """Whether it has no others; else those are free."""


class Mutes(NamedTuple):
    """A silence that is active somewhere and mutes alerts of ours, or can."""

    silence: SilenceSeen
    members: tuple[str, ...]
    alerts: tuple[AlertSeen, ...]
    """The firing alerts that it mutes; none where it only can."""


def label_sets(
    members: Sequence[MemberSeen],
    shown: Iterable[AlertSeen],
    installation: Sequence[Matcher],
    alerts: Alerts = _RUNBOOK,
) -> tuple[LabelSet, ...]:
    """The label sets that our alerts may have, by those that are there and those that were ``shown`` lately.

    ``shown`` comes from Prometheus, whose alerts lack the labels that it adds on sending: a missing one may be there.
    A rule that was never seen has labels like the others; where none was seen all but name, severity and our own are
    free.
    """
    own = {one.name: one.value for one in installation}
    there = _distinct(
        one for member in members for one in member.firing or () if is_stage4(one, installation, alerts.pattern)
    )
    late = _distinct(one for one in shown if is_stage4(one, (), alerts.pattern) and _may_be_ours(one, installation))
    seen = [LabelSet(one, True) for one in there] + [LabelSet({**one, **own}, False) for one in late]
    named = {one.labels.get("alertname", "") for one in seen}
    unseen = [rule for rule in alerts.rules if rule not in named]
    like = seen or [LabelSet(own, False)]
    return (*seen, *(LabelSet({**one.labels, **rule}, one.whole) for rule in _rules(unseen) for one in like))


def muting(
    members: Sequence[MemberSeen],
    installation: Sequence[Matcher],
    sets: Sequence[LabelSet],
    alerts: Alerts = _RUNBOOK,
) -> tuple[Mutes, ...]:
    """The silences, active at any member, that mute alerts of this installation or can; the longest-lasting first."""
    found: dict[str, Mutes] = {}
    for member in members:
        for one in member.silences or ():
            if one.state == "active":
                before = found.get(one.id, Mutes(one, (), ()))
                found[one.id] = before._replace(members=(*before.members, member.name))
    now = _muted_now(members, installation, alerts.pattern)
    mutes = [one._replace(alerts=tuple(now.get(name, ()))) for name, one in found.items()]
    mutes = [one for one in mutes if one.alerts or can_mute(one.silence.matchers, installation, sets, alerts)]
    return tuple(sorted(mutes, key=lambda one: (-one.silence.ends_at.timestamp(), one.silence.id)))


def can_mute(
    matchers: Sequence[Matcher],
    installation: Sequence[Matcher],
    sets: Sequence[LabelSet],
    alerts: Alerts = _RUNBOOK,
) -> bool:
    """Whether a silence with these matchers can mute one of these alerts; one that names an alert of ours can."""
    if not matchers:
        return False
    try:
        return any(_meets(matchers, one) for one in sets) or (
            _names_alerts(matchers) and any(_meets(matchers, one) for one in _free(matchers, installation, alerts))
        )
    except Refused:
        return True  # a regex that we read differently: better told than not


def _muted_now(
    members: Sequence[MemberSeen], installation: Sequence[Matcher], pattern: str
) -> dict[str, list[AlertSeen]]:
    """Silence -> our firing alerts that it suppresses, by any member's own word."""
    found: dict[str, dict[tuple[tuple[str, str], ...], AlertSeen]] = {}
    for member in members:
        for alert in member.firing or ():
            if alert.silenced_by and is_stage4(alert, installation, pattern):
                for name in alert.silenced_by:
                    found.setdefault(name, {})[alert.labels] = alert
    return {name: list(alerts.values()) for name, alerts in found.items()}


def _meets(matchers: Sequence[Matcher], one: LabelSet) -> bool:
    return all(matches(matcher, one.labels) for matcher in matchers if one.whole or matcher.name in one.labels)


def _names_alerts(matchers: Sequence[Matcher]) -> bool:
    """Whether it is about alerts by name, and not about everybody's."""
    return any(one.name == "alertname" and not matches(one, _NOT_OURS) for one in matchers)


def _free(matchers: Sequence[Matcher], installation: Sequence[Matcher], alerts: Alerts) -> Iterator[LabelSet]:
    """Our alerts with labels of which only name, severity and the installation's own are known."""
    own = {one.name: one.value for one in installation}
    literal = [one.value for one in matchers if one.name == "alertname" and not one.is_regex]
    named = [name for name in literal if re.fullmatch(alerts.pattern, name, re.ASCII)]
    for rule in _rules(dict.fromkeys((*alerts.rules, *named))):
        yield LabelSet({**own, **rule}, False)


def _rules(names: Iterable[str]) -> Iterator[dict[str, str]]:
    for name in names:
        for severity in _SEVERITIES:
            yield {"alertname": name, "severity": severity}


def _distinct(alerts: Iterable[AlertSeen]) -> tuple[Mapping[str, str], ...]:
    found: dict[tuple[tuple[str, str], ...], None] = {}
    for one in alerts:
        found[one.labels] = None
        if len(found) == _MOST_SHOWN:
            break
    return tuple(dict(labels) for labels in found)


def _may_be_ours(alert: AlertSeen, installation: Sequence[Matcher]) -> bool:
    """Prometheus adds labels such as ``env`` only on sending: one that is missing does not make it another's."""
    labels = dict(alert.labels)
    return all(labels.get(one.name, one.value) == one.value for one in installation)
