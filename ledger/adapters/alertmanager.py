"""Alertmanager's silences and alerts over API v2 (docs: https://prometheus.io/docs/alerting/latest/clients/).

Every member of the cluster is asked, all at once: one that hangs costs its own time-out and hides no other. Creating is
not idempotent there and its 200 is not durable. So: a silence carries a marker in its comment, a lost answer is looked
up by that marker at every member before anything is sent again, and what was done is read again before it counts.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from ledger.adapters.alertmanager_member import Member, Memory
from ledger.adapters.http import Clock, Exchange, Server, Unsent, transcript
from ledger.adapters.silence_making import Wanted, make_at
from ledger.adapters.silence_wire import format_silence, format_time
from ledger.domain.facts import AlertSeen, Matcher, MemberSeen, SilenceSeen
from ledger.domain.matching import affected, check, matches
from ledger.domain.runbook import ALERT_PATTERN
from ledger.errors import Refused, Unreachable
from ledger.said import Said, joined

__all__ = ["Alertmanager", "Created", "Ended", "Extended", "Memory", "affected", "everywhere", "matches", "union"]

_BUDGET = 8.0
"""Seconds after which no further attempt to create a silence is begun."""
_PREFERENCE = {"active": 0, "pending": 1, "expired": 2}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Created:
    """A silence as read back, whether it was there already (nothing was sent then), and the exchange as evidence."""

    silence: SilenceSeen
    transcript: bytes
    found: bool = False


@dataclass(frozen=True, slots=True)
class Extended:
    """A silence after its end was moved. ``replaced`` is the old id where Alertmanager made a new silence of it."""

    silence: SilenceSeen
    transcript: bytes
    replaced: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """A silence seen expired by every member that answers; None where none of all members knows it: it mutes nothing.

    ``missing`` has the members that did not answer, with why.
    """

    silence: SilenceSeen | None
    transcript: bytes
    missing: tuple[str, ...] = ()


class Alertmanager:
    """One Alertmanager or the members of one cluster. ``memory`` lets one process remember who hangs.

    ``pattern`` is the anchored regex over ``alertname`` that names the runbook's alerts.
    """

    def __init__(
        self, servers: Sequence[Server], clock: Clock, memory: Memory | None = None, pattern: str = ALERT_PATTERN
    ) -> None:
        memory = memory or Memory()
        self._members = tuple(Member(server, clock, memory, pattern) for server in servers)
        self._clock = clock

    @property
    def members(self) -> tuple[Member, ...]:
        """The members, in the order of the configuration."""
        return self._members

    def version(self) -> str:
        """The version that /status reports, e.g. ``0.25.0``; ``Unreachable`` where no member answers."""
        heard, failures = self._ask_each(lambda member: member.version())
        if not heard:
            raise _none_answered(failures)
        return heard[0][1]

    def look(self) -> tuple[MemberSeen, ...]:
        """What every member says of silences and of the runbook's alerts; none of it raises."""
        self._require_members()
        return tuple(seen for _, seen in self._ask_each(lambda member: member.look())[0])

    def firing(self, matchers: Sequence[Matcher] = ()) -> tuple[AlertSeen, ...]:
        """The alerts that fire now at any member that answers, muted ones too, that all ``matchers`` accept.

        ``silenced_by`` has who mutes an alert at every member that lists it. Raises ``Refused`` for a regex that would
        be read differently, ``Unreachable`` where no member answers.
        """
        check(matchers)
        heard, failures = self._ask_each(lambda member: member.alerts(matchers)[0])
        if not heard:
            raise _none_answered(failures)
        return everywhere([alerts for _, alerts in heard])

    def silences(self) -> tuple[SilenceSeen, ...]:
        """All silences that any member that answers knows, expired ones for 120 h; the liveliest form of each.

        A 500 is ``Unreachable``, never "none".
        """
        heard, failures = self._ask_each(lambda member: member.silences()[0])
        if not heard:
            raise _none_answered(failures)
        return union([silences for _, silences in heard])

    def silence(self, silence_id: str) -> SilenceSeen | None:
        """The silence with this id; None where every member says that it knows none.

        ``Unreachable`` where those that answer know none and others do not answer: only they can know.
        """
        heard, failures = self._holders(silence_id, [])
        forms = [seen for _, seen in heard if seen]
        if not forms and failures:
            raise _not_known(silence_id, failures, answered=bool(heard))
        return min(forms, key=lambda silence: _PREFERENCE[silence.state], default=None)

    def find(self, marker: str) -> SilenceSeen | None:
        """The silence with ``marker`` in its comment: an active one, else a pending, else the one that ended last."""
        ours = [silence for silence in self.silences() if marker in silence.comment]
        return min(ours, key=lambda silence: (_PREFERENCE[silence.state], -silence.ends_at.timestamp()), default=None)

    def create(
        self,
        matchers: Sequence[Matcher],
        starts_at: datetime,
        ends_at: datetime,
        created_by: str,
        comment: str,
        marker: str,
    ) -> Created:
        """Create a silence once, and read it back active (or pending, where ``starts_at`` is still to come).

        One that any member has with ``marker``, these matchers and no later end, and that has not expired, is given
        back instead; others with the marker are left to be ended as surplus. Members that have just answered are tried
        in turn. Times are by our clock; what begins now begins by theirs. Raises ``Refused`` where Alertmanager rejects
        it, ``Unreachable`` where no member answers or it is not known whether it exists: calling again is safe.
        """
        check(matchers)
        if not marker or marker not in comment:
            raise Refused("a silence needs a marker inside its comment, or it could not be found again")
        later = starts_at > self._clock()
        wanted = Wanted(matchers, starts_at, ends_at, created_by, comment, marker, later)
        log: list[Exchange] = []
        heard, failures = self._living(marker, log)
        for member, living in heard:
            if (silence := wanted.found(member, living)) is not None:
                return Created(silence, transcript(log), found=True)
        if not heard:
            raise _none_answered(failures)
        return Created(self._create([member for member, _ in heard], wanted, log), transcript(log))

    def extend(self, silence_id: str, ends_at: datetime) -> Extended:
        """Move the end of an active or pending silence, all else as stored; the id normally stays.

        Raises ``Refused`` where it has expired or is unknown to every member: an expired one would come back under a
        new id. Members that hold it are tried in turn: with its id in it, the same change again changes nothing.
        """
        log: list[Exchange] = []
        heard, failures = self._holders(silence_id, log)
        holders = [(member, seen) for member, seen in heard if seen and seen.state != "expired"]
        known = any(seen for _, seen in heard)
        if not holders and not known and failures:
            raise _not_known(silence_id, failures, answered=bool(heard))
        if not holders:
            state = "has expired" if known else "is not known"
            raise Refused(
                Said(f"the silence {{}} {state} at Alertmanager and cannot be extended: create a new one", silence_id)
            )
        wanted, lost = format_time(ends_at), list[Unreachable]()
        for member, stored in (*holders, holders[0]):
            page = format_silence(
                stored.matchers, stored.starts_at, ends_at, stored.created_by, stored.comment, silence_id
            )
            try:
                given = member.post(page, log)
                seen = member.until(given, lambda silence: format_time(silence.ends_at) == wanted, log)
            except Unreachable as error:
                lost.append(error)
                continue
            return Extended(seen, transcript(log), replaced="" if given == silence_id else silence_id)
        raise lost[-1]

    def expire(self, silence_id: str) -> Ended:
        """End a silence at every member that has it, and read each until it says expired.

        One that has expired or is unknown to all is left alone. ``Unreachable`` where a member that had it does not say
        expired, or where those that answer know none and others do not answer.
        """
        log: list[Exchange] = []
        heard, failures = self._holders(silence_id, log)
        holders = [(member, seen) for member, seen in heard if seen]
        if not holders and failures:
            raise _not_known(silence_id, failures, answered=bool(heard))
        ended = [seen for _, seen in holders]
        for place, (member, seen) in enumerate(holders):
            if seen.state != "expired":
                ended[place] = self._expire_at(member, silence_id, log)
        missing = tuple(map(str, failures))
        return Ended(max(ended, key=lambda silence: silence.ends_at, default=None), transcript(log), missing)

    def _expire_at(self, member: Member, silence_id: str, log: list[Exchange]) -> SilenceSeen:
        with contextlib.suppress(Unreachable):  # ending twice does no harm: what counts is what is read afterwards
            member.delete(silence_id, log)
        return member.until(silence_id, lambda silence: silence.state == "expired", log)

    def _create(self, heard: Sequence[Member], wanted: Wanted, log: list[Exchange]) -> SilenceSeen:
        """At the first that takes it.

        After a lost answer the marker is looked up everywhere before the next member is tried; where there is no next
        one, the first that still answers is tried once more.
        """
        waiting, tried, once_more = [*heard], list[Unreachable](), True
        end = time.monotonic() + _BUDGET
        while waiting and time.monotonic() < end:
            member = waiting.pop(0)
            try:
                made = make_at(member, wanted, self._clock, log)
            except Unsent as error:
                tried.append(error)
                continue
            except Unreachable as error:
                tried.append(error)
                answers, failures = self._living(wanted.marker, log)
                for peer, living in answers:
                    if (silence := wanted.found(peer, living)) is not None:
                        return silence
                if not answers:
                    tried += failures
                    break
                still = [peer for peer, _ in answers]
                waiting = [peer for peer in waiting if peer in still]
                if not waiting and once_more:
                    waiting, once_more = still[:1], False
                continue
            if any(type(error) is not Unsent for error in tried):
                self._drop_surplus(wanted.marker, made.id, log)
            return made
        if all(type(error) is Unsent for error in tried):
            raise _none_answered(tried)
        raise Unreachable(Said("whether the silence was created is not known ({})", joined(map(str, tried), "; ")))

    def _drop_surplus(self, marker: str, kept: str, log: list[Exchange]) -> None:
        """End the others with our marker: a slow proxy may deliver the request whose answer was lost after all.

        What comes later still is ended by the observer, and by step 5.
        """
        for member, living in self._living(marker, log)[0]:
            for silence in living:
                if silence.id != kept:
                    with contextlib.suppress(Unreachable):
                        member.delete(silence.id, log)

    def _living(
        self, marker: str, log: list[Exchange]
    ) -> tuple[list[tuple[Member, tuple[SilenceSeen, ...]]], list[Unreachable]]:
        """Each member that answers with what it has of ours; and why the others do not."""
        return self._ask_each_logged(lambda member, own: member.living(marker, own), log)

    def _holders(
        self, silence_id: str, log: list[Exchange]
    ) -> tuple[list[tuple[Member, SilenceSeen | None]], list[Unreachable]]:
        return self._ask_each_logged(lambda member, own: member.silence(silence_id, own), log)

    def _ask_each_logged(
        self, question: Callable[[Member, list[Exchange]], T], log: list[Exchange]
    ) -> tuple[list[tuple[Member, T]], list[Unreachable]]:
        logs: dict[Member, list[Exchange]] = {member: [] for member in self._members}
        answers = self._ask_each(lambda member: question(member, logs[member]))
        for own in logs.values():
            log += own
        return answers

    def _ask_each(self, question: Callable[[Member], T]) -> tuple[list[tuple[Member, T]], list[Unreachable]]:
        """All members at once: their answers in the order of the configuration, and why the others gave none."""
        if not self._members:
            return [], []
        heard: list[tuple[Member, T]] = []
        failures: list[Unreachable] = []
        with ThreadPoolExecutor(len(self._members), "alertmanager") as pool:
            for member, answer in [(member, pool.submit(question, member)) for member in self._members]:
                try:
                    heard.append((member, answer.result()))
                except Unreachable as error:
                    failures.append(error)
        return heard, failures

    def _require_members(self) -> None:
        if not self._members:
            raise _none_answered([])


def union(lists: Sequence[Sequence[SilenceSeen]]) -> tuple[SilenceSeen, ...]:
    """The silences of several members, each once, in its liveliest form."""
    by_id: dict[str, SilenceSeen] = {}
    for silences in lists:
        for silence in silences:
            if silence.id not in by_id or _PREFERENCE[silence.state] < _PREFERENCE[by_id[silence.id].state]:
                by_id[silence.id] = silence
    return tuple(by_id.values())


def everywhere(lists: Sequence[Sequence[AlertSeen]]) -> tuple[AlertSeen, ...]:
    """The alerts of several members, each once, muted by what mutes it at every member that lists it."""
    by_labels: dict[tuple[tuple[str, str], ...], AlertSeen] = {}
    for alerts in lists:
        for alert in alerts:
            before = by_labels.get(alert.labels)
            if before is None:
                by_labels[alert.labels] = alert
            elif (before.silenced_by, before.otherwise) != (alert.silenced_by, alert.otherwise):
                both = tuple(name for name in before.silenced_by if name in alert.silenced_by)
                rest = tuple(how for how in before.otherwise if how in alert.otherwise)
                by_labels[alert.labels] = AlertSeen(alert.name, alert.labels, alert.state, alert.active_at, both, rest)
    return tuple(by_labels.values())


def _not_known(silence_id: str, failures: Sequence[Unreachable], *, answered: bool) -> Unreachable:
    if not answered:
        return _none_answered(failures)
    why = joined(map(str, failures), "; ")
    return Unreachable(
        Said("whether the silence {} is there is not known, as not every member answers: {}", silence_id, why)
    )


def _none_answered(failures: Sequence[Unreachable]) -> Unreachable:
    if not failures:
        return Unreachable("no Alertmanager is configured: give its address")
    if len(failures) == 1:
        return failures[0]
    return Unreachable(Said("no member of the Alertmanager cluster answers: {}", joined(map(str, failures), "; ")))
