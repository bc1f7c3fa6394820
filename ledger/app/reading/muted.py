"""Whether Stage4 alerts are muted and until when, by what every member of the Alertmanager cluster said just now.

What the ledger asked for is not looked at: a silence that no member has mutes nothing, and one that somebody else made
mutes as well. A member that did not say all is never taken for one that mutes, or for one that does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from ledger.domain.facts import AlertSeen, Matcher, MemberSeen, Muting
from ledger.domain.judge import may_be_ours
from ledger.domain.moments import clock_or_day
from ledger.domain.text import clean
from ledger.said import Said, joined

OLD = 10.0
"""Seconds after which what a member said is no longer the present."""
_NOT_ASKED = "Alertmanager was not asked yet"
_NAMED = 3
"""People and rollbacks that a sentence names."""

Verdict = Literal["muted", "partly", "not", "not known"]


class Muted(NamedTuple):
    """How alerts are muted, in one sentence and in its parts."""

    verdict: Verdict
    """``partly``: not every alert, or not at every member. ``not known``: not every member says all."""
    sentence: str
    until: datetime | None = None
    """The latest end of what mutes Stage4 alerts or can; None where nothing does, or its end is not known."""
    not_known: tuple[str, ...] = ()
    """Why it is not known, a sentence for each reason."""


class _Told(NamedTuple):
    """What one member says of our alerts."""

    name: str
    verdict: Verdict
    loud: tuple[AlertSeen, ...]
    firing: int
    ends_at: datetime | None
    """Until when all is muted there."""


def how_muted(
    members: Sequence[MemberSeen],
    muting: Sequence[Muting],
    installation: Sequence[Matcher],
    now: datetime,
    missing: str = "",
) -> Muted:
    """By the members' own word; ``muting`` is the longest-lasting first, ``missing`` why nobody was asked."""
    muting = [mute for mute in muting if mute.begins is None]
    silent = [seen for seen in members if seen.doubts or (now - seen.at).total_seconds() > OLD]
    heard = [_told(seen, muting, installation) for seen in members if seen not in silent]
    if not heard:
        whys = tuple(why for seen in silent for why in seen.doubts) or (missing or _NOT_ASKED,)
        return Muted("not known", Said("Whether alerts are muted is not known: {}.", joined(whys, "; ")), None, whys)
    until = max((mute.silence.ends_at for mute in muting), default=None)
    verdict, sentence = _together(heard, muting, until, now)
    if not silent:
        return Muted(verdict, sentence, until)
    where = ", ".join(seen.name for seen in silent)
    whys = tuple(why for seen in silent for why in seen.doubts or (Said("{} was not asked for a while", seen.name),))
    return Muted(
        "not known", Said("Whether alerts are muted is not known of {}. Elsewhere: {}", where, sentence), until, whys
    )


def _told(seen: MemberSeen, muting: Sequence[Muting], installation: Sequence[Matcher]) -> _Told:
    firing = [alert for alert in seen.firing or () if may_be_ours(alert, installation, seen.pattern)]
    loud = tuple(alert for alert in firing if not alert.silenced_by and not alert.otherwise)
    own = [mute.silence.ends_at for mute in muting if mute.owner and seen.name in mute.members]
    ends = {silence.id: silence.ends_at for silence in seen.silences or ()}
    if loud:
        some = bool(own) or len(loud) < len(firing)
        return _Told(seen.name, "partly" if some else "not", loud, len(firing), None)
    if not firing:
        return _Told(seen.name, "muted" if own else "not", (), 0, max(own, default=None))
    each = [max((ends[name] for name in alert.silenced_by if name in ends), default=None) for alert in firing]
    known = [end for end, alert in zip(each, firing, strict=True) if end is not None and not alert.otherwise]
    return _Told(seen.name, "muted", (), len(firing), min(known) if len(known) == len(each) else None)


def _together(
    heard: Sequence[_Told], muting: Sequence[Muting], until: datetime | None, now: datetime
) -> tuple[Verdict, str]:
    """What the members that said all say together."""
    latest = _latest(until, muting, now)
    verdicts = {member.verdict for member in heard}
    if verdicts == {"not"}:
        if not latest:
            return "not", "Alerts are not muted."
        return "not", Said("Alerts are not muted; a silence can mute some until {}.", latest)
    if verdicts == {"muted"}:
        ends = [member.ends_at for member in heard if member.ends_at]
        if not until or len(ends) < len(heard):
            return "muted", "Alerts are muted, and until when is not known."
        first = _clock(min(ends), now)
        if first != _clock(until, now):
            return "muted", Said("Alerts muted until {}, some until {}.", first, latest)
        return "muted", Said("Alerts muted until {}.", latest)
    loud = {alert.labels for told in heard for alert in told.loud}
    if loud:
        where = ", ".join(member.name for member in heard if member.loud)
        told = "Not all alerts are muted: {} of those that fire are not, at {}"
        if latest:
            return "partly", Said(told + "; others are until {}.", len(loud), where, latest)
        return "partly", Said(told + ".", len(loud), where)
    quiet = ", ".join(member.name for member in heard if member.verdict == "not")
    if latest:
        return "partly", Said("Not all alerts are muted: nothing mutes them at {}; others are until {}.", quiet, latest)
    return "partly", Said("Not all alerts are muted: nothing mutes them at {}.", quiet)


def _clock(moment: datetime, now: datetime) -> str:
    return f"{clock_or_day(moment, now)} UTC"


def _latest(until: datetime | None, muting: Sequence[Muting], now: datetime) -> str:
    """``16:36 UTC (mallory)``; empty where nothing mutes."""
    return _clock(until, now) + _by(muting) if until else ""


def _by(muting: Sequence[Muting]) -> str:
    """Who mutes, the longest-lasting first, where it is not the open rollbacks alone."""
    if all(mute.owner and not mute.surplus for mute in muting):
        return ""
    names = list(dict.fromkeys(_names(muting)))
    more = [f"{len(names) - _NAMED} more"] if len(names) > _NAMED else []
    return f" ({', '.join([*names[:_NAMED], *more])})"


def _names(muting: Sequence[Muting]) -> Iterator[str]:
    for mute in muting:
        yield mute.owner or clean(mute.silence.created_by, 60) or "somebody"
