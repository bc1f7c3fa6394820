"""Submitting: written once, in order of time; what is refused leaves nothing behind."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.app.home.folders import Home
from ledger.app.installation import Installation, opened
from ledger.app.press import Press
from ledger.app.record.deliver import deliver
from ledger.app.record.view import empty_view, fold
from ledger.digest import sha384
from ledger.domain.closing.commands import Abort
from ledger.domain.command import Command
from ledger.domain.keeping.commands import AddNote, OpenLedger, RecordSummary
from ledger.domain.opening.commands import Confirm
from ledger.domain.people.commands import AddPerson, ChangeRoles
from ledger.errors import LedgerError, Unreachable
from ledger.proof.canonical import MAX_LINE
from ledger.proof.entry import parse_entry

from .builders import (
    INC,
    Clock,
    actor,
    adopting_silence,
    ask,
    assert_published,
    lines_of,
    note,
    opening,
    records,
    removing,
    same,
    stopping,
    stored,
)

# --- time ------------------------------------------------------------------------------------------------------------


def test_a_clock_set_back_clamps_the_timestamp_and_keeps_the_wall_time(
    installation: Installation, clock: Clock
) -> None:
    clock.move(hours=1)
    installation.ledger.submit(ask(installation, "noc", note(1)))
    late, early = clock.now, clock.move(minutes=-30)
    installation.ledger.submit(ask(installation, "noc", note(2)))
    body = parse_entry(lines_of(installation.home)[-1]).body
    assert body["timestamp"] == late.isoformat(timespec="microseconds")
    assert body["metadata"]["wall_time"] == early.isoformat(timespec="microseconds")
    record = records(installation)[-1]
    assert (record.timestamp, record.at) == (late, early)


def test_a_clock_that_goes_on_carries_no_wall_time(installation: Installation, clock: Clock) -> None:
    for _ in range(2):
        installation.ledger.submit(ask(installation, "noc", note()))
        clock.move(seconds=1)
    for line in lines_of(installation.home):
        assert "wall_time" not in parse_entry(line).metadata


def test_a_ledger_written_while_the_clock_was_back_opens_again(installation: Installation, clock: Clock) -> None:
    clock.move(hours=1)
    installation.ledger.submit(ask(installation, "noc", note(1)))
    clock.move(hours=-1)
    installation.ledger.submit(ask(installation, "noc", note(2)))
    clock.move(hours=2)
    installation.ledger.submit(ask(installation, "noc", note(3)))
    with opened(installation.home.root) as again:
        assert again.state.timestamp == clock.now


# --- nothing half done -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "command"),
    [
        ("noc", AddNote(text="no such rollback")),
        ("noc", AddPerson(person="system", roles=())),
        ("l2_ops", RecordSummary(external_status="x", claims={"number": 1.5})),
        ("l2_ops", RecordSummary(external_status="x", claims={"ключ": "x"})),
        ("l2_ops", RecordSummary(external_status="x", claims={"n": 2**53})),
        ("l2_ops", RecordSummary(external_status="\ud800", claims={})),
        ("system", OpenLedger(purpose="lab", checkpoint_key="v", hmac_key_id="k", hmac_algorithm="a")),
        ("product_owner", ChangeRoles(person="lab-noc", grant=("admin",))),
    ],
    ids=["refused", "taken", "float", "key", "large", "surrogate", "opened", "role"],
)
def test_what_is_refused_writes_nothing(role: str, command: Command, installation: Installation) -> None:
    before, view = stored(installation.home), installation.ledger.view()
    with pytest.raises(LedgerError):
        installation.ledger.submit(ask(installation, role, command, INC))
    assert stored(installation.home) == before
    assert same(installation.ledger.view(), view)
    installation.ledger.submit(ask(installation, "noc", note()))


def summary(text: str) -> RecordSummary:
    return RecordSummary(external_status="outside", claims={"text": text})


def test_an_entry_of_65535_bytes_is_taken_and_one_of_65536_is_not(installation: Installation) -> None:
    fields = {"id": "r-fixed-0", "at": installation.clock()}
    installation.ledger.submit(ask(installation, "noc", summary("x" * 100), **fields))
    room = MAX_LINE - len(lines_of(installation.home)[-1])
    before = stored(installation.home)
    with pytest.raises(LedgerError, match="at most 65535 bytes, this one 65536"):
        installation.ledger.submit(
            ask(installation, "noc", summary("x" * (101 + room)), **fields | {"id": "r-fixed-1"})
        )
    assert stored(installation.home) == before
    installation.ledger.submit(ask(installation, "noc", summary("x" * (100 + room)), **fields | {"id": "r-fixed-1"}))
    assert len(lines_of(installation.home)[-1]) == MAX_LINE
    with opened(installation.home.root) as again:
        assert again.ledger.view().size == len(lines_of(installation.home))


def test_an_entry_that_is_far_too_long_is_refused_before_anything_is_written(installation: Installation) -> None:
    before = stored(installation.home)
    with pytest.raises(LedgerError):
        installation.ledger.submit(ask(installation, "noc", summary("ż" * 10_000_000)))
    assert stored(installation.home) == before


def test_a_store_that_somebody_holds_is_unreachable_in_the_given_time(installation: Installation) -> None:
    with (
        opened(installation.home.root) as other,
        other.ledger.log.transaction(),
        pytest.raises(Unreachable, match="is held by another process"),
    ):
        installation.ledger.submit(ask(installation, "noc", note()), timeout=0.1)
    installation.ledger.submit(ask(installation, "noc", note()))


def test_reading_does_not_wait_for_a_writer_that_waits(installation: Installation) -> None:
    before, written = installation.ledger.view().size, threading.Event()

    def write() -> None:
        installation.ledger.submit(ask(installation, "noc", note()))
        written.set()

    with opened(installation.home.root) as other, other.ledger.log.transaction():
        writer = threading.Thread(target=write)
        writer.start()
        assert not written.wait(0.1)  # the other one has the lock
        assert installation.ledger.view().size == before
    writer.join(10)
    assert installation.ledger.view().size == before + 1


def test_a_ledger_that_lags_sees_others_when_the_lag_is_over_and_itself_at_once(installation: Installation) -> None:
    installation.ledger.lag = 1e9
    before = installation.ledger.view().size
    with opened(installation.home.root) as other:
        other.submit(note(1), Press(actor("noc")))
    assert installation.ledger.view().size == before
    installation.submit(note(2), Press(actor("noc")))  # decided on the store, not on what was seen of it
    assert installation.ledger.view().size == before + 2


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads take turns all the time."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("restless")
def test_threads_of_one_ledger_queue_like_processes(installation: Installation) -> None:
    errors: list[BaseException] = []

    def write(name: int) -> None:
        try:
            for number in range(10):
                installation.submit(note(name * 10 + number), Press(actor("noc")))
        except BaseException as error:
            errors.append(error)

    before = installation.ledger.view().size
    threads = [threading.Thread(target=write, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == []
    assert installation.ledger.view().size == before + 80
    assert same(installation.ledger.view(), fold(empty_view(), lines_of(installation.home)))
    assert_published(installation.home)


# --- rebuild == incremental ------------------------------------------------------------------------------------------


def test_rebuilding_gives_what_was_grown_step_by_step(installation: Installation, clock: Clock) -> None:
    grown = {installation.ledger.view().size: installation.ledger.view()}

    def do(role: str, command: Command, rollback: str = INC) -> None:
        clock.move(seconds=1)
        installation.submit(command, Press(actor(role)), rollback)
        deliver(installation)
        view = installation.ledger.view()
        grown[view.size] = view

    do("system", AddPerson(person="p-1", roles=("admin", "noc")), "")
    do("incident_manager", opening(installation), "")
    do("noc", AddNote(text="zażółć gęślą jaźń 🚨"))
    do("l2_ops", stopping(installation), "")
    do("observability", adopting_silence(installation))
    clock.move(minutes=-10)
    do("noc", note(3))
    do("incident_manager", Abort(reason="a mistake"))
    do("l2_ops", removing(installation))
    do("incident_manager", opening(installation, "INC-7"), "")
    do("product_owner", Confirm(confirms=sha384(b"line")), "INC-7")
    do("incident_manager", Abort(reason="another"), "INC-7")

    lines = lines_of(installation.home)
    assert len(grown) == 12
    for size, view in grown.items():
        assert same(fold(empty_view(), lines[:size]), view)
    for at in range(len(lines) + 1):
        early = fold(empty_view(), lines[:at])
        assert same(fold(early, lines[at:]), installation.ledger.view())
        assert early.size == at == early.tree.size


def test_folding_leaves_the_view_it_began_with_as_it_was(installation: Installation) -> None:
    lines = lines_of(installation.home)
    early = fold(empty_view(), lines[:3])
    root = early.tree.root()
    fold(early, lines[3:])
    assert (early.size, early.tree.size, early.tree.root()) == (3, 3, root)


def test_a_second_process_sees_what_the_first_wrote(installation: Installation) -> None:
    with opened(installation.home.root) as other:
        for writer, reader in ((installation, other), (other, installation)) * 3:
            writer.submit(note(), Press(actor("noc")))
            assert same(writer.ledger.view(), reader.ledger.view())


# --- opening ---------------------------------------------------------------------------------------------------------


def test_a_home_without_a_ledger_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="stage4 init"), opened(tmp_path):
        pytest.fail("there is nothing to open")
    assert list(tmp_path.iterdir()) == []


def test_home_paths_are_absolute_wherever_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    home = Home(Path("some/../home"), "other")
    names = [name for name, value in vars(Home).items() if isinstance(value, property)]
    assert len(names) >= 10
    for name in names:
        path = getattr(home, name)
        assert path.is_absolute()
        assert path.is_relative_to(tmp_path / "home")
    assert home.store.name == "other.sqlite"
    assert home.path("/etc/stage4") == Path("/etc/stage4")
    assert home.path("var/x") == tmp_path / "home" / "var" / "x"
