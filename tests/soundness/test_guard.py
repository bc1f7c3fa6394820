"""The guard of a running server: what it holds, what it lets through, when it lets go, and what it says."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from ledger.app.home.folders import Home
from ledger.app.installation import Installation, opened
from ledger.app.observer import Observer
from ledger.app.people.access import STAGE, roll_up
from ledger.app.press import Press
from ledger.app.reading.metrics import LedgerMetrics
from ledger.app.record.deliver import deliver_files
from ledger.app.record.spool import take_in
from ledger.app.soundness.guard import Guard
from ledger.app.steps import opening
from ledger.app.steps import stop as through_ledger
from ledger.app.steps.in_time import stop_in_time
from ledger.domain.asked import fit
from ledger.domain.stopping.commands import Stop
from ledger.errors import Corrupt
from ledger.stop import Stopped, stop_without_ledger
from tests.app.builders import actor, behind_the_triggers, note, overriding, tell, until
from tests.app.builders import opening as opened_by

from .attacks import ATTACKS

OTHER = "decision_orchestrator"
EDIT = ATTACKS["a word in the middle"].do
DELETE = ATTACKS["a checkpoint in the middle deleted"].do


@pytest.fixture
def guard(installation: Installation) -> Guard:
    installation.ledger.view()
    made = Guard(installation.home.root, [installation.ledger])
    made.round()
    return made


def gauges(installation: Installation, guard: Guard) -> dict[tuple[str, str], float]:
    """Name and label -> value, as Prometheus gets them."""
    families = list(LedgerMetrics(installation, guard).collect())
    return {(one.name, one.labels.get("part", "")): one.value for family in families for one in family.samples}


def test_while_it_is_held_the_stop_goes_past_the_ledger_and_is_taken_in_afterwards(
    installation: Installation, guard: Guard, home: Home
) -> None:
    path = installation.override_path()
    path.unlink()
    with behind_the_triggers(home) as connection:
        (line,) = connection.execute("SELECT state FROM stored_events WHERE originator_version = 6").fetchone()
    EDIT(home)
    guard.round()
    asked = fit(reason="it burns")
    stopped = stop_in_time(
        lambda: through_ledger.stop(installation, Press(actor("l2_ops")), asked),
        lambda why: stop_without_ledger(home.root, asked, why=why, who="lab-l2-ops"),
    )
    assert isinstance(stopped, Stopped) and path.is_file()
    with pytest.raises(Corrupt, match="nothing is written but the stop"):
        take_in(installation)
    assert list(home.spool.glob("stop-*.json"))
    with behind_the_triggers(home) as connection:
        connection.execute("UPDATE stored_events SET state = ? WHERE originator_version = 6", (line,))
    guard.round()
    assert not guard.findings and not installation.ledger.held
    assert take_in(installation)


def test_what_was_asked_for_is_not_done_from_a_ledger_that_does_not_hold_but_for_the_stop(
    installation: Installation, guard: Guard, home: Home
) -> None:
    path = installation.override_path(OTHER)
    asked = Stop(
        opening=opened_by(installation, "INC-9", component=OTHER),
        override=overriding(installation, component=OTHER, path=str(path)),
    )
    tell(installation, "l2_ops", asked, "")
    EDIT(home)
    guard.round()
    with pytest.raises(Corrupt):  # done, and not recorded yet
        deliver_files(installation, 1.0)
    assert path.is_file()


def test_an_edited_artefact_is_said_and_does_not_stop_writing(
    installation: Installation, guard: Guard, home: Home
) -> None:
    ATTACKS["an artefact edited"].do(home)
    guard._whole_at -= 2 * 24 * 3600
    guard.round()
    assert [one.cause for one in guard.findings] == ["artefact_changed"] and not guard.held
    opening.note(installation, Press(actor("noc")), installation.rollback("INC-2"), "goes on", None)


def test_every_ledger_of_the_process_is_held_and_let_go(installation: Installation, home: Home) -> None:
    with opened(home.root) as other:
        guard = Guard(home.root, [installation.ledger, other.ledger])
        guard.round()
        DELETE(home)
        guard.round()
        assert installation.ledger.held == other.ledger.held != ""
        assert "docs/recovery.md" in installation.ledger.held


def test_the_access_ledger_is_held_by_itself(installation: Installation, guard: Guard, home: Home) -> None:
    ATTACKS["a checkpoint of the access ledger deleted"].do(home)
    guard._whole_at -= 2 * 24 * 3600
    guard.round()
    assert not installation.ledger.held and STAGE in installation.ledger.others_held
    folder = home.var / "access"
    folder.mkdir(exist_ok=True)
    (folder / "20200101T0000").write_bytes(b"RRF")
    with pytest.raises(Corrupt, match="nothing is written but the stop"):
        roll_up(installation)
    assert (folder / "20200101T0000").exists()
    opening.note(installation, Press(actor("noc")), installation.rollback("INC-2"), "the other goes on", None)


def test_it_says_once_that_something_changed(installation: Installation, home: Home) -> None:
    told: list[int] = []
    guard = Guard(home.root, [installation.ledger])
    guard.changed = lambda: told.append(len(guard.findings))
    for _ in range(3):
        guard.round()
    DELETE(home)
    for _ in range(3):
        guard.round()
    assert told == [1]


def test_a_store_that_cannot_be_had_is_said_and_proves_nothing(installation: Installation, home: Home) -> None:
    guard = Guard(home.root, [installation.ledger])
    home.store.rename(home.store.with_name("away"))
    guard.round()
    assert "there is no ledger" in guard.error and guard.verified is None and not guard.held


def test_the_observer_does_not_repeat_itself_while_it_is_held(
    installation: Installation, guard: Guard, home: Home
) -> None:
    EDIT(home)
    guard.round()
    said: list[str] = []
    observer = Observer(installation, said.append)
    installation.override_path().unlink()
    for _ in range(6):
        observer.look()
    assert len([one for one in said if "nothing is written but the stop" in one]) == 1


def test_metrics_tell_findings_and_when_it_was_verified(installation: Installation, guard: Guard, home: Home) -> None:
    found = gauges(installation, guard)
    assert found["stage4_ledger_findings", "store"] == found["stage4_ledger_held", ""] == 0
    assert found["stage4_ledger_verified_entries", ""] == 20
    assert guard.verified is not None
    assert found["stage4_ledger_verified_timestamp_seconds", ""] == guard.verified.timestamp()
    DELETE(home)
    guard.round()
    found = gauges(installation, guard)
    assert found["stage4_ledger_findings", "checkpoints"] == found["stage4_ledger_held", ""] == 1


def test_metrics_tell_of_a_ledger_that_cannot_be_read(home: Home) -> None:
    with opened(home.root) as installation:
        EDIT(home)
        guard = Guard(home.root, [installation.ledger])
        guard.round()
        found = gauges(installation, guard)
    assert found["stage4_ledger_findings", "store"] >= 1
    assert ("stage4_ledger_sequence", "") not in found


def test_it_looks_by_itself_and_ends_when_it_is_told(installation: Installation, home: Home) -> None:
    guard, stopped = Guard(home.root, [installation.ledger]), threading.Event()
    thread = threading.Thread(target=guard.run, args=(stopped,), daemon=True)
    thread.start()
    until(lambda: guard.verified)
    stopped.set()
    thread.join(5)
    assert not thread.is_alive() and guard.verified_entries == 20


def test_it_goes_on_from_where_it_was(installation: Installation, guard: Guard) -> None:
    for number in range(3):
        opening.note(installation, Press(actor("noc")), installation.rollback("INC-2"), f"note {number}", None)
    guard.round()
    assert not guard.findings and guard.verified_entries == 23


def test_a_store_that_was_set_back_stays_found_until_a_restart(
    installation: Installation, guard: Guard, home: Home, tmp_path: Path
) -> None:
    shutil.copytree(home.root, tmp_path / "old", symlinks=True)
    opening.note(installation, Press(actor("noc")), installation.rollback("INC-2"), "seen", None)
    guard.round()
    shutil.rmtree(home.root)
    shutil.copytree(tmp_path / "old", home.root, symlinks=True)
    for _ in range(2):
        guard.round()
        assert [one.cause for one in guard.findings] == ["behind"]
    with pytest.raises(Corrupt, match="nothing is written but the stop"):
        installation.submit(note(1), Press(actor("noc")))
