"""What happens in each kept home before it is packed: the lab's scenarios, and what they leave out."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from argon2 import PasswordHasher

from ledger.app.home.setup import LAB_ROLES, init
from ledger.app.installation import Installation
from ledger.app.people import access, staff
from ledger.app.people.accounts import Accounts
from ledger.app.press import Press
from ledger.app.record.erasing import erase
from ledger.app.steps import duties, learning, opening, restoring, watching
from ledger.domain.command import Actor
from ledger.domain.runbook import Step as StepOf
from ledger.domain.state import Rollback
from ledger.lab.rehearsal import Step, lab_home, rehearse, wait_for_alert
from ledger.lab.scenarios import SCENARIOS, Stage, night, perform, stage
from tests.dashboard.stories import STORIES
from tests.scenarios import test_aborts_and_handover as handed
from tests.scenarios import test_override_outside as file
from tests.scenarios import test_silence_outside as silence
from tests.scenarios.test_disk_full import stopped_by_the_script, taken_in
from tests.scenarios.walk import finish, through_step_2

from .continued import Continued

PASSWORD = "four plain words here"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
SMALL = 2_000
"""Bytes that a file may have where the ledger's disk is full."""
LONG = "A long text that people typed, and that stands outside the entries. " * 12
EARLIER = timedelta(days=30)
LEFT_OPEN = ("silences", "running")
"""Stories that do not end: only one can be the last."""


class Play(NamedTuple):
    """A kept home: one line about it, and how it is made at a path."""

    about: str
    make: Callable[[Path], None]


# --- on the lab's servers --------------------------------------------------------------------------------------------


def staged(play: Callable[[Stage], None], *, ends: bool = True) -> Callable[[Path], None]:
    """A play on a stage of its own; where it ``ends``, what it left is proved as the scenarios prove it."""

    def make(root: Path) -> None:
        with stage(root, print, print) as on:
            play(on)
            if ends:
                finish(on)

    return make


def scenario(name: str) -> Callable[[Path], None]:
    """One of the lab's own."""

    def make(root: Path) -> None:
        with stage(root, print, print) as on:
            assert perform(SCENARIOS[name], on), [str(line) for line in on.checklist if not line.met]

    return make


def rehearsal(root: Path) -> None:
    """Everybody awake."""
    steps: list[Step] = []
    with lab_home(root, print) as (installation, lab):
        rehearse(installation, lab, ticket="INC-2042", seconds=3, say=print, done=steps.append)
    assert [step.outcome.verdict for step in steps] == ["pass"] * 7


def spooled(on: Stage) -> None:
    """The script stops without the ledger, which cannot grow; the observer takes the stop in."""
    stopped_by_the_script(on, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL, SMALL)))
    night.go_on(on, taken_in(on))


def waiting(root: Path) -> None:
    """The same, and nobody has taken it in yet."""
    with stage(root, print, print, observed=False) as on:
        stopped_by_the_script(on, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL, SMALL)))


def outside(on: Stage) -> None:
    """Override and silence changed by others; the removal by hand adopted."""
    rollback = through_step_2(on, "INC-2042")
    path = Path(on.now(rollback).override.path)
    on.rounds(5)
    file.changed(on, rollback, "edited", lambda: path.write_text('{"mine": true}\n'))
    file.changed(on, rollback, "chmod 644", lambda: path.chmod(0o644))
    silence.extended_in_its_page(on, rollback)
    silence.comment_rewritten(on, rollback)
    silence.deleted(on, rollback)
    silence.recreated(on, rollback)
    on.stopped(rollback)
    on.watched(rollback)
    on.ended(rollback)
    path.unlink()
    on.expect_soon("the removal is seen", lambda: on.now(rollback).override.removed_outside)
    restoring.adopt_removal(on.installation, Press(on.person("l2_ops")), on.now(rollback), "removed by hand")
    on.restored(rollback)
    on.closed(rollback)


def held(root: Path) -> None:
    """Left in the middle: trading is stopped, and a watch of an hour runs."""
    with stage(root, print, print) as on:
        rollback = through_step_2(on, "INC-2042")
        on.stopped(rollback)
        watching.start(on.installation, Press(on.person("noc")), on.now(rollback), 3600)
        on.rounds(3)


def handovers(on: Stage) -> None:
    """Given up before and after step 1, again under the same ticket, handed over in the middle of the watch."""
    handed.abort(on, on.open("INC-2042", "Latency"))
    second = on.open("INC-2042", "Latency")
    on.disable(second)
    handed.abort(on, second)
    on.restored(second)
    on.closed(second, phase="aborted")
    third = through_step_2(on, "INC-2042")
    on.stopped(third)
    handed.handed_over_in_the_watch(on, third)
    noc = on.another("noc")
    for text in ("Gave the watch over to the late shift.", LONG):
        opening.note(on.installation, Press(noc), on.now(third), text)
    duties.correct(on.installation, Press(noc), on.now(third), on.now(third).opened_entry, "it began at 03:05")
    on.ended(third)
    on.restored(third)
    on.closed(third)


def begun(on: Stage) -> None:
    """Opened, one confirmed and not stopped yet, the other to be confirmed; a handover is offered."""
    rollback = on.open("INC-2042", "Latency")
    manager, other = on.person("incident_manager"), on.another("incident_manager")
    duties.offer_handover(
        on.installation, Press(manager), on.now(rollback), "incident_manager", other.person, "call the owner"
    )
    opening.open_rollback(on.installation, Press(manager), ticket="INC-2051", reason="Wrong risk limits")


def learned(on: Stage) -> None:
    """Stopped in earnest in the middle of a drill; what was learned of it, one follow-up done and one to be done."""
    manager, l2, owner = (Press(on.person(role)) for role in ("incident_manager", "l2_ops", "product_owner"))
    on.lab.misbehave("latency")
    wait_for_alert(on.installation, on.lab)
    drill = opening.open_rollback(
        on.installation, manager, ticket="DRILL-1", reason="test of the stop", purpose="drill"
    ).rollback
    on.rollbacks.append(drill.id)
    opening.confirm(on.installation, owner, drill)
    on.disable(drill)
    rollback = night.stop(on)
    on.expect_soon("what fired is kept", lambda: "alerts_seen" in on.statuses())
    duties.waive(on.installation, manager, on.now(drill), StepOf.SILENCE, "a drill of the override alone")
    on.stopped(drill)
    duties.waive(on.installation, manager, on.now(drill), StepOf.WATCH, "a drill of the override alone")
    on.ended(drill)
    restoring.restore(on.installation, l2, on.now(drill), on.say)
    on.closed(drill)
    night.go_on(on, rollback)
    learn(on, rollback)


def learn(on: Stage, rollback: Rollback) -> None:
    """Two findings and two follow-ups."""
    press, other = Press(on.person("incident_manager")), on.person("l2_ops")
    closed, at, began = on.now(rollback), on.installation.clock(), int(rollback.id.removeprefix("STOP-"))
    learning.add_finding(on.installation, press, closed, "contributing factor", "The deployment of 14:20", about=began)
    learning.add_finding(on.installation, press, closed, "lesson", LONG)
    for text in ("Alert on the queue's length", "Drill every quarter"):
        learning.add_follow_up(on.installation, press, closed, text, other.person, at + timedelta(days=3650))
    first = min(on.now(rollback).follow_ups)
    learning.finish_follow_up(on.installation, Press(other), on.now(rollback), first, "Done: alert QueueTooLong")


# --- without servers -------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def alone(root: Path) -> Iterator[Installation]:
    """A lab home that asks no server."""
    installation = init(root, purpose="lab", name="You", roles=LAB_ROLES)
    try:
        yield installation
    finally:
        installation.ledger.log.close()


def lab_actor(role: str) -> Actor:
    """The lab's person of a role."""
    return Actor(person="lab-" + role.replace("_", "-"), auth="lab")


def erased(root: Path) -> None:
    """Two long texts and an attachment; one text erased by two people."""
    with alone(root) as installation:
        admin, noc = _admin(installation), lab_actor("noc")
        opened = opening.open_rollback(
            installation, Press(lab_actor("incident_manager")), ticket="INC-2042", reason="Zażółć gęślą jaźń"
        ).rollback
        opening.confirm(installation, Press(lab_actor("product_owner")), opened)
        for text in (LONG, LONG[::-1]):
            opening.note(installation, Press(noc), installation.rollback(opened.id), text)
        duties.attach_bytes(installation, Press(noc), installation.rollback(opened.id), "graph.txt", b"a graph", 4)
        name = next(iter(installation.state.texts))
        erase(installation, Press(admin), name, "names a person")
        erase(installation, Press(noc), name, "")
        opening.abort(
            installation, Press(lab_actor("incident_manager")), installation.rollback(opened.id), "an exercise"
        )


def people(root: Path) -> None:
    """Added, given roles, a new password and a session; deactivated and erased; what they do marked as fresh."""
    with alone(root) as installation:
        admin, home = _admin(installation), installation.home
        accounts = Accounts(home, installation.clock, QUICK)
        added = [
            staff.add(installation, accounts, Press(admin), f"Person {login}", roles, login=login, password=PASSWORD)[0]
            for login, roles in {"one": ("noc",), "two": ("l2_ops",), "three": ("incident_manager",)}.items()
        ]
        one, two, three = added
        staff.change_roles(
            installation, accounts, Press(admin), one, grant=("l2_ops", "incident_manager"), revoke=("noc",)
        )
        staff.give_account(installation, accounts, Press(admin), two, password=PASSWORD)
        token, _ = accounts.sign_in("one", PASSWORD, "127.0.0.1", "a browser")
        fresh = Actor(person=one, auth="session")
        opened = opening.open_rollback(installation, Press(fresh), ticket="INC-2042", reason="Latency").rollback
        duties.declare_emergency(installation, Press(Actor(person=two, auth="session")), opened, "it burns")
        opening.abort(installation, Press(fresh), installation.rollback(opened.id), "it was the feed")
        accounts.leave(token)
        access.count_failed_sign_in(home.root)
        staff.deactivate(installation, accounts, Press(admin), three)
        staff.erase(installation, admin, three)
        installation.clock = lambda: datetime.now(UTC) + timedelta(minutes=2)
        assert access.roll_up(installation)


def _admin(installation: Installation) -> Actor:
    person = next(one for one, roles in installation.state.people.items() if "admin" in roles)
    return Actor(person=person, auth="os", os={"host": "lab", "login_uid": 0, "uid": 0})


def stories(root: Path) -> None:
    """The dashboard's stories, one after the other in one ledger, by what servers would have said; a month ago."""

    def earlier() -> datetime:
        return datetime.now(UTC) - EARLIER

    with (
        mock.patch("ledger.app.home.setup.now", earlier),
        mock.patch("ledger.app.installation.now", earlier),
        alone(root) as installation,
    ):
        story = Continued(installation)
        for name in (*sorted(STORIES.keys() - set(LEFT_OPEN)), *LEFT_OPEN[:1]):
            story.begin(f"INC-{name.replace('_', '-')}")
            STORIES[name](story)
            story.wait(hours=1)
            installation.publish()


PLAYS: dict[str, Play] = {
    "rehearsal": Play("everybody awake, all steps pass", rehearsal),
    **{name: Play(one.about, scenario(name)) for name, one in SCENARIOS.items()},
    "spooled": Play("stopped past the ledger and taken in; the rest as in the night", staged(spooled)),
    "waiting": Play("stopped past the ledger, still in the spool", waiting),
    "outside": Play("override and silence changed and removed by others", staged(outside)),
    "handovers": Play("two aborts, a third run under the same ticket, a handover in its watch", staged(handovers)),
    "begun": Play("one confirmed and one open, a handover offered", staged(begun, ends=False)),
    "held": Play("trading stopped, a watch runs", held),
    "learned": Play("stopped in a drill; findings, follow-ups", staged(learned)),
    "erased": Play("long texts, one erased by two people", erased),
    "people": Play("people come, get roles and passwords, and leave", people),
    "stories": Play("twelve rollbacks by what servers would have said", stories),
}
