"""The accounts' file: connections are kept, and never on a file that is no longer there."""

from __future__ import annotations

import os
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from ledger.errors import Unreachable
from ledger.store.sqlite import accounts
from ledger.store.sqlite.accounts import SQLiteAccounts
from ledger.store.values import Account, SessionRow

ACCOUNT = Account("noc", "lab-noc", "$argon2id$", 1.0, must_change=False)


@pytest.fixture
def store(tmp_path):
    made = SQLiteAccounts(tmp_path / "accounts.sqlite")
    made.put(ACCOUNT)
    return made


def session(token: str) -> SessionRow:
    return SessionRow(token, "lab-noc", 1.0, 1.0, "127.0.0.1", "test")


def test_a_file_put_in_its_place_is_the_one_that_is_asked(store, tmp_path):
    store.open(session("before"))
    shutil.copy(store.path, tmp_path / "copy")
    store.open(session("after"))
    (tmp_path / "copy").replace(store.path)
    assert store.session("before") and store.session("after") is None


@pytest.mark.parametrize("how", ["deleted", "emptied", "its folder too"])
def test_a_file_that_is_lost_comes_back_with_its_mode_and_its_tables(tmp_path, how):
    before = os.umask(0)
    try:
        store = SQLiteAccounts(tmp_path / "web" / "accounts.sqlite")
        assert store.made == 1 and SQLiteAccounts(store.path).made == 0
        store.put(ACCOUNT)
        if how == "emptied":
            store.path.write_bytes(b"")
        elif how == "deleted":
            store.path.unlink()
        else:
            shutil.rmtree(store.path.parent)
        assert store.account("noc") is None and store.made == 2
        assert store.path.stat().st_mode & 0o777 == 0o600 and store.path.parent.stat().st_mode & 0o777 == 0o700
        store.put(ACCOUNT)
        store.open(session("x"))
        assert store.session_of("x") == (session("x"), ACCOUNT) and store.attempt("k", 1.0, 0.0, 1)
    finally:
        os.umask(before)


def test_a_file_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "web").write_text("no folder")
    with pytest.raises(Unreachable, match="cannot be had"):
        SQLiteAccounts(tmp_path / "web" / "accounts.sqlite")


def test_many_threads_ask_and_few_connections_stay(store, monkeypatch):
    """How many stay is asked here; how long somebody waits is a matter of the disk, while 24 write at once."""
    monkeypatch.setattr(accounts, "_SOON", 30.0)

    def ask(number: int) -> SessionRow | None:
        store.open(session(f"s{number}"))
        return store.session(f"s{number}")

    with ThreadPoolExecutor(24) as pool:
        found = list(pool.map(ask, range(200)))
    assert [one.token for one in found if one] == [f"s{number}" for number in range(200)]
    assert 1 <= len(store._idle) <= accounts._KEPT + 24


def test_what_fails_half_way_is_taken_back(store):
    with pytest.raises(KeyError), store._connected() as connection:
        connection.execute("DELETE FROM accounts")
        raise KeyError
    assert store.account("noc") == ACCOUNT


def test_a_locked_file_is_said_and_asked_again_later(store, monkeypatch):
    monkeypatch.setattr(accounts.sqlite3, "connect", lambda path, **_: sqlite3.Connection(path, timeout=0.01))
    store._idle.clear()
    other = sqlite3.Connection(store.path)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(Unreachable, match="locked"):
        store.open(session("x"))
    other.rollback()
    other.close()
    store.open(session("x"))
    assert store.session("x")
