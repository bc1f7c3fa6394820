"""Verdicts about silences, by the word of every member of the Alertmanager cluster: steps 2 and 5.

A member that does not say all is never taken for one that mutes, or for one that does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from ledger.domain.facts import (
    AlertSeen,
    FileSeen,
    Matcher,
    MemberSeen,
    Muting,
    PrometheusSeen,
    SchedulerSeen,
    SilenceSeen,
)
from ledger.domain.judge import Judged, fail, is_stage4, unclear, worst
from ledger.domain.runbook import Verdict
from ledger.domain.state import Rollback
from ledger.domain.text import listed, shorten

_Findings = Iterator[tuple[Verdict, str]]
_LONGEST_LINE = 200


class SilenceJudged(NamedTuple):
    """Step 2's verdict with what it stands on."""

    judged: Judged
    firing: int
    """Alerts of this installation that fire at any member."""
    suppressed: int
    """Those that the silence suppresses at every member that lists them."""
    answered: int
    """Members that said all."""
    ends_at: datetime | None
    """When the silence ends first, by our clock; None where no member has it."""
    lines: tuple[str, ...]
    """What each member said."""


def judge_silence(
    rollback: Rollback,
    members: Sequence[MemberSeen],
    prometheus: PrometheusSeen | None,
    installation: Sequence[Matcher],
    at: datetime,
) -> SilenceJudged:
    """Step 2: at every member the silence is as asked and suppresses what fires of this installation.

    Where nothing fires at all there is nothing to suppress; where something of the runbook's fires elsewhere, that none
    is ours is not known.
    """
    name = rollback.silence.id
    muted = _muted(members, name, installation)
    findings = [one for seen in members for one in _member(seen, rollback, installation, at)]
    findings.append(unclear(not members, "no Alertmanager is configured: set alertmanager.url in stage4.toml"))
    if not muted:
        findings += _nothing_fires(members, prometheus, installation)
    ends = [own.ends_at - _ahead(seen) for seen in members if (own := seen.silence(name))]
    return SilenceJudged(
        worst(*findings),
        len(muted),
        sum(muted.values()),
        sum(not seen.doubts for seen in members),
        min(ends, default=None),
        tuple(shorten(_line(seen, name, installation), _LONGEST_LINE) for seen in members),
    )


def loud(seen: MemberSeen, name: str, installation: Sequence[Matcher]) -> tuple[AlertSeen, ...]:
    """This installation's alerts that a member lists as not suppressed by the silence ``name``."""
    return tuple(
        one for one in seen.firing or () if name not in one.silenced_by and is_stage4(one, installation, seen.pattern)
    )


def _member(seen: MemberSeen, rollback: Rollback, installation: Sequence[Matcher], at: datetime) -> _Findings:
    name, where = rollback.silence.id, f"Alertmanager at {seen.name}"
    for doubt in seen.doubts:
        yield unclear(True, f"what mutes there is not known: {doubt}")
    own = seen.silence(name)
    if own is not None:
        ended = own.ends_at <= at + _ahead(seen)
        missing = [str(matcher) for matcher in installation if matcher not in own.matchers]
        yield fail(own.state != "active", f"{where}: the silence is {own.state}")
        yield fail(ended and own.state == "active", f"{where}: the silence ended at {own.ends_at.isoformat()}")
        yield fail(
            set(own.matchers) != set(rollback.silence.matchers),
            f"{where}: matchers: asked for {_text(rollback.silence.matchers)}, found {_text(own.matchers)}",
        )
        yield fail(missing, f"{where}: the silence reaches beyond this installation: it lacks {', '.join(missing)}")
    elif seen.silences is not None and not any(name in one.what for one in seen.unread):
        yield fail(True, f"{where} has no silence {name}")
    heard = loud(seen, name, installation)
    yield fail(heard, f"{where}: not suppressed: {listed(one.name for one in heard)}")


def _ahead(seen: MemberSeen) -> timedelta:
    return timedelta(seconds=seen.ahead)


def _text(matchers: Sequence[Matcher]) -> str:
    return ", ".join(sorted(map(str, matchers)))


def _muted(
    members: Sequence[MemberSeen], name: str, installation: Sequence[Matcher]
) -> dict[tuple[tuple[str, str], ...], bool]:
    """This installation's alerts by their labels, and whether every member that lists one suppresses it."""
    found: dict[tuple[tuple[str, str], ...], bool] = {}
    for seen in members:
        for one in seen.firing or ():
            if is_stage4(one, installation, seen.pattern):
                found[one.labels] = found.get(one.labels, True) and name in one.silenced_by
    return found


def _line(seen: MemberSeen, name: str, installation: Sequence[Matcher]) -> str:
    if seen.silences is None and seen.firing is None:
        return f"{seen.name}: not known"
    own = seen.silence(name)
    state = f"{own.state} until {own.ends_at:%H:%M:%S} UTC" if own else "absent" if seen.silences is not None else "?"
    ours = sum(is_stage4(one, installation, seen.pattern) for one in seen.firing or ())
    quiet = ours - len(loud(seen, name, installation))
    return f"{seen.name}: {state}" + (f", {quiet} of {ours} suppressed" if seen.firing is not None else "")


def _nothing_fires(
    members: Sequence[MemberSeen], prometheus: PrometheusSeen | None, installation: Sequence[Matcher]
) -> _Findings:
    """None of ours fires: nothing to suppress only where nothing of the runbook's fires anywhere."""
    others = {one.labels: one for seen in members for one in seen.firing or () if is_stage4(one, (), seen.pattern)}
    if others:
        number, differ = len(others), differing(tuple(others.values()), installation)
        yield unclear(
            True,
            f"{number} Stage4 alerts fire and none of them is of this installation by silence.labels: {differ}",
        )
        return
    if prometheus is None or prometheus.counts is None:
        why = prometheus.error if prometheus else "it was not asked"
        yield unclear(True, f"no alert fires at Alertmanager, and whether one fires in Prometheus is not known: {why}")
        return
    firing = sum(one.number for one in prometheus.counts if one.state == "firing")
    yield unclear(
        firing,
        f"{firing} Stage4 alerts fire in Prometheus and none is at Alertmanager: "
        "check that Prometheus sends them there",
    )


def differing(alerts: Sequence[AlertSeen], installation: Sequence[Matcher]) -> str:
    """``env="lab" is there, and env="prod" is asked for``: where labels are not those of the configuration."""
    told = []
    for matcher in installation:
        values = sorted({dict(one.labels).get(matcher.name, "") for one in alerts} - {matcher.value})
        if values:
            there = listed((f'{matcher.name}="{value}"' for value in values), 3)
            told.append(f'{there} is there, and {matcher.name}="{matcher.value}" is asked for')
    return "; ".join(told)


def judge_restore(
    rollback: Rollback,
    file: FileSeen,
    scheduler: SchedulerSeen,
    members: Sequence[MemberSeen],
    muting: Sequence[Muting],
    held_by: Sequence[str] = (),
) -> Judged:
    """Step 5 as a whole: file gone, restart seen, still enabled without warnings, and no silence that mutes our alerts.

    A rollback that never stopped the scheduler (aborted early) owes neither a restart nor an all-clear.
    """
    quiet = (*_own_ended(rollback, members), *_others_ended(rollback, muting))
    if rollback.override.held_by and held_by:
        return worst(*quiet, *_held(rollback, file, held_by))
    stopped = rollback.override.written_at is not None
    return worst(
        *quiet,
        fail(file.kind != "absent", f"{file.path} is there again: {file.kind}"),
        fail(stopped and rollback.restarted_at is None, "the restart was not confirmed"),
        unclear(scheduler.status == "unknown", f"the scheduler's status is unknown: {scheduler.error}"),
        fail(scheduler.status == "disabled", "the scheduler is disabled"),
        fail(scheduler.warnings, f"the scheduler warns: {'; '.join(scheduler.warnings)}"),
        fail(stopped and not rollback.all_clear, "the all-clear was not announced"),
    )


def _own_ended(rollback: Rollback, members: Sequence[MemberSeen]) -> _Findings:
    """Own silence seen expired at every member, or its end recorded as owed because none of them answers."""
    name, owed = rollback.silence.id, rollback.silence.state == "end_owed"
    if owed and not any(seen.silences is not None for seen in members):
        return
    yield fail(rollback.silence.state == "active", f"the silence {name} has not ended")
    for seen in members:
        for doubt in seen.doubts:
            yield unclear(True, f"what mutes there is not known: {doubt}")
        own: SilenceSeen | None = seen.silence(name) if name and not owed else None
        if own is not None:
            yield fail(own.state != "expired", f"Alertmanager at {seen.name}: the silence {name} is {own.state}")


def holds_back(rollback: Rollback, muting: Sequence[Muting]) -> tuple[Muting, ...]:
    """The silences that step 5 waits for: others with the rollback's mark, and those of somebody else not accepted.

    The silence of another open rollback is its own affair, and its end is its own step 5.
    """
    borne = {one.id: one.ends_at for one in rollback.borne}
    return tuple(
        one
        for one in muting
        if one.silence.id != rollback.silence.id
        and (one.surplus or not one.owner)
        and not (not one.owner and one.silence.id in borne and one.silence.ends_at <= borne[one.silence.id])
    )


def _others_ended(rollback: Rollback, muting: Sequence[Muting]) -> _Findings:
    for one in holds_back(rollback, muting):
        name, until = one.silence.id, f"{one.silence.ends_at:%Y-%m-%d %H:%M} UTC"
        if one.owner:
            yield fail(True, f"the silence {name} of {one.owner} is active too, until {until}: take step 5 again")
            continue
        does = "mutes" if one.alerts else "can mute"
        yield fail(
            True,
            f"the silence {name} made by {shorten(one.silence.created_by, 80)} {does} Stage4 alerts until {until}: "
            f"end it, or accept it: stage4 rollback accept-silence {rollback.id} {name}",
        )


def _held(rollback: Rollback, file: FileSeen, held_by: Sequence[str]) -> _Findings:
    """While others hold the scheduler: the hold is released, the file stays theirs."""
    yield fail(not held_by, "nobody holds the scheduler any more: it must be seen enabled")
    yield fail(file.sha384 != rollback.override.sha384, f"{file.path} is not what was declared: {file.kind}")


def members_told(members: Sequence[MemberSeen], name: str) -> tuple[str, ...]:
    """What each member said of one silence, one line each."""
    told = []
    for seen in members:
        own = seen.silence(name)
        state = "not known" if seen.silences is None else own.state if own else "absent"
        told.append(shorten(f"{seen.name}: {state}", _LONGEST_LINE))
    return tuple(told)


def muted_told(rollback: Rollback, muting: Sequence[Muting]) -> tuple[str, ...]:
    """Silences that mute and that are not the rollback's own: id, who, until when, and why that is borne."""
    borne = {one.id: one.entry for one in rollback.borne}
    told = []
    for one in muting:
        name = one.silence.id
        if name == rollback.silence.id:
            continue
        why = f" of {one.owner}" if one.owner else f", accepted by entry {borne[name]}" if name in borne else ""
        until = f"{one.silence.ends_at:%Y-%m-%d %H:%M} UTC"
        told.append(shorten(f"{name} by {shorten(one.silence.created_by, 60)} until {until}{why}", _LONGEST_LINE))
    return tuple(told[:50])
