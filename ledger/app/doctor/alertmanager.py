"""What ``doctor`` says of the Alertmanager cluster: every member by itself, and the labels a silence would have."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ledger.adapters.alertmanager_member import Member
from ledger.app.doctor.check import Check, remedy_for
from ledger.app.doctor.machine import SKEW
from ledger.app.doctor.servers import SET_CLOCKS
from ledger.app.installation import Installation
from ledger.app.reading.queries import silence_drift
from ledger.domain.facts import AlertSeen, MemberSeen
from ledger.domain.judge import is_stage4
from ledger.domain.judge_firing import differing
from ledger.domain.judge_silences import loud
from ledger.domain.text import listed
from ledger.errors import LedgerError, Unreachable
from ledger.said import Said

_CLASSIC = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_VERSION = re.compile(r"v?([0-9]{1,4})\.([0-9]{1,4})\b")
_ANY_NAME = (0, 27)
"""The Alertmanager from which on a label's name may be any text."""


def look_at_members(installation: Installation) -> Iterator[Check]:
    """Every member: whether it answers, what of it cannot be read, whether it mutes what rollbacks muted, its clock."""
    members = installation.alertmanager.members
    seen = installation.alertmanager.look()
    for member, told in zip(members, seen, strict=True):
        name = "alertmanager" if len(members) == 1 else f"alertmanager {member.name}"
        yield _answers(name, member, told)
        for unread in told.unread:
            yield Check(
                name,
                "problem" if unread.active else "warning",
                str(unread),
                "look at it in Alertmanager's own page, and end it there if nobody needs it",
            )
        yield from _mutes(name, told, installation)
        if abs(told.ahead) > SKEW:
            skew = Said("its clock differs from ours by {} s", round(abs(told.ahead)))
            yield Check(f"{name} clock", "problem", skew, SET_CLOCKS)
        if told.adrift:
            unset = "its clock is not known: its Date header is no time, or more than a day off"
            yield Check(f"{name} clock", "problem", unset, "set the clocks (NTP), and look at what stands before it")


def _mutes(name: str, seen: MemberSeen, installation: Installation) -> Iterator[Check]:
    """What a member says of the silences of open rollbacks; nothing while the ledger cannot be read."""
    try:
        rollbacks = [rollback for rollback in installation.state.open.values() if rollback.silence.state == "active"]
    except LedgerError:
        return  # told by the ledger's own line
    for rollback in rollbacks:
        for sentence in silence_drift(rollback, (seen,)):
            remedy = Said("let it gossip (--cluster.peer), then: stage4 rollback check-silence {}", rollback.id)
            yield Check(name, "problem", sentence, remedy)
        heard = loud(seen, rollback.silence.id, installation.labels)
        if heard:
            names = listed(alert.name for alert in heard)
            sentence = Said("the silence of {} does not suppress there: {}", rollback.id, names)
            yield Check(name, "problem", sentence, Said("see why: stage4 rollback check-silence {}", rollback.id))


def _answers(name: str, member: Member, seen: MemberSeen) -> Check:
    if seen.error:
        return Check(name, "problem", seen.error, remedy_for(seen.error))
    try:
        return Check(name, "ok", Said("version {}, at {}", member.version(), member.name))
    except Unreachable as error:
        return Check(name, "problem", str(error), remedy_for(str(error)))


def look_at_labels(installation: Installation) -> Iterator[Check]:
    """Whether a silence with these labels would mute what is really there."""
    if not installation.labels:
        yield Check(
            "silence labels",
            "warning",
            "none: a silence would mute the Stage4 alerts of every environment",
            'set them in stage4.toml: [silence.labels] env = "production"',
        )
        return
    yield from _names(installation)
    there = _there(installation)
    if there and not any(is_stage4(alert, installation.labels, installation.alerts.pattern) for alert in there):
        yield Check(
            "silence labels",
            "problem",
            Said("no Stage4 alert of {} that fire has them: {}", len(there), differing(there, installation.labels)),
            "set [silence.labels] in stage4.toml to labels that your alerts have",
        )


def _names(installation: Installation) -> Iterator[Check]:
    """Members that are too old to take a label's name (https://prometheus.io/docs/alerting/latest/configuration)."""
    odd = [label.name for label in installation.labels if not _CLASSIC.fullmatch(label.name)]
    for member in installation.alertmanager.members if odd and installation.config.alertmanager.url else ():
        try:
            version = member.version()
        except LedgerError:
            continue  # told by the member's own line
        match = _VERSION.match(version)
        if match and (int(match[1]), int(match[2])) < _ANY_NAME:
            yield Check(
                "silence labels",
                "problem",
                Said(
                    "Alertmanager {} at {} takes no label of the name {}: before 0.27 a name has letters, digits "
                    "and _ alone",
                    version,
                    member.name,
                    ascii(", ".join(odd)[:80]),
                ),
                "name other labels in [silence.labels] of stage4.toml, or bring Alertmanager up",
            )


def _there(installation: Installation) -> tuple[AlertSeen, ...]:
    """The runbook's alerts that fire at any member that answers; none where none is configured."""
    if not installation.config.alertmanager.url:
        return ()
    try:
        return installation.alertmanager.firing((installation.alert_matcher,))
    except LedgerError:
        return ()  # told by the members' own lines
