"""Artefacts by their digest: shown, erased by two people, and then erased rather than missing."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ledger.app.installation import Installation
from ledger.app.observer import Observer
from ledger.app.press import Press
from ledger.app.record.erasing import erase, read, remove_erased, show
from ledger.app.steps import opening as steps
from ledger.cli.root import stage4
from ledger.domain.keeping.commands import Erase, ProposeErasure
from ledger.errors import Erased, Refused, Unreachable
from ledger.verify import verify

from .builders import INC, actor, ask, lines_of, opening
from .test_people import admin

LONG = "Zażółć gęślą jaźń. " * 20


@pytest.fixture
def name(installation: Installation) -> str:
    """The artefact of a long note."""
    installation.ledger.submit(ask(installation, "incident_manager", opening(installation)))
    steps.note(installation, Press(actor("noc")), installation.rollback(INC), LONG, None)
    (found,) = installation.state.texts
    return found


def artefact(root: Path, *arguments: str) -> Result:
    """``stage4 artefact …`` in a home."""
    return CliRunner().invoke(stage4, ["artefact", *arguments, "--home", str(root)])


def test_the_bytes_go_after_the_second_person_and_the_chain_stays_whole(installation: Installation, name: str) -> None:
    assert not erase(installation, Press(admin(installation)), name, "names a person").erased
    assert LONG.strip().encode() in read(installation, name)
    after = erase(installation, Press(actor("noc")), name, "")
    assert not installation.artefacts.has(name)
    with pytest.raises(Erased, match=f"erased by entry {after.erased}: names a person"):
        read(installation, name)
    report = verify(io.BytesIO(b"".join(line + b"\n" for line in lines_of(installation.home))))
    assert report.outcome == "incomplete" and f"(entries {after.erased}): not missing" in " ".join(report.not_checked)


def test_missing_is_told_from_erased(installation: Installation, name: str) -> None:
    installation.artefacts.path(name).unlink()
    with pytest.raises(Unreachable, match="cannot be read") as found:
        read(installation, name)
    assert not isinstance(found.value, Erased)


def test_a_crash_between_entry_and_removal_is_finished_by_the_observer(installation: Installation, name: str) -> None:
    installation.submit(ProposeErasure(artefact=name, ground="g"), Press(admin(installation)))
    installation.submit(Erase(artefact=name), Press(actor("noc")))
    assert installation.artefacts.has(name)
    said: list[str] = []
    Observer(installation, said.append).look()
    assert not installation.artefacts.has(name) and "removed 1 artefacts that were erased" in said
    assert remove_erased(installation) == 0


def test_what_was_erased_and_comes_back_from_a_backup_goes_again(installation: Installation, name: str) -> None:
    data = read(installation, name)
    erase(installation, Press(admin(installation)), name, "g")
    erase(installation, Press(actor("noc")), name, "")
    assert installation.keep(data) == name
    with pytest.raises(Erased):
        read(installation, name)
    with pytest.raises(Refused, match="was erased by entry"):
        erase(installation, Press(admin(installation)), name, "g")
    assert not installation.artefacts.has(name)


def test_an_artefact_is_shown_without_its_random_bytes(installation: Installation, name: str) -> None:
    found = show(installation, name.removeprefix("sha384:"))
    assert found.text == LONG.strip()
    assert [(one.status, one.field) for one in found.named] == [("note_added", "text_sha384")]
    with pytest.raises(Refused, match="no entry of this ledger names"):
        show(installation, "sha384:" + "0" * 96)
    with pytest.raises(Refused, match="name is sha384"):
        show(installation, "../../etc/passwd")


def test_the_two_of_them_at_a_terminal(root: Path, installation: Installation, name: str) -> None:
    assert LONG.strip() in artefact(root, "show", name).output
    assert "the ground is empty" in artefact(root, "erase", name).stderr
    assert f"stage4 artefact erase {name}" in artefact(root, "erase", name, "--ground", "names a person").output
    assert "four eyes" in artefact(root, "erase", name).stderr
    done = artefact(root, "erase", name, "--as", "lab-l2-ops")
    assert done.exit_code == 0 and "names a person" in done.output
    shown = artefact(root, "show", name)
    assert shown.exit_code == 0 and "erased by entry" in shown.output and LONG[:20] not in shown.output
    page = json.loads(artefact(root, "show", name, "--json").output)
    assert (page["text"], page["size"], page["ground"]) == (None, None, "names a person")


def test_a_missing_artefact_is_unreadable_at_a_terminal(root: Path, installation: Installation, name: str) -> None:
    installation.artefacts.path(name).unlink()
    assert artefact(root, "show", name).exit_code == 3
