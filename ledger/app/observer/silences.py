"""Silences: the rollbacks' own at every member of the cluster, and those of others that mute Stage4 alerts."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ledger.app.observer.desk import Desk
from ledger.app.reading.muting import Shown, at_members, who_mutes
from ledger.app.reading.surplus import end_surplus
from ledger.app.steps.common import silence_page
from ledger.app.steps.silencing import carries_marker
from ledger.domain.command import SYSTEM
from ledger.domain.facts import MemberSeen, Muting, SilenceSeen
from ledger.domain.judge_silences import loud
from ledger.domain.observing.commands import Record
from ledger.domain.observing.events import ForeignSilenceGone, ForeignSilenceSeen, SilenceObserved
from ledger.domain.silencing.events import SilenceDoubted, SilenceEnded, SilenceLost
from ledger.domain.state import Rollback, State
from ledger.domain.text import INLINE, listed, shorten
from ledger.errors import Unreachable

_PREFERENCE = {"active": 0, "pending": 1, "expired": 2}


class Silences:
    """Remembers how each silence looked last, so that a change keeps before and after."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._last: dict[str, SilenceSeen] = {}
        self._doubted: dict[tuple[str, str], str] = {}
        self._shown = Shown(desk.installation)

    def look(self, state: State) -> None:
        """One round over what every member says; ``Unreachable``, after all else, where one did not say all."""
        installation = self._desk.installation
        owed = [one for one in (*state.open.values(), *state.closed.values()) if one.silence.state == "end_owed"]
        if not owed and not installation.config.alertmanager.url:
            return
        members = installation.alertmanager.look()
        if any(seen.silences is not None for seen in members):
            for rollback in state.open.values():
                if rollback.silence.state == "active" and not rollback.effects:
                    self._own(rollback, members)
            for rollback in owed:
                with self._desk.telling():
                    self._pay(rollback)
            end_surplus(installation, members, self._desk.say)
            self._others(state, members)
        if errors := [seen.error for seen in members if seen.error]:
            raise Unreachable("; ".join(errors))

    def _own(self, rollback: Rollback, members: Sequence[MemberSeen]) -> None:
        known, desk = rollback.silence, self._desk
        seen = min(
            (own for one in members if (own := one.silence(known.id))),
            key=lambda one: _PREFERENCE[one.state],
            default=None,
        )
        if (seen is None or seen.state == "expired") and any(one.doubts for one in members):
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
            desk.warn(lost, f"the silence of {rollback.id} is gone: stage4 rollback recreate-silence", rollback.id)
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
            if not desk.twice(f"doubt {seen.name} {name}", why, self._doubted.get(key, "")):
                continue
            self._doubted[key] = why
            if why and not rollback.restoring:
                event = SilenceDoubted(silence_id=name, member=seen.name, why=shorten(why), seen_at=seen.at)
                desk.warn(event, f"Alertmanager at {seen.name} does not mute for {rollback.id}: {why}", rollback.id)

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
        installation.submit(Record(event=event), SYSTEM, rollback.id)
        self._desk.say(f"ended the silence {rollback.silence.id} that {rollback.id} owed")

    def _others(self, state: State, members: Sequence[MemberSeen]) -> None:
        installation = self._desk.installation
        asked = any(effect.kind == "silence" for one in state.open.values() for effect in one.effects)
        theirs = [one for one in who_mutes(installation, members, self._shown.alerts()) if not one.owner]
        for one in theirs if not asked else ():
            known = state.foreign.get(one.silence.id)
            believed = (known.ends_at, known.mutes) if known else ()
            reading = (one.silence.ends_at, bool(one.alerts or (known and known.mutes)))
            if self._desk.twice(f"foreign {one.silence.id}", reading, believed):
                self._tell(state, one)
        whole = not any(seen.doubts for seen in members)
        for name in state.foreign:
            if whole and not at_members(members, name):
                self._desk.record(ForeignSilenceGone(silence_id=name, seen_at=installation.clock()))

    def _tell(self, state: State, one: Muting) -> None:
        seen, wanted = one.silence, set(self._desk.installation.matchers)
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
            matchers=seen.matchers,
            created_by=shorten(seen.created_by),
            comment=shorten(seen.comment, INLINE),
            ends_at=seen.ends_at,
            seen_at=seen.at,
            fits=fits,
            members=one.members,
            mutes=one.alerts,
        )
        text = f"{seen.created_by} silenced Stage4 alerts outside until {seen.ends_at:%H:%M UTC} ({seen.id})"
        self._desk.warn(event, text + (f"; it may be adopted for {fits}" if fits else ""))


def _why_not(seen: MemberSeen, name: str, desk: Desk) -> str:
    """Why a member does not mute by the silence; empty where it does."""
    own = seen.silence(name)
    if own is None or own.state != "active":
        return f"the silence is {own.state if own else 'absent'} there"
    heard = loud(seen, name, desk.installation.labels)
    return f"not suppressed: {listed(one.name for one in heard)}" if heard else ""


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
