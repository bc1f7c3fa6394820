"""Who mutes Stage4 alerts until when, at every member, as JSON for a terminal and a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ledger.domain.facts import MemberSeen, Muting


def muting_json(members: Sequence[MemberSeen], muting: Sequence[Muting]) -> dict[str, Any]:
    """``members`` with what each did not say, ``muting`` the longest-lasting first, and whether that is all."""
    return {
        "whole": not any(seen.doubts for seen in members),
        "members": [
            {"name": seen.name, "at": seen.at.isoformat(timespec="milliseconds"), "not_known": list(seen.doubts)}
            for seen in members
        ],
        "muting": [_silence(one) for one in muting],
    }


def _silence(one: Muting) -> dict[str, Any]:
    return {
        "silence_id": one.silence.id,
        "rollback": one.owner,
        "to_be_ended": one.surplus,
        "created_by": one.silence.created_by,
        "comment": one.silence.comment,
        "ends_at": one.silence.ends_at.isoformat(timespec="seconds"),
        "matchers": [str(matcher) for matcher in one.silence.matchers],
        "members": list(one.members),
        "mutes": list(one.alerts),
    }
