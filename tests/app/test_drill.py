"""A drill tells whether the scheduler obeyed, removes what it wrote and nothing else, and begins only where it may."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ledger.app.doctor import drill as drills
from ledger.app.doctor.drill import Drilled, drill
from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.app.steps import duties, opening, restoring, stopping
from ledger.app.steps.stop import stop
from ledger.domain.asked import fit
from ledger.errors import Refused
from ledger.lab.scenarios.frame import verify_home
from ledger.stop import stop_without_ledger
from tests.adapters.neighbours import Handler, odd

from .builders import actor
from .settings import changed

SINCE = "2026-11-23T05:27:01Z"


@contextmanager
def scheduler(installation: Installation, says: Callable[[int], str]) -> Iterator[None]:
    """A status page; ``says`` is asked with the number of the question."""
    asked = 0

    def answer(handler: Handler) -> None:
        nonlocal asked
        asked += 1
        page = {"status": says(asked), "since": SINCE, "cycle": asked, "warnings": []}
        handler.say(200, json.dumps(page).encode())

    with odd(answer) as server:
        installation.config = changed(
            installation.config,
            scheduler={"url": server.url},
            alertmanager={"url": ""},
            rollback={"restart_patience": "1s"},
        )
        yield


def opened(installation: Installation, **more: Any) -> str:
    """A drill that is open and confirmed, in which L2 Ops took the Incident Manager's role too."""
    manager = Press(actor("incident_manager"))
    made = opening.open_rollback(installation, manager, ticket="DRILL-1", reason="x", purpose="drill", **more).rollback
    confirmed = opening.confirm(installation, Press(actor("product_owner")), made).rollback
    duties.assume(installation, Press(actor("l2_ops")), confirmed, "incident_manager", "nobody answers")
    return made.id


def run(installation: Installation) -> tuple[Drilled, list[str]]:
    said: list[str] = []
    return drill(installation, actor("l2_ops"), lambda what, at: said.append(what), 0.3), said


def test_a_scheduler_that_obeys_is_seen_to(installation: Installation, path: Path) -> None:
    with scheduler(installation, lambda _: "disabled" if path.exists() else "enabled"):
        opened(installation)
        drilled, said = run(installation)
    assert (drilled.obeyed, drilled.gone, drilled.reasons, drilled.rollback.phase) == (True, True, (), "completed")
    assert len(said) == 5 and not path.exists()
    assert [step.shown for step in drilled.rollback.steps] == [
        "pass",
        "pass",
        "waived",
        "pass",
        "waived",
        "pass",
        "pass",
    ]


def test_one_that_does_not_obey_is_told_and_its_override_is_removed(installation: Installation, path: Path) -> None:
    with scheduler(installation, lambda _: "enabled"):
        opened(installation)
        drilled, _ = run(installation)
    assert (drilled.obeyed, drilled.gone, drilled.rollback.phase) == (False, True, "aborted") and not path.exists()
    assert "the scheduler was not seen disabled within 0.3 s" in drilled.reasons
    assert drilled.rollback.steps[3].verdict == "fail"


def test_an_interrupted_one_removes_what_it_wrote(
    installation: Installation, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        assert path.exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(drills.stopping, "check", interrupted)
    with scheduler(installation, lambda _: "disabled" if path.exists() else "enabled"):
        opened(installation)
        drilled, _ = run(installation)
    assert (drilled.obeyed, drilled.gone, drilled.rollback.phase) == (False, True, "aborted") and not path.exists()
    assert drilled.reasons == ("it was interrupted",)


def test_what_somebody_put_in_its_place_is_not_removed_and_said(installation: Installation, path: Path) -> None:
    def says(_: int) -> str:
        if path.exists():
            path.write_text("{}")
        return "disabled" if path.exists() else "enabled"

    with scheduler(installation, says):
        name = opened(installation)
        drilled, _ = run(installation)
    assert (drilled.obeyed, drilled.gone, path.read_text()) == (False, False, "{}")
    assert any("is not what was declared" in reason for reason in drilled.reasons)
    assert installation.state.open[name].holds and drills.by_hand(drilled.rollback)


def test_a_stop_that_somebody_presses_meanwhile_is_not_undone(
    installation: Installation, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = stopping.check

    def pressed(*given: Any) -> object:
        stop(installation, Press(actor("noc")), fit(reason="orders look wrong"), patience=20)
        return whole(*given)

    monkeypatch.setattr(drills.stopping, "check", pressed)
    with scheduler(installation, lambda _: "disabled" if path.exists() else "enabled"):
        opened(installation)
        drilled, said = run(installation)
    holder = installation.state.holder
    assert holder is not None and holder.purpose == "incident" and path.exists()
    assert (drilled.obeyed, drilled.gone) == (False, False)
    assert any(f"trading stays stopped, held by {holder.id}" in line for line in said)
    assert drilled.stopped_by == (holder.id,)


def test_a_stop_past_the_ledger_that_nobody_has_taken_in_yet_is_not_undone(
    installation: Installation, path: Path
) -> None:
    l2 = Press(actor("l2_ops"))
    with scheduler(installation, lambda _: "disabled" if path.exists() else "enabled"):
        name = opened(installation)
        duties.waive(installation, l2, installation.rollback(name), 2, "a drill")
        stopping.disable(installation, l2, installation.rollback(name), requested_by="L2")
        stopping.check(installation, l2, installation.rollback(name))
        duties.waive(installation, l2, installation.rollback(name), 4, "a drill")
        restoring.end_incident(installation, l2, installation.rollback(name))
        stopped = stop_without_ledger(installation.home.root, fit(reason="orders look wrong"), why="it is locked")
        restoring.restore(installation, l2, installation.rollback(name))
    assert stopped.standing and path.exists()
    assert [one.purpose for one in installation.state.holders] == ["incident"]
    assert verify_home(installation).verified


def test_a_stop_that_became_part_of_the_drill_is_not_undone_either(
    installation: Installation, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pressed(*_: Any) -> object:
        path.unlink()  # what stops nothing is stopped by a new file, in whatever holds
        stop(installation, Press(actor("noc")), fit(reason="orders look wrong"), patience=20)
        raise Refused("the scheduler was asked in vain")

    monkeypatch.setattr(drills.stopping, "check", pressed)
    with scheduler(installation, lambda _: "disabled" if path.exists() else "enabled"):
        name = opened(installation)
        drilled, _ = run(installation)
    assert drilled.stopped_by == (name,) and path.exists() and installation.state.open[name].holds


def test_a_file_with_an_end_is_joined_by_no_stop(installation: Installation, path: Path) -> None:
    with scheduler(installation, lambda _: "disabled" if path.exists() else "enabled"):
        name = opened(installation)
        stopping.disable(
            installation, Press(actor("l2_ops")), installation.rollback(name), requested_by="L2", duration="10m"
        )
        told = stop(installation, Press(actor("noc")), fit(reason="orders look wrong"), patience=20)
    assert [holder.id for holder in installation.state.holders] == [name] and "It ends at" in str(told.said)


def test_a_waived_confirmation_is_no_second_person(installation: Installation, path: Path) -> None:
    with scheduler(installation, lambda _: "enabled"):
        manager = Press(actor("incident_manager"))
        made = opening.open_rollback(installation, manager, ticket="DRILL-1", reason="x", purpose="drill").rollback
        waived = duties.waive(installation, manager, made, 0, "nobody answers").rollback
        duties.assume(installation, Press(actor("l2_ops")), waived, "incident_manager", "nobody answers")
        with pytest.raises(Refused) as refused:
            run(installation)
    assert any("product_owner, another person" in owed for owed in refused.value.owed) and not path.exists()


@pytest.mark.parametrize(
    ("says", "begins", "why"),
    [
        ("disabled", 0, "trading was not seen running, so nothing would be proved: it says disabled"),
        ("odd", 0, "trading was not seen running"),
        ("enabled", 60, "cannot be run now"),
    ],
)
def test_it_is_refused_before_anything_is_written(
    installation: Installation, path: Path, says: str, begins: int, why: str
) -> None:
    with scheduler(installation, lambda _: says):
        opened(installation, start=installation.clock() + timedelta(minutes=begins))
        size = installation.ledger.view().size
        with pytest.raises(Refused, match=why):
            run(installation)
    assert installation.ledger.view().size == size and not path.exists()


def test_it_is_run_once(installation: Installation, path: Path) -> None:
    with scheduler(installation, lambda _: "enabled"):
        name = opened(installation)
        stopping.disable(installation, Press(actor("l2_ops")), installation.rollback(name), requested_by="L2")
        with pytest.raises(Refused) as caught:
            run(installation)
    assert "it was begun already" in caught.value.owed[0] and path.exists(), "what somebody wrote stays"
