"""What ``doctor`` says of the Alertmanager cluster: every member by itself, and the labels a silence would have."""

from __future__ import annotations

from collections.abc import Iterator

from ledger.adapters.alertmanager_member import Member
from ledger.app.doctor.check import Check
from ledger.app.doctor.machine import SKEW
from ledger.app.installation import Installation
from ledger.domain.facts import AlertSeen, MemberSeen
from ledger.domain.judge import is_stage4
from ledger.domain.judge_silences import differing
from ledger.errors import LedgerError, Unreachable

_RUNS = "check that it runs, and that alertmanager.url in stage4.toml has its base address"


def look_at_members(installation: Installation) -> Iterator[Check]:
    """Every member: whether it answers, what of its answer cannot be read, and its clock."""
    members = installation.alertmanager.members
    seen = installation.alertmanager.look()
    for member, told in zip(members, seen, strict=True):
        name = "alertmanager" if len(members) == 1 else f"alertmanager {member.name}"
        yield _answers(name, member, told)
        for one in told.unread:
            yield Check(
                name,
                "problem" if one.active else "warning",
                str(one),
                "look at it in Alertmanager's own page, and end it there if nobody needs it",
            )
        if abs(told.ahead) > SKEW:
            found = f"differs from ours by {abs(told.ahead):.0f} s"
            yield Check(f"{name} clock", "problem", found, "set the clocks (NTP)")


def _answers(name: str, member: Member, seen: MemberSeen) -> Check:
    if seen.error:
        return Check(name, "problem", seen.error, _RUNS)
    try:
        return Check(name, "ok", f"version {member.version()}")
    except Unreachable as error:
        return Check(name, "problem", str(error), _RUNS)


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
    there = _there(installation)
    if there and not any(is_stage4(one, installation.labels, installation.alerts.pattern) for one in there):
        yield Check(
            "silence labels",
            "problem",
            f"no Stage4 alert of {len(there)} that fire has them: {differing(there, installation.labels)}",
            "set [silence.labels] in stage4.toml to labels that your alerts have",
        )


def _there(installation: Installation) -> tuple[AlertSeen, ...]:
    """The runbook's alerts that fire at any member that answers; none where none is configured."""
    if not installation.config.alertmanager.url:
        return ()
    try:
        return installation.alertmanager.firing((installation.alert_matcher,))
    except LedgerError:
        return ()  # told by the members' own lines
