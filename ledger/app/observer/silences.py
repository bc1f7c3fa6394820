"""Silences: the rollbacks' own, and those that somebody else made and that mute Stage4 alerts."""

from __future__ import annotations

import json

from ledger.adapters.matching import accepts
from ledger.app.observer.desk import Desk
from ledger.app.steps.silencing import carries_marker
from ledger.domain.commands import SYSTEM, Record
from ledger.domain.events.observation import ForeignSilenceGone, ForeignSilenceSeen, SilenceObserved
from ledger.domain.events.silence import SilenceEnded, SilenceLost
from ledger.domain.facts import AlertSeen, SilenceSeen
from ledger.domain.runbook import EXPECTED_RULES
from ledger.domain.state import Rollback, State
from ledger.domain.text import INLINE, shorten
from ledger.errors import Refused


class Silences:
    """Remembers how each silence looked last, so that a change keeps before and after."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._last: dict[str, SilenceSeen] = {}

    def look(self, state: State) -> None:
        """One round over all of Alertmanager's silences; ``Unreachable`` where it cannot be asked."""
        installation = self._desk.installation
        owed = [one for one in (*state.open.values(), *state.closed.values()) if one.silence.state == "end_owed"]
        if not owed and not installation.config.alertmanager_url:
            return
        found = {one.id: one for one in installation.alertmanager.silences()}
        for rollback in state.open.values():
            if rollback.silence.state == "active" and not rollback.effects:
                self._own(rollback, found.get(rollback.silence.id))
        for rollback in owed:
            self._pay(rollback)
        self._others(state, found)

    def _own(self, rollback: Rollback, seen: SilenceSeen | None) -> None:
        known, desk = rollback.silence, self._desk
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

    def _keep(self, seen: SilenceSeen | None) -> str:
        if seen is None:
            return ""
        page = {
            "id": seen.id,
            "state": seen.state,
            "matchers": [str(matcher) for matcher in seen.matchers],
            "starts_at": seen.starts_at.isoformat(),
            "ends_at": seen.ends_at.isoformat(),
            "created_by": seen.created_by,
            "comment": seen.comment,
        }
        return self._desk.installation.keep(json.dumps(page, indent=2, sort_keys=True, ensure_ascii=False) + "\n")

    def _pay(self, rollback: Rollback) -> None:
        """The end of a silence that was owed because Alertmanager was down."""
        installation = self._desk.installation
        ended = installation.alertmanager.expire(rollback.silence.id)
        at = ended.silence.ends_at if ended.silence else installation.clock()
        event = SilenceEnded(
            silence_id=rollback.silence.id, ended_at=at, transcript_sha384=installation.keep(ended.transcript)
        )
        installation.submit(Record(event=event), SYSTEM, rollback.id)
        self._desk.say(f"ended the silence {rollback.silence.id} that {rollback.id} owed")

    def _others(self, state: State, found: dict[str, SilenceSeen]) -> None:
        ours = {one.silence.id for one in (*state.open.values(), *state.closed.values())}
        asked = any(effect.kind == "silence" for one in state.open.values() for effect in one.effects)
        for seen in found.values():
            if seen.state != "active" or seen.id in ours or asked or not self._mutes_us(seen):
                continue
            if self._desk.twice(f"foreign {seen.id}", (seen.id,), (seen.id,) if seen.id in state.foreign else ()):
                self._tell(state, seen)
        for name in state.foreign:
            gone = found.get(name)
            if gone is None or gone.state == "expired":
                self._desk.record(ForeignSilenceGone(silence_id=name, seen_at=self._desk.installation.clock()))

    def _tell(self, state: State, seen: SilenceSeen) -> None:
        wanted = set(self._desk.installation.matchers)
        fits = next(
            (
                one.id
                for one in state.open.values()
                if one.silence.state != "active"
                and (carries_marker(seen.comment, one.id) or set(seen.matchers) == wanted)
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
        )
        text = f"{seen.created_by} silenced Stage4 alerts outside until {seen.ends_at:%H:%M UTC} ({seen.id})"
        self._desk.warn(event, text + (f"; it may be adopted for {fits}" if fits else ""))

    def _mutes_us(self, seen: SilenceSeen) -> bool:
        """Whether it would mute one of the runbook's alerts of this installation."""
        labels = tuple((matcher.name, matcher.value) for matcher in self._desk.installation.labels)
        try:
            return any(
                accepts(seen.matchers, AlertSeen(rule, _labels(rule, severity, labels), "firing", seen.at))
                for rule in EXPECTED_RULES
                for severity in ("critical", "warning")
            )
        except Refused:
            return True  # a regex that we read differently: better told than not


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


def _labels(rule: str, severity: str, labels: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return (("alertname", rule), ("severity", severity), *labels)
