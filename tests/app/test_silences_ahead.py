"""A silence of somebody else that begins later is told by the observer before it mutes."""

from __future__ import annotations

import json
from datetime import timedelta

from ledger.adapters.silence_wire import format_silence
from ledger.app.installation import Installation
from ledger.app.observer.desk import Desk
from ledger.app.observer.silences import Silences
from ledger.domain.facts import Matcher
from ledger.domain.observing.events import ForeignSilenceSeen, WarningGiven
from tests.adapters.neighbours import Handler, odd

from .builders import events
from .settings import changed


def test_a_silence_that_begins_later_is_told_ahead_and_once(installation: Installation) -> None:
    starts, state = installation.clock() + timedelta(minutes=5), "pending"
    matchers = (Matcher("alertname", "MultiStrategy.+", is_regex=True),)

    def answer(handler: Handler) -> None:
        page = format_silence(matchers, starts, starts + timedelta(hours=9), "deploybot", "a release", "s-9")
        silences = [page | {"status": {"state": state}}]
        handler.say(200, json.dumps(silences if handler.path.endswith("/silences") else []).encode())

    with odd(answer) as server:
        installation.config = changed(installation.config, alertmanager={"url": server.url})
        silences = Silences(Desk(installation, lambda _: None))
        for _ in range(4):
            silences.look(installation.state)
        [told] = events(installation, WarningGiven)
        assert "deploybot will silence Stage4 alerts from " in told.text and "(s-9)" in told.text
        assert not events(installation, ForeignSilenceSeen)
        state = "active"
        for _ in range(2):
            silences.look(installation.state)
        assert [one.silence_id for one in events(installation, ForeignSilenceSeen)] == ["s-9"]
