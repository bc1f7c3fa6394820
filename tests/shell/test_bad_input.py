"""What bad input gets: a clear sentence, the right exit status, and nothing written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .commands import entries, stage4, statuses

OPEN = ("rollback", "open", "--ticket", "INC-2042", "--reason")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("home")
    roles = [word for role in ("l2_ops", "incident_manager", "product_owner", "noc") for word in ("--role", role)]
    assert stage4(found, "init", "--name", "Ola", *roles).returncode == 0
    return found


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ((*OPEN, ""), 1),
        ((*OPEN, "x" * 100_000), 1),
        ((*OPEN, "bell\x07"), 1),
        (("rollback", "open", "--ticket", "../../etc", "--reason", "x"), 1),
        (("rollback", "open", "--ticket", "INC-2042.2", "--reason", "x"), 1),
        (("rollback", "open", "--ticket", "STOP-7", "--reason", "x"), 1),
        (("rollback", "open", "--reason", "x"), 2),
        ((*OPEN, "x", "--component", "reactor"), 2),
        ((*OPEN, "x", "--window", "soon"), 1),
        (("rollback", "restore", "INC-1"), 1),
        (("rollback", "complete"), 1),
        (("verify", "no-such-file.jsonl"), 3),
        (("verify", "stage4.toml", "--head", "nonsense"), 2),
        (("rollback", "confirm", "--as", "somebody"), 1),
    ],
)
def test_it_is_refused_in_a_sentence_and_nothing_is_written(
    home: Path, arguments: tuple[str, ...], status: int
) -> None:
    before = statuses(home)
    done = stage4(home, *arguments)
    assert done.returncode == status, done.stdout + done.stderr
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr
    assert statuses(home) == before


def test_odd_but_legal_text_arrives_as_it_was_typed(home: Path) -> None:
    reason = "\"quotes\" 'both' <script>alert(1)</script> ż 🚒 \\ $(rm -rf /) `id`"
    assert stage4(home, *OPEN, reason).returncode == 0
    assert entries(home)[-1]["metadata"]["reason"] == reason
    own = stage4(home, "rollback", "confirm", "--json")
    assert own.returncode == 1
    assert json.loads(own.stdout)["error"] == "refused"
    assert "four eyes" in own.stderr
    early = stage4(home, "rollback", "disable")
    assert "  - product owner: step 0" in early.stderr


def test_a_folder_without_a_ledger_says_what_to_do(tmp_path: Path) -> None:
    done = stage4(tmp_path, "status")
    assert done.returncode == 3
    assert "stage4 init" in done.stderr
