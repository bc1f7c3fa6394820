"""``init``, interrupted wherever it may be: the same again makes what is missing, and refuses only a whole home."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.app.doctor.examine import examine
from ledger.app.home import config as settings
from ledger.app.home import keys, parts
from ledger.app.home.folders import Home
from ledger.app.home.setup import add_missing_stages, init, make_keys, open_stage
from ledger.app.installation import Installation, open_home, opened
from ledger.app.people.accounts import Accounts
from ledger.app.people.directory import LAB_PEOPLE, Person, login_uid, terminal_actor
from ledger.app.people.staff import first_account
from ledger.errors import Corrupt, Refused, Unreachable
from ledger.proof.note import format_verifier

from .builders import assert_published, lines_of, statuses

ACCESS = "stage4-access"
OUTSIDE = {"scheduler", "prometheus", "alertmanager", "silence labels", "dashboard"}
"""What doctor says of servers and accounts that no init makes."""


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return tmp_path / "new"


def make(root: Path, **options: Any) -> Home:
    given: dict[str, Any] = {"name": "Ola", "roles": ("l2_ops",)} | options
    installation = init(root, **given)
    installation.ledger.log.close()
    return installation.home


def troubles(root: Path) -> set[str]:
    """Names of what doctor finds, but for the servers."""
    return {check.name for check in examine(root) if check.state != "ok"} - OUTSIDE


def assert_whole(root: Path) -> None:
    """Nothing is missing, the first admin is named, both ledgers are written and published."""
    assert parts.missing(root) == []
    assert troubles(root) == set()
    for stage in ("stage4", ACCESS):
        assert_published(Home(root, stage))
    with opened(root) as installation:
        person = terminal_actor(installation.home, installation.state).person
        assert installation.people.name(person) == "Ola"
        assert installation.state.people[person] == {"admin", "l2_ops"}
        assert statuses(installation) == ["ledger_opened", "person_added"]
    with pytest.raises(Refused, match=r"stage4\.sqlite exists: this home has a ledger already, and nothing is missing"):
        init(root)


# --- before the first entry, and between the first two ----------------------------------------------------------------


def nothing(root: Path) -> None:
    root.mkdir()


def keys_alone(root: Path) -> None:
    nothing(root)
    make_keys(Home(root), settings.load(root / "stage4.toml"))


def empty_store(root: Path) -> None:
    keys_alone(root)
    store = Home(root).store
    store.parent.mkdir(mode=0o700)
    store.touch(0o644)


def store_without_entries(root: Path) -> None:
    from ledger.store.sqlite.log import SQLiteLog

    keys_alone(root)
    SQLiteLog(Home(root).store, create=True).close()


def log_moved(root: Path) -> None:
    nothing(root)
    Home(root).published.parent.mkdir(parents=True)
    Home(root).published.with_name("stage4.before-ledger.jsonl").write_bytes(b"{}\n")


def first_entry(root: Path) -> None:
    nothing(root)
    open_stage(root, settings.load(root / "stage4.toml"), "production").ledger.log.close()


def unpublished(root: Path) -> None:
    first_entry(root)
    shutil.rmtree(root / "audit")


def name_without_entry(root: Path) -> None:
    first_entry(root)
    with opened(root) as installation:
        installation.people.put(Person("p-00001", "Ola", login_uid()))


BEGUN: tuple[Callable[[Path], None], ...] = (
    nothing,
    keys_alone,
    empty_store,
    store_without_entries,
    log_moved,
    first_entry,
    unpublished,
    name_without_entry,
)


@pytest.mark.parametrize("begun", BEGUN)
def test_a_home_that_was_begun_is_finished(new: Path, begun: Callable[[Path], None]) -> None:
    begun(new)
    assert parts.missing(new)
    make(new)
    assert_whole(new)


@pytest.mark.parametrize("begun", [one for one in BEGUN if one is not nothing])
def test_doctor_and_whoever_acts_name_the_command_that_finishes_it(new: Path, begun: Callable[[Path], None]) -> None:
    begun(new)
    found = [check for check in examine(new) if f"stage4 init --home {new}" in check.remedy]
    assert {"ledger", "people"} & {check.name for check in found}
    with pytest.raises((Refused, Unreachable), match="stage4 init"), opened(new) as installation:
        terminal_actor(installation.home, installation.state)


def test_the_id_of_a_name_that_was_written_is_the_one_that_is_used(new: Path) -> None:
    name_without_entry(new)
    make(new)
    with opened(new) as installation:
        assert [one.id for one in installation.people.people()] == ["p-00001"] == list(installation.state.people)


def test_keys_of_an_interrupted_init_are_the_ones_that_sign(new: Path) -> None:
    store_without_entries(new)
    vkey = (new / "var" / "keys" / "checkpoint.vkey").read_text().strip()
    with opened(make(new).root) as installation:
        assert format_verifier(installation.ledger.verifier) == vkey


def test_an_earlier_log_that_an_interrupted_init_moved_is_named_by_the_first_entry(new: Path) -> None:
    log_moved(new)
    home = make(new)
    first = json.loads(lines_of(home)[0])
    assert first["metadata"]["earlier_log_path"] == str(home.published.with_name("stage4.before-ledger.jsonl"))


def test_a_lab_home_that_was_begun_gets_all_its_people(new: Path) -> None:
    nothing(new)
    open_stage(new, settings.load(new / "stage4.toml"), "lab").ledger.log.close()
    with pytest.raises(Refused, match="is a lab home, begun as such"):
        init(new)
    make(new, purpose="lab")
    with opened(new) as installation:
        assert installation.state.people.keys() > LAB_PEOPLE.keys()
        assert {one.id for one in installation.people.people()} == installation.state.people.keys()


def test_where_nobody_is_there_yet_the_first_account_is_given_by_init(new: Path) -> None:
    first_entry(new)
    with opened(new) as installation:
        assert (
            first_account(installation, Accounts(installation.home, installation.clock)) == f"stage4 init --home {new}"
        )


# --- parts of a whole home that were lost, or never made --------------------------------------------------------------


def access_files(home: Home) -> list[Path]:
    found = [path for path in home.store.parent.iterdir() if path.name.startswith(ACCESS)]
    found += [path for path in home.published.parent.iterdir() if path.name.startswith(ACCESS)]
    return [*found, home.var / "keys" / ACCESS]


PARTS: dict[str, Callable[[Home], list[Path]]] = {
    "config": lambda home: [home.config],
    "gitattributes": lambda home: [home.root / ".gitattributes"],
    "keys": lambda home: [home.var / "keys" / "checkpoint.vkey"],
    f"{ACCESS} keys": lambda home: [home.var / "keys" / ACCESS / "checkpoint.vkey"],
    "override": lambda home: [home.var / "runtime"],
    "reserve": lambda home: [home.spool / ".reserve"],
    "people": lambda home: [home.people],
    "published": lambda home: [home.published, home.published_checkpoint, home.published_key],
    f"{ACCESS} published": lambda home: [Home(home.root, ACCESS).published_key],
    f"{ACCESS} ledger": access_files,
}


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_is_missing_is_named_and_made(new: Path, part: str) -> None:
    home = make(new)
    before = lines_of(home)
    for path in PARTS[part](home):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    found = next(one for one in parts.missing(new) if one.name == part)
    assert (found.remedy, found.grave) == (f"stage4 init --home {new}", part not in ("reserve", "gitattributes"))
    make(new)
    assert_whole(new)
    assert lines_of(home) == before


@pytest.mark.parametrize("name", ["hmac.key", "checkpoint.pem"])
def test_a_lost_key_is_no_part_that_init_makes(new: Path, name: str) -> None:
    home = make(new)
    (home.var / "keys" / name).unlink()
    (found,) = [check for check in examine(new) if check.name == "keys"]
    assert found.state == "problem" and "stage4 keys import" in found.remedy
    assert parts.ESCROW in parts.missing(new)[0].remedy
    with pytest.raises(Unreachable, match="stage4 keys import"):
        init(new)


def test_a_verifier_key_that_is_not_the_signing_one_is_found(new: Path) -> None:
    home = make(new)
    public = home.var / "keys" / "checkpoint.vkey"
    keys.create(new / "x" / "hmac.key", new / "x" / "checkpoint.pem", "stage4-ledger.invalid/stage4/0123456789abcdef")
    shutil.copy(new / "x" / "checkpoint.vkey", public)
    (found,) = [check for check in examine(new) if check.name == "keys" and "stage4 init" in check.remedy]
    assert "is not the key that signs this ledger" in found.found
    os.system(found.remedy.partition(" && ")[0])
    make(new)
    assert_whole(new)


def test_a_store_that_lost_its_first_entry_is_not_opened_anew(new: Path) -> None:
    from .builders import behind_the_triggers

    home = make(new)
    with behind_the_triggers(home) as connection:
        connection.execute("DELETE FROM stored_events WHERE originator_version = 1")
    with pytest.raises(Corrupt, match="has lost its first entry"):
        init(new)


def test_names_of_others_are_no_part_of_init(new: Path) -> None:
    home = make(new)
    with opened(new) as installation:
        installation.people.put(Person("p-00002", "Begun", None))
    assert parts.missing(home.root) == [] and troubles(new) == {"people"}


# --- the access ledger ------------------------------------------------------------------------------------------------


def test_a_missing_access_ledger_is_made_anew_and_a_lost_one_is_not(new: Path) -> None:
    home = make(new)
    assert add_missing_stages(new) == []
    for path in Home(new, ACCESS).store.parent.glob(f"{ACCESS}*"):
        path.unlink()
    (told,) = add_missing_stages(new)
    assert "cannot be made: these keys signed a ledger before" in told
    for path in access_files(home):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert add_missing_stages(new) == [f"the ledger {ACCESS} was missing and was made anew"]
    assert_whole(new)


# --- an old audit folder ----------------------------------------------------------------------------------------------


@pytest.fixture
def strangers(new: Path, tmp_path: Path) -> dict[str, bytes]:
    """Another ledger's published files, where the new home's are to be."""
    other = make(tmp_path / "other")
    shutil.copytree(other.root / "audit", new / "audit")
    return {path.name: path.read_bytes() for path in (new / "audit" / "decision_logs").iterdir()}


def test_a_strangers_published_files_are_set_aside_and_the_signing_key_is_published(
    new: Path, strangers: dict[str, bytes]
) -> None:
    home = make(new)
    assert_whole(new)
    for name, data in strangers.items():
        stage, suffix = name.split(".")
        assert home.published.with_name(f"{stage}.before-ledger.{suffix}").read_bytes() == data
    with opened(new) as installation:
        vkey = format_verifier(installation.ledger.verifier)
    assert home.published_key.read_text().strip() == vkey
    assert json.loads(lines_of(home)[0])["artefacts"]["earlier_log_sha384"].startswith("sha384:")


def test_a_strangers_checkpoint_beside_keys_of_ones_own_is_no_reason_to_refuse(
    new: Path, strangers: dict[str, bytes]
) -> None:
    make_keys(Home(new), settings.load(new / "stage4.toml"))
    make(new)
    assert_whole(new)


@pytest.mark.parametrize("suffix", [".jsonl", ".checkpoint", ".vkey"])
def test_one_published_file_of_ones_own_is_enough_to_refuse_a_second_history(new: Path, suffix: str) -> None:
    home = make(new)
    shutil.rmtree(home.store.parent)
    for path in home.published.parent.glob("stage4.*"):
        if path.suffix != suffix:
            path.unlink()
    with pytest.raises(Refused, match="these keys signed a ledger before"):
        init(new)
    (home.var / "keys" / "checkpoint.vkey").unlink()  # as after: stage4 keys import
    with pytest.raises(Refused, match="these keys signed a ledger before"):
        init(new)


@pytest.mark.parametrize("suffix", [".jsonl", ".checkpoint", ".vkey"])
def test_nothing_is_moved_where_a_name_is_taken(new: Path, strangers: dict[str, bytes], suffix: str) -> None:
    folder = new / "audit" / "decision_logs"
    (folder / f"stage4.before-ledger{suffix}").write_bytes(b"older still")
    with pytest.raises(Refused, match="move one of them away first"):
        init(new)
    assert {path.name for path in folder.iterdir()} == {*strangers, f"stage4.before-ledger{suffix}"}


def test_a_file_that_has_both_names_is_one_file(new: Path) -> None:
    """An earlier version linked the log to its new name, and was interrupted before it took the old one away."""
    log_moved(new)
    home = Home(new)
    os.link(home.published.with_name("stage4.before-ledger.jsonl"), home.published)
    make(new)
    assert_whole(new)


def test_a_strangers_key_that_an_earlier_version_left_published_is_set_aside(new: Path, tmp_path: Path) -> None:
    home, other = make(new), make(tmp_path / "other")
    shutil.copy(other.published_key, home.published_key)
    assert f"stage4 init --home {new}" in {check.remedy for check in examine(new) if check.name == "published"}
    make(new)
    assert_whole(new)
    assert home.published.with_name("stage4.before-ledger.vkey").read_bytes() == other.published_key.read_bytes()


# --- what crashed writers leave ---------------------------------------------------------------------------------------


def test_stray_files_of_ours_are_swept_and_nobody_elses(new: Path) -> None:
    home = make(new)
    digits = "0123456789ab"
    folders = (new, home.var, home.var / "keys" / ACCESS, home.published.parent, home.spool)
    stale = [folder / f".some.file.{digits}.tmp" for folder in folders]
    others = [home.var / "keys" / "mine.tmp", home.var / f".x.{digits}.tmp2", home.var / f"x.{digits}.tmp"]
    fresh = home.var / "keys" / f".hmac.key.{digits}.tmp"
    for path in (*stale, *others, fresh):
        path.write_bytes(b"")
        os.utime(path, (0, time.time() - (3600 if path != fresh else 30)))
    (home.spool / ".reserve").unlink()
    make(new)
    assert [path for path in stale if path.exists()] == []
    assert all(path.exists() for path in (*others, fresh))


def test_two_inits_at_once_make_one_home(new: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def one(_: int) -> bool:
        try:
            make(new)
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(one, range(4))) == [False, False, False, True]
    assert_whole(new)


def test_what_the_system_refuses_is_said_with_what_to_do(new: Path) -> None:
    new.mkdir()
    (new / "var").write_bytes(b"a file where a folder would be")
    with pytest.raises(Unreachable, match=r"var/locks: Not a directory\. What was made is kept; the same"):
        init(new)


def test_a_second_look_finds_an_open_home_whole(installation: Installation) -> None:
    """While somebody else has it open, and after entries were written."""
    other = open_home(installation.home.root)
    assert parts.missing(installation.home.root) == []
    other.ledger.log.close()
