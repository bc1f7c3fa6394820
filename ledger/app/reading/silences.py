"""Who mutes Stage4 alerts until when, at every member, as JSON for a terminal and a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ledger.domain.facts import MemberSeen, Muting, Unlisted
from ledger.domain.matchers import told


def muting_json(
    members: Sequence[MemberSeen], muting: Sequence[Muting], unlisted: Sequence[Unlisted]
) -> dict[str, Any]:
    """``members`` with what each did not say, ``muting`` the longest-lasting first, and whether that is all.

    ``unlisted`` has what mutes by a member's word and is not in its list: then it is not all. ``otherwise`` has what
    mutes and is no silence.
    """
    return {
        "whole": all(mute.how for mute in unlisted) and not any(seen.doubts for seen in members),
        "members": [
            {"name": seen.name, "at": seen.at.isoformat(timespec="milliseconds"), "not_known": list(seen.doubts)}
            for seen in members
        ],
        "muting": [_silence(mute) for mute in muting],
        "unlisted": [
            {"silence_id": mute.id, "members": list(mute.members), "mutes": list(mute.alerts)}
            for mute in unlisted
            if not mute.how
        ],
        "otherwise": [
            {"how": mute.how, "members": list(mute.members), "mutes": list(mute.alerts)}
            for mute in unlisted
            if mute.how
        ],
    }


def _silence(mute: Muting) -> dict[str, Any]:
    return {
        "silence_id": mute.silence.id,
        "rollback": mute.owner,
        "to_be_ended": mute.surplus,
        "created_by": mute.silence.created_by,
        "comment": mute.silence.comment,
        "begins_at": mute.begins.isoformat(timespec="seconds") if mute.begins else None,
        "ends_at": mute.silence.ends_at.isoformat(timespec="seconds"),
        "matchers": list(told(mute.silence.matchers)),
        "members": list(mute.members),
        "mutes": list(mute.alerts),
    }
