"""What of the timeline is SQLite's own: what it does with a file that is none."""

from __future__ import annotations

import pytest

from ledger.errors import Unreachable
from ledger.store.sqlite.timeline import SQLiteTimeline
from ledger.store.values import Filter


def test_a_damaged_file_is_thrown_away_and_a_folder_is_not(tmp_path):
    store = SQLiteTimeline(tmp_path / "stage4.timeline.sqlite", "origin", "sha384:genesis")
    store.make()
    store.path.write_bytes(b"no database at all" * 100)
    assert store.head() is None
    assert not store.path.exists()
    store.path.mkdir()
    with pytest.raises(Unreachable):
        store.count(Filter())
    assert store.path.exists()
