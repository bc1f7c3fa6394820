"""The timeline's file: what each filter lets through, compared with plain Python on random rows."""

from __future__ import annotations

import stat
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import Unreachable
from ledger.proof.entry import GENESIS
from ledger.store.timeline import Head, Row, TimelineStore
from ledger.store.timeline_filter import Filter, Word

ORIGIN = "stage4-ledger.invalid/stage4/0123456789abcdef"
TIMES = [f"2026-11-23T05:0{minute}:00.000000+00:00" for minute in range(4)]
TEXTS = ("latency is critical", '100% of it\'s "gone"', "_ is no wildcard", "próba łącza")
_choice = st.sampled_from
_COLUMNS = (
    TIMES,
    ("noted", "stopped"),
    ("runbook_event", "snapshot"),
    ("", "INC-1", "INC-2"),
    (None, 0, 4),
    ("p-1", "p-2"),
    ("", "pass", "fail"),
    (None, 1),
    TEXTS,
)
ROWS = st.lists(st.tuples(*map(_choice, _COLUMNS)), max_size=12)
FILTERS = st.builds(
    Filter,
    rollback=_choice(("", "INC-1", "INC-3")),
    step=_choice((None, 0, 4)),
    person=_choice(("", "p-1")),
    statuses=_choice(((), ("noted",), ("noted", "stopped"))),
    kind=_choice(("", "snapshot")),
    verdict=_choice(("", "fail")),
    since=_choice(("", TIMES[1], TIMES[3])),
    until=_choice(("", TIMES[0], TIMES[2])),
    after=_choice((0, 2)),
    before=_choice((0, 5)),
    stage=_choice((False, True)),
    words=_choice(((), (Word("critical"),), (Word("%"), Word("it's")), (Word("_"),), (Word("łącza", ("p-2",)),))),
)


def filled(folder: str | Path, drawn: list[tuple[Any, ...]]) -> tuple[TimelineStore, list[tuple[Row, str]]]:
    rows = []
    latest = ""
    for sequence, (at, status, kind, rollback, step, actor, verdict, corrects, text) in enumerate(drawn, 1):
        latest = max(latest, at)  # a clock goes back, a timestamp never does
        row = Row(sequence, latest, status, kind, rollback, step, actor, "noc", verdict, corrects, text, at)
        rows.append((row, text.lower()))
    store = TimelineStore(Path(folder) / "stage4.timeline.sqlite", ORIGIN, GENESIS)
    store.make()
    assert store.add(store.head(), rows, "sha384:head")
    return store, rows


def passes(row: Row, text: str, chosen: Filter) -> bool:
    return (
        chosen.rollback in ("", row.rollback)
        and chosen.step in (None, row.step)
        and chosen.person in ("", row.actor)
        and (not chosen.statuses or row.status in chosen.statuses)
        and chosen.kind in ("", row.kind)
        and chosen.verdict in ("", row.verdict)
        and row.at >= chosen.since
        and (not chosen.until or row.at < chosen.until)
        and row.sequence > chosen.after
        and (not chosen.before or row.sequence < chosen.before)
        and (not chosen.stage or not row.rollback)
        and all(word.text in text or row.actor in word.actors for word in chosen.words)
    )


@settings(max_examples=150, deadline=None)
@given(drawn=ROWS, chosen=FILTERS, newest_first=st.booleans(), limit=st.integers(1, 5))
def test_pages_together_are_exactly_the_entries_that_match_in_order(drawn, chosen, newest_first, limit):
    with tempfile.TemporaryDirectory() as folder:
        store, rows = filled(folder, drawn)
        wanted = [row for row, text in rows if passes(row, text, chosen)]
        found, beyond = [], None
        while page := store.page(chosen, beyond, limit, newest_first=newest_first):
            assert len(page) <= limit
            found += page
            beyond = page[-1].sequence
        assert found == (wanted[::-1] if newest_first else wanted)
        assert store.sequences(chosen, limit) == [row.sequence for row in wanted][:limit]
        assert store.count(chosen) == len(wanted)
        assert store.count(chosen, after=3) == len([row for row in wanted if row.sequence > 3])


def test_entries_of_the_ledger_itself_are_those_of_no_rollback(tmp_path):
    own = [(TIMES[0], "noted", "snapshot", name, None, "p-1", "", None, "x") for name in ("", "INC-1", "")]
    store, _ = filled(tmp_path, own)
    assert store.sequences(Filter(stage=True), 9) == [1, 3]
    assert store.sequences(Filter(stage=True, after=1, before=3), 9) == []


@settings(max_examples=50, deadline=None)
@given(drawn=ROWS, sequence=st.integers(1, 12))
def test_neighbours_corrections_and_rollbacks_are_those_of_the_rows(drawn, sequence):
    with tempfile.TemporaryDirectory() as folder:
        store, pairs = filled(folder, drawn)
        rows = [row for row, _ in pairs]
        own = [row.sequence for row in rows if row.rollback == "INC-1"]
        before, after = [one for one in own if one < sequence], [one for one in own if one > sequence]
        assert store.neighbours("INC-1", sequence) == (max(before, default=None), min(after, default=None))
        assert store.corrections(1) == [row for row in rows if row.corrects == 1]
        first_seen = list(dict.fromkeys(row.rollback for row in rows if row.rollback))
        assert store.rollbacks() == first_seen[::-1]


def test_nobody_else_may_read_the_file(tmp_path):
    store, _ = filled(tmp_path, [])
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600


def test_rows_that_were_added_by_somebody_else_meanwhile_are_not_added_twice(tmp_path):
    store, rows = filled(tmp_path, [(TIMES[0], "noted", "snapshot", "", None, "p-1", "", None, "x")])
    assert not store.add(Head(ORIGIN, 0, GENESIS), rows, "sha384:head")
    assert store.count(Filter()) == 1


def test_a_file_of_another_ledger_is_not_taken_for_ours(tmp_path):
    store, _ = filled(tmp_path, [])
    assert TimelineStore(store.path, "stage4-ledger.invalid/stage4/another", GENESIS).head() is None


def test_a_damaged_file_is_thrown_away_and_a_busy_one_is_not(tmp_path):
    store, _ = filled(tmp_path, [])
    store.path.write_bytes(b"no database at all" * 100)
    assert store.head() is None
    assert not store.path.exists()
    store.path.mkdir()
    with pytest.raises(Unreachable):
        store.count(Filter())
    assert store.path.exists()
