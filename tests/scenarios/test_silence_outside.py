"""Walk 6: somebody changes the silence in Alertmanager's own page, and Alertmanager forgets it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import requests

from ledger.app.press import Press
from ledger.app.steps import silencing
from ledger.domain.state import Rollback
from ledger.lab.loopback import call_json
from ledger.lab.scenarios import Stage

from .walk import REAL_SERVERS, finish, from_step_3, newest, records, soon, through_step_2

pytestmark = REAL_SERVERS


def test_a_silence_that_is_extended_rewritten_deleted_and_forgotten(on: Stage) -> None:
    rollback = through_step_2(on, "INC-2042")
    on.rounds(5)  # the observer knows how it looked
    extended_in_its_page(on, rollback)
    comment_rewritten(on, rollback)
    deleted(on, rollback)
    recreated(on, rollback)
    forgotten_by_a_crash(on, rollback)
    recreated(on, rollback)
    from_step_3(on, rollback)
    finish(on)


def extended_in_its_page(on: Stage, rollback: Rollback) -> None:
    ends = on.now(rollback).silence.ends_at
    assert ends
    wanted = ends + timedelta(minutes=10)
    edit(on, rollback, endsAt=wanted.isoformat())
    assert soon(on, lambda: observed(on) == 1), "the new end was not seen"
    before, after = both(on)
    assert datetime.fromisoformat(after["ends_at"]) - datetime.fromisoformat(before["ends_at"]) == timedelta(minutes=10)
    assert on.now(rollback).silence.ends_at == newest(on, "silence_observed").ends_at
    assert on.now(rollback).steps[2].passed, "a longer silence mutes all the same"


def comment_rewritten(on: Stage, rollback: Rollback) -> None:
    edit(on, rollback, comment="mine now")
    assert soon(on, lambda: observed(on) == 2), "the new comment was not seen"
    before, after = both(on)
    assert rollback.id in before["comment"]
    assert after["comment"] == "mine now"


def deleted(on: Stage, rollback: Rollback) -> None:
    name = on.now(rollback).silence.id
    requests.delete(f"{on.lab.addresses.alertmanager}/api/v2/silence/{name}", timeout=5).raise_for_status()
    lost(on, rollback, 1)
    assert newest(on, "silence_lost").found == "expired"


def forgotten_by_a_crash(on: Stage, rollback: Rollback) -> None:
    on.rounds(5)
    on.lab.kill_server("alertmanager")
    (on.lab.folder / "alertmanager" / "silences").unlink(missing_ok=True)
    on.lab.start_server("alertmanager")
    lost(on, rollback, 2)
    assert newest(on, "silence_lost").found == "absent"


def lost(on: Stage, rollback: Rollback, times: int) -> None:
    assert soon(on, lambda: len(records(on, "silence_lost")) == times), "the loss was not seen"
    assert on.now(rollback).silence.state == "lost"
    assert on.now(rollback).steps[2].shown == "lapsed"
    assert soon(on, lambda: any("recreate-silence" in line for line in on.heard.lines)), "nobody was told what to do"


def recreated(on: Stage, rollback: Rollback) -> None:
    before = on.now(rollback).silence.id
    done = silencing.silence(on.installation, Press(on.person("observability")), on.now(rollback))
    assert done.verdict == "pass"
    assert done.rollback.silence.id != before
    active = [one.id for one in on.installation.alertmanager.silences() if one.state == "active"]
    assert active == [done.rollback.silence.id], "never two active ones"


def edit(on: Stage, rollback: Rollback, **changed: str) -> None:
    """What Alertmanager's own page does when somebody edits a silence there."""
    address = on.lab.addresses.alertmanager
    name = on.now(rollback).silence.id
    page = call_json(f"{address}/api/v2/silence/{name}")
    body = {key: page[key] for key in ("id", "matchers", "startsAt", "endsAt", "createdBy", "comment")} | changed
    assert call_json(f"{address}/api/v2/silences", body)["silenceID"] == name


def observed(on: Stage) -> int:
    return len(records(on, "silence_observed"))


def both(on: Stage) -> tuple[dict[str, Any], dict[str, Any]]:
    """The silence before and after the last change, as kept."""
    event, artefacts = newest(on, "silence_observed"), on.installation.artefacts
    return json.loads(artefacts.get(event.before_sha384)), json.loads(artefacts.get(event.after_sha384))
