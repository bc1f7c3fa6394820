"""Silences: the rollbacks' own at every member of the cluster, and those of others that mute Stage4 alerts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from ledger.adapters.shapes import line
from ledger.app.observer.alerts import Alerts
from ledger.app.observer.desk import Desk
from ledger.app.press import Press
from ledger.app.reading.muting import Shown, at_members, unlisted, who_mutes
from ledger.app.reading.surplus import end_surplus
from ledger.app.steps.common import silence_page
from ledger.app.steps.silencing import carries_marker
from ledger.domain.command import SYSTEM
from ledger.domain.facts import MemberSeen, Muting, SilenceSeen, Unread
from ledger.domain.judge_silences import loud
from ledger.domain.matchers import noted
from ledger.domain.moments import clock_or_day
from ledger.domain.observing.commands import Record
from ledger.domain.observing.events import ForeignSilenceGone, ForeignSilenceSeen, SilenceObserved, WarningGiven
from ledger.domain.silencing.events import SilenceDoubted, SilenceEnded, SilenceLost
from ledger.domain.state import Rollback, State
from ledger.domain.text import INLINE, listed, shorten
from ledger.errors import Unreachable
from ledger.said import Said, joined

_PREFERENCE = {"active": 0, "pending": 1, "expired": 2}


class Silences:
    """Remembers how each silence looked last, so that a change keeps before and after."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._last: dict[str, SilenceSeen] = {}
        self._doubted: dict[tuple[str, str], str] = {}
        self._hidden: dict[str, tuple[str, ...]] = {}
        self._begins: dict[str, tuple[datetime, datetime]] = {}
        self._shown = Shown(desk.installation)
        self._alerts = Alerts(desk)

    def look(self, state: State) -> None:
        """One round over what every member says; ``Unreachable``, after all else, where one did not say all."""
        installation = self._desk.installation
        rollbacks = (*state.open.values(), *state.closed.candidates("unended"))
        owed = [rollback for rollback in rollbacks if rollback.silence.state == "end_owed"]
        if not owed and not installation.config.alertmanager.url:
            return
        members = installation.alertmanager.look()
        if any(seen.silences is not None for seen in members):
            for rollback in state.open.values():
                if rollback.silence.state == "active" and not rollback.effects:
                    with self._desk.telling():
                        self._own(rollback, members)
            for rollback in owed:
                with self._desk.telling():
                    self._pay(rollback)
            with self._desk.telling():
                end_surplus(installation, members, self._desk.say)
            with self._desk.telling():
                self._others(state, members)
            with self._desk.telling():
                self._unlisted(members)
        with self._desk.telling():
            self._alerts.look(state, members)
        if errors := [seen.error for seen in members if seen.error]:
            raise Unreachable(joined(errors, "; "))

    def _own(self, rollback: Rollback, members: Sequence[MemberSeen]) -> None:
        known, desk = rollback.silence, self._desk
        seen = min(
            (own for member in members if (own := member.silence(known.id))),
            key=lambda silence: _PREFERENCE[silence.state],
            default=None,
        )
        if (seen is None or seen.state == "expired") and any(member.doubts for member in members):
            return  # only a member that does not say all can know
        if seen is not None and seen.state == "active":
            self._doubt(rollback, members)
        at = desk.installation.clock()
        state = seen.state if seen else "absent"
        before = self._last.get(known.id) or _as_recorded(rollback)
        reading = (state, seen.ends_at, seen.comment) if seen else (state, known.ends_at, "")
        believed = ("active", known.ends_at, before.comment if before else (seen.comment if seen else ""))
        if seen is not None and before is None:
            self._last[known.id] = seen
        if not desk.twice(known.id, reading, believed):
            return
        early = known.ends_at is not None and at < known.ends_at
        if state == "absent" or (state == "expired" and early):
            lost = SilenceLost(silence_id=known.id, found="absent" if state == "absent" else "expired", seen_at=at)
            desk.warn(
                lost, Said("the silence of {} is gone: stage4 rollback recreate-silence", rollback.id), rollback.id
            )
        elif seen is not None:
            self._last[known.id] = seen
            event = SilenceObserved(
                silence_id=known.id,
                found=seen.state,
                ends_at=seen.ends_at,
                seen_at=at,
                before_sha384=self._keep(before),
                after_sha384=self._keep(seen),
            )
            desk.record(event, rollback.id)

    def _doubt(self, rollback: Rollback, members: Sequence[MemberSeen]) -> None:
        """A member that lacks the silence, or lists an alert of ours as not suppressed, while others mute."""
        name, desk = rollback.silence.id, self._desk
        for seen in members:
            key = (seen.name, name)
            why = _why_not(seen, name, desk) if seen.silences is not None else self._doubted.get(key, "")
            if not desk.twice(Said("doubt {} {}", seen.name, name), why, self._doubted.get(key, "")):
                continue
            self._doubted[key] = why
            if why and not rollback.restoring:
                event = SilenceDoubted(silence_id=name, member=seen.name, why=shorten(why), seen_at=seen.at)
                text = Said("Alertmanager at {} does not mute for {}: {}", seen.name, rollback.id, why)
                desk.warn(event, text, rollback.id)

    def _keep(self, seen: SilenceSeen | None) -> str:
        if seen is None:
            return ""
        page = json.dumps(silence_page(seen), indent=2, sort_keys=True, ensure_ascii=False)
        return self._desk.installation.keep(page + "\n")

    def _pay(self, rollback: Rollback) -> None:
        """The end of a silence that was owed because Alertmanager was down."""
        installation = self._desk.installation
        ended = installation.alertmanager.expire(rollback.silence.id)
        if ended.missing:
            return  # it stays owed until every member has said that it ended
        at = ended.silence.ends_at if ended.silence else installation.clock()
        event = SilenceEnded(
            silence_id=rollback.silence.id, ended_at=at, transcript_sha384=installation.keep(ended.transcript)
        )
        installation.submit(Record(event=event), Press(SYSTEM), rollback.id)
        self._desk.say(Said("ended the silence {} that {} owed", rollback.silence.id, rollback.id))

    def _others(self, state: State, members: Sequence[MemberSeen]) -> None:
        installation = self._desk.installation
        asked = any(effect.kind == "silence" for rollback in state.open.values() for effect in rollback.effects)
        foreign = [mute for mute in who_mutes(installation, members, self._shown.alerts()) if not mute.owner]
        theirs = [mute for mute in foreign if not mute.begins]
        self._to_begin([mute for mute in foreign if mute.begins])
        for mute in theirs if not asked else ():
            known = state.foreign.get(mute.silence.id)
            believed = (known.ends_at, known.mutes) if known else ()
            reading = (mute.silence.ends_at, bool(mute.alerts or (known and known.mutes)))
            if self._desk.twice(f"foreign {mute.silence.id}", reading, believed):
                with self._desk.telling():  # one that no entry takes costs itself
                    self._tell(state, mute)
        gone = [] if any(seen.error for seen in members) else [*state.foreign]
        for name in gone:
            if not at_members(members, name) and not any(
                _may_be(unread, name) for seen in members for unread in seen.unread
            ):
                with self._desk.telling():
                    self._desk.record(ForeignSilenceGone(silence_id=name, seen_at=installation.clock()))

    def _to_begin(self, theirs: Sequence[Muting]) -> None:
        """Silences of others that begin later: each told ahead, and again where it begins at another time."""
        for mute in theirs:
            seen, name = mute.silence, mute.silence.id
            when = (seen.starts_at, seen.ends_at)
            if not self._desk.twice(f"begins:{name}", when, self._begins.get(name, ())):
                continue
            self._begins[name] = when
            begins, until = clock_or_day(seen.starts_at, seen.at), clock_or_day(seen.ends_at, seen.at)
            text = Said(
                "{} will silence Stage4 alerts from {} until {} UTC ({})", line(seen.created_by), begins, until, name
            )
            with self._desk.telling():
                self._desk.warn(WarningGiven(warning="drift", text=shorten(text, 2 * INLINE)), text)

    def _unlisted(self, members: Sequence[MemberSeen]) -> None:
        """What mutes by a member's word and is not in its list: told once for as long as it is so."""
        hidden = {mute.id: mute for mute in unlisted(self._desk.installation, members) if not mute.how}
        for name in {**self._hidden, **hidden}:
            mute = hidden.get(name)
            if not self._desk.twice(f"hidden:{name}", mute.members if mute else (), self._hidden.get(name, ())):
                continue
            if mute is None:
                del self._hidden[name]
                continue
            self._hidden[name] = mute.members
            where, what = listed(mute.members), listed(mute.alerts)
            text = Said("Alertmanager at {} mutes {} by the silence {} and does not list it", where, what, name)
            self._desk.warn(WarningGiven(warning="drift", text=shorten(text, 2 * INLINE)), text)

    def _tell(self, state: State, mute: Muting) -> None:
        seen, wanted = mute.silence, set(self._desk.installation.matchers)
        fits = next(
            (
                rollback.id
                for rollback in state.open.values()
                if rollback.silence.state != "active"
                and (carries_marker(seen.comment, rollback.id) or set(seen.matchers) == wanted)
            ),
            "",
        )
        event = ForeignSilenceSeen(
            silence_id=seen.id,
            matchers=noted(seen.matchers),
            created_by=shorten(seen.created_by),
            comment=shorten(seen.comment, INLINE),
            ends_at=seen.ends_at,
            seen_at=seen.at,
            fits=fits,
            members=mute.members,
            mutes=mute.alerts,
        )
        told = "{} silenced Stage4 alerts outside until {} UTC ({})"
        values = line(seen.created_by), clock_or_day(seen.ends_at, seen.at), seen.id
        adoptable = told + "; it may be adopted for {}"
        self._desk.warn(event, Said(adoptable, *values, fits) if fits else Said(told, *values))


def _may_be(unread: Unread, name: str) -> bool:
    """Whether what cannot be read is the silence of that id, and may be active."""
    return unread.active and unread.may_be(name)


def _why_not(seen: MemberSeen, name: str, desk: Desk) -> str:
    """Why a member does not mute by the silence; empty where it does."""
    own = seen.silence(name)
    if own is None or own.state != "active":
        return Said("the silence is {} there", own.state) if own else "the silence is absent there"
    heard = loud(seen, name, desk.installation.labels)
    return Said("not suppressed: {}", listed(alert.name for alert in heard)) if heard else ""


def _as_recorded(rollback: Rollback) -> SilenceSeen | None:
    """The silence as the ledger's own entries say, so that a change before the first look has a before too."""
    known, asked = rollback.silence, rollback.silence.request
    if asked is None or known.ends_at is None:
        return None
    return SilenceSeen(
        known.id,
        "active",
        known.matchers,
        asked.starts_at,
        known.ends_at,
        asked.created_by,
        asked.comment,
        asked.starts_at,
    )
