"""The event stream without a browser: what was missed, nothing twice, signs of life, and no connection left behind."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from web.hub import Hub

from .house import House, eventually
from .stream import Stream, listening, session


@pytest.fixture(scope="module")
def cookie(whole: House) -> str:
    return session(whole, "noc")


@pytest.fixture
def streams(home: House, cookie: str) -> Iterator[list[Stream]]:
    made: list[Stream] = []
    yield made
    for one in made:
        one.close()


def test_a_stream_gives_exactly_the_entries_after_the_last_one_that_was_had(
    home: House, cookie: str, streams: list[Stream]
) -> None:
    name = home.open("INC-2501").id
    first = Stream(home, cookie)
    streams.append(first)
    had = home.note(name, "had").last
    while first.next().id != had:
        pass
    missed = [home.note(name, f"missed {number}").last for number in range(3)]
    second = Stream(home, cookie, had)
    streams.append(second)
    found = second.until_beat() + second.until_beat()  # the first beat comes at once
    assert {one.name for one in found} == {"entry"}
    assert [one.id for one in found] == [one.data["sequence"] for one in found] == _all_after(had, found[-1].id)
    assert set(missed) <= {one.id for one in found}
    fresh = home.note(name, "as it happens").last
    found += second.until_beat() + second.until_beat()
    assert [one.id for one in found] == _all_after(had, max(fresh, found[-1].id))
    assert second.answer.headers["Content-Type"].startswith("text/event-stream")


def _all_after(had: int, last: int) -> list[int]:
    """Whoever appended them: the observer does, too."""
    return list(range(had + 1, last + 1))


@pytest.mark.parametrize("had", [1, 9_999_999])
def test_where_what_was_missed_is_not_kept_the_page_is_told_to_read_itself_anew(
    had: int, home: House, cookie: str, streams: list[Stream]
) -> None:
    streams.append(Stream(home, cookie, had))
    first = streams[0].next()
    assert (first.name, first.id) == ("resync", home.size)


def test_a_beat_comes_every_two_seconds_and_says_when_each_source_was_had(
    home: House, cookie: str, streams: list[Stream]
) -> None:
    streams.append(Stream(home, cookie))
    streams[0].until_beat()
    started = time.monotonic()
    beat = streams[0].next()
    while beat.name != "beat":
        beat = streams[0].next()
    assert time.monotonic() - started < 4  # after 4.5 s of silence a page says that it cannot hear
    assert set(beat.data["at"]) == {"scheduler", "override", "alertmanager", "prometheus"}


def test_a_stream_whose_browser_went_away_is_cleaned_up(home: House, cookie: str, streams: list[Stream]) -> None:
    before = listening(home)  # of other tests, too, and theirs may go away meanwhile
    assert before < 20
    streams += [Stream(home, cookie) for _ in range(20)]
    for one in streams:
        one.next()
    assert listening(home) >= 20
    for one in streams:
        one.close()
    eventually(lambda: listening(home) <= before, 8, "the streams to be gone")


def test_nobody_listens_without_a_session(home: House, streams: list[Stream]) -> None:
    streams.append(Stream(home, ""))
    assert streams[0].answer.status in (302, 303, 401)


def test_what_is_said_between_two_looks_is_heard() -> None:
    hub = Hub()
    listens = hub.listen(1)
    hub.publish("entry", {}, 5)
    first = next(listens)
    assert first is not None and first.id == 5
