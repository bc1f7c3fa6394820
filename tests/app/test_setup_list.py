"""``stage4 setup``: what is left to do, by what is seen now; what is not set is not broken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ledger.app.home.folders import Home
from ledger.app.home.setup import init
from ledger.app.setup_list import looks
from ledger.app.setup_list.looks import Looks
from ledger.app.setup_list.standing import upcoming
from ledger.cli.setup import setup

from .builders import append, free_port


def typed(root: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(setup, ["--home", str(root), "--json", *arguments])
    return done.exit_code, json.loads(done.stdout)


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A real home that somebody made a moment ago."""
    init(tmp_path / "fresh", name="Ola").ledger.log.close()
    return tmp_path / "fresh"


def test_a_new_home_has_everything_before_it_and_nothing_broken(fresh: Path) -> None:
    status, page = typed(fresh)
    assert status == 4 and (page["done"], page["of"], page["next"]) == (0, 7, "scheduler")
    assert {one["state"] for one in page["items"]} == {"not_yet"}
    assert 'url = "https://scheduler.example/status"' in page["items"][0]["lines"]
    assert page["items"][3]["lines"].count("stage4 people add") == 5


def test_on_a_terminal_the_next_item_has_its_lines_and_the_lab_is_offered(fresh: Path) -> None:
    said = CliRunner().invoke(setup, ["--home", str(fresh)]).output
    assert f"put into {fresh}/stage4.toml" in said and "[scheduler]" in said and "[prometheus]" not in said
    assert "0 of 7 done; next: Connect the scheduler" in said and "stage4 demo --home DIR" in said


def test_one_that_does_not_answer_is_broken_and_says_why(fresh: Path) -> None:
    Home(fresh).config.write_text(f'[prometheus]\nurl = "http://127.0.0.1:{free_port()}"\n')
    status, page = typed(fresh)
    assert status == 1 and [one["name"] for one in page["items"] if one["state"] == "broken"] == ["prometheus"]
    assert "refused the connection" in page["items"][1]["found"][0]["found"]


def test_a_checkpoint_that_was_kept_is_the_beginning_of_the_ledger_or_is_told(fresh: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.checkpoint"
    kept.write_bytes(Home(fresh).published_checkpoint.read_bytes())
    assert typed(fresh, "--head", str(kept))[1]["items"][6]["state"] == "done"
    init(tmp_path / "other", name="Jan").ledger.log.close()
    status, page = typed(tmp_path / "other", "--head", str(kept))
    assert status == 1 and page["items"][6]["state"] == "broken"


def test_a_ledger_that_lost_entries_is_not_the_one_that_was_kept(installation) -> None:
    seen = Looks(installation)
    size = installation.ledger.view().size
    append(installation, 1)
    longer = installation.ledger.log.newest_checkpoint().decode()
    assert seen.take("witness", head=longer).state == "done"
    assert (
        seen.take("witness", head=f"{size + 5}:{'A' * 43}=")
        .findings[0]
        .found.startswith("the head that was kept is of")
    )


def test_a_server_looks_by_itself_and_tells_only_of_a_change(installation, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    seen = Looks(installation, lambda: told.append(1))
    for _ in range(2):
        for name in looks.SERVERS:
            seen.take(name)
    assert len(told) == 3 and seen.version == 3
    states = {one.item.name: one.state for one in seen.standings()}
    assert (states["scheduler"], states["alertmanager"]) == ("not_yet", "broken")
    following = upcoming(seen.standings())
    assert following is not None and following.item.name == "scheduler"
