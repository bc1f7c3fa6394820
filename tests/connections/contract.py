"""What is asked of every connection: each fault says what it means, and nothing is there twice.

A connection's test file makes a subclass of :class:`Contract` with its stand-in and its adapter.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from ledger.adapters.connection import Adapter, Delivered, Delivery, Later, probed
from ledger.adapters.http import Exchange, Server, Unsent, transcript
from ledger.errors import LedgerError, Refused, Unreachable
from ledger.lab.standins.server import StandIn

AT = datetime(2026, 11, 23, 5, 27, 1, tzinfo=UTC)
HEAD = "17:" + "A" * 43 + "="
ORIGIN = "stage4-ledger.invalid/stage4/0123456789abcdef"


def clock() -> datetime:
    return AT


def quick(url: str, **more: Any) -> Server:
    return Server(url, connect_timeout=1.0, read_timeout=1.0, **more)


def delivery(part: str, entry: int = 17, **more: Any) -> Delivery:
    """A delivery about the stop of INC-2042."""
    given = {
        "entry": entry,
        "part": part,
        "marker": f"{ORIGIN}/{entry}/{part}",
        "kind": "override_written",
        "at": AT,
        "text": f"[Stage4] INC-2042: wrote the override żółć <&> \U0001f6d1\nStage4 ledger {ORIGIN} head {HEAD}",
        "rollback": "INC-2042",
        "ticket": "INC-2042",
        "link": "https://stage4.example.net/rollbacks/INC-2042",
        "head": HEAD,
    }
    return Delivery(**(given | more))


MEANS: dict[str, tuple[type[LedgerError], ...]] = {
    "401": (Unsent,),
    "403": (Unsent,),
    "404": (Refused,),
    "409": (Refused,),
    "429": (Later,),
    "500": (Unreachable,),
    "503": (Unreachable,),
    "html": (Unreachable,),
    "redirect": (Unsent,),
    "half": (Unreachable,),
    "slow": (Unreachable,),
    "lost": (Unreachable,),
    "refused": (Unreachable,),
}
"""What each fault means for who sends something new; a connection may say more exactly."""
SENT = ("half", "slow", "lost")
"""Faults after the act: the other side has it although no answer came."""
GONE: dict[str, tuple[type[LedgerError], ...]] = {"404": (), "409": ()}
"""Faults that a ``look`` may also read as "it has nothing"."""


class Contract:
    """Every connection's tests. ``adapter`` takes the list that its exchanges are kept in."""

    PARTS: ClassVar[tuple[str, ...]] = ("message",)
    """The parts that it delivers; each is tried with every fault."""
    SECRET: ClassVar[str] = "hunter2-the-secret"
    """What the adapter is given as its credential; it must stand in no transcript and no error."""

    @pytest.fixture
    def standin(self) -> Iterator[StandIn]:
        raise NotImplementedError

    def adapter(self, standin: StandIn, log: list[Exchange]) -> Adapter:
        """One that is made anew, with short time-outs (``quick``)."""
        raise NotImplementedError

    def delivery(self, part: str) -> Delivery:
        return delivery(part)

    def has(self, standin: StandIn, wanted: Delivery) -> int:
        """How many of it the stand-in has."""
        raise NotImplementedError

    def reads_only(self, standin: StandIn) -> bool:
        """Whether what was asked so far changed nothing there."""
        return all(request.method in ("GET", "HEAD") for request in standin.requests)

    def test_what_is_delivered_is_there_once_and_found_again(self, standin: StandIn) -> None:
        for part in self.PARTS:
            wanted = self.delivery(part)
            assert self.adapter(standin, []).look(wanted) is None, "nothing is there before"
            done = self.adapter(standin, []).deliver(wanted)
            assert self.has(standin, wanted) == 1, part
            found = self.adapter(standin, []).look(wanted)
            assert found == done._replace(found=True), part

    def test_another_entry_s_is_not_taken_for_it(self, standin: StandIn) -> None:
        for part in self.PARTS:
            wanted = self.delivery(part)
            other = wanted._replace(entry=1, marker=f"{ORIGIN}/1/{part}")  # 17 begins with 1
            self.adapter(standin, []).deliver(wanted)
            if part not in ("transition", "link"):  # those are states of a thing: there is one for all entries
                assert self.adapter(standin, []).look(other) is None, part

    @pytest.mark.parametrize("fault", [*MEANS])
    def test_a_fault_says_what_it_means_and_nothing_is_doubled(self, standin: StandIn, fault: str) -> None:
        for part in self.PARTS:
            wanted = self.delivery(part)
            standin.fail(fault, when=lambda request: request.method not in ("GET", "HEAD"))
            log: list[Exchange] = []
            with pytest.raises(MEANS[fault]) as raised:
                self.adapter(standin, log).deliver(wanted)
            assert log and self.SECRET not in f"{raised.value}{transcript(log).decode()}"
            found = self.adapter(standin, []).look(wanted)
            if fault in SENT:
                assert isinstance(found, Delivered) and found.found, f"{part}: an answer was lost, the act was not"
            else:
                assert found is None, part
                self.adapter(standin, []).deliver(wanted)
            assert self.has(standin, wanted) == 1, part

    @pytest.mark.parametrize("fault", [*MEANS])
    def test_a_look_that_fails_is_never_taken_for_nothing_there(self, standin: StandIn, fault: str) -> None:
        for part in self.PARTS:
            wanted = self.delivery(part)
            self.adapter(standin, []).deliver(wanted)
            standin.fail(fault)
            with pytest.raises((Unreachable, Refused)):
                self.adapter(standin, []).look(wanted)
            standin.heal()

    @pytest.mark.parametrize("fault", [*MEANS])
    def test_a_probe_says_what_is_wrong_and_changes_nothing(self, standin: StandIn, fault: str) -> None:
        assert (seen := probed(self.adapter(standin, []))).state == "ok", seen
        standin.fail(fault)
        seen = probed(self.adapter(standin, []))
        assert seen.state != "ok" and seen.found and seen.remedy, seen
        assert self.SECRET not in f"{seen}"
        assert self.reads_only(standin)
