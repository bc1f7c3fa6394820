"""The timeline kept in step with a real ledger."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import Any

import pytest

from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.app.reading import timeline
from ledger.app.reading.timeline import Timeline, row_of
from ledger.domain.command import SYSTEM
from ledger.domain.duties.commands import Correct
from ledger.store.values import Filter, Word

from .builders import INC, actor, note, opening


@pytest.fixture
def kept(installation: Installation) -> Timeline:
    return Timeline(installation)


def whole(kept: Timeline) -> list[Any]:
    return kept.store.page(Filter(), None, 10_000, newest_first=False)


def test_made_anew_it_is_what_it_became_entry_by_entry(installation, kept):
    steps = [(opening(installation), INC), *((note(number), "") for number in range(5))]
    for command, rollback in steps:
        installation.submit(command, Press(actor("incident_manager")), "" if command is steps[0][0] else rollback)
        assert kept.catch_up().ready
    grown = whole(kept)
    kept.store.path.unlink()
    kept.catch_up()
    assert whole(kept) == grown == [row_of(line)[0] for line in installation.ledger.log.lines()]


def test_what_another_process_appended_is_there_at_the_next_look(installation, kept):
    before = kept.catch_up().size
    installation.submit(note(), Press(SYSTEM))
    assert kept.catch_up() == (before + 1, before + 1)
    assert kept.store.count(Filter(), after=before) == 1


def test_much_is_built_in_the_background_and_comes_to_the_same(installation, kept, monkeypatch):
    for number in range(30):
        installation.submit(note(number), Press(SYSTEM))
    monkeypatch.setattr(timeline, "AT_ONCE", 5)
    monkeypatch.setattr(timeline, "_BATCH", 4)
    first = kept.catch_up()
    assert not first.ready
    assert kept.wait(30).ready
    assert whole(kept) == [row_of(line)[0] for line in installation.ledger.log.lines()]


def test_a_file_whose_last_entry_is_not_the_ledgers_is_made_anew(installation, kept):
    kept.catch_up()
    with kept.store._connected() as connection:
        connection.execute("UPDATE ledger SET head = 'sha384:another'")
        connection.execute("UPDATE entries SET sentence = 'a lie'")
    kept.catch_up()
    assert "a lie" not in {row.sentence for row in whole(kept)}


def test_a_rollback_its_digests_and_its_corrections_are_found(installation, kept):
    manager = actor("incident_manager")
    installation.submit(opening(installation), Press(manager))
    number = installation.state.sequence
    installation.submit(Correct(entry=number, text="the Reason was another"), Press(manager), INC)
    kept.catch_up()
    found = kept.store.corrections(number)
    assert [row.status for row in found] == ["corrected"]
    assert kept.store.page(Filter(words=(Word("reason was"),)), None, 9, newest_first=True) == found
    assert kept.store.rollbacks() == [INC]
    installation.submit(note(7), Press(SYSTEM))
    kept.catch_up()
    assert kept.store.count(Filter(words=(Word(note(7).log_sha384[10:40]),))) == 1


CHANGES = {
    "a row is missing": "DELETE FROM entries WHERE sequence = 3",
    "the last row is missing": "DELETE FROM entries WHERE sequence = (SELECT MAX(sequence) FROM entries)",
    "a row too many": "INSERT INTO entries SELECT sequence + 100, timestamp, status, kind, rollback, step, actor, "
    "role, verdict, corrects, sentence, at, press, leader FROM entries WHERE sequence = 3",
}
LATER = {
    "a status": "UPDATE entries SET status = 'note' WHERE sequence = 3",
    "a verdict": "UPDATE entries SET verdict = 'pass' WHERE sequence = 3",
    "a rollback": "UPDATE entries SET rollback = 'INC-9' WHERE sequence = 3",
    "what it belongs to": "UPDATE entries SET leader = 2 WHERE sequence = 3",
    "a text": "UPDATE texts SET text = '' WHERE sequence = 3",
    "a text is missing": "DELETE FROM texts WHERE sequence = 3",
    "a trigger": "CREATE TRIGGER hide AFTER INSERT ON entries BEGIN DELETE FROM entries WHERE verdict = 'fail'; END",
}


@pytest.fixture
def grown(installation: Installation, kept: Timeline) -> list[Any]:
    installation.submit(opening(installation), Press(actor("incident_manager")))
    for number in range(5):
        installation.submit(note(number), Press(actor("noc")), INC)
    kept.catch_up()
    return whole(kept)


def change(kept: Timeline, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(kept.store.path)) as connection, connection:
        connection.execute(statement)


@pytest.mark.parametrize("what", CHANGES)
def test_rows_that_are_missing_or_too_many_are_noticed_at_the_next_look(kept, grown, what):
    change(kept, CHANGES[what])
    kept.catch_up()
    assert whole(kept) == grown


@pytest.mark.parametrize("what", [*LATER, *CHANGES])
def test_whatever_was_changed_lasts_no_longer_than_the_next_comparison(installation, kept, grown, what):
    change(kept, (LATER | CHANGES)[what])
    kept.check()
    kept.catch_up()
    assert whole(kept) == grown and kept.store.is_as_made()
    assert kept.store.stored(0, 999) == [row_of(line)[:2] for line in installation.ledger.log.lines()]


def test_a_comparison_leaves_a_right_file_alone(kept, grown):
    before = kept.store.path.stat()
    kept.check()
    assert kept.store.path.stat().st_ino == before.st_ino and whole(kept) == grown


def test_a_file_that_is_not_there_yet_is_no_reason_to_make_one(kept):
    kept.check()
    assert not kept.store.path.exists()
