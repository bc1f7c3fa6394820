"""Who mutes Stage4 alerts until when, at every member of the Alertmanager cluster, and whose silence each is."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import NamedTuple

from ledger.adapters.shapes import line
from ledger.app.installation import Installation
from ledger.app.steps.common import names
from ledger.domain.facts import AlertSeen, Matcher, MemberSeen, Muting, SilenceSeen, Unlisted
from ledger.domain.judge import may_be_ours
from ledger.domain.moments import clock_or_day
from ledger.domain.muting import held_otherwise, hidden, label_sets, muting
from ledger.domain.state import Rollback, State
from ledger.domain.text import shorten
from ledger.errors import LedgerError
from ledger.said import Said, joined

_RENEWED = 300.0
_MARK = re.compile(r"\[stage4:([^:\]\s]{1,80})(?::([^\]\s]{1,80}))?\]")
_WORKFLOW = ("", "workflow")
"""What stands where the ledger's own mark has the end of its origin, in silences of the workflow and of people."""


class Marked(NamedTuple):
    """Whose a silence is by the mark in its comment."""

    rollback: str
    made_here: bool
    """True for the ledger's own mark; else the workflow, or a person, made it for the rollback."""


class Shown:
    """The Stage4 alerts that Prometheus has shown within a week, asked again after five minutes."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._until = float("-inf")
        self._alerts: tuple[AlertSeen, ...] = ()

    def alerts(self) -> tuple[AlertSeen, ...]:
        """What was shown; nothing where Prometheus cannot be asked: then labels are not known, and free."""
        if time.monotonic() < self._until:
            return self._alerts
        at = self._installation.clock()
        try:
            shown = self._installation.prometheus.lately()
        except LedgerError:
            shown = ()
        alerts = []
        for series in shown:
            labels = tuple((name, value) for name, value in series.labels if name not in ("alertstate", "__name__"))
            alerts.append(AlertSeen(dict(labels).get("alertname", ""), labels, "firing", at))
        self._alerts, self._until = tuple(alerts), time.monotonic() + _RENEWED
        return self._alerts


def mark_suffix(installation: Installation) -> str:
    """The end of the ledger's origin, by which its own silences are told from those of another ledger."""
    return installation.ledger.origin.rsplit("/", 1)[-1]


def marker(installation: Installation, rollback: str) -> str:
    """The text in a silence's comment by which it is found again."""
    return f"[stage4:{rollback}:{mark_suffix(installation)}]"


def marked(installation: Installation, comment: str) -> Marked | None:
    """Whose a silence with this comment is; None where it has no mark, or that of another ledger."""
    match = _MARK.search(comment)
    if match is None:
        return None
    rollback, made_by = match[1], match[2] or ""
    if made_by != mark_suffix(installation) and made_by not in _WORKFLOW:
        return None
    return Marked(rollback, made_by not in _WORKFLOW)


def who_mutes(
    installation: Installation, members: Sequence[MemberSeen], shown: Sequence[AlertSeen]
) -> tuple[Muting, ...]:
    """The silences that mute alerts of this installation, or can, the longest-lasting first, each with whose it is."""
    sets = label_sets(members, shown, installation.labels, installation.alerts)
    mutes = []
    for mute in muting(members, installation.labels, sets, installation.alerts):
        owner, surplus = _owner(installation, mute.silence)
        mutes.append(Muting(mute.silence, mute.members, names(mute.alerts), owner, surplus))
    return tuple(mutes)


def unlisted(installation: Installation, members: Sequence[MemberSeen]) -> tuple[Unlisted, ...]:
    """What mutes alerts of this installation and is no silence that the member that says so lists."""
    silences, others = hidden(members, installation.labels), held_otherwise(members, installation.labels)
    return (
        *(Unlisted(shorten(silence.id), silence.members, names(silence.alerts)) for silence in silences),
        *(Unlisted("", mute.members, names(mute.alerts), mute.id) for mute in others),
    )


def _owner(installation: Installation, silence: SilenceSeen) -> tuple[str, bool]:
    """The rollback whose silence it is, and whether it is one that has to end."""
    state = installation.state
    for rollback in (*state.open.values(), *state.closed.candidates("unended")):
        own = rollback.silence
        if own.id == silence.id and own.state in ("active", "end_owed"):
            return rollback.id, own.state == "end_owed"
    by_mark = marked(installation, silence.comment)
    rollback_ = state.rollback(by_mark.rollback) if by_mark else None
    if by_mark is None or rollback_ is None:
        return "", False
    if by_mark.made_here or rollback_.restoring:
        return rollback_.id, True
    return "", False


def surplus(installation: Installation, members: Sequence[MemberSeen], state: State) -> dict[str, list[SilenceSeen]]:
    """Rollback -> silences that have not expired, carry its mark and are not its one silence.

    Those of the workflow count only once the rollback's step 5 is due: before it they may be adopted.
    """
    by_rollback: dict[str, dict[str, SilenceSeen]] = {}
    for member in members:
        for silence in member.silences or ():
            by_mark = marked(installation, silence.comment) if silence.state != "expired" else None
            rollback = state.rollback(by_mark.rollback) if by_mark else None
            if by_mark is None or rollback is None or _is_its_own(rollback, silence):
                continue
            if by_mark.made_here or rollback.restoring:
                by_rollback.setdefault(rollback.id, {})[silence.id] = silence
    return {name: list(silences.values()) for name, silences in by_rollback.items()}


def _is_its_own(rollback: Rollback, silence: SilenceSeen) -> bool:
    """Its one silence; one that was called lost and is there again is offered for adoption until step 5 is due."""
    state = rollback.silence.state
    again = state == "lost" and not rollback.restoring
    return silence.id == rollback.silence.id and (again or state in ("active", "end_owed"))


def at_members(members: Sequence[MemberSeen], silence_id: str) -> tuple[str, ...]:
    """The members at which a silence has not expired."""
    return tuple(
        member.name
        for member in members
        if (seen := member.silence(silence_id)) is not None and seen.state != "expired"
    )


class Loud(NamedTuple):
    """What fires once silences have ended."""

    will_fire: tuple[str, ...]
    stay_muted: tuple[str, ...]
    """Titles, each with by whom and until when."""


def after_the_end(members: Sequence[MemberSeen], labels: Sequence[Matcher], ending: Sequence[str]) -> Loud:
    """Which alerts notify again once the silences ``ending`` have ended, and which others go on to mute."""
    silences = {silence.id: silence for member in members for silence in member.silences or ()}
    fires: dict[tuple[tuple[str, str], ...], AlertSeen] = {}
    muted: dict[tuple[tuple[str, str], ...], tuple[AlertSeen, set[str], dict[str, None]]] = {}
    for member in members:
        for alert in member.firing or ():
            if may_be_ours(alert, labels, member.pattern) and not set(ending).isdisjoint(alert.silenced_by):
                rest = set(alert.silenced_by) - set(ending)
                if rest or alert.otherwise:
                    _, by, how = muted.setdefault(alert.labels, (alert, set(), {}))
                    by.update(rest)
                    how.update(dict.fromkeys(alert.otherwise))
                else:
                    fires[alert.labels] = alert
    stay = [f"{title}: {why}" for labels, (alert, by, how) in muted.items() if labels not in fires
            for title in names([alert]) for why in (*([_by(by, silences)] if by else []), *how)]  # fmt: skip
    return Loud(names(list(fires.values())), tuple(stay[:50]))


def _by(by: set[str], silences: dict[str, SilenceSeen]) -> str:
    known = sorted(
        (silences[name] for name in by if name in silences), key=lambda silence: silence.ends_at, reverse=True
    )
    told = [
        Said(
            "{} until {} UTC ({})",
            line(silence.created_by, 60),
            clock_or_day(silence.ends_at, silence.at),
            silence.id[:8],
        )
        for silence in known[:3]
    ]
    return Said("muted by {}", joined(told) or ", ".join(sorted(name[:8] for name in by)[:3]))
