"""The SQLite store keeps the contract of every store."""

from __future__ import annotations

from pathlib import Path

import pytest

from .contract.accounts import AccountsContract
from .contract.locks import LocksContract
from .contract.log import LogContract
from .contract.raw import RawLogContract
from .contract.snapshots import SnapshotsContract
from .contract.timeline import TimelineContract
from .contract.transaction import TransactionContract
from .sqlite_places import (
    SQLiteAccountsPlace,
    SQLiteLocksPlace,
    SQLiteLogPlace,
    SQLiteSnapshotsPlace,
    SQLiteTimelinePlace,
)


@pytest.fixture
def log_place(tmp_path: Path) -> SQLiteLogPlace:
    return SQLiteLogPlace(tmp_path / "ledger" / "stage4.sqlite")


class TestSQLiteLog(LogContract):
    @pytest.fixture
    def place(self, log_place: SQLiteLogPlace) -> SQLiteLogPlace:
        return log_place


class TestSQLiteTransaction(TransactionContract):
    @pytest.fixture
    def place(self, log_place: SQLiteLogPlace) -> SQLiteLogPlace:
        return log_place


class TestSQLiteRawLog(RawLogContract):
    @pytest.fixture
    def place(self, log_place: SQLiteLogPlace) -> SQLiteLogPlace:
        return log_place


class TestSQLiteLocks(LocksContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> SQLiteLocksPlace:
        return SQLiteLocksPlace(tmp_path / "locks")


class TestSQLiteTimeline(TimelineContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> SQLiteTimelinePlace:
        return SQLiteTimelinePlace(tmp_path / "ledger" / "stage4.timeline.sqlite")


class TestSQLiteSnapshots(SnapshotsContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> SQLiteSnapshotsPlace:
        return SQLiteSnapshotsPlace(tmp_path / "ledger" / "stage4.snapshot.sqlite")


class TestSQLiteAccounts(AccountsContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> SQLiteAccountsPlace:
        return SQLiteAccountsPlace(tmp_path / "web" / "accounts.sqlite")
