"""People are told of what happens: once, in order, tried again, and what did not go is said."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ledger.adapters.http import ask as ask_really
from ledger.app.doctor.examine import examine
from ledger.app.installation import Installation
from ledger.app.observer.desk import Desk
from ledger.app.press import Press
from ledger.app.reading.status import status_json
from ledger.app.steps import opening
from ledger.app.telling import sender
from ledger.app.telling.connections import connections
from ledger.app.telling.outbox import Outbox
from ledger.app.telling.standing import to_try_out, try_out
from ledger.domain.observing.events import WarningGiven
from ledger.domain.telling.events import MessageExpired, MessageFailed, MessageSent
from ledger.errors import Refused, Unreachable
from ledger.verify import find_heads
from tests.adapters.neighbours import Handler, odd

from .builders import Clock, actor, records
from .settings import changed

NEAR = WarningGiven(warning="silence_expiry", text="near")


class Hook:
    """An announcement hook on loopback that keeps what it took and answers as it is told."""

    def __init__(self) -> None:
        self.taken: list[dict[str, str]] = []
        self.status = 200

    def answer(self, handler: Handler) -> None:
        if self.status == 200:
            self.taken.append(json.loads(handler.body))
        handler.say(self.status)

    @property
    def kinds(self) -> list[str]:
        return [page["kind"] for page in self.taken]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def hook(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    """A hook that the installation tells; what it refuses is tried again at once."""
    monkeypatch.setattr(sender, "_LONGEST", 0.0)
    made = Hook()
    with odd(made.answer) as server:
        monkeypatch.setattr(installation, "config", changed(installation.config, announce={"url": server.url}))
        yield made


@pytest.fixture
def box(installation: Installation, clock: Clock, hook: Hook, said: list[str]) -> Outbox:
    """The outbox of an observer that has begun."""
    made = Outbox(installation, said.append)
    tell(made)
    return made


def tell(box: Outbox) -> None:
    box.look()
    box.join(30)


def open_rollback(installation: Installation) -> int:
    """Open a rollback; the sequence of its entry."""
    press = Press(actor("incident_manager"))
    made = opening.open_rollback(installation, press, ticket="INC-1", reason="latency").rollback
    assert made is not None
    return made.opened_entry


def events(installation: Installation, *kinds: type) -> list[Any]:
    return [record.event for record in records(installation) if isinstance(record.event, kinds)]


def test_an_opening_is_told_with_its_own_announcement_and_who_can_confirm(
    installation: Installation, hook: Hook, box: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = installation.config
    address = changed(config, serve={"url": "https://stage4.example.org/"})
    monkeypatch.setattr(installation, "config", address)
    entry = open_rollback(installation)
    tell(box)
    tell(box)
    (page,) = hook.taken
    assert (page["kind"], page["rollback"]) == ("rollback_opened", "INC-1")
    assert page["id"] == f"{installation.ledger.origin}/{entry}"
    assert page["text"].startswith("[Stage4] INC-1: rollback of multi_strategy (incident)\nReason: latency\n")
    assert "To confirm: " in page["text"] and "https://stage4.example.org/rollbacks/INC-1\n" in page["text"]
    (head,) = find_heads(page["text"].encode())
    assert (head.origin, head.size) == (installation.ledger.origin, entry), "the newest, and it alone"
    (sent,) = events(installation, MessageSent)
    assert (sent.entry, sent.about) == (entry, "rollback_opened")
    kept = json.loads(installation.artefacts.get(sent.message_sha384))
    assert (kept["text"], kept["marker"], kept["head"]) == (page["text"], page["id"], sent.head)
    assert b"POST http" in installation.artefacts.get(sent.transcript_sha384)
    assert (installation.state.heads["announce"].head, installation.state.heads["announce"].taken) == (sent.head, 1)


def test_a_hook_that_refuses_is_tried_again_and_told_everything_once_and_in_order(
    installation: Installation, hook: Hook, box: Outbox, said: list[str]
) -> None:
    hook.status = 500
    opened = open_rollback(installation)
    Desk(installation, said.append).record(NEAR)
    for _ in range(3):
        tell(box)
    (failed,) = events(installation, MessageFailed)
    assert failed.entry == opened and "answered 500" in failed.reason and hook.taken == []
    assert installation.state.unsent["announce"].entry == opened
    hook.status = 200
    for _ in range(2):
        tell(box)
    assert hook.kinds == ["rollback_opened", "warning_given"] and installation.state.unsent == {}
    assert [event.about for event in events(installation, MessageSent)] == hook.kinds


def test_what_an_observer_left_unsent_is_sent_by_the_next_one(
    installation: Installation, hook: Hook, box: Outbox, said: list[str]
) -> None:
    hook.status = 503
    open_rollback(installation)
    tell(box)
    hook.status = 200
    tell(Outbox(installation, said.append))
    assert hook.kinds == ["rollback_opened"]
    tell(Outbox(installation, said.append))
    assert hook.kinds == ["rollback_opened"], "not a second time"


def test_that_nobody_is_told_stands_in_the_status_and_in_the_doctors_answer(
    installation: Installation, hook: Hook, box: Outbox
) -> None:
    def told() -> list[tuple[str, str]]:
        return [(one.state, one.found) for one in examine(installation.home.root) if one.name == "announce"]

    file = installation.home.config
    with file.open("a") as lines:
        lines.write(f'\n[announce]\nurl = "{installation.config.announce.url}"\n')
    assert status_json(installation)["unsent"] == [] and [state for state, _ in told()] == ["ok"]
    hook.status = 500
    entry = open_rollback(installation)
    tell(box)
    (waits,) = status_json(installation)["unsent"]
    assert waits["entry"] == entry and "answered 500" in waits["why"]
    assert told() == [("problem", waits["sentence"])] and f"the message about entry {entry} waits" in waits["sentence"]
    hook.status = 200
    tell(box)
    assert status_json(installation)["unsent"] == []


def test_a_message_that_tries_it_out_says_so_and_leaves_no_entry(
    installation: Installation, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = installation.state.sequence
    (connection,) = connections(installation)
    sent, _ = try_out(installation, connection)
    (page,) = hook.taken
    assert page["id"] == sent.marker and page["kind"] == "test" and len(find_heads(page["text"].encode())) == 1
    assert installation.ledger.log.size() == before
    hook.status = 404
    with pytest.raises(Unreachable, match="answered 404"):
        try_out(installation, connection)
    monkeypatch.setattr(installation, "config", changed(installation.config, announce={"url": ""}))
    with pytest.raises(Refused, match="set announce.url or announce.command"):
        to_try_out(installation)


def test_a_connection_that_is_new_is_not_told_the_past(installation: Installation, hook: Hook, said: list[str]) -> None:
    open_rollback(installation)
    box = Outbox(installation, said.append)
    tell(box)
    assert hook.taken == []
    Desk(installation, said.append).record(NEAR)
    tell(box)
    assert hook.kinds == ["warning_given"]


def test_what_comes_too_late_is_given_up_and_said(
    installation: Installation, hook: Hook, box: Outbox, clock: Clock
) -> None:
    hook.status = 500
    entry = open_rollback(installation)
    tell(box)
    clock.move(seconds=timedelta(hours=5).total_seconds())
    hook.status = 200
    tell(box)
    (expired,) = events(installation, MessageExpired)
    assert (expired.entry, expired.about, hook.taken) == (entry, "rollback_opened", [])
    assert installation.state.unsent == {}


def test_more_than_can_wait_gives_up_the_oldest(
    installation: Installation, hook: Hook, box: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "MOST", 2)
    desk = Desk(installation, lambda _: None)
    entries = [desk.record(NEAR) for _ in range(4)]
    tell(box)
    assert [event.entry for event in events(installation, MessageExpired)] == entries[:2]
    assert [event.entry for event in events(installation, MessageSent)] == entries[2:]


def test_a_message_that_went_is_not_sent_again_where_the_ledger_could_not_be_told(
    installation: Installation, hook: Hook, box: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_rollback(installation)
    with held(installation, monkeypatch):
        tell(box)
        tell(box)
        assert len(hook.taken) == 1
    tell(box)
    assert len(hook.taken) == 1 and len(events(installation, MessageSent)) == 1


@contextmanager
def held(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A ledger that takes nothing."""

    def refuse(*given: Any, **named: Any) -> Any:
        raise Unreachable("the store is locked")

    with monkeypatch.context() as patch:
        patch.setattr(installation, "submit", refuse)
        yield


def test_a_hook_that_hangs_holds_up_nobody(
    installation: Installation, said: list[str], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, go_on = threading.Event(), threading.Event()
    heard: list[str] = []

    def answer(handler: Handler) -> None:
        heard.append(json.loads(handler.body)["text"].partition("\n")[0])
        here.set()
        go_on.wait(30)
        handler.say(200)

    with odd(answer) as server:
        monkeypatch.setattr(installation, "config", changed(installation.config, announce={"url": server.url}))
        desk = Desk(installation, said.append)
        desk.warn(NEAR, "first")
        assert here.wait(10)
        for number in range(5):  # the hook still has the first one
            desk.warn(NEAR, str(number))
        assert heard == ["first"] and len(events(installation, WarningGiven)) == 6
        go_on.set()
        desk.outbox.join(30)
    assert heard == ["first", "0", "1", "2", "3", "4"]


def test_a_hook_that_has_just_failed_is_given_a_second(
    installation: Installation, hook: Hook, box: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    patience: list[float] = []
    ask: Callable[..., Any] = lambda server, *given, **named: (  # noqa: E731
        patience.append(server.read_timeout) or ask_really(server, *given, **named)
    )
    monkeypatch.setattr("ledger.adapters.announce.ask", ask)
    hook.status = 500
    open_rollback(installation)
    for _ in range(2):
        tell(box)
    assert patience == [3.0, 1.0]


def test_a_command_gets_the_message_and_without_a_hook_nothing_is_sent(
    installation: Installation, tmp_path: Path, said: list[str], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(installation, said.append)
    desk.warn(NEAR, "nobody is told")
    out = tmp_path / "told.json"
    monkeypatch.setattr(installation, "config", changed(installation.config, announce={"command": f"tee {out}"}))
    desk.warn(NEAR, "the silence ends")
    desk.outbox.join(10)
    page = json.loads(out.read_text())
    assert page["text"].startswith("the silence ends\nLedger head ") and page["kind"] == "warning_given"
    assert len(events(installation, MessageSent)) == 1
