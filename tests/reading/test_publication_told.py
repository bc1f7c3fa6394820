"""A publication that fails stops nothing and is said wherever somebody looks: terminal, JSON, page, metrics."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ledger.app.home.folders import Home
from ledger.app.home.setup import init
from ledger.app.installation import Installation, open_home, opened
from ledger.app.observer import Observer
from ledger.app.people.access import STAGE, roll_up
from ledger.app.press import Press
from ledger.cli.own_log import LedgerLog
from ledger.decision_log.write import Summary
from ledger.domain.command import SYSTEM
from ledger.domain.people.commands import AddPerson
from ledger.errors import Unreachable
from ledger.verify import open_log, verify

from .disks import Disk, mounted
from .runner import run
from .test_pages_without_writes import dashboard, sign_in


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def link(path: Path) -> None:
    path.rename(path.with_name("victim"))
    path.symlink_to("victim")


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


IN_THE_WAY: dict[str, Callable[[Path], None]] = {"folder": folder, "link": link, "pipe": pipe}
FILES = ("published", "published_checkpoint", "published_key")


@pytest.fixture
def home(template: Path, tmp_path: Path) -> Home:
    root = Path(shutil.copytree(template, tmp_path / "home"))
    with opened(root) as installation:
        installation.publish()
    return Home(root)


@pytest.fixture
def installation(home: Home) -> Iterator[Installation]:
    with opened(home.root) as made:
        yield made


@pytest.fixture(params=[(kind, file) for kind in IN_THE_WAY for file in FILES], ids="-".join)
def blocked(request: pytest.FixtureRequest, home: Home) -> Path:
    kind, file = request.param
    path: Path = getattr(home, file)
    IN_THE_WAY[kind](path)
    return path


def test_a_command_does_its_work_and_says_it(blocked: Path, home: Home) -> None:
    done = run(home.root, "people", "add", "Jan", "--uid", "4001", "--role", "noc")
    assert done.status == 0
    assert f"{blocked} is no plain file" in done.err
    assert "Jan" in run(home.root, "people", "list").out


def test_its_json_says_it(blocked: Path, home: Home) -> None:
    done = run(home.root, "--json", "people", "add", "Jan", "--uid", "4001", "--role", "noc")
    assert done.status == 0
    assert done.page["published"]["ok"] is False
    assert str(blocked) in done.page["published"]["why"]
    assert run(home.root, "--json", "status").page["published"]["ok"] is False


def test_nothing_is_written_through_it(blocked: Path, home: Home) -> None:
    victim = blocked.with_name("victim")
    before = victim.read_bytes() if victim.exists() else b""
    run(home.root, "people", "add", "Jan", "--uid", "4001", "--role", "noc")
    assert (victim.read_bytes() if victim.exists() else b"") == before
    assert not stat.S_ISREG(blocked.lstat().st_mode)


def test_doctor_has_a_cross_and_1(blocked: Path, home: Home) -> None:
    done = run(home.root, "--json", "doctor")
    assert done.status == 1
    found = [check["found"] for check in done.page if check["name"] == "published" and check["state"] == "problem"]
    assert any(str(blocked) in one for one in found), found


def test_lines_are_out_although_the_checkpoint_cannot_follow(home: Home, installation: Installation) -> None:
    folder(home.published_checkpoint)
    receipt = installation.submit(AddPerson(person="p-00001", roles=("noc",)), Press(SYSTEM))
    assert home.published.read_bytes().count(b"\n") == receipt.last
    assert "the lines are published, but not the checkpoint" in installation.publication.why


def test_when_the_way_is_free_all_of_it_is_published_and_nothing_said(blocked: Path, home: Home) -> None:
    run(home.root, "people", "add", "Jan", "--uid", "4001", "--role", "noc")
    blocked.rename(blocked.with_name("aside"))
    done = run(home.root, "people", "add", "Ewa", "--uid", "4002", "--role", "noc")
    assert (done.status, done.err) == (0, "")
    with open_log(str(home.published)) as lines:
        report = verify(lines, checkpoint=home.published_checkpoint.read_bytes())
    # Nothing is wrong; without a key the checkpoint's signature is not checked.
    assert [one.cause for one in report.findings if one.cause != "no_key"] == ["not_covered"]
    assert (report.outcome, report.entries) == ("incomplete", report.beyond)
    assert run(home.root, "--json", "status").page["published"] == {"ok": True, "why": None}


def test_the_scripts_say_it_too(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    folder(home.published_checkpoint)
    with opened(home.root) as installation:
        log = LedgerLog(installation)
        assert "recorded" in log.append(Summary(stage="stage4", status="noted"))
    assert "the lines are published, but not the checkpoint" in capsys.readouterr().err


# --- pages and machines ----------------------------------------------------------------------------------------------


def test_pages_metrics_and_healthz_say_it(home: Home) -> None:
    with dashboard(home.root) as client:
        sign_in(client)
        assert "is no plain file" not in client.get("/").text
        site = client.application.extensions["stage4"]
        folder(home.published)
        site.installation.submit(AddPerson(person="p-00001", roles=("noc",)), Press(SYSTEM))
        for page in ("/", "/timeline", "/audit"):
            assert "is no plain file" in client.get(page).text
        client.set_cookie("lang", "pl")
        assert "nie jest zwykłym plikiem" in client.get("/").text
        metrics = client.get("/metrics").text
        assert "stage4_publish_failures_total 1.0" in metrics
        assert client.get("/healthz").get_json()["published"] is False
        assert client.get("/healthz").status_code == 200  # the server is well


def test_a_page_says_that_the_store_is_behind(home: Home, tmp_path: Path) -> None:
    shutil.copy(home.store, tmp_path / "old")
    with opened(home.root) as installation:
        installation.submit(AddPerson(person="p-00001", roles=("noc",)), Press(SYSTEM))
    shutil.copy(tmp_path / "old", home.store)
    home.published_checkpoint.unlink()
    with dashboard(home.root) as client:
        sign_in(client)
        for page in ("/", "/timeline", "/audit", "/rollbacks/INC-7"):
            assert "The store is behind" in client.get(page).text
        answer = client.get("/healthz")
        assert (answer.status_code, answer.get_json()["why"]) == (503, "behind")
        assert str(home.root) not in answer.text
        assert "stage4_ledger_behind 1.0" in client.get("/metrics").text
    for command in (("status",), ("log",), ("rollback", "list"), ("rollback", "show")):
        done = run(home.root, *command)
        assert done.status == 0
        assert "the store is behind" in done.err
    assert "the store is behind" in run(home.root, "--json", "status").page["behind"]


def test_the_observer_says_it_and_goes_on(home: Home, installation: Installation) -> None:
    folder(home.published)
    said: list[str] = []
    Observer(installation, said.append).look()
    assert [one for one in said if "is no plain file" in one]
    assert installation.publication.failures > 0


def test_of_the_access_ledger_too(home: Home, installation: Installation) -> None:
    """Its entries are made by the observer, on connections of their own."""
    (home.var / "access" / "20200101T0000").write_bytes(b"F")
    folder(Home(home.root, STAGE).published)
    with pytest.raises(Unreachable, match="no plain file"):
        roll_up(installation)
    access = open_home(home.root, STAGE)
    assert [record.status for record, _ in access.ledger.records()][-1] == "sign_ins_failed"
    access.ledger.log.close()


# --- a disk that runs full -------------------------------------------------------------------------------------------


@pytest.fixture
def small(home: Home) -> Iterator[Disk]:
    """The published files are on a small disk of their own; the store has room."""
    (home.root / "audit").rename(home.root / "before")
    with mounted(home.root / "audit") as disk:
        if disk is None:
            pytest.skip("mounting is not allowed here; folders in the way show the same")
        shutil.copytree(home.root / "before", home.root / "audit", dirs_exist_ok=True)
        yield disk


def test_no_room_for_the_lines_is_said(home: Home, small: Disk) -> None:
    small.fill()
    done = [run(home.root, "people", "add", f"Jan {n}", "--uid", 4001 + n, "--role", "noc") for n in range(4)]
    assert {one.status for one in done} == {0}
    assert "No space left on device" in done[-1].err
    small.free()
    done = [run(home.root, "people", "add", "Ewa", "--uid", 4010, "--role", "noc")]
    assert (done[0].status, done[0].err) == (0, "")
    assert home.published_checkpoint.read_bytes().split(b"\n")[1] == b"%d" % home.published.read_bytes().count(b"\n")


def test_no_room_between_the_lines_and_the_checkpoint_is_said(home: Home, small: Disk) -> None:
    with opened(home.root) as installation:
        number = 0
        while (
            -home.published.stat().st_size % 4096 < 2500
        ):  # the next line fits into the last block, a new file does not
            number += 1
            installation.submit(AddPerson(person=f"p-{number:05}", roles=("noc",)), Press(SYSTEM))
    small.fill()
    done = run(home.root, "--json", "people", "add", "Jan", "--uid", 4001, "--role", "noc")
    assert done.status == 0
    assert "the lines are published, but not the checkpoint" in done.page["published"]["why"]
    assert "No space left on device" in done.err
    lines, signed = home.published.read_bytes().count(b"\n"), home.published_checkpoint.read_bytes().split(b"\n")[1]
    assert lines == int(signed) + 1
    assert "without their checkpoint" in run(home.root, "status").err
    small.free()
    assert run(home.root, "people", "add", "Ewa", "--uid", 4010, "--role", "noc").err == ""


# --- permissions -----------------------------------------------------------------------------------------------------


@pytest.fixture(params=[0o000, 0o022, 0o077], ids="umask {:03o}".format)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir() if path.is_file()}


def test_everybody_may_read_the_evidence_but_who_signed_in_whatever_the_umask(umask: int, tmp_path: Path) -> None:
    made = init(tmp_path / "home", purpose="lab", name="You")
    audit = made.home.published.parent
    made.ledger.log.close()
    for path in audit.iterdir():
        if path.name.startswith("stage4-access"):
            path.chmod(0o644)  # as an older version left it
    access = open_home(tmp_path / "home", STAGE)
    access.publish()
    access.ledger.log.close()
    assert modes(audit) == {
        f"{stage}.{ending}": mode
        for stage, mode in (("stage4", 0o644), (STAGE, 0o600))
        for ending in ("jsonl", "checkpoint", "vkey")
    }
    assert stat.S_IMODE(audit.stat().st_mode) == stat.S_IMODE(audit.parent.stat().st_mode) == 0o755


def test_what_is_exported_too(umask: int, home: Home, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert run(home.root, "export", "--out", tmp_path / "out" / "x.jsonl").status == 0
    assert set(modes(tmp_path / "out").values()) == {0o644}
    assert run(home.root, "--stage", STAGE, "export", "--out", tmp_path / "out" / "y.jsonl").status == 0
    assert modes(tmp_path / "out")["y.jsonl"] == 0o600


def test_an_export_never_replaces_and_leaves_nothing_half(home: Home, tmp_path: Path) -> None:
    out = tmp_path / "x.jsonl"
    (tmp_path / "x.vkey").symlink_to("nowhere")
    done = run(home.root, "export", "--out", out)
    assert (done.status, out.exists()) == (1, False)
    assert "nothing is overwritten" in done.err
