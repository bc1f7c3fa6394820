"""What the accounts of every store promise."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from ledger.errors import Unreachable
from ledger.store.contract import AccountStore
from ledger.store.values import Account, SessionRow

from .common import PATIENCE
from .places import AccountsPlace
from .process import Process

NOC = Account("noc", "lab-noc", "$argon2id$1", 1.0, must_change=False)
OPS = Account("ops", "lab-ops", "$argon2id$2", 2.5, must_change=True)


def session(token: str, person: str = "lab-noc", opened: float = 1.0, seen: float = 1.0) -> SessionRow:
    return SessionRow(token, person, opened, seen, "127.0.0.1", "a browser, próba")


class AccountsContract:
    """:class:`ledger.store.contract.AccountStore`."""

    @pytest.fixture
    def place(self) -> AccountsPlace:
        raise NotImplementedError

    # --- the place --------------------------------------------------------------------------------------------------

    def test_they_are_made_empty_where_there_are_none_and_kept_where_there_are(self, place: AccountsPlace) -> None:
        store = place.open()
        assert store.made == 1 and store.accounts() == [] and store.seen() == {}
        store.put(NOC)
        again = place.open()
        assert again.made == 0 and again.accounts() == [NOC] and store.made == 1

    def test_lost_ones_are_made_anew_empty_at_the_next_call(self, place: AccountsPlace) -> None:
        store = place.open()
        store.put(NOC)
        store.open(session("s"))
        place.stranger_removes()
        assert store.account("noc") is None and store.made == 2
        assert store.session("s") is None and store.made == 2
        store.put(OPS)
        assert place.open().accounts() == [OPS]

    def test_only_their_owner_may_read_them(self, place: AccountsPlace) -> None:
        before = os.umask(0)
        try:
            store = place.open()
            store.put(NOC)
            assert place.is_for_its_owner_alone()
            place.stranger_removes()
            store.put(NOC)
            assert place.is_for_its_owner_alone()
        finally:
            os.umask(before)

    def test_signing_in_and_out_goes_on_while_the_place_takes_no_writes(self, place: AccountsPlace) -> None:
        store, old, new = place.open(), session("old"), session("new")
        store.put(NOC)
        store.open(old)
        with Process("sign_in_without_writes", place, NOC, old, new) as server:
            assert [server.said() for _ in range(5)] == ["True"] * 4 + ["allowed"]
            assert (store.session("old"), store.session("new"), store.accounts()) == (old, None, [NOC])
            waiting = threading.Event()
            for _ in range(int(PATIENCE / 0.1)):
                assert server.go_and_hear() == "True"
                if store.session("new"):
                    break
                waiting.wait(0.1)
            assert (store.session("old"), store.session("new")) == (None, new)

    # --- accounts ---------------------------------------------------------------------------------------------------

    def test_an_account_is_found_by_its_login_and_by_its_person(self, place: AccountsPlace) -> None:
        store = place.open()
        store.put(OPS)
        store.put(NOC)
        assert (store.account("noc"), store.account("ops"), store.account("lab-noc")) == (NOC, OPS, None)
        assert (store.account_of("lab-noc"), store.account_of("lab-ops"), store.account_of("noc")) == (NOC, OPS, None)
        assert store.account("NOC") is None and place.open().account("noc") == NOC

    def test_all_accounts_come_by_login(self, place: AccountsPlace) -> None:
        store = place.open()
        logins = ["b", "a", "a-b", "ab", "z", "A", "_", "10", "9"]
        for login in logins:
            store.put(Account(login, f"person of {login}", "hash", 1.0, must_change=False))
        assert [one.login for one in store.accounts()] == sorted(logins)

    def test_an_account_of_the_same_person_is_replaced(self, place: AccountsPlace) -> None:
        store = place.open()
        fresh = NOC._replace(login="noc-2", hash="another", changed=9.0, must_change=True)
        store.put(NOC)
        store.put(fresh)
        assert store.accounts() == [fresh] and store.account("noc") is None

    def test_a_login_of_another_person_is_not_to_be_had_and_nothing_is_changed(self, place: AccountsPlace) -> None:
        store = place.open()
        store.put(NOC)
        store.put(OPS)
        with pytest.raises(Unreachable):
            store.put(OPS._replace(login="noc"))
        assert store.accounts() == [NOC, OPS]

    def test_a_removed_account_takes_its_sessions_with_it(self, place: AccountsPlace) -> None:
        store = place.open()
        store.put(NOC)
        store.put(OPS)
        store.open(session("s-1"))
        store.open(session("s-2", "lab-ops"))
        store.remove("lab-noc")
        store.remove("nobody")
        assert store.accounts() == [OPS] and store.session("s-1") is None and store.session("s-2") is not None

    # --- sessions ---------------------------------------------------------------------------------------------------

    def test_a_session_is_found_by_its_token(self, place: AccountsPlace) -> None:
        store = place.open()
        store.put(NOC)
        store.open(session("s-1", opened=0.25, seen=1.75))
        store.open(session("s-2", "lab-ops"))
        assert store.session("s-1") == session("s-1", opened=0.25, seen=1.75) and store.session("s-") is None
        assert store.session_of("s-1") == (session("s-1", opened=0.25, seen=1.75), NOC)
        assert store.session_of("s-2") == (session("s-2", "lab-ops"), None) and store.session_of("s-3") is None

    def test_a_persons_sessions_come_newest_first(self, place: AccountsPlace) -> None:
        store = place.open()
        for token, opened in (("b", 2.0), ("c", 3.0), ("a", 1.0)):
            store.open(session(token, opened=opened, seen=10.0 - opened))
        store.open(session("other", "lab-ops"))
        assert [one.token for one in store.sessions("lab-noc")] == ["c", "b", "a"] and store.sessions("nobody") == []

    def test_a_session_that_was_used_says_when(self, place: AccountsPlace) -> None:
        store = place.open()
        store.open(session("s-1"))
        store.open(session("s-2"))
        store.touch("s-1", 7.5)
        store.touch("no such", 9.0)
        assert store.session("s-1") == session("s-1", seen=7.5) and store.session("s-2") == session("s-2")

    def test_a_renamed_session_goes_on_under_its_new_token_alone(self, place: AccountsPlace) -> None:
        store = place.open()
        store.open(session("s-1", opened=3.0))
        store.open(session("s-2"))
        store.rename("s-1", "fresh")
        assert store.session("s-1") is None and store.session("fresh") == session("fresh", opened=3.0)
        assert store.session("s-2") == session("s-2")

    def test_one_session_ends(self, place: AccountsPlace) -> None:
        store = place.open()
        store.open(session("s-1"))
        store.open(session("s-2"))
        store.end("s-1")
        store.end("no such")
        assert store.session("s-1") is None and store.session("s-2") is not None

    def test_all_sessions_of_a_person_end_except_one(self, place: AccountsPlace) -> None:
        store = place.open()
        for token in ("s-1", "s-2", "s-3"):
            store.open(session(token))
        store.open(session("other", "lab-ops"))
        assert store.end_all("lab-noc", but="s-2") == 2
        assert [one.token for one in store.sessions("lab-noc")] == ["s-2"]
        assert (store.end_all("lab-noc"), store.end_all("lab-noc"), store.end_all("nobody")) == (1, 0, 0)
        assert store.session("other") is not None

    def test_it_is_known_when_somebody_was_seen_last(self, place: AccountsPlace) -> None:
        store = place.open()
        for token, person, seen in (("a", "lab-noc", 5.0), ("b", "lab-noc", 9.0), ("c", "lab-ops", 7.0)):
            store.open(session(token, person, seen=seen))
        assert store.seen() == {"lab-noc": 9.0, "lab-ops": 7.0}

    def test_what_is_older_than_a_time_is_forgotten(self, place: AccountsPlace) -> None:
        store = place.open()
        for token, opened in (("old", 4.0), ("edge", 5.0), ("new", 6.0)):
            store.open(session(token, opened=opened, seen=9.0))
        assert store.attempt("key", 4.0, 0.0, 2) and store.attempt("key", 6.0, 0.0, 2)
        store.forget_before(5.0)
        assert [one.token for one in store.sessions("lab-noc")] == ["new", "edge"]
        assert store.attempt("key", 7.0, 0.0, 2) and not store.attempt("key", 8.0, 0.0, 2)

    # --- failed tries -----------------------------------------------------------------------------------------------

    def test_tries_are_counted_up_to_a_limit_since_a_time(self, place: AccountsPlace) -> None:
        store = place.open()
        assert [store.attempt("key", float(at), 0.0, 3) for at in range(1, 6)] == [True, True, True, False, False]
        assert store.attempt("another", 6.0, 0.0, 3)
        assert [store.attempt("key", at, 2.5, 3) for at in (6.0, 7.0, 8.0)] == [True, True, False]
        assert not store.attempt("none at all", 1.0, 0.0, 0)

    def test_a_refused_try_is_not_counted(self, place: AccountsPlace) -> None:
        store = place.open()
        assert store.attempt("key", 1.0, 0.0, 1)
        assert not any(store.attempt("key", 5.0, 0.0, 1) for _ in range(5))
        assert store.attempt("key", 6.0, 3.0, 1)

    @pytest.mark.parametrize("limit", [1, 5])
    def test_tries_of_many_threads_are_counted_singly(self, place: AccountsPlace, limit: int) -> None:
        keys = [f"key {number}" for number in range(8)]  # as many chances for two to be counted as one
        store, together = place.open(), threading.Barrier(8)

        def attempt(number: int) -> list[int]:
            own, let_through = store if number % 2 else place.open(), []
            for key in keys:
                together.wait(PATIENCE)
                let_through.append(sum(own.attempt(key, 10.0 + number, 0.0, limit) for _ in range(2)))
            return let_through

        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(attempt, range(8)))
        assert [sum(of_key) for of_key in zip(*found, strict=True)] == [limit] * len(keys)

    def test_tries_of_many_processes_are_counted_singly(self, place: AccountsPlace) -> None:
        place.open()
        with Process("attempt", place, "key", 10, 7) as one, Process("attempt", place, "key", 10, 7) as other:
            assert (one.said(), other.said()) == ("open", "open")
            one.go()
            other.go()
            assert int(one.said()) + int(other.said()) == 7

    def test_a_try_is_taken_back(self, place: AccountsPlace) -> None:
        store = place.open()
        assert store.attempt("key", 1.0, 0.0, 2) and store.attempt("key", 2.0, 0.0, 2)
        assert store.attempt("another", 1.0, 0.0, 1)
        store.forgive("key", 1.0)
        store.forgive("key", 99.0)
        assert store.attempt("key", 3.0, 0.0, 2) and not store.attempt("key", 4.0, 0.0, 2)
        assert not store.attempt("another", 2.0, 0.0, 1)

    def test_one_of_two_tries_at_the_same_time_is_taken_back(self, place: AccountsPlace) -> None:
        store = place.open()
        assert store.attempt("key", 1.0, 0.0, 2) and store.attempt("key", 1.0, 0.0, 2)
        store.forgive("key", 1.0)
        assert [store.attempt("key", 2.0, 0.0, 2) for _ in range(2)] == [True, False]

    @pytest.mark.parametrize(
        ("clear", "cleared"),
        [
            (lambda store: store.clear("noc from 1"), {"noc from 1"}),
            (lambda store: store.clear(" from 1"), set()),
            (lambda store: store.clear_ending(" from 1"), {"noc from 1", "ops from 1"}),
            (lambda store: store.clear_ending("ops from 1"), {"ops from 1"}),
            (lambda store: store.clear_ending("_ from 1"), set()),
            (lambda store: store.clear_ending("% from 1"), {"% from 1, % from 1"}),
            (lambda store: store.clear_ending("a much longer end than any key has, noc from 1"), set()),
        ],
        ids=["one key", "no key", "an end", "a whole key", "underscore", "percent", "too long"],
    )
    def test_failures_are_forgotten_of(
        self, place: AccountsPlace, clear: Callable[[AccountStore], None], cleared: set[str]
    ) -> None:
        store = place.open()
        keys = {"noc from 1", "ops from 1", "noc from 2", "noc from 1 "}
        keys |= {one for one in cleared if one not in keys}
        for key in keys:
            assert store.attempt(key, 1.0, 0.0, 1)
        clear(store)
        assert {key for key in keys if store.attempt(key, 2.0, 0.0, 1)} == cleared

    # --- many at once -----------------------------------------------------------------------------------------------

    def test_many_threads_write_and_nothing_is_lost(self, place: AccountsPlace) -> None:
        store = place.open()
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda number: store.open(session(f"s-{number}")), range(24)))
        assert {one.token for one in store.sessions("lab-noc")} == {f"s-{number}" for number in range(24)}
