"""Each connection has its own queue: what is refused holds up nothing, what may have arrived is looked for first."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from ledger.adapters.connection import Delivered, Delivery, Later, Probed
from ledger.adapters.failures import Unsent
from ledger.adapters.transcript import Exchange
from ledger.app.installation import Installation
from ledger.app.observer.desk import Desk
from ledger.app.press import Press
from ledger.app.telling import connections, sender
from ledger.app.telling.connection import Connection
from ledger.app.telling.message import Asked
from ledger.app.telling.outbox import Outbox
from ledger.app.telling.standing import give_up, retry, standing, unsent
from ledger.domain.observing.events import WarningGiven
from ledger.domain.telling.events import MessageFailed, MessageGivenUp, MessageRefused, MessageSent
from ledger.errors import LedgerError, Refused, Unreachable

from .builders import actor, records

NEAR = WarningGiven(warning="silence_expiry", text="near")


class Shelf:
    """A place that keeps what it is given, shows it back by its marker, and fails as it is told."""

    def __init__(self) -> None:
        self.has: dict[str, Delivery] = {}
        self.fails: list[tuple[LedgerError, bool]] = []
        """What goes wrong next, and whether after the act."""
        self.gate = threading.Event()
        self.gate.set()
        self.looks = 0

    def probe(self) -> Probed:
        return Probed("ok", "a shelf")

    def look(self, delivery: Delivery) -> Delivered | None:
        self.looks += 1
        return Delivered(f"#{delivery.entry}", found=True) if delivery.marker in self.has else None

    def deliver(self, delivery: Delivery) -> Delivered:
        self.gate.wait(30)
        error, after = self.fails.pop(0) if self.fails else (None, True)
        if after:
            assert delivery.marker not in self.has, "twice"
            self.has[delivery.marker] = delivery
        if error:
            raise error
        return Delivered(f"#{delivery.entry}", "https://shelf.example.net/")


class ShelfConnection(Connection):
    """Warnings go there in two parts."""

    def __init__(self, installation: Installation, name: str, shelf: Shelf) -> None:
        super().__init__(installation)
        self.name = self.title = name
        self.shelf = shelf

    def parts(self, asked: Asked) -> tuple[str, ...]:
        return ("note", "link") if isinstance(asked.record.event, WarningGiven) else ()

    def adapter(self, log: list[Exchange], patience: float | None = None) -> Shelf:
        return self.shelf


@pytest.fixture
def shelves(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Shelf, Shelf]]:
    """Two places, tried again at once."""
    first, second = Shelf(), Shelf()
    monkeypatch.setattr(sender, "_LONGEST", 0.0)
    made = [ShelfConnection(installation, "first", first), ShelfConnection(installation, "second", second)]
    monkeypatch.setattr(connections, "_TABLE", (lambda _: made,))
    yield first, second
    first.gate.set()


@pytest.fixture
def box(installation: Installation, shelves: tuple[Shelf, Shelf]) -> Outbox:
    made = Outbox(installation, lambda _: None)
    tell(made)
    return made


def tell(box: Outbox) -> None:
    box.look()
    box.join(30)


def warn(installation: Installation) -> int:
    return Desk(installation, lambda _: None).record(NEAR)


def of(installation: Installation, kind: type, name: str = "first") -> list[tuple[int, str]]:
    events = [record.event for record in records(installation) if isinstance(record.event, kind)]
    return [(event.entry, event.part) for event in events if event.connection == name]


def test_every_part_goes_once_and_in_order_to_each(installation, shelves, box) -> None:
    entries = [warn(installation), warn(installation)]
    tell(box)
    tell(box)
    wanted = [(entry, part) for entry in entries for part in ("note", "link")]
    for shelf, name in zip(shelves, ("first", "second"), strict=True):
        assert [(one.entry, one.part) for one in shelf.has.values()] == wanted
        assert of(installation, MessageSent, name) == wanted and not shelf.looks
    head = installation.state.heads["second"]
    assert (head.taken, head.link) == (4, "https://shelf.example.net/")


def test_later_deliveries_answer_to_the_rollbacks_first(installation, shelves, box) -> None:
    desk = Desk(installation, lambda _: None)
    rollback = opened(installation)
    first = desk.record(NEAR, rollback)
    tell(box)
    desk.record(NEAR, rollback)
    tell(box)
    assert [one.thread for one in shelves[0].has.values()] == ["", f"#{first}", f"#{first}", f"#{first}"]
    again = Outbox(installation, lambda _: None)
    desk.record(NEAR, rollback)
    tell(again)
    assert list(shelves[0].has.values())[-1].thread == f"#{first}", "also after a restart"


def opened(installation: Installation) -> str:
    from ledger.app.steps import opening

    press = Press(actor("incident_manager"))
    return opening.open_rollback(installation, press, ticket="INC-1", reason="latency").rollback.id


def test_one_that_hangs_holds_up_no_other(installation, shelves, box) -> None:
    shelves[0].gate.clear()
    warn(installation)
    box.look()
    box.join(0.2)
    assert not shelves[0].has and len(shelves[1].has) == 2
    shelves[0].gate.set()
    box.join(30)
    assert len(shelves[0].has) == 2


@pytest.mark.parametrize("again", ["same observer", "another observer"])
def test_what_an_answer_was_lost_about_is_found_and_not_sent_again(installation, shelves, box, again) -> None:
    shelves[0].fails = [(Unreachable("no answer"), True)]
    entry = warn(installation)
    tell(box)
    assert of(installation, MessageFailed) == [(entry, "note")] and installation.state.unsent["first"].part == "note"
    tell(box if again == "same observer" else Outbox(installation, lambda _: None))
    assert of(installation, MessageSent) == [(entry, "note"), (entry, "link")]
    assert installation.state.unsent == {} and shelves[0].looks


def test_what_surely_did_nothing_is_not_looked_for(installation, shelves, box) -> None:
    shelves[0].fails = [(Unsent("nobody listens"), False)]
    warn(installation)
    tell(box)
    tell(box)
    assert len(shelves[0].has) == 2 and not shelves[0].looks


def test_who_asks_to_wait_is_left_alone_as_long(installation, shelves, box, monkeypatch) -> None:
    shelves[0].fails = [(Later("asks to wait 30 s", 30.0), False)]
    warn(installation)
    tell(box)
    tell(box)
    assert not shelves[0].has
    later = sender.time.monotonic() + 31
    monkeypatch.setattr(sender.time, "monotonic", lambda: later)
    tell(box)
    assert len(shelves[0].has) == 2


def test_what_is_refused_for_ever_is_owed_and_holds_up_nothing(installation, shelves, box) -> None:
    shelves[0].fails = [(Refused("there is no such ticket"), False)]
    entry = warn(installation)
    tell(box)
    assert [one.part for one in shelves[0].has.values()] == ["link"]
    assert of(installation, MessageRefused) == [(entry, "note")]
    (owed,) = unsent(installation)
    assert (owed.connection, owed.entry, owed.part, owed.refused) == ("first", entry, "note", True)
    assert "no such ticket" in owed.sentence
    tell(Outbox(installation, lambda _: None))
    assert len(shelves[0].has) == 1, "not tried again by itself"


def test_a_person_has_it_tried_again(installation, shelves, box) -> None:
    shelves[0].fails = [(Refused("there is no such ticket"), False)]
    entry = warn(installation)
    tell(box)
    retry(installation, Press(actor("incident_manager")), "first", entry, "note")
    tell(box)
    assert len(shelves[0].has) == 2 and unsent(installation) == [] and shelves[0].looks == 1


def test_a_person_ends_the_wait_of_one_that_backs_off(installation, shelves, box, monkeypatch) -> None:
    monkeypatch.setattr(sender, "_LONGEST", 60.0)
    shelves[0].fails = [(Unreachable("it is down"), False)]
    entry = warn(installation)
    tell(box)
    tell(box)
    assert not shelves[0].has
    retry(installation, Press(actor("l2_ops")), "first", entry, "note")
    tell(box)
    assert len(shelves[0].has) == 2


def test_a_person_gives_one_up_and_what_waits_behind_it_goes_on(installation, shelves, box) -> None:
    shelves[0].fails = [(Unreachable("it is down"), False)]
    entry = warn(installation)
    tell(box)
    (queue, _) = standing(installation)
    assert [(one.entry, one.part) for one in queue.waiting] == [(entry, "note"), (entry, "link")]
    give_up(installation, Press(actor("incident_manager")), "first", entry, "not needed", "note")
    tell(box)
    assert [one.part for one in shelves[0].has.values()] == ["link"] and unsent(installation) == []
    assert of(installation, MessageGivenUp) == [(entry, "note")]


@pytest.mark.parametrize(("name", "part"), [("second", "note"), ("first", "link"), ("first", ""), ("no\nname", "note")])
def test_what_does_not_wait_cannot_be_given_up(installation, shelves, box, name, part) -> None:
    shelves[0].fails = [(Refused("no"), False)]
    entry = warn(installation)
    tell(box)
    with pytest.raises(Refused, match="no message about entry"):
        give_up(installation, Press(actor("incident_manager")), name, entry, "x", part)
