"""Which entries are told on one line, on rows by hand and on the kept homes' own."""

from __future__ import annotations

from datetime import UTC, datetime

from ledger.app.reading.grouping import MOST, REACH, Grouping, press_of
from ledger.domain.observing.events import SchedulerObserved
from ledger.store.values import Row

WEB = "7a5d200ee58caae7e517d698d1f14f39"


def row(sequence: int, status: str, request_id: str = "", rollback: str = "INC-1") -> Row:
    press = press_of(request_id or f"{sequence:032x}")
    return Row(sequence, "", status, "runbook_event", rollback, None, "p-1", "noc", "", None, "", "", press, sequence)


def seen(status: str) -> SchedulerObserved:
    return SchedulerObserved(scheduler_status=status, source="x", seen_at=datetime(2026, 11, 23, tzinfo=UTC))  # type: ignore[arg-type]


def leaders(*rows: Row | tuple[Row, SchedulerObserved]) -> list[int]:
    grouping = Grouping()
    pairs = [one if isinstance(one[0], Row) else (one, None) for one in rows]
    return [grouping.led(*pair).leader for pair in pairs]  # type: ignore[arg-type]


def test_what_came_of_an_effect_stands_with_what_asked_for_it() -> None:
    asked = row(1, "override_requested")
    assert leaders(asked, row(2, "note_added"), row(3, "override_written", "deliver-1-INC-1")) == [1, 2, 1]


def test_the_commands_of_one_press_stand_together_and_another_press_does_not() -> None:
    presses = [WEB, f"{WEB}-2", f"{WEB}-3", WEB[::-1]]
    assert leaders(*(row(n, "note_added", press) for n, press in enumerate(presses, 1))) == [1, 1, 1, 4]


def test_without_a_press_in_common_the_checks_go_on_from_what_they_check() -> None:
    restore = ("override_removal_requested", "restart_checked", "silence_end_requested", "restore_checked")
    asked, checked, ending, whole = (row(n, status) for n, status in zip((1, 3, 4, 6), restore, strict=True))
    removed, ended = (
        row(2, "override_removed", "deliver-1-INC-1"),
        row(5, "silence_ended", "deliver-4-INC-1"),
    )
    assert leaders(asked, removed, checked, ending, ended, whole) == [1] * 6


def test_a_check_of_another_rollback_is_its_own() -> None:
    made = row(1, "silence_created")
    assert leaders(made, row(2, "silence_checked", rollback="INC-2"), row(3, "silence_checked")) == [1, 2, 1]


def test_a_check_after_something_else_is_its_own() -> None:
    assert leaders(row(1, "silence_created"), row(2, "silence_lost"), row(3, "silence_checked")) == [1, 2, 3]


def test_the_scheduler_seen_to_obey_stands_with_the_stop_and_with_the_restore() -> None:
    stop, end = row(1, "override_requested"), row(4, "override_removal_requested")
    found = leaders(
        stop,
        row(2, "override_written", "deliver-1-INC-1"),
        (row(3, "scheduler_observed", rollback=""), seen("disabled")),
        end,
        row(5, "override_removed", "deliver-4-INC-1"),
        (row(6, "scheduler_observed", rollback=""), seen("enabled")),
    )
    assert found == [1, 1, 1, 4, 4, 4]


def test_the_scheduler_seen_not_to_obey_or_seen_again_is_no_part_of_a_stop() -> None:
    written = row(1, "override_written")
    enabled, disabled, again = (row(n, "scheduler_observed", rollback="") for n in (2, 3, 4))
    assert leaders(written, (enabled, seen("enabled")), (disabled, seen("disabled"))) == [1, 2, 3]
    assert leaders(written, (disabled, seen("disabled")), (again, seen("disabled"))) == [1, 1, 4]


def test_what_is_far_away_or_would_be_too_many_begins_a_line_of_its_own() -> None:
    rows = [row(1, "override_requested"), *(row(n, "note_added") for n in range(2, REACH + 2))]
    assert leaders(*rows, row(REACH + 2, "override_written", "deliver-1-INC-1"))[-1] == REACH + 2
    many = leaders(*(row(n, "note_added", WEB) for n in range(1, MOST + 2)))
    assert many == [1] * MOST + [MOST + 1]


def test_an_entry_of_another_place_does_not_lead_by_its_number() -> None:
    assert leaders(row(5, "note_added"), row(6, "override_written", "deliver-99-INC-1")) == [5, 6]
