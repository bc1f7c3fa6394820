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
    Unlisted,
)
from ledger.domain.judge import Judged, fail, is_stage4, unclear, worst
from ledger.domain.judge_firing import nothing_fires, unlabelled, unlisted_at
from ledger.domain.runbook import Verdict
from ledger.domain.state import Rollback
from ledger.domain.text import listed, shorten
from ledger.said import Said

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
    is ours is not known. Nor is it of what lacks a label of ours, nor who pages for what Prometheus alone has.
    """
    name = rollback.silence.id
    muted = _muted(members, name, installation)
    findings = [finding for seen in members for finding in _member(seen, rollback, installation, at)]
    findings.append(
        unclear(
            not members,
            "alertmanager_not_configured",
            "no Alertmanager is configured: set alertmanager.url in stage4.toml",
        )
    )
    if muted:
        findings += (*unlabelled(members, name, installation), *unlisted_at(members, prometheus, installation))
    else:
        findings += nothing_fires(members, prometheus, installation)
    ends = [_by_ours(own.ends_at, seen) for seen in members if (own := seen.silence(name))]
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
        alert
        for alert in seen.firing or ()
        if name not in alert.silenced_by and is_stage4(alert, installation, seen.pattern)
    )


def _member(seen: MemberSeen, rollback: Rollback, installation: Sequence[Matcher], at: datetime) -> _Findings:
    name, where = rollback.silence.id, Said("Alertmanager at {}", seen.name)
    for doubt in seen.doubts:
        yield unclear(True, "muting_unknown", "what mutes there is not known: {}", doubt)
    own = seen.silence(name)
    if own is not None:
        ended = own.ends_at <= at + _ahead(seen)
        missing = [str(matcher) for matcher in installation if matcher not in own.matchers]
        yield fail(own.state != "active", "silence_not_active", "{}: the silence is {}", where, own.state)
        yield fail(
            ended and own.state == "active",
            "silence_ended",
            "{}: the silence ended at {}",
            where,
            own.ends_at.isoformat(),
        )
        yield fail(
            set(own.matchers) != set(rollback.silence.matchers),
            "silence_matchers",
            "{}: matchers: asked for {}, found {}",
            where,
            _text(rollback.silence.matchers),
            _text(own.matchers),
        )
        yield fail(
            missing,
            "silence_too_wide",
            "{}: the silence reaches beyond this installation: it lacks {}",
            where,
            ", ".join(missing),
        )
    elif seen.silences is not None and not any(unread.may_be(name) for unread in seen.unread):
        yield fail(True, "silence_absent", "{} has no silence {}", where, name)
    heard = loud(seen, name, installation)
    yield fail(heard, "alerts_not_suppressed", "{}: not suppressed: {}", where, listed(alert.name for alert in heard))


def _ahead(seen: MemberSeen) -> timedelta:
    return timedelta(seconds=seen.ahead)


def _by_ours(moment: datetime, seen: MemberSeen) -> datetime:
    """A time by the member's clock, by ours; one at the end of all times (9999) stays there."""
    try:
        return moment - _ahead(seen)
    except OverflowError:
        return moment


def _text(matchers: Sequence[Matcher]) -> str:
    return ", ".join(sorted(map(str, matchers)))


def _muted(
    members: Sequence[MemberSeen], name: str, installation: Sequence[Matcher]
) -> dict[tuple[tuple[str, str], ...], bool]:
    """This installation's alerts by their labels, and whether every member that lists one suppresses it."""
    muted: dict[tuple[tuple[str, str], ...], bool] = {}
    for seen in members:
        for alert in seen.firing or ():
            if is_stage4(alert, installation, seen.pattern):
                muted[alert.labels] = muted.get(alert.labels, True) and name in alert.silenced_by
    return muted


def _line(seen: MemberSeen, name: str, installation: Sequence[Matcher]) -> str:
    if seen.silences is None and seen.firing is None:
        return Said("{}: not known", seen.name)
    own = seen.silence(name)
    state = f"{own.state} until {own.ends_at:%H:%M:%S} UTC" if own else "absent" if seen.silences is not None else "?"
    ours = sum(is_stage4(alert, installation, seen.pattern) for alert in seen.firing or ())
    quiet = ours - len(loud(seen, name, installation))
    return f"{seen.name}: {state}" + (f", {quiet} of {ours} suppressed" if seen.firing is not None else "")


def judge_restore(
    rollback: Rollback,
    file: FileSeen,
    scheduler: SchedulerSeen,
    members: Sequence[MemberSeen],
    muting: Sequence[Muting],
    held_by: Sequence[str] = (),
    unlisted: Sequence[Unlisted] = (),
) -> Judged:
    """Step 5 as a whole: file gone, restart seen, still enabled without warnings, and no silence that mutes our alerts.

    A rollback that never stopped the scheduler (aborted early) owes neither a restart nor an all-clear. An all-clear
    that is withheld because it is not known what mutes is no failure of its own: two may accept that.
    """
    unknown = not_known(rollback, members, unlisted)
    quiet = (
        *_own_ended(rollback, members),
        *_others_ended(rollback, muting),
        *(("inconclusive", sentence) for sentence in unknown),
    )
    if rollback.override.held_by and held_by:
        return worst(*quiet, *_held(rollback, file, held_by))
    stopped = rollback.override.written_at is not None
    return worst(
        *quiet,
        fail(file.kind != "absent", "override_there_again", "{} is there again: {}", file.path, file.kind),
        fail(stopped and rollback.restarted_at is None, "restart_not_confirmed", "the restart was not confirmed"),
        unclear(
            scheduler.status == "unknown", "scheduler_unknown", "the scheduler's status is unknown: {}", scheduler.error
        ),
        fail(scheduler.status == "disabled", "scheduler_disabled", "the scheduler is disabled"),
        fail(scheduler.warnings, "scheduler_warns", "the scheduler warns: {}", "; ".join(scheduler.warnings)),
        (unclear if unknown and not holds_back(rollback, muting) else fail)(
            stopped and not rollback.all_clear, "all_clear_not_announced", "the all-clear was not announced"
        ),
    )


def _own_ended(rollback: Rollback, members: Sequence[MemberSeen]) -> _Findings:
    """Own silence seen expired at every member, or its end recorded as owed because none of them answers."""
    name, owed = rollback.silence.id, rollback.silence.state == "end_owed"
    yield fail(rollback.silence.state == "active", "silence_not_ended", "the silence {} has not ended", name)
    for seen in members:
        own: SilenceSeen | None = seen.silence(name) if name and not owed else None
        if own is not None:
            yield fail(
                own.state != "expired",
                "silence_not_ended",
                "Alertmanager at {}: the silence {} is {}",
                seen.name,
                name,
                own.state,
            )


def not_known(rollback: Rollback, members: Sequence[MemberSeen], unlisted: Sequence[Unlisted]) -> tuple[str, ...]:
    """What mutes that nobody can end, or why it is not known: step 5 does not pass on it, and no all-clear is given.

    Nothing where the end of the own silence is owed because no member answers.
    """
    if rollback.silence.state == "end_owed" and not any(seen.silences is not None for seen in members):
        return ()
    told = "what mutes there is not known: {}"
    doubts = (Said(told, doubt, code="muting_unknown") for seen in members for doubt in seen.doubts)
    return (*doubts, *map(_hidden, unlisted))


def _hidden(suppressor: Unlisted) -> str:
    if suppressor.how:
        return Said(
            "nobody is paged for {}: {}, by the word of Alertmanager at {}",
            listed(suppressor.alerts),
            suppressor.how,
            listed(suppressor.members),
            code="not_paged",
        )
    return Said(
        "Alertmanager at {} mutes {} by the silence {} and does not list it: who made it and "
        "until when is not known; look at it in Alertmanager's own page",
        listed(suppressor.members),
        listed(suppressor.alerts),
        suppressor.id,
        code="silence_not_listed",
    )


def holds_back(rollback: Rollback, muting: Sequence[Muting]) -> tuple[Muting, ...]:
    """The silences that step 5 waits for: others with the rollback's mark, and those of somebody else not accepted.

    The silence of another open rollback is its own affair, and its end is its own step 5.
    """
    borne = {silence.id: silence.ends_at for silence in rollback.borne}
    return tuple(
        mute
        for mute in muting
        if mute.silence.id != rollback.silence.id
        and (mute.surplus or not mute.owner)
        and not (not mute.owner and mute.silence.id in borne and mute.silence.ends_at <= borne[mute.silence.id])
    )


def _others_ended(rollback: Rollback, muting: Sequence[Muting]) -> _Findings:
    for mute in holds_back(rollback, muting):
        name, until = mute.silence.id, f"{mute.silence.ends_at:%Y-%m-%d %H:%M} UTC"
        if mute.owner and mute.begins:
            yield fail(
                True,
                "silence_second",
                "the silence {} of {} begins at {} UTC: take step 5 again",
                name,
                mute.owner,
                f"{mute.begins:%Y-%m-%d %H:%M}",
            )
            continue
        if mute.owner:
            yield fail(
                True,
                "silence_second",
                "the silence {} of {} is active too, until {}: take step 5 again",
                name,
                mute.owner,
                until,
            )
            continue
        does = "mutes" if mute.alerts else "can mute"
        typed = " ".join((name, "--reason", "…"))
        if mute.begins:
            yield fail(
                True,
                "silence_foreign",
                "the silence {} made by {} can mute Stage4 alerts from {} UTC until {}: end it, or "
                "accept it: stage4 rollback accept-silence {} {}",
                name,
                shorten(mute.silence.created_by, 80),
                f"{mute.begins:%Y-%m-%d %H:%M}",
                until,
                rollback.id,
                typed,
            )
            continue
        yield fail(
            True,
            "silence_foreign",
            f"the silence {{}} made by {{}} {does} Stage4 alerts until {{}}: end it, or "
            "accept it: stage4 rollback accept-silence {} {}",
            name,
            shorten(mute.silence.created_by, 80),
            until,
            rollback.id,
            typed,
        )


def _held(rollback: Rollback, file: FileSeen, held_by: Sequence[str]) -> _Findings:
    """While others hold the scheduler: the hold is released, the file stays theirs."""
    yield fail(not held_by, "nobody_holds", "nobody holds the scheduler any more: it must be seen enabled")
    yield fail(
        file.sha384 != rollback.override.sha384,
        "file_not_declared",
        "{} is not what was declared: {}",
        file.path,
        file.kind,
    )


def members_told(members: Sequence[MemberSeen], name: str) -> tuple[str, ...]:
    """What each member said of one silence, one line each."""
    told = []
    for seen in members:
        own = seen.silence(name)
        if seen.silences is None:
            told.append(shorten(Said("{}: not known", seen.name), _LONGEST_LINE))
        else:
            told.append(shorten(f"{seen.name}: {own.state if own else 'absent'}", _LONGEST_LINE))
    return tuple(told)


def muted_told(rollback: Rollback, muting: Sequence[Muting], unlisted: Sequence[Unlisted] = ()) -> tuple[str, ...]:
    """Silences that mute and that are not the rollback's own: id, who, until when, and why that is borne."""
    borne = {silence.id: silence.entry for silence in rollback.borne}
    told = []
    for mute in muting:
        name = mute.silence.id
        if name == rollback.silence.id:
            continue
        why = f" of {mute.owner}" if mute.owner else f", accepted by entry {borne[name]}" if name in borne else ""
        until = f"{mute.silence.ends_at:%Y-%m-%d %H:%M} UTC"
        who = shorten(mute.silence.created_by, 60)
        if mute.begins:
            start = f"{mute.begins:%Y-%m-%d %H:%M}"
            told.append(shorten(f"{name} by {who} from {start} UTC until {until}{why}", _LONGEST_LINE))
        else:
            told.append(shorten(f"{name} by {who} until {until}{why}", _LONGEST_LINE))
    told += [
        shorten(suppressor.how or f"{suppressor.id}, not in the list of {listed(suppressor.members)}", _LONGEST_LINE)
        for suppressor in unlisted
    ]
    return tuple(told[:50])
