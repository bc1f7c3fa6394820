"""``stage4 silences`` says who mutes, in letters that can be seen, and nothing where nobody said anything."""

from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console

from ledger.cli.silences import _show

ONE = {
    "silence_id": "s-1",
    "rollback": "",
    "to_be_ended": False,
    "created_by": "mal\u202elory",
    "comment": "a\nb",
    "ends_at": "2027-11-29T18:00:00+00:00",
    "matchers": ['env="lab"'],
    "members": ["http://a"],
    "mutes": [],
}


class Session:
    console = Console(width=200, no_color=True)


def shown(capsys: pytest.CaptureFixture[str], muting: list[dict[str, Any]], *doubts: str) -> str:
    Session.console = Console(width=200, no_color=True)
    _show(Session(), {"muting": muting, "members": [{"name": "http://a", "not_known": list(doubts)}]})  # type: ignore[arg-type]
    return capsys.readouterr().out


def test_where_nobody_said_all_nothing_is_said_of_what_does_not_mute(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, [], "http://a hangs") == "? not known: http://a hangs\n"
    assert shown(capsys, []) == "no silence mutes Stage4 alerts, by http://a\n"


def test_what_begins_later_is_shown_with_its_start(capsys: pytest.CaptureFixture[str]) -> None:
    said = shown(capsys, [ONE | {"begins_at": "2027-11-29T07:49:00+00:00"}])
    assert "from 2027-11-29 07:49 UTC until 2027-11-29 18:00 UTC" in said


def test_who_made_a_silence_cannot_turn_the_line_round(capsys: pytest.CaptureFixture[str]) -> None:
    said = shown(capsys, [ONE])
    assert "\u202e" not in said and "until 2027-11-29 18:00 UTC, by mal[U+202E]lory" in said
    assert "    a b\n" in said
