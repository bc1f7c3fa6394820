"""Second silences with a rollback's own mark: one that a hung member takes as it thaws, or that somebody copied.

They are ended by the observer and by step 5, each said in the ledger before and after.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.app.reading.muting import at_members, surplus
from ledger.domain.command import SYSTEM
from ledger.domain.facts import MemberSeen, SilenceSeen
from ledger.domain.observing.commands import Record
from ledger.domain.silencing.events import SilenceSurplusEnded, SilenceSurplusSeen
from ledger.domain.state import Rollback
from ledger.errors import Refused, Unreachable
from ledger.said import Said

Say = Callable[[str], None]


def end_surplus(
    installation: Installation, members: Sequence[MemberSeen], say: Say, rollback: str = "", timeout: float = 60.0
) -> int:
    """End what ``members`` showed of second silences, of one rollback or of all; how many were seen to end.

    One that cannot be ended now stays on the list in the ledger and is ended later; that is told, and raises nothing.
    """
    if not _found(installation, members, rollback):
        return 0
    with installation.locks.hold("deliver", timeout):
        return sum(
            _end(installation, members, name, silence_id, seen, say)
            for name, silence_id, seen in _found(installation, members, rollback)
        )


def _found(
    installation: Installation, members: Sequence[MemberSeen], only: str
) -> list[tuple[str, str, SilenceSeen | None]]:
    """Rollback, id and how it was seen of each: those that were just seen, and those whose end was not."""
    state = installation.state
    there = surplus(installation, members, state)
    silences: list[tuple[str, str, SilenceSeen | None]] = []
    shown = (state.rollback(name) for name in there)
    concerned = (*state.open.values(), *state.closed.candidates("unended"), *(owner for owner in shown if owner))
    for rollback in {owner.id: owner for owner in concerned}.values():
        if (only and rollback.id != only) or _is_being_made(rollback):
            continue
        seen = {silence.id: silence for silence in there.get(rollback.id, ())}
        ids = dict.fromkeys((*rollback.silence.surplus, *seen))
        silences += [(rollback.id, name, seen.get(name)) for name in ids]
    return silences


def _is_being_made(rollback: Rollback) -> bool:
    """While its silence is asked for, a silence with its mark may be the one."""
    return any(effect.kind in ("silence", "silence_extend") for effect in rollback.effects)


def _end(
    installation: Installation,
    members: Sequence[MemberSeen],
    rollback: str,
    silence_id: str,
    seen: SilenceSeen | None,
    say: Say,
) -> int:
    try:
        if seen is not None and silence_id not in installation.rollback(rollback).silence.surplus:
            there = installation.alertmanager.silence(silence_id)  # it may have ended since it was seen
            if there is None or there.state == "expired":
                return 0
            told = SilenceSurplusSeen(
                silence_id=silence_id, members=at_members(members, silence_id), ends_at=seen.ends_at, seen_at=seen.at
            )
            installation.submit(Record(event=told), Press(SYSTEM), rollback)
        ended = installation.alertmanager.expire(silence_id)
    except (Refused, Unreachable) as error:
        say(str(error))
        return 0
    event = SilenceSurplusEnded(
        silence_id=silence_id,
        ended_at=ended.silence.ends_at if ended.silence else installation.clock(),
        transcript_sha384=installation.keep(ended.transcript),
    )
    installation.submit(Record(event=event), Press(SYSTEM), rollback)
    say(Said("ended a second silence of {}, {}", rollback, silence_id))
    return 1
