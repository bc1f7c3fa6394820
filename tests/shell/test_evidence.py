"""``stage4 export`` and ``stage4 verify`` as an auditor types them: what they say, and their exit statuses."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path

import pytest

from ledger.app.home.setup import init

from .commands import stage4


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home; ``kept`` is its checkpoint of before the newest entry, ``short.jsonl`` its lines of then."""
    root = tmp_path_factory.mktemp("audited") / "home"
    init(root, purpose="production", name="Ola", roles=("incident_manager", "admin")).ledger.log.close()
    published = root / "audit/decision_logs"
    shutil.copy(published / "stage4.checkpoint", root / "kept")
    shutil.copy(published / "stage4.jsonl", root / "short.jsonl")
    assert stage4(root, "people", "add", "Jan", "--uid", "4242", "--role", "noc").returncode == 0
    return root


LOG = "audit/decision_logs/stage4"
KEY = ("--public-key", f"{LOG}.vkey")


def audited(home: Path, *given: str, lines: str = f"{LOG}.jsonl") -> tuple[int, str]:
    done = stage4(home, "verify", lines, *given)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


def test_a_kept_checkpoint_is_used_as_the_readme_says(home: Path) -> None:
    status, said = audited(home, "--checkpoint", "kept", *KEY)
    assert status == 4 and "PROVED AS FAR AS THE CHECKPOINT  2 of 3 entries" in said
    assert "✘" not in said and "VERIFIED" not in said and "follow rightly, and nothing signs them" in said
    status, said = audited(home, "--checkpoint", f"{LOG}.checkpoint", "--head", "kept", *KEY)
    assert status == 0 and "heads that were kept, at 2 entries" in said
    status, said = audited(home, "--checkpoint", "kept")
    assert status == 4 and "AGREES AS FAR AS THE CHECKPOINT" in said and "PROVED" not in said


def test_without_a_checkpoint_and_its_key_nothing_is_called_verified(home: Path) -> None:
    lines = (home / f"{LOG}.jsonl").read_bytes().splitlines(keepends=True)
    (home / "cut.jsonl").write_bytes(b"".join(lines[:-1]))
    key = ("--hmac-key-file", "var/keys/hmac.key")
    for given in ((), key):
        for name in (f"{LOG}.jsonl", "cut.jsonl"):
            status, said = audited(home, *given, lines=name)
            assert status == 4 and "VERIFIED" not in said and "--checkpoint FILE --public-key VKEY" in said
            assert "PROVED AS FAR AS THE CHECKPOINT  0 of" in said and "none was given" in said
    status, said = audited(home, "--checkpoint", f"{LOG}.checkpoint")
    assert status == 4 and "AGREES AS FAR AS THE CHECKPOINT  3 of 3 entries: its signature was not checked" in said


def test_what_is_not_verified_has_no_tick_that_is_false_and_says_what_to_do(home: Path) -> None:
    lines = (home / f"{LOG}.jsonl").read_bytes().splitlines(keepends=True)
    (home / "cut.jsonl").write_bytes(b"".join(lines[:-1]))
    given = ("--checkpoint", f"{LOG}.checkpoint", *KEY)
    status, said = audited(home, *given, lines="cut.jsonl")
    assert status == 1 and "✔ The Merkle root" not in said and "✔ Form, order and chain of 2 entries" in said
    assert "→ Keep this file as it is and get another copy" in said


def test_json_has_the_outcome(home: Path) -> None:
    done = stage4(home, "verify", f"{LOG}.jsonl", "--checkpoint", "kept", *KEY, "--json")
    page = json.loads(done.stdout)
    assert done.returncode == 4
    assert (page["outcome"], page["verified"], page["proved"], page["beyond"]) == ("incomplete", False, 2, 1)


def test_a_head_that_is_none_is_said(home: Path) -> None:
    (home / "other").write_bytes((home / "kept").read_bytes().replace(b"\n2\n", b"\n3\n"))
    status, said = audited(home, "--head", "other", *KEY)
    assert status == 1 and "head_signature" in said
    for nonsense in ("nonsense", "17", "x" * 5000, "audit", "17:Fw7/V8WAV/Mw"):
        status, said = audited(home, "--head", nonsense, *KEY)
        assert status == 2 and "a head is N:ROOT" in said and "no such file with a checkpoint" in said


def test_heads_are_found_in_what_a_ticket_system_kept(home: Path) -> None:
    stated = (home / "kept").read_text().splitlines()
    line = f"Ledger head {stated[1]}:{stated[2]} of {stated[0]}"
    (home / "comments.json").write_text(json.dumps({"comments": [{"body": f"[Stage4] open\n{line}"}]}))
    given = ("--checkpoint", f"{LOG}.checkpoint", *KEY)
    status, said = audited(home, *given, "--heads-from", "comments.json")
    assert status == 0 and "heads that were kept, at 2 entries" in said and "not excluded" not in said
    done = stage4(home, "verify", "--heads-from", "-", given=line.replace("head 2:", "head 3:"))
    assert done.returncode == 1 and "entry 3: head_differs" in done.stdout
    (home / "mail").write_text("Subject: hello\n\nNothing of this kind.\n")
    status, said = audited(home, *given, "--heads-from", "mail")
    assert status == 1 and "no head N:ROOT stands in mail" in said and "VERIFIED" not in said
    status, said = audited(home, "--heads-from", "-", lines="-")
    assert status == 2 and "cannot both be standard input" in said


def test_lines_copied_before_the_checkpoint_may_be_innocent(home: Path) -> None:
    status, said = audited(home, "--checkpoint", f"{LOG}.checkpoint", *KEY, lines="short.jsonl")
    assert status == 1 and "copied while the ledger was being written" in said and "stage4 export --out DIR" in said


def test_a_wrong_hmac_key_is_one_finding(home: Path) -> None:
    given = ("--checkpoint", f"{LOG}.checkpoint", *KEY, "--hmac-key-file", "var/keys/stage4-access/hmac.key")
    status, said = audited(home, *given)
    assert status == 1 and "NOT VERIFIED: 1 finding " in said and "is not the key that signed this ledger" in said


def test_what_is_exported_verifies_packed_or_not(home: Path) -> None:
    for out, lines in (("e.jsonl.gz", "e.jsonl.gz"), ("f.jsonl", "f.jsonl"), ("media/", "media/stage4.jsonl")):
        done = stage4(home, "export", "--out", out)
        assert done.returncode == 0, done.stderr
        stem = lines.removesuffix(Path(lines).suffix)
        status, said = audited(home, "--checkpoint", f"{stem}.checkpoint", "--public-key", f"{stem}.vkey", lines=lines)
        assert status == 0 and "VERIFIED  3 entries" in said
        again = stage4(home, "export", "--out", out)
        assert again.returncode == 1 and "exists; nothing is overwritten" in again.stderr


def test_a_key_file_that_an_editor_saved_is_read(home: Path) -> None:
    key = (home / f"{LOG}.vkey").read_text().strip()
    (home / "edited.vkey").write_bytes(f"\ufeff{key}  \r\n".encode())
    status, said = audited(home, "--checkpoint", f"{LOG}.checkpoint", "--public-key", "edited.vkey")
    assert status == 0, said
    (home / "twice.vkey").write_text(f"{key}\n{key}\n")
    status, said = audited(home, "--public-key", "twice.vkey")
    assert status == 1 and "twice.vkey is no verifier key: it has 2 lines" in said


def test_the_help_says_the_kept_checkpoint_and_exit_status_4(home: Path) -> None:
    said = " ".join(stage4(home, "verify", "--help").stdout.split())
    assert "--head KEPT" in said and "4 proved as far as the checkpoint" in said


def test_a_name_without_a_suffix_is_a_folder_and_what_was_made_is_said(home: Path) -> None:
    done = stage4(home, "export", "--out", "for-the-auditor")
    assert done.returncode == 0 and "for-the-auditor/stage4.jsonl" in done.stdout
    made = {one.name for one in (home / "for-the-auditor").iterdir()}
    assert made == {"stage4.jsonl", "stage4.checkpoint", "stage4.vkey"}
    (home / "taken").write_text("somebody's")
    done = stage4(home, "export", "--out", "taken")
    assert done.returncode == 1 and (home / "taken").read_text() == "somebody's"
    assert "A name without a suffix" in stage4(home, "export", "--help").stdout


def test_help_names_every_exit_status(home: Path) -> None:
    said = " ".join(stage4(home, "--help").stdout.split())
    assert "0 done, 1 refused or not verified, 2 usage, 3 unreachable, unreadable or not permitted, 4 proved" in said


def test_a_port_that_is_taken_is_said_in_one_sentence(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = stage4(home, "serve", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 3 and "something listens there already; choose another one with --port" in done.stderr
    assert "dashboard" not in done.stdout + done.stderr and len(done.stderr.splitlines()) == 1
