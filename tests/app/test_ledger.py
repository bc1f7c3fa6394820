"""Submitting: decided once, written once, in order of time; what is refused leaves nothing behind."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ledger.app.deliver import deliver
from ledger.app.home import Home
from ledger.app.installation import Installation, opened
from ledger.app.ledger import empty_view, fold
from ledger.digest import sha384
from ledger.domain import commands as c
from ledger.errors import Conflict, Corrupt, LedgerError, Refused, Unreachable
from ledger.proof.canonical import MAX_LINE
from ledger.proof.checkpoint import Checkpoint, sign_checkpoint
from ledger.proof.entry import parse_entry, seal_entry
from ledger.proof.merkle import leaf_hash
from ledger.store.log import Line
from ledger.store.recorder import Receipt

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
    overriding,
    records,
    removing,
    same,
    silencing,
    statuses,
    stopping,
    stored,
)

# --- the same request twice ------------------------------------------------------------------------------------------


def test_the_same_request_twice_gives_the_first_receipt_and_no_new_entry(installation: Installation) -> None:
    request = ask(installation, "noc", note(1))
    first = installation.ledger.submit(request)
    before = stored(installation.home)
    assert installation.ledger.submit(request) == first
    assert installation.ledger.submit(replace(request, at=request.at + timedelta(hours=1))) == first
    assert stored(installation.home) == before


def test_the_same_request_is_known_to_another_process_and_after_a_restart(installation: Installation) -> None:
    request = ask(installation, "noc", note(1))
    first = installation.ledger.submit(request)
    with opened(installation.home.root) as other:
        assert other.ledger.submit(request) == first


def test_a_request_that_was_refused_may_come_again(installation: Installation) -> None:
    request = ask(installation, "noc", c.AddNote(text="early"), INC, id="again")
    with pytest.raises(Refused):
        installation.ledger.submit(request)
    installation.ledger.submit(ask(installation, "incident_manager", opening(installation)))
    assert installation.ledger.submit(request).request_id == "again"


def test_a_stop_pressed_twice_is_one_stop(installation: Installation) -> None:
    request = ask(installation, "l2_ops", stopping(installation), id="press")
    first = installation.ledger.submit(request)
    assert first.last - first.first == 2
    assert installation.ledger.submit(request) == first
    assert statuses(installation).count("override_requested") == 1


def another(command: str, installation: Installation) -> tuple[str, c.Command, c.Command]:
    """Two commands of one kind that ask for different things, and who asks."""
    stop = stopping(installation)
    pairs: dict[str, tuple[str, c.Command, c.Command]] = {
        "note": ("noc", note(1), note(2)),
        "kind": ("noc", note(1), c.RecordSummary(external_status="x", claims={})),
        "roles": ("system", c.AddPerson(person="p", roles=("noc",)), c.AddPerson(person="p", roles=("l2_ops",))),
        "claims": (
            "noc",
            c.RecordSummary(external_status="x", claims={"a": "1"}),
            c.RecordSummary(external_status="x", claims={"a": "2"}),
        ),
        "ticket of a stop": ("l2_ops", stop, stopping(installation, "INC-2043")),
        "reason of a stop": (
            "l2_ops",
            stop,
            replace(stop, override=replace(stop.override, reason="quite another reason")),
        ),
        "component of a stop": (
            "l2_ops",
            stop,
            replace(stop, override=replace(stop.override, component="decision_orchestrator")),
        ),
    }
    return pairs[command]


@pytest.mark.parametrize(
    "command", ["note", "kind", "roles", "claims", "ticket of a stop", "reason of a stop", "component of a stop"]
)
def test_the_same_id_with_another_command_is_a_conflict(command: str, installation: Installation) -> None:
    role, one, other = another(command, installation)
    if command == "note":
        one, other = replace(one, program="one"), replace(other, program="two")  # type: ignore[call-arg]
    installation.ledger.submit(ask(installation, role, one, id="same"))
    before = stored(installation.home)
    with pytest.raises(Conflict, match="same was used for another command"):
        installation.ledger.submit(ask(installation, role, other, id="same"))
    assert stored(installation.home) == before


@pytest.mark.parametrize(
    "facts",
    [
        {"firing": ("MultiStrategyPnlDrawdown critical",)},
        {"firing_sha384": sha384(b"alerts")},
        {"ticket_state": "open"},
        {"announcement_sha384": sha384(b"text")},
    ],
    ids=lambda facts: next(iter(facts)),
)
def test_a_second_press_that_saw_other_facts_is_the_same_request(
    facts: dict[str, object], installation: Installation
) -> None:
    """Facts are gathered anew at each press; what the person asked for is the same."""
    first = installation.ledger.submit(ask(installation, "incident_manager", opening(installation), id="press"))
    again = opening(installation, **facts)
    assert installation.ledger.submit(ask(installation, "incident_manager", again, id="press")) == first


def test_the_same_id_from_another_person_is_a_conflict(installation: Installation) -> None:
    installation.ledger.submit(ask(installation, "noc", note(1), id="same"))
    with pytest.raises(Conflict):
        installation.ledger.submit(ask(installation, "l2_ops", note(1), id="same"))


def test_the_same_id_for_another_rollback_is_a_conflict(installation: Installation) -> None:
    for ticket in (INC, "INC-7"):
        installation.ledger.submit(ask(installation, "incident_manager", opening(installation, ticket)))
    installation.ledger.submit(ask(installation, "noc", c.AddNote(text="n"), INC, id="same"))
    with pytest.raises(Conflict):
        installation.ledger.submit(ask(installation, "noc", c.AddNote(text="n"), "INC-7", id="same"))


# --- decided on something old ----------------------------------------------------------------------------------------


def test_a_decision_on_a_rollback_that_moved_since_is_a_conflict(installation: Installation) -> None:
    installation.ledger.submit(ask(installation, "incident_manager", opening(installation)))
    seen = installation.rollback(INC).entries
    installation.ledger.submit(ask(installation, "noc", c.DeclareEmergency(reason="now"), INC))
    before = stored(installation.home)
    with pytest.raises(Conflict, match="moved since you looked"):
        installation.ledger.submit(ask(installation, "l2_ops", overriding(installation), INC, decided_on=seen))
    assert stored(installation.home) == before
    installation.ledger.submit(ask(installation, "l2_ops", overriding(installation), INC, decided_on=seen + 1))


def test_entries_of_others_do_not_make_a_decision_stale(installation: Installation) -> None:
    for ticket in (INC, "INC-7"):
        installation.ledger.submit(ask(installation, "incident_manager", opening(installation, ticket)))
    seen = installation.rollback(INC).entries
    installation.ledger.submit(ask(installation, "noc", note()))
    installation.ledger.submit(ask(installation, "noc", c.AddNote(text="n"), "INC-7"))
    command = c.DeclareEmergency(reason="now")
    installation.ledger.submit(ask(installation, "noc", command, INC, decided_on=seen))
    assert statuses(installation)[-1] == "emergency_declared"


def test_a_rollback_moved_by_another_process_is_a_conflict_too(installation: Installation) -> None:
    installation.ledger.submit(ask(installation, "incident_manager", opening(installation)))
    seen = installation.rollback(INC).entries
    with opened(installation.home.root) as other:
        other.ledger.submit(ask(other, "noc", c.AddNote(text="n"), INC))
    with pytest.raises(Conflict):
        installation.ledger.submit(ask(installation, "noc", c.DeclareEmergency(reason="x"), INC, decided_on=seen))


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
        ("noc", c.AddNote(text="no such rollback")),
        ("noc", c.AddPerson(person="system", roles=())),
        ("l2_ops", c.RecordSummary(external_status="x", claims={"number": 1.5})),
        ("l2_ops", c.RecordSummary(external_status="x", claims={"ключ": "x"})),
        ("l2_ops", c.RecordSummary(external_status="x", claims={"n": 2**53})),
        ("l2_ops", c.RecordSummary(external_status="\ud800", claims={})),
        ("system", c.OpenLedger(purpose="lab", checkpoint_key="v", hmac_key_id="k", hmac_algorithm="a")),
        ("product_owner", c.ChangeRoles(person="lab-noc", grant=("admin",))),
    ],
    ids=["refused", "taken", "float", "key", "large", "surrogate", "opened", "role"],
)
def test_what_is_refused_writes_nothing(role: str, command: c.Command, installation: Installation) -> None:
    before, view = stored(installation.home), installation.ledger.view()
    with pytest.raises(LedgerError):
        installation.ledger.submit(ask(installation, role, command, INC))
    assert stored(installation.home) == before
    assert same(installation.ledger.view(), view)
    installation.ledger.submit(ask(installation, "noc", note()))


def summary(text: str) -> c.RecordSummary:
    return c.RecordSummary(external_status="outside", claims={"text": text})


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
        other.ledger.log.writing(),
        pytest.raises(Unreachable, match="is held by another process"),
    ):
        installation.ledger.submit(ask(installation, "noc", note()), timeout=0.1)
    installation.ledger.submit(ask(installation, "noc", note()))


def test_threads_of_one_ledger_queue_like_processes(installation: Installation) -> None:
    errors: list[BaseException] = []

    def write(name: int) -> None:
        try:
            for number in range(10):
                installation.submit(note(name * 10 + number), actor("noc"))
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

    def do(role: str, command: c.Command, rollback: str = INC) -> None:
        clock.move(seconds=1)
        installation.submit(command, actor(role), rollback)
        deliver(installation)
        view = installation.ledger.view()
        grown[view.size] = view

    do("system", c.AddPerson(person="p-1", roles=("admin", "noc")), "")
    do("incident_manager", opening(installation), "")
    do("noc", c.AddNote(text="zażółć gęślą jaźń 🚨"))
    do("l2_ops", stopping(installation), "")
    do("observability", adopting_silence(installation))
    clock.move(minutes=-10)
    do("noc", note(3))
    do("incident_manager", c.Abort(reason="a mistake"))
    do("l2_ops", removing(installation))
    do("incident_manager", opening(installation, "INC-7"), "")
    do("product_owner", c.Confirm(confirms=sha384(b"line")), "INC-7")
    do("incident_manager", c.Abort(reason="another"), "INC-7")

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
            writer.submit(note(), actor("noc"))
            assert same(writer.ledger.view(), reader.ledger.view())


# --- entries of another version --------------------------------------------------------------------------------------


def insert_unknown(installation: Installation, **changes: object) -> None:
    """An entry that a later version wrote: in the chain, signed, with its checkpoint, but of an unknown kind."""
    ledger, view = installation.ledger, installation.ledger.view()
    body = dict(parse_entry(lines_of(installation.home)[-1]).body)
    for name in ("chain", "signature", "signatures"):
        del body[name]
    following: dict[str, object] = {"version": 1, "rocket": "Сатурн"}
    if "rollback_entry" in body["metadata"]:
        following["rollback_entry"] = body["metadata"]["rollback_entry"] + 1
    body |= {"status": "moon_landed", "metadata": body["metadata"] | following} | changes
    line = seal_entry(body, origin=ledger.origin, sequence=view.size + 1, previous=view.head, key=ledger._key)
    tree = view.tree.copy()
    tree.append(leaf_hash(line))
    signed = sign_checkpoint(Checkpoint(ledger.origin, tree.size, tree.root()), ledger._signer)
    with ledger.log.writing() as writing:
        receipt = Receipt("r-moon", "digest", tree.size, tree.size)
        writing.insert(ledger.origin, [Line(tree.size, body["status"], line)], (tree.size, signed), receipt)


@pytest.fixture
def newer(installation: Installation) -> Installation:
    installation.ledger.submit(ask(installation, "incident_manager", opening(installation)))
    insert_unknown(installation)
    return installation


def test_an_entry_of_an_unknown_kind_blocks_decisions(newer: Installation) -> None:
    number, before = newer.ledger.view().size, stored(newer.home)
    for role, command in (("noc", note()), ("incident_manager", opening(newer, "INC-8")), ("l2_ops", stopping(newer))):
        with pytest.raises(Refused, match=f"entry {number} is of a kind that this version does not know"):
            newer.ledger.submit(ask(newer, role, command))
    assert stored(newer.home) == before


def test_an_entry_of_an_unknown_version_blocks_decisions_too(installation: Installation) -> None:
    last = parse_entry(lines_of(installation.home)[-1]).body
    insert_unknown(installation, status=last["status"], metadata=last["metadata"] | {"version": 99})
    with pytest.raises(Refused, match="does not know"):
        installation.ledger.submit(ask(installation, "noc", note()))


def test_such_a_ledger_is_still_read_shown_and_published(newer: Installation) -> None:
    newer.publish()
    assert_published(newer.home)
    with opened(newer.home.root) as again:
        assert again.state.unknown == (again.ledger.view().size,)
        assert statuses(again)[-1] == "moon_landed"
        assert records(again)[-1].event is None
        assert list(again.state.open) == [INC]


def test_a_request_from_before_still_gets_its_receipt(installation: Installation) -> None:
    request = ask(installation, "noc", note())
    first = installation.ledger.submit(request)
    insert_unknown(installation)
    assert installation.ledger.submit(request) == first


def test_an_unknown_entry_that_lies_about_the_chain_is_corrupt(installation: Installation) -> None:
    view = installation.ledger.view()
    body = {k: v for k, v in parse_entry(lines_of(installation.home)[-1]).body.items() if "signature" not in k}
    del body["chain"]
    wrong = seal_entry(
        body | {"status": "moon_landed"},
        origin=installation.ledger.origin,
        sequence=view.size + 1,
        previous=sha384(b"another line"),
        key=installation.ledger._key,
    )
    with pytest.raises(Corrupt, match="previous: expected"):
        fold(view, [wrong])


# --- opening ---------------------------------------------------------------------------------------------------------


def test_a_home_without_a_ledger_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="stage4 init"), opened(tmp_path):
        pytest.fail("there is nothing to open")
    assert list(tmp_path.iterdir()) == []


def test_a_silence_asked_for_twice_is_refused_while_the_first_is_pending(installation: Installation) -> None:
    installation.ledger.submit(ask(installation, "l2_ops", stopping(installation)))
    installation.ledger.submit(ask(installation, "observability", silencing(installation), INC))
    with pytest.raises(Refused, match="asked for and not created yet"):
        installation.ledger.submit(ask(installation, "observability", silencing(installation), INC))


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
