"""Making one silence at one member, whatever its Date header says of its clock.

The header is a hint, and a proxy may have written it. The answer knows better: a silence that is pending although it
began a minute ago, an end "in the past", or the moment to which Alertmanager moved the start. Then the same is tried
once more, and what was made wrongly is ended at once.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from ledger.adapters.alertmanager_member import Member, NotAsAsked
from ledger.adapters.http import Clock, Exchange
from ledger.adapters.silence_wire import format_silence
from ledger.domain.facts import Matcher, SilenceSeen
from ledger.errors import Refused, Unreachable
from ledger.said import Said

_EARLIER = timedelta(minutes=1)
"""How far back a silence begins that is to begin now: Alertmanager moves a past start to its own now."""
_NEAR = timedelta(seconds=5)
"""Clocks and ends that differ by less are the same: headers have whole seconds, and answers take their time."""
_OF_TIME = re.compile(r"\b(?:past|time|expired)\b", re.IGNORECASE)


class Wanted(NamedTuple):
    """A silence that is to be made."""

    matchers: Sequence[Matcher]
    starts_at: datetime
    ends_at: datetime
    created_by: str
    comment: str
    marker: str
    later: bool

    def page(self, ahead: timedelta) -> dict[str, Any]:
        """As a member takes it whose clock is so far ahead of ours: begin and end are by its clock."""
        return format_silence(self.matchers, self.start(ahead), self.ends_at + ahead, self.created_by, self.comment)

    def start(self, ahead: timedelta) -> datetime:
        """The start that is sent, by the member's clock."""
        return self.starts_at + ahead if self.later else self.starts_at + ahead - _EARLIER

    def is_made(self, seen: SilenceSeen) -> bool:
        """Whether a silence that was just made is as wanted: active, or pending where it is to begin later."""
        return seen.state == "active" or (self.later and seen.state == "pending")

    def is_it(self, seen: SilenceSeen, ahead: timedelta) -> bool:
        """Whether one with our marker is the one: the marker alone may be in somebody's copy of the comment."""
        same = set(seen.matchers) == set(self.matchers)
        return same and self.is_made(seen) and seen.ends_at <= self.ends_at + max(ahead, timedelta()) + _NEAR

    def found(self, member: Member, living: Sequence[SilenceSeen]) -> SilenceSeen | None:
        """The one among those with our marker at a member; the others are surplus, which the observer ends."""
        return next((silence for silence in living if self.is_it(silence, member.ahead)), None)


def make_at(member: Member, wanted: Wanted, clock: Clock, log: list[Exchange]) -> SilenceSeen:
    """Make it at this member and read it back; raises as ``Member.post`` and ``Member.until`` do.

    First by the clock that the member's Date header says, then, where the answer contradicts it, by what the answer
    tells of its clock, or by ours.
    """
    first = ahead = member.ahead
    last = False
    while True:
        at_end = last or abs(ahead) < _NEAR
        try:
            made = member.until(member.post(wanted.page(ahead), log), wanted.is_made, log)
        except NotAsAsked as error:
            if error.silence is None or error.silence.state != "pending":
                raise
            _end(member, error.silence.id, log)
            if at_end:
                raise Unreachable(
                    Said(
                        "Alertmanager at {} calls the silence pending that was to begin now, so it was ended again. {}",
                        member.name,
                        _clocks(member, first),
                    )
                ) from error
            ahead = timedelta()
        except Refused as error:
            if wanted.ends_at <= clock() or not _OF_TIME.search(str(error)):
                raise
            if at_end:
                raise Refused(Said("{}; nothing was made. {}", error, _clocks(member, first))) from error
            ahead = timedelta()
        else:
            real = _real(wanted, made, ahead, clock)
            if last or real is None or abs(real - ahead) < _NEAR:
                return made
            _end(member, made.id, log)
            ahead = real
        last = True


def _real(wanted: Wanted, made: SilenceSeen, ahead: timedelta, clock: Clock) -> timedelta | None:
    """How far the member's clock is ahead, by the now to which it moved the start; None where it moved none."""
    moved = made.starts_at - wanted.start(ahead) > timedelta(seconds=1)
    return made.starts_at - clock() if moved and not wanted.later else None


def _end(member: Member, silence_id: str, log: list[Exchange]) -> None:
    """What cannot be ended now has our marker: the observer ends it."""
    with contextlib.suppress(Unreachable):
        member.delete(silence_id, log)
        member.until(silence_id, lambda silence: silence.state == "expired", log)


def _clocks(member: Member, ahead: timedelta) -> str:
    seconds = abs(ahead.total_seconds())
    if seconds < _NEAR.total_seconds():
        return Said(
            "By the Date header of {} its clock agrees with ours: check the clocks of both machines", member.name
        )
    way = "ahead of" if ahead > timedelta() else "behind"
    return Said(
        f"By the Date header of {{}} its clock is {{}} s {way} ours: "
        "check the clocks of both machines, and of the proxy between them",
        member.name,
        round(seconds),
    )
