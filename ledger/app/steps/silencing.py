"""Step 2: preview, create or adopt, and check the silence."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import NamedTuple

from ledger.adapters.alertmanager import everywhere
from ledger.app.durations import parse_duration
from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.app.reading.muting import marker
from ledger.app.reading.surplus import end_surplus
from ledger.app.steps.common import Outcome, act, alerts_json, members_json, names, outcome
from ledger.domain.facts import AlertSeen, Matcher, MemberSeen, PrometheusSeen, SilenceSeen
from ledger.domain.judge import is_stage4
from ledger.domain.judge_silences import loud, members_told
from ledger.domain.matchers import told
from ledger.domain.matching import affected
from ledger.domain.runbook import Step
from ledger.domain.silencing.commands import AdoptSilence, CheckSilence, ExtendSilence, RequestSilence
from ledger.domain.silencing.decide import latest_end
from ledger.domain.state import Rollback
from ledger.domain.text import shorten
from ledger.errors import Refused, Unreachable
from ledger.said import Said, joined

GOSSIP = 3.0
"""Seconds that a silence is given to reach the other members, before one that lacks it is a fail."""
RESENT = 120
"""Seconds in which Prometheus has sent an alert that fires again to Alertmanager (by default it does every minute)."""
_PAUSE = 0.2


class Preview(NamedTuple):
    """What a silence would do: the alerts it mutes, and Stage4 alerts of other installations that it leaves alone."""

    matchers: tuple[Matcher, ...]
    muted: tuple[AlertSeen, ...]
    elsewhere: tuple[AlertSeen, ...]
    missing: tuple[str, ...] = ()
    """Why what fires is not known whole: a member that does not answer, an alert that cannot be read."""


def carries_marker(comment: str, rollback: str) -> bool:
    """Whether a silence's comment names this very rollback, whoever made it: INC-2042.2 is not INC-2042."""
    return f"[stage4:{rollback}:" in comment or f"[stage4:{rollback}]" in comment


def preview(installation: Installation) -> Preview:
    """The firing alerts and what the rollback's silence would mute of them; ``missing`` members did not answer."""
    members = installation.alertmanager.look()
    heard = [seen.firing for seen in members if seen.firing is not None]
    if not heard:
        raise Unreachable(joined((doubt for seen in members for doubt in seen.doubts), "; "))
    firing = everywhere(heard)
    muted = affected(installation.matchers, firing)
    ours, taken = [alert for alert in firing if is_stage4(alert, (), installation.alerts.pattern)], set(muted)
    missing = tuple(doubt for seen in members for doubt in seen.doubts)
    return Preview(installation.matchers, muted, tuple(alert for alert in ours if alert not in taken), missing)


def silence(installation: Installation, press: Press, rollback: Rollback, duration: str = "") -> Outcome:
    """Create the rollback's one silence and check that it mutes what fires.

    Where there is an active one already (a second press, a failed check) it is only checked again.
    """
    if rollback.silence.state != "active":
        will_mute, previewed = _previewed(installation)
        start = installation.clock()
        mark = marker(installation, rollback.id)
        command = RequestSilence(
            matchers=installation.matchers,
            starts_at=start,
            ends_at=planned_end(installation, rollback, start, duration),
            created_by=press.actor.person,
            comment=f"{rollback.id}: {rollback.reason} {mark}",
            marker=mark,
            will_mute=will_mute,
            preview_sha384=installation.keep(previewed, press),
        )
        rollback = act(installation, press, command, rollback.id)
        if rollback.silence.state != "active":
            return Outcome(rollback, "error", (last_cause(installation, rollback),))
        told = _end_others(installation, rollback.id)
        done = check_silence(installation, press, rollback)
        return done._replace(log=done.log + told)
    return check_silence(installation, press, rollback)


def _end_others(installation: Installation, rollback: str) -> str:
    """End what else has the rollback's mark: a copy with other matchers or a later end was not taken for its silence.

    Gives a line for each; what cannot be ended now is named, and ended by the observer.
    """
    said: list[str] = []
    end_surplus(installation, installation.alertmanager.look(), said.append, rollback)
    return "".join(f"surplus   {line}\n" for line in said)


def planned_end(installation: Installation, rollback: Rollback, start: datetime, duration: str = "") -> datetime:
    """The end as typed; the configured one is cut at what the window and the override allow."""
    if duration:
        return start + timedelta(seconds=parse_duration(duration))
    return min(start + timedelta(seconds=parse_duration(installation.config.silence.duration)), latest_end(rollback))


def _previewed(installation: Installation) -> tuple[tuple[str, ...], bytes]:
    """The preview for an entry and as an artefact. Where Alertmanager is down the attempt is recorded all the same."""
    try:
        muted = preview(installation).muted
    except Unreachable as error:
        return (shorten(Said("not known: {}", error)),), f"not known: {error}\n".encode()
    return names(muted), alerts_json(muted)


def last_cause(installation: Installation, rollback: Rollback) -> str:
    """Why the last delivery for a rollback failed, from its newest entry that says so."""
    cause = ""
    for record, _ in installation.ledger.records(rollback.opened_entry):
        if record.rollback == rollback.id:
            cause = getattr(record.event, "cause", cause)
    return cause or "it is pending: see stage4 status"


def extend_silence(installation: Installation, press: Press, rollback: Rollback, duration: str) -> Outcome:
    """Let the silence last longer, counted from its current end, so that "+1h" never shortens it."""
    before = rollback.silence.ends_at
    after = act(installation, press, ExtendSilence(seconds=parse_duration(duration)), rollback.id)
    if after.silence.ends_at == before:
        return Outcome(after, "error", (last_cause(installation, after),))
    return Outcome(after, "pass", log=f"silence   {after.silence.id}\nuntil     {after.silence.ends_at}\n")


def check_silence(installation: Installation, press: Press, rollback: Rollback) -> Outcome:
    """Judge step 2 by what every member of the cluster says now: the silence, and every firing alert."""
    members = _look_settled(installation, rollback.silence.id)
    command = CheckSilence(
        members=members,
        prometheus=prometheus_seen(installation),
        installation=installation.labels,
        alerts_sha384=installation.keep(members_json(members), press),
    )
    after = act(installation, press, command, rollback.id)
    silences = [own for seen in members if (own := seen.silence(rollback.silence.id))]
    told = members_told(members, rollback.silence.id)
    return outcome(
        after,
        Step.SILENCE,
        _describe(silences[0] if silences else None) + "".join(f"member    {line}\n" for line in told),
    )


def _look_settled(installation: Installation, silence_id: str) -> tuple[MemberSeen, ...]:
    """What every member says, once a new silence had the time to reach them all: they gossip within a second."""
    end = time.monotonic() + GOSSIP
    while True:
        members = installation.alertmanager.look()
        late = [
            seen
            for seen in members
            if seen.silences is not None
            and ((own := seen.silence(silence_id)) is None or loud(seen, own.id, installation.labels))
        ]
        if not late or time.monotonic() > end:
            return members
        time.sleep(_PAUSE)


def prometheus_seen(installation: Installation) -> PrometheusSeen:
    """How many of the runbook's alerts fire by Prometheus' word and which last, or why that is not known."""
    configured, counts = bool(installation.config.prometheus.url.strip()), None
    try:
        prometheus = installation.prometheus
        counts = prometheus.counts()
        return PrometheusSeen(counts, lasting=prometheus.lasting(RESENT))
    except (Refused, Unreachable) as error:
        return PrometheusSeen(counts, str(error), None, configured)


def _describe(seen: SilenceSeen | None) -> str:
    if seen is None:
        return "silence   (none)\n"
    listed = ", ".join(told(seen.matchers))
    ends = seen.ends_at.isoformat(timespec="seconds")
    return f"silence   {seen.id}\nstate     {seen.state}, until {ends}\nmatchers  {listed}\n"


def candidates(installation: Installation, rollback: Rollback) -> tuple[SilenceSeen, ...]:
    """Active silences that may be this rollback's: its id in the comment, or the matchers that it would have."""
    wanted = set(installation.matchers)
    return tuple(
        seen
        for seen in installation.alertmanager.silences()
        if seen.state == "active" and (carries_marker(seen.comment, rollback.id) or set(seen.matchers) == wanted)
    )


def adopt_silence(
    installation: Installation,
    press: Press,
    rollback: Rollback,
    *,
    reason: str,
    silence_id: str = "",
    run_id: str = "",
    run_url: str = "",
    log: bytes = b"",
) -> Outcome:
    """Take over a silence made by the workflow or in Alertmanager's own page, and check it."""
    silences = (
        [installation.alertmanager.silence(silence_id)] if silence_id else list(candidates(installation, rollback))
    )
    known = [seen for seen in silences if seen is not None]
    if len(known) != 1:
        told = "say which silence with --silence-id; active ones that fit {}: "
        ids = ", ".join(seen.id for seen in known)
        raise Refused(Said(told + "{}", rollback.id, ids) if ids else Said(told + "none", rollback.id))
    command = AdoptSilence(
        silence=known[0],
        reason=reason,
        run_id=run_id,
        run_url=run_url,
        log_sha384=installation.keep(log, press) if log else "",
        transcript_sha384=installation.keep(_describe(known[0]), press),
    )
    after = act(installation, press, command, rollback.id)
    return check_silence(installation, press, after)
