"""Which silences mute Stage4 alerts of this installation, or can: never decided on labels that nobody saw.

Where such an alert was shown by anybody its real labels count, and by Alertmanager's own word what silences it. Where
none was, labels that are not known are free: only alertname, severity and our own labels can rule a silence out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ledger.domain.facts import AlertSeen, Matcher, MemberSeen, SilenceSeen
from ledger.domain.judge import may_be_ours
from ledger.domain.matching import fullmatch, matches
from ledger.domain.runbook import Alerts
from ledger.domain.text import LONGEST, listed
from ledger.errors import Refused
from ledger.said import Said

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
    """A silence that mutes alerts of ours, or can: active somewhere, or pending, as it begins later."""

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
    Of a rule that was never seen all but name, severity and our own are free: another rule's labels say nothing of it.
    """
    own = {matcher.name: matcher.value for matcher in installation}
    there = _distinct(
        alert for member in members for alert in member.firing or () if may_be_ours(alert, installation, alerts.pattern)
    )
    late = _distinct(alert for alert in shown if may_be_ours(alert, installation, alerts.pattern))
    seen = [LabelSet(labels, True) for labels in there] + [LabelSet({**labels, **own}, False) for labels in late]
    named = {label_set.labels.get("alertname", "") for label_set in seen}
    unseen = [rule for rule in alerts.rules if rule not in named]
    return (*seen, *(LabelSet({**own, **rule}, False) for rule in _rules(unseen)))


def muting(
    members: Sequence[MemberSeen],
    installation: Sequence[Matcher],
    sets: Sequence[LabelSet],
    alerts: Alerts = _RUNBOOK,
) -> tuple[Mutes, ...]:
    """The silences, active at any member or to begin, that mute alerts of this installation or can.

    The longest-lasting is the first. One that is active at a member counts as active.
    """
    by_id: dict[str, Mutes] = {}
    for member in members:
        for silence in member.silences or ():
            if silence.state != "expired":
                before = by_id.get(silence.id, Mutes(silence, (), ()))
                best = before.silence if before.silence.state == "active" else silence
                by_id[silence.id] = Mutes(best, (*before.members, member.name), ())
    now = _muted_now(members, installation, alerts.pattern)
    mutes = [mute._replace(alerts=tuple(now.get(name, ()))) for name, mute in by_id.items()]
    mutes = [mute for mute in mutes if mute.alerts or can_mute(mute.silence.matchers, installation, sets, alerts)]
    return tuple(sorted(mutes, key=lambda mute: (-mute.silence.ends_at.timestamp(), mute.silence.id)))


class Hidden(NamedTuple):
    """A silence that a member says mutes alerts of ours, without having it in its list."""

    id: str
    members: tuple[str, ...]
    alerts: tuple[AlertSeen, ...]


def hidden(members: Sequence[MemberSeen], installation: Sequence[Matcher]) -> tuple[Hidden, ...]:
    """The silences that mute alerts of this installation by the word of a member that lists none that could.

    Another member's list is no evidence about this one's. A member that gave no list is in doubt as a whole.
    """
    return _gathered(
        (name, member, alert)
        for member in members
        if member.silences is not None
        for alert in member.firing or ()
        for name in sorted(
            set(alert.silenced_by) - {silence.id for silence in member.silences if silence.state != "pending"}
        )
        if may_be_ours(alert, installation, member.pattern)
    )


def _gathered(triples: Iterable[tuple[str, MemberSeen, AlertSeen]]) -> tuple[Hidden, ...]:
    """By what suppresses, each member and each alert once."""
    by: dict[str, tuple[dict[str, None], dict[tuple[tuple[str, str], ...], AlertSeen]]] = {}
    for name, member, alert in triples:
        where, alerts = by.setdefault(name, ({}, {}))
        where[member.name], alerts[alert.labels] = None, alert
    return tuple(Hidden(name, (*where,), (*alerts.values(),)) for name, (where, alerts) in sorted(by.items()))


def held_by(inhibited_by: Sequence[str], muted_by: Sequence[str], *, unsaid: bool = False) -> tuple[str, ...]:
    """What suppresses an alert beside silences, in words; ``unsaid`` where something does and no silence is named."""
    reasons: list[str] = []
    if inhibited_by:
        reasons.append(Said("inhibited by the alert {}", listed(inhibited_by, 3)))
    if muted_by:
        reasons.append(Said("muted by the time interval {}", listed(muted_by, 3)))
    if unsaid and not reasons:
        reasons.append("suppressed, and it is not said by what")
    return tuple(reasons)


def held_otherwise(members: Sequence[MemberSeen], installation: Sequence[Matcher]) -> tuple[Hidden, ...]:
    """What is no silence and suppresses alerts of this installation by a member's word; ``id`` has it in words."""
    return _gathered(
        (how, member, alert)
        for member in members
        for alert in member.firing or ()
        for how in alert.otherwise
        if may_be_ours(alert, installation, member.pattern)
    )


def can_mute(
    matchers: Sequence[Matcher],
    installation: Sequence[Matcher],
    sets: Sequence[LabelSet],
    alerts: Alerts = _RUNBOOK,
) -> bool:
    """Whether a silence with these matchers can mute one of these alerts; one that names an alert of ours can.

    A matcher that is not understood rules nothing out: better told than not.
    """
    if not matchers:
        return False
    return any(_meets(matchers, label_set) for label_set in sets) or (
        _names_alerts(matchers)
        and any(_meets(matchers, label_set) for label_set in _free(matchers, installation, alerts))
    )


def _muted_now(
    members: Sequence[MemberSeen], installation: Sequence[Matcher], pattern: str
) -> dict[str, list[AlertSeen]]:
    """Silence -> our firing alerts that it suppresses, by any member's own word."""
    by_silence: dict[str, dict[tuple[tuple[str, str], ...], AlertSeen]] = {}
    for member in members:
        for alert in member.firing or ():
            if alert.silenced_by and may_be_ours(alert, installation, pattern):
                for name in alert.silenced_by:
                    by_silence.setdefault(name, {})[alert.labels] = alert
    return {name: list(alerts.values()) for name, alerts in by_silence.items()}


def _meets(matchers: Sequence[Matcher], label_set: LabelSet) -> bool:
    return all(
        _accepts(matcher, label_set.labels) is not False for matcher in matchers if _is_known(matcher.name, label_set)
    )


def _is_known(name: str, label_set: LabelSet) -> bool:
    return label_set.whole or name in label_set.labels


def _names_alerts(matchers: Sequence[Matcher]) -> bool:
    """Whether it is about alerts by name, and not about everybody's."""
    return any(matcher.name == "alertname" and not _accepts(matcher, _NOT_OURS) for matcher in matchers)


def _accepts(matcher: Matcher, labels: Mapping[str, str]) -> bool | None:
    """Whether the matcher accepts the labels; None where that is not decided.

    That is so for a regex that we read differently, and for what is not here as it came.
    """
    if not all(map(as_it_came, (matcher.name, matcher.value, labels.get(matcher.name, "")))):
        return None
    try:
        return matches(matcher, labels)
    except Refused:
        return None


def as_it_came(text: str) -> bool:
    """Whether nothing was cut off nor named (``[U+0007]``) when it was read."""
    return "[U+" not in text and not (len(text) >= LONGEST and text.endswith("…"))


def _free(matchers: Sequence[Matcher], installation: Sequence[Matcher], alerts: Alerts) -> Iterator[LabelSet]:
    """Our alerts with labels of which only name, severity and the installation's own are known."""
    own = {matcher.name: matcher.value for matcher in installation}
    literal = [matcher.value for matcher in matchers if matcher.name == "alertname" and not matcher.is_regex]
    named = [name for name in literal if fullmatch(alerts.pattern, name)]
    for rule in _rules(dict.fromkeys((*alerts.rules, *named))):
        yield LabelSet({**own, **rule}, False)


def _rules(names: Iterable[str]) -> Iterator[dict[str, str]]:
    for name in names:
        for severity in _SEVERITIES:
            yield {"alertname": name, "severity": severity}


def _distinct(alerts: Iterable[AlertSeen]) -> tuple[Mapping[str, str], ...]:
    distinct: dict[tuple[tuple[str, str], ...], None] = {}
    for alert in alerts:
        distinct[alert.labels] = None
        if len(distinct) == _MOST_SHOWN:
            break
    return tuple(dict(labels) for labels in distinct)
