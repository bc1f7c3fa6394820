"""What a look at every log as it stands promises, also at one that somebody has edited."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any, Literal

import pytest

from ledger.errors import Corrupt, Unreachable
from ledger.store.contract import RawLog
from ledger.store.values import Line, Receipt, StoredRow, owner_of

from .common import ORIGIN, OTHER_ORIGIN, PATIENCE, THREE, append, opened, receipt
from .places import LogPlace, Value
from .process import Process

OURS, OTHER = owner_of(ORIGIN), owner_of(OTHER_ORIGIN)
ROWS = [StoredRow(OURS, number, "status", "blob", line) for number, line in enumerate(THREE, 1)]


def seen(look: RawLog) -> dict[str, Any]:
    """All that a look finds."""
    owner = look.first_owner()
    return {
        "blank": look.is_blank(),
        "differences": list(look.differences()),
        "damage": look.damage(),
        "owner": owner,
        "count": look.count(owner),
        "rows": list(look.rows(owner)),
        "row": look.row(owner, 3),
        "others": look.others(owner),
        "statuses": sorted(look.of_status(owner, "status")),
        "checkpoints": list(look.checkpoints()),
        "newest": look.newest_checkpoint(),
        "receipts": list(look.receipts()),
    }


class RawLogContract:
    """:class:`ledger.store.contract.RawLog`."""

    @pytest.fixture
    def place(self) -> LogPlace:
        raise NotImplementedError

    # --- what is looked at ------------------------------------------------------------------------------------------

    def test_there_is_nothing_to_look_at_where_there_is_no_log(self, place: LogPlace) -> None:
        before = place.kept()
        with pytest.raises(Unreachable):
            place.look(seen)
        assert place.kept() == before

    def test_one_whose_making_was_interrupted_is_blank(self, place: LogPlace) -> None:
        place.leave_half_made()
        before = place.kept()
        assert place.look(lambda look: look.is_blank())
        assert place.kept() == before

    def test_an_empty_log_is_whole_and_not_blank(self, place: LogPlace) -> None:
        with opened(place):
            pass
        assert place.look(seen) == {
            "blank": False,
            "differences": [],
            "damage": [],
            "owner": "",
            "count": 0,
            "rows": [],
            "row": None,
            "others": (0, ""),
            "statuses": [],
            "checkpoints": [],
            "newest": None,
            "receipts": [],
        }

    @pytest.mark.parametrize("live", [False, True])
    def test_everything_is_seen_as_it_was_written(self, place: LogPlace, live: bool) -> None:
        with opened(place, *THREE):
            found = place.look(seen, live=live)
            assert found == {
                "blank": False,
                "differences": [],
                "damage": [],
                "owner": OURS,
                "count": 3,
                "rows": ROWS,
                "row": ROWS[2],
                "others": (0, ""),
                "statuses": ROWS,
                "checkpoints": [(n, b"note %d" % n) for n in (1, 2, 3)],
                "newest": b"note 3",
                "receipts": [receipt(n) for n in (1, 2, 3)],
            }
        assert place.look(seen) == found

    def test_parts_are_seen_after_a_sequence(self, place: LogPlace) -> None:
        with opened(place, *THREE) as log:
            append(log, b"four", b"five")
        for after in range(7):
            found = place.look(lambda look, after=after: (look.count(OURS, after), list(look.rows(OURS, after))))
            assert found[0] == len(found[1]) == max(0, 5 - after)
            assert [row.sequence for row in found[1]] == list(range(after + 1, 6))
            sizes = [one[0] for one in place.look(lambda look, after=after: list(look.checkpoints(after)))]
            assert sizes == [size for size in (1, 2, 3, 5) if size > after]
            firsts = [one.first for one in place.look(lambda look, after=after: list(look.receipts(after)))]
            assert firsts == [first for first in (1, 2, 3, 4) if first > after]

    def test_a_row_that_is_not_there_is_none(self, place: LogPlace) -> None:
        with opened(place, *THREE):
            pass
        assert place.look(lambda look: [look.row(OURS, n) for n in (0, 1, 4)]) == [None, ROWS[0], None]
        assert place.look(lambda look: look.row(OTHER, 1)) is None

    def test_rows_are_found_by_their_status(self, place: LogPlace) -> None:
        with opened(place, *THREE) as log, log.transaction() as writing:
            lines = [Line(4, "noted", b"four"), Line(5, "stopped", b"five"), Line(6, "noted", b"six")]
            writing.append(ORIGIN, lines, (6, b"note 6"), receipt(4, 6))
        found = place.look(lambda look: list(look.of_status(OURS, "noted")))
        assert sorted(row.sequence or 0 for row in found) == [4, 6]
        assert place.look(lambda look: list(look.of_status(OURS, "none such"))) == []
        assert place.look(lambda look: list(look.of_status(OTHER, "noted"))) == []

    def test_thousands_of_rows_come_in_order(self, place: LogPlace) -> None:
        with opened(place) as log:
            append(log, *(b"%d" % n for n in range(1, 3_001)))
        found = place.look(lambda look: [(row.sequence, row.line) for row in look.rows(OURS)])
        assert found == [(n, b"%d" % n) for n in range(1, 3_001)]

    # --- one moment, and nothing changed ----------------------------------------------------------------------------

    @pytest.mark.parametrize("live", [False, True])
    @pytest.mark.parametrize("who", ["this process", "another process"])
    def test_one_look_sees_one_moment_whatever_is_committed_meanwhile(
        self, place: LogPlace, who: str, live: bool
    ) -> None:
        with opened(place, *THREE) as log, Process("write_many", place, b"new", 2) as other:
            assert other.said() == "open"
            times = []

            def read(look: RawLog) -> tuple[dict[str, Any], dict[str, Any]]:
                before = seen(look)
                if not times:  # it may be asked again
                    if who == "this process":
                        append(log, b"new 0")
                        append(log, b"new 1")
                    else:
                        assert other.go_and_hear() == "done"
                times.append(1)
                return before, seen(look)

            before, after = place.look(read, live=live)
            assert before == after and before["count"] in (3, 5)
            assert place.look(seen)["count"] == 5

    @pytest.mark.parametrize("when", ["while nobody has it open", "while this process has it open"])
    def test_looking_changes_nothing(self, place: LogPlace, when: str) -> None:
        live = when == "while this process has it open"
        with opened(place, *THREE) as log:
            if not live:
                log.close()
            before = place.kept()
            place.look(seen, live=live)
            assert place.kept() == before

    def test_looking_at_what_a_killed_writer_left_changes_nothing(self, place: LogPlace) -> None:
        with opened(place, *THREE):
            pass
        with Process("write", place, b"four", PATIENCE) as writer:
            assert [writer.said(), *(writer.go_and_hear() for _ in range(3))][-1] == "done"
            writer.kill()
        before = place.kept()
        assert place.look(seen)["count"] == 4
        assert place.kept() == before

    # --- by a stranger's hand ---------------------------------------------------------------------------------------

    @pytest.mark.parametrize("what", ["missing", "changed", "foreign"])
    def test_a_table_or_guard_is_seen_that_is(
        self, place: LogPlace, what: Literal["missing", "changed", "foreign"]
    ) -> None:
        with opened(place, *THREE):
            pass
        wanted = place.stranger_alters(what)
        assert (wanted.what, wanted.unreadable) == (what, False)
        assert place.look(lambda look: list(look.differences())) == [wanted]

    def test_a_table_that_cannot_be_read_any_more_is_seen(self, place: LogPlace) -> None:
        with opened(place, *THREE):
            pass
        wanted = place.stranger_alters("unreadable")
        found = place.look(lambda look: list(look.differences()))
        assert wanted in found and wanted.unreadable
        assert not place.look(lambda look: look.is_blank())

    def test_a_damaged_structure_is_told(self, place: LogPlace) -> None:
        with opened(place) as log:
            append(log, *(b"%04d" % n * 500 for n in range(100)))
        place.stranger_hurts()
        found = place.look(lambda look: look.damage())
        assert found and all(found)

    @pytest.mark.parametrize(
        "read", [lambda look: look.first_owner(), lambda look: look.is_blank(), lambda look: list(look.differences())]
    )
    def test_a_database_that_cannot_read_itself_is_corrupt(
        self, place: LogPlace, read: Callable[[RawLog], object]
    ) -> None:
        with opened(place, *THREE):
            pass
        place.stranger_ruins()
        with pytest.raises(Corrupt):
            place.look(read)

    @pytest.mark.parametrize("value", ["text", 5, None])
    def test_a_line_that_is_no_bytes_comes_with_its_type(self, place: LogPlace, value: Value) -> None:
        with opened(place, *THREE):
            pass
        place.stranger_changes_line(2, value)
        first, second, third = place.look(lambda look: list(look.rows(OURS)))
        assert (first, third) == (ROWS[0], ROWS[2])
        assert (second.sequence, second.kind == "blob", type(second.line)) == (2, False, bytes)
        assert place.look(lambda look: look.row(OURS, 2)) == second

    def test_a_missing_row_is_missing(self, place: LogPlace) -> None:
        with opened(place, *THREE):
            pass
        place.stranger_removes_line(2)
        assert place.look(lambda look: (look.count(OURS), list(look.rows(OURS)))) == (2, [ROWS[0], ROWS[2]])

    def test_rows_of_somebody_else_are_counted_and_named(self, place: LogPlace) -> None:
        with opened(place, *THREE):
            pass
        place.stranger_adds_row("somebody", 1, "status", b"theirs")
        place.stranger_adds_row("somebody", 4, "status", b"theirs")
        assert place.look(lambda look: look.others(OURS)) == (2, "somebody")
        assert place.look(lambda look: (look.first_owner(), look.count(OURS), look.count("somebody"))) == (OURS, 3, 2)
        theirs = [StoredRow("somebody", n, "status", "blob", b"theirs") for n in (1, 4)]
        assert place.look(lambda look: list(look.rows("somebody"))) == theirs
        assert place.look(lambda look: list(look.rows(OURS))) == ROWS

    @pytest.mark.parametrize("sequence", [None, 0, -5])
    def test_a_row_of_no_place_at_all_is_counted(self, place: LogPlace, sequence: int | None) -> None:
        with opened(place, *THREE):
            pass
        place.stranger_adds_row(OURS, sequence, "status", b"nowhere")
        assert place.look(lambda look: look.others(OURS)) == (1, OURS)
        assert place.look(lambda look: list(look.rows(OURS))) == ROWS

    def test_checkpoints_of_no_entries_come_before_all_others(self, place: LogPlace) -> None:
        with opened(place, *THREE):
            pass
        place.stranger_adds_checkpoint(0, b"of none")
        place.stranger_adds_checkpoint(-5, b"of fewer")
        first = [(-5, b"of fewer"), (0, b"of none")]
        assert place.look(lambda look: list(look.checkpoints(2))) == [*first, (3, b"note 3")]
        assert place.look(lambda look: list(look.checkpoints(9))) == first
        assert place.look(lambda look: look.newest_checkpoint()) == b"note 3"

    def test_receipts_whose_first_entry_can_be_none_come_before_all_others(self, place: LogPlace) -> None:
        with opened(place, *THREE):
            pass
        planted = [Receipt("x-1", "digest", -5, 1), Receipt("x-2", "digest", 0, 2)]
        for one in planted[::-1]:
            place.stranger_adds_receipt(one)
        assert place.look(lambda look: list(look.receipts(2))) == [*planted, receipt(3)]
        assert place.look(lambda look: list(look.receipts(9))) == planted

    def test_receipts_come_in_the_order_of_their_entries(self, place: LogPlace) -> None:
        with closing(place.open(create=True)) as log:
            for sequence, name in enumerate(("z", "a", "m"), 1):
                with log.transaction() as writing:
                    own = Receipt(name, "digest", sequence, sequence)
                    writing.append(ORIGIN, [Line(sequence, "status", b"x")], (sequence, b"note"), own)
        assert [one.request_id for one in place.look(lambda look: list(look.receipts()))] == ["z", "a", "m"]
