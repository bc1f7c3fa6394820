"""The domain's registries: each folder is joined to all of them, each event, command and transition once."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from ledger.domain import decide, events, evolve
from ledger.domain.command import Command, command
from ledger.domain.event import EVENTS, Event, by_version, event
from ledger.domain.keeping.commands import AddNote
from ledger.domain.keeping.events import LedgerOpened, NoteAdded
from ledger.domain.rules import DECISIONS, decides
from ledger.domain.stopping.events import StopTakenIn, StopTakenIn1, StopTakenIn2
from ledger.domain.telling.events import MessageExpired, MessageFailed, MessageSent
from ledger.domain.transition import STAGE, TRANSITIONS, applies, applies_to_stage

DOMAIN = Path(events.__file__).parent


def files(*names: str) -> set[str]:
    found = [path for name in names for path in DOMAIN.glob(f"*/{name}.py")]
    return {f"ledger.domain.{path.parent.name}.{path.stem}" for path in found}


@pytest.mark.parametrize(
    ("modules", "names"),
    [(events.MODULES, ["events"]), (evolve.MODULES, ["apply"]), (decide.MODULES, ["decide", "erasing", "stop"])],
    ids=["events", "apply", "decide"],
)
def test_every_folder_is_joined(modules: tuple[ModuleType, ...], names: list[str]) -> None:
    assert {module.__name__ for module in modules} == files(*names)


def test_every_command_that_is_declared_is_decided_on() -> None:
    declared = {
        value
        for name in files("commands")
        for value in vars(__import__(name, fromlist=["x"])).values()
        if isinstance(value, type) and issubclass(value, Command) and value is not Command
    }
    assert declared == set(DECISIONS)


def test_every_function_of_a_registry_is_about_the_events_of_its_annotation() -> None:
    kinds = set(EVENTS.values())
    assert set(TRANSITIONS) | set(STAGE) <= kinds


def test_nothing_is_registered_twice() -> None:
    with pytest.raises(ValueError, match="note_added version 1 is an event already"):
        event(type("Other", (Event,), {"status": NoteAdded.status, "__annotations__": {}}))
    with pytest.raises(ValueError, match="AddNote"):
        decides(AddNote)(lambda state, request, asked: ())
    with pytest.raises(ValueError, match="class"):
        applies(next(iter(TRANSITIONS)))(lambda before, record, happened: before)
    with pytest.raises(ValueError, match="LedgerOpened"):
        applies_to_stage(LedgerOpened)(lambda state, record, happened: state)


def test_a_command_is_frozen_and_given_by_name() -> None:
    made = command(type("Other", (Command,), {"__annotations__": {"text": "str"}}))
    with pytest.raises(TypeError):
        made("x")
    with pytest.raises(AttributeError):
        made(text="x").text = "y"


def test_a_table_says_the_same_of_earlier_versions_unless_it_says_something_of_their_own() -> None:
    table = {StopTakenIn: "new", StopTakenIn1: "old"}
    assert by_version(table) == {StopTakenIn: "new", StopTakenIn2: "new", StopTakenIn1: "old"}
    assert by_version({StopTakenIn1: "old"}) == dict.fromkeys((StopTakenIn, StopTakenIn2, StopTakenIn1), "old")


SAID_LATER = [kind for kind in EVENTS.values() if kind.said and kind.version > 1 and "telling" not in kind.__module__]
KNEW_LESS = [MessageSent, MessageFailed, MessageExpired]


@pytest.mark.parametrize("kind", [*SAID_LATER, *KNEW_LESS], ids=lambda kind: kind.status)
def test_the_version_before_means_what_the_newest_means(kind: type[Event]) -> None:
    before = EVENTS[kind.status, kind.version - 1]
    assert issubclass(before, kind) and before.sentence == kind.sentence
    assert before.said == (kind.said if kind in KNEW_LESS else frozenset())
    assert TRANSITIONS.get(before) is TRANSITIONS.get(kind) and STAGE.get(before) is STAGE.get(kind)
