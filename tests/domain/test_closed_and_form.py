"""Closed rollbacks that are looked up when asked for, and the plain form of a state."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing
from collections.abc import Callable, Iterator

import msgspec
import pytest

from ledger.domain.closed import Closed, Trait
from ledger.domain.event import Event
from ledger.domain.events import EVENTS
from ledger.domain.form import form_of
from ledger.domain.state import Rollback, State
from ledger.said import Said

from .builders import INC
from .road import ROAD, story_at
from .test_events import KINDS, NAMES, example


class Kept:
    """Closed rollbacks that stand elsewhere; remembers what was read of them."""

    def __init__(self, *rollbacks: Rollback) -> None:
        self.rollbacks = {one.id: one for one in rollbacks}
        self.read: list[str] = []

    def __len__(self) -> int:
        return len(self.rollbacks)

    def __iter__(self) -> Iterator[str]:
        return iter(self.rollbacks)

    def __contains__(self, name: object) -> bool:
        return name in self.rollbacks

    def __getitem__(self, name: str) -> Rollback:
        self.read.append(name)
        return self.rollbacks[name]

    def opened_entry(self, name: str) -> int:
        return self.rollbacks[name].opened_entry

    def with_trait(self, trait: Trait) -> list[str]:
        return [name for name, one in self.rollbacks.items() if one.reason == trait]


@pytest.fixture(scope="module")
def road() -> State:
    return story_at(list(ROAD)[-1]).state


def named(state: State, name: str, entry: int = 1, reason: str = "") -> Rollback:
    return state.closed[INC]._replace(id=name, opened_entry=entry, reason=reason)


@pytest.mark.parametrize("place", ROAD)
def test_a_state_comes_back_from_its_form_at_every_step_of_the_road(place: str) -> None:
    state, form = story_at(place).state, form_of(State)
    plain = msgspec.msgpack.decode(msgspec.msgpack.encode(form.encode(state)))
    assert form.decode(plain)._replace(closed=state.closed) == state
    for rollback in (*state.open.values(), *state.closed.values()):
        again = form_of(Rollback).decode(msgspec.json.decode(msgspec.json.encode(form_of(Rollback).encode(rollback))))
        assert again == rollback and type(again.steps) is tuple and type(again.took_steps) is frozenset


@pytest.mark.parametrize("kind", EVENTS.values(), ids=lambda kind: f"{kind.status}-{kind.version}")
def test_every_event_has_a_form(kind: type[Event]) -> None:
    """An event that waits to be done stands in the state; which ones do may change."""
    assert form_of(kind) == form_of(Event)


@pytest.mark.parametrize("annotation", [float, dt.date, int | str, Callable[[], None]])
def test_what_has_no_form_is_refused_when_the_form_is_made(annotation: object) -> None:
    with pytest.raises(TypeError, match="no form"):
        form_of(annotation)


def test_nothing_kept_elsewhere_is_read_before_it_is_asked_for(road: State) -> None:
    kept = Kept(named(road, "INC-1", 3), named(road, "INC-2", 1))
    closed = Closed({"INC-3": named(road, "INC-3", 9)}, kept)
    assert list(closed) == ["INC-1", "INC-2", "INC-3"] and len(closed) == 3
    assert "INC-1" in closed and "INC-4" not in closed
    assert closed.put(named(road, "INC-4")).keys() == {"INC-1", "INC-2", "INC-3", "INC-4"}
    assert kept.read == []
    assert closed["INC-1"].opened_entry == 3 and kept.read == ["INC-1"]


def test_what_changed_lately_stands_before_what_is_kept(road: State) -> None:
    kept = Kept(named(road, "INC-1"))
    closed = Closed(earlier=kept).put(named(road, "INC-1", reason="changed"))
    assert closed["INC-1"].reason == "changed" and len(closed) == 1 and list(closed) == ["INC-1"]
    assert kept.read == []


def test_the_newest_come_first_and_only_those_asked_for_are_read(road: State) -> None:
    kept = Kept(named(road, "INC-1", 3), named(road, "INC-2", 30))
    newest = Closed({"INC-3": named(road, "INC-3", 9)}, kept).newest_first()
    assert next(newest).id == "INC-2" and kept.read == ["INC-2"]
    assert [one.id for one in newest] == ["INC-3", "INC-1"]


def test_candidates_are_those_that_changed_and_those_kept_with_the_trait(road: State) -> None:
    kept = Kept(named(road, "INC-1", reason="unended"), named(road, "INC-2", reason="owing"))
    closed = Closed({"INC-3": named(road, "INC-3"), "INC-2": named(road, "INC-2")}, kept)
    assert [one.id for one in closed.candidates("unended")] == ["INC-3", "INC-2", "INC-1"]
    assert [one.id for one in closed.candidates("owing")] == ["INC-3", "INC-2"]


def test_one_that_is_not_there_is_a_key_error(road: State) -> None:
    for closed in (Closed(), Closed({}, Kept(named(road, "INC-1")))):
        assert closed.get("INC-7") is None
        with pytest.raises(KeyError):
            closed["INC-7"]


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_sentences_in_a_state_that_was_not_read_back_can_be_saved(kind: type[Event]) -> None:
    """The ledger keeps what it has just written as it was made: texts there may still have their values."""
    hints = typing.get_type_hints(kind)
    told = {
        field.name: Said("not known: {}", "x") if hints[field.name] is str else (Said("not known: {}", "x"),)
        for field in dataclasses.fields(kind)
        if hints[field.name] in (str, tuple[str, ...])
    }
    form = form_of(Event)
    plain = form.encode(dataclasses.replace(example(kind), **told))
    assert form.decode(msgspec.msgpack.decode(msgspec.msgpack.encode(plain))) == dataclasses.replace(
        example(kind), **told
    )
