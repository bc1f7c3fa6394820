"""Making a home: whole or not at all, once; an earlier log is kept and named; and who acts in a terminal."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from pathlib import Path

import pytest

from ledger.app.home import keys
from ledger.app.home.folders import Home
from ledger.app.home.setup import init
from ledger.app.installation import Installation, opened
from ledger.app.people.directory import (
    LAB_PEOPLE,
    Directory,
    Person,
    login_uid,
    new_person_id,
    os_identity,
    terminal_actor,
)
from ledger.app.press import Press
from ledger.domain.keeping.events import LedgerOpened
from ledger.errors import Corrupt, LedgerError, Refused
from ledger.proof.note import parse_verifier

from .builders import actor, assert_published, lines_of, note, records, statuses


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """Where a home is made."""
    return tmp_path / "new"


def make(root: Path, **options: object) -> Home:
    installation = init(root, **options)  # type: ignore[arg-type]
    installation.ledger.log.close()
    return installation.home


def contents(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha384(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file() and not path.name.endswith(("-shm", "-wal", ".lock"))
    }


# --- init ------------------------------------------------------------------------------------------------------------


def test_a_new_home_opens_with_the_keys_that_its_first_entry_names(new: Path) -> None:
    home = make(new)
    with opened(new) as installation:
        event = records(installation)[0].event
        assert isinstance(event, LedgerOpened)
        assert event.purpose == "production"
        assert parse_verifier(event.checkpoint_key) == installation.ledger.verifier
        assert event.hmac_key_id == installation.ledger._key.id
        assert (event.earlier_log_path, event.earlier_log_sha384) == ("", "")
    assert_published(home)


def test_a_lab_home_has_the_five_people_and_a_production_home_none_of_them(new: Path) -> None:
    make(new / "lab", purpose="lab")
    make(new / "production")
    with opened(new / "lab") as lab, opened(new / "production") as production:
        assert {name: lab.state.people[name] for name in LAB_PEOPLE} == {
            name: frozenset(roles) for name, roles in LAB_PEOPLE.items()
        }
        assert not production.state.people.keys() & LAB_PEOPLE.keys()
        assert list(production.state.people.values()) == [frozenset({"admin"})]


def test_two_homes_have_two_origins(new: Path) -> None:
    make(new / "a")
    make(new / "b")
    with opened(new / "a") as a, opened(new / "b") as b:
        assert a.ledger.origin != b.ledger.origin
        assert a.ledger.origin.startswith("stage4-ledger.invalid/stage4/")


@pytest.mark.parametrize("purpose", ["production", "lab"])
def test_a_second_init_is_refused_and_changes_nothing(root: Path, purpose: str) -> None:
    before = contents(root)
    with pytest.raises(Refused, match=r"stage4\.sqlite exists.*stage4 status"):
        init(root, purpose=purpose)  # type: ignore[arg-type]
    assert contents(root) == before


def test_an_init_never_begins_a_second_history_with_keys_that_signed_one(new: Path) -> None:
    """The store is lost, keys and evidence are not: two first entries under one origin would be equivocation."""
    home = make(new)
    for file in home.store.parent.iterdir():
        file.unlink()
    before = contents(new)
    with pytest.raises(Refused):
        init(new)
    assert contents(new) == before


def test_keys_that_were_made_beforehand_are_used(new: Path) -> None:
    origin = "stage4-ledger.invalid/stage4/0123456789abcdef"
    signer = keys.create(new / "var" / "keys" / "hmac.key", new / "var" / "keys" / "checkpoint.pem", origin)
    before = contents(new)
    make(new)
    assert contents(new).items() >= before.items()
    with opened(new) as installation:
        assert installation.ledger.verifier == signer.verifier


@pytest.mark.parametrize("made", [("hmac.key",), ("hmac.key", "checkpoint.pem"), ("checkpoint.pem",)])
def test_keys_that_an_interrupted_run_made_are_kept_and_completed(new: Path, made: tuple[str, ...]) -> None:
    folder = new / "var" / "keys"
    keys.create(folder / "hmac.key", folder / "checkpoint.pem", "stage4-ledger.invalid/stage4/0123456789abcdef")
    for path in list(folder.iterdir()):
        if path.name not in made:
            path.unlink()
    before = contents(folder)
    make(new)
    assert contents(folder).items() >= before.items()


@pytest.mark.parametrize("lost", ["hmac.key", "checkpoint.pem"])
def test_a_key_that_was_lost_beside_its_verifier_key_is_not_made_anew(new: Path, lost: str) -> None:
    folder = new / "var" / "keys"
    keys.create(folder / "hmac.key", folder / "checkpoint.pem", "stage4-ledger.invalid/stage4/0123456789abcdef")
    (folder / lost).unlink()
    before = contents(folder)
    with pytest.raises(Refused, match=rf"without .*{lost}; keys are never overwritten. Put the lost one back"):
        init(new)
    assert contents(folder) == before


def test_an_existing_configuration_is_kept_and_used(new: Path) -> None:
    new.mkdir()
    (new / "stage4.toml").write_text('stage = "stage5"\n[signing]\nhmac_algorithm = "HMAC-SHA384"\n')
    home = make(new)
    assert (new / "stage4.toml").read_text().startswith('stage = "stage5"')
    assert home.published.name == "stage5.jsonl"
    with opened(new) as installation:
        assert installation.ledger._key.algorithm == "HMAC-SHA384"
        assert json.loads(lines_of(home)[0])["signature"]["algorithm"] == "HMAC-SHA384"
        assert json.loads(lines_of(home)[0])["stage"] == "stage5"
        installation.submit(note(), Press(terminal_actor(home, installation.state)))
    assert_published(home)


def test_a_ledger_keeps_the_algorithm_it_was_opened_with(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGE4_HMAC_ALGORITHM", "HMAC-SHA384")
    with opened(root) as installation:
        installation.submit(note(), Press(actor("noc")))
        assert {json.loads(line)["signature"]["algorithm"] for line in lines_of(installation.home)} == {"HMAC-SHA256"}


def spoil(root: Path, how: str) -> Path:
    """Something for which init is refused; gives the file that is to be put right."""
    root.mkdir()
    if how == "algorithm":
        (root / "stage4.toml").write_text('[signing]\nhmac_algorithm = "MD5"\n')
        return root / "stage4.toml"
    if how == "setting":
        (root / "stage4.toml").write_text("nonsense = 1\n")
        return root / "stage4.toml"
    logs = root / "audit" / "decision_logs"
    logs.mkdir(parents=True)
    (logs / "stage4.jsonl").write_bytes(b"{}\n")
    (logs / "stage4.before-ledger.jsonl").write_bytes(b"{}\n")
    return logs / "stage4.before-ledger.jsonl"


@pytest.mark.parametrize("how", ["algorithm", "setting", "log"])
def test_an_init_that_was_refused_can_be_done_again_once_the_reason_is_gone(new: Path, how: str) -> None:
    culprit = spoil(new, how)
    with pytest.raises(Refused):
        init(new)
    culprit.unlink()
    make(new)
    with opened(new) as installation:
        assert statuses(installation)[0] == "ledger_opened"


def test_an_existing_log_is_moved_aside_and_its_digest_stands_in_entry_one(new: Path) -> None:
    logs = new / "audit" / "decision_logs"
    logs.mkdir(parents=True)
    (logs / "stage4.jsonl").write_bytes(b'{"status":"old"}\n' * 3)
    home = make(new)
    aside = logs / "stage4.before-ledger.jsonl"
    assert aside.read_bytes() == b'{"status":"old"}\n' * 3
    first = json.loads(lines_of(home)[0])
    digest = hashlib.sha384(aside.read_bytes()).hexdigest()
    assert first["artefacts"]["earlier_log_sha384"] == f"sha384:{digest}"
    assert first["metadata"]["earlier_log_path"] == str(aside)
    assert_published(home)


def test_an_earlier_log_that_was_moved_aside_is_never_overwritten(new: Path) -> None:
    spoil(new, "log")
    before = contents(new / "audit")
    with pytest.raises(Refused, match="move one of them away"):
        init(new)
    assert contents(new / "audit") == before


def test_working_data_is_closed_to_others(new: Path) -> None:
    make(new)
    assert stat.S_IMODE((new / "var").stat().st_mode) == 0o700
    open_files = [
        path.name
        for path in (new / "var").rglob("*")
        if path.is_file() and stat.S_IMODE(path.stat().st_mode) & 0o077 and path.suffix != ".vkey"
    ]
    assert open_files == []


# --- people ----------------------------------------------------------------------------------------------------------


def test_whoever_made_the_home_is_its_admin_and_acts_with_the_systems_word(new: Path) -> None:
    home = make(new, name="Zażółć", roles=("l2_ops", "l2_ops"))
    with opened(new) as installation:
        found = terminal_actor(home, installation.state)
        assert (found.auth, found.os) == ("os", os_identity())
        assert installation.people.name(found.person) == "Zażółć"
        assert installation.state.people[found.person] == {"admin", "l2_ops"}
        assert found.person not in ("Zażółć", str(login_uid()))


def test_the_directory_is_for_its_owner_alone_also_after_a_change(new: Path) -> None:
    home = make(new)
    assert stat.S_IMODE(home.people.stat().st_mode) == 0o600
    home.people.chmod(0o644)
    Directory(home.people).put(Person("p-1", "Somebody", 4711))
    assert stat.S_IMODE(home.people.stat().st_mode) == 0o600


def test_names_stand_in_the_directory_and_nowhere_else(new: Path) -> None:
    home = make(new, name="Grzegorz Brzęczyszczykiewicz")
    with_name = [
        path.name for path in new.rglob("*") if path.is_file() and "Brzęczyszczykiewicz".encode() in path.read_bytes()
    ]
    assert with_name == [home.people.name]


def test_putting_a_person_keeps_the_others(tmp_path: Path) -> None:
    directory = Directory(tmp_path / "var" / "people.json")
    assert directory.people() == []
    first, second = Person("p-1", "Ż", 1), Person("p-2", "B", None)
    directory.put(first)
    directory.put(second)
    assert directory.people() == [first, second]
    directory.put(first._replace(name="C"))
    assert directory.people() == [first._replace(name="C"), second]
    assert directory.by_uid(1) == first._replace(name="C")
    assert directory.by_uid(2) is None
    assert directory.name("p-2") == "B"
    assert directory.name("p-erased") == "p-erased"


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"7", b'{"p": 1}', b'{"p": {}}', b'{"p": {"name": "x"}}', b"\xff"])
def test_a_broken_directory_is_corrupt_and_named(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "people.json").write_bytes(data)
    with pytest.raises(Corrupt, match=r"people\.json"):
        Directory(tmp_path / "people.json").people()


def test_a_directory_that_cannot_be_read_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "people.json").mkdir()
    with pytest.raises(LedgerError, match=r"people\.json"):
        Directory(tmp_path / "people.json").people()


def test_person_ids_are_opaque() -> None:
    ids = {new_person_id() for _ in range(50)}
    assert len(ids) > 45
    assert all(len(name) == 7 and name.startswith("p-") for name in ids)


# --- who acts in a terminal ------------------------------------------------------------------------------------------


def test_in_a_lab_home_one_may_act_as_one_of_its_people(installation: Installation) -> None:
    found = terminal_actor(installation.home, installation.state, "lab-noc")
    assert (found.person, found.auth, found.os) == ("lab-noc", "lab", None)


def test_in_a_lab_home_nobody_acts_as_somebody_unknown(installation: Installation) -> None:
    with pytest.raises(Refused, match="lab-incident-manager"):
        terminal_actor(installation.home, installation.state, "lab-nobody")


def test_outside_a_lab_home_nobody_acts_as_somebody_else(new: Path) -> None:
    home = make(new)
    with opened(new) as installation:
        myself = terminal_actor(home, installation.state).person
        for name in ("lab-noc", myself, "nobody"):
            with pytest.raises(Refused, match="only in a home made for the lab"):
                terminal_actor(home, installation.state, name)


def test_an_unknown_uid_is_refused_with_the_way_out(installation: Installation) -> None:
    directory = installation.people
    me = directory.by_uid(login_uid())
    assert me is not None
    directory.put(me._replace(uid=4711))
    with pytest.raises(Refused, match=rf"stage4 people add NAME --uid {login_uid()} --role"):
        terminal_actor(installation.home, installation.state)


def test_a_name_in_the_directory_alone_gives_no_right(installation: Installation) -> None:
    """The ledger says who may act; the directory only has names."""
    me = installation.people.by_uid(login_uid())
    assert me is not None
    installation.people.put(me._replace(uid=None))
    installation.people.put(Person("p-intruder", "I", login_uid()))
    with pytest.raises(Refused, match="no person of this ledger"):
        terminal_actor(installation.home, installation.state)


def test_sudo_is_a_claim_that_is_kept_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "x" * 1000)
    found = os_identity()
    assert found["sudo_user"] == "x" * 64
    assert found["uid"] == os.getuid()
    monkeypatch.delenv("SUDO_USER")
    assert "sudo_user" not in os_identity()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, "audit/** -text\n"),
        ("", "audit/** -text\n"),
        ("*.png binary\n", "*.png binary\naudit/** -text\n"),
        ("*.png binary", "*.png binary\naudit/** -text\n"),
        ("audit/** -text\n*.png binary\n", "audit/** -text\n*.png binary\n"),
        ("audit/** -text\r\n", "audit/** -text\r\n"),
    ],
)
def test_git_is_told_to_leave_the_evidence_as_it_is(before: str | None, after: str, tmp_path: Path) -> None:
    path = tmp_path / "home" / ".gitattributes"
    path.parent.mkdir()
    if before is not None:
        path.write_bytes(before.encode())
    init(tmp_path / "home").ledger.log.close()
    assert path.read_bytes().decode() == after


def test_what_stands_there_and_is_no_plain_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "victim").write_text("as it was\n")
    (tmp_path / "home" / ".gitattributes").symlink_to("../victim")
    init(tmp_path / "home").ledger.log.close()
    assert (tmp_path / "victim").read_text() == "as it was\n"
