"""The rehearsal: a whole rollback, steps 0 to 6, by five people on real servers, from a firing alert to its close."""

from __future__ import annotations

import os
import pwd
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from ledger.app.home.folders import Home
from ledger.app.home.setup import LAB_ROLES, init
from ledger.app.installation import Installation, open_home, opened
from ledger.app.observer import Observer
from ledger.app.people.directory import terminal_actor
from ledger.app.press import Press
from ledger.app.record.deliver import deliver
from ledger.app.record.spool import take_in
from ledger.app.steps import closing, opening, restoring, silencing, stopping, watching
from ledger.app.steps.common import Outcome
from ledger.domain.command import Actor
from ledger.domain.state import Rollback
from ledger.errors import Refused, Unreachable
from ledger.files import replace
from ledger.lab.servers import Addresses, Lab
from ledger.lab.tools import Tools, fetch, locate
from ledger.shipped import PROJECT

Say = Callable[[str], None]
TOOLS = Path("var") / "lab" / "tools"
"""Where the servers' programs are unpacked: in the project, else in the home."""
_PATIENCE = 60.0
_MANAGER = "lab-incident-manager"
REASONS = ("Scheduler latency is critical", "Scheduler latency is critical since the last deployment")
"""Why a rehearsal and a demo open their rollbacks, by which they are known again."""

CONFIG = """\
# Written anew by each start of the lab; the addresses are those of its servers.
[scheduler]
url = "{scheduler}/status"

[prometheus]
url = "{prometheus}"
step = "1s"

[alertmanager]
url = "{alertmanager}"

[silence.labels]
env = "lab"
"""


class Step(NamedTuple):
    """One step of the rehearsal as it went."""

    number: int
    name: str
    outcome: Outcome
    seconds: float


@dataclass
class Heard:
    """What a lab's observer said, and how many rounds it has made."""

    lines: list[str] = field(default_factory=list)
    rounds: int = 0

    def looked(self, at: datetime) -> None:
        """One more round is over."""
        self.rounds += 1


def find_tools(home: Path, say: Say) -> Tools:
    """The servers' programs: installed, unpacked in the project or the home before, or fetched now."""
    folders = [place / TOOLS for place in (PROJECT, home) if place]
    for folder in folders:
        if tools := locate(folder):
            return tools
    say("fetching Prometheus and Alertmanager (Debian packages, unpacked into var/lab/tools, not installed)")
    return fetch(folders[0], say)


def login_name() -> str:
    """The account that runs the lab: its person at the terminal; others read the name too, so it is not "you"."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


@contextmanager
def lab_home(
    root: Path, say: Say, heard: Heard | None = None, *, observed: bool = True
) -> Iterator[tuple[Installation, Lab]]:
    """The lab's servers and an observer on a lab home, made where there is none; any other home is refused.

    ``heard`` gets what the observer says; with ``observed=False`` there is none.
    """
    home = Home(root)
    if home.store.exists():
        with opened(root) as with_existing:
            ledger = with_existing.state.opened
        if ledger is None or ledger.purpose != "lab":
            raise Refused(f"{home.root} is a real installation; the lab runs in a home of its own: --home DIR")
    elif home.config.exists():
        raise Refused(f"{home.config} is somebody's configuration; the lab runs in a home of its own: --home DIR")
    tools = find_tools(home.root, say)
    override = home.path("var/runtime/overrides") / "multi_strategy_disable.json"
    with Lab(home.var / "lab", override, tools=tools) as lab:
        text = configuration(lab.addresses)
        if home.store.exists():
            replace(home.config, text.encode())
            installation = open_home(root)
        else:
            installation = init(root, purpose="lab", starter=text, name=login_name(), roles=LAB_ROLES)
        try:
            with _observing(root, heard or Heard()) if observed else nullcontext():
                yield installation, lab
        finally:
            installation.ledger.log.close()


def configuration(addresses: Addresses) -> str:
    """The lab's ``stage4.toml``."""
    return CONFIG.format(
        scheduler=addresses.scheduler, prometheus=addresses.prometheus, alertmanager=addresses.alertmanager
    )


@contextmanager
def _observing(root: Path, heard: Heard) -> Iterator[None]:
    """An observer of its own, as ``stage4 observe`` would be, for the length of a block."""
    installation, stopped = open_home(root), threading.Event()
    observer = Observer(installation, heard.lines.append)
    observer.looked = heard.looked
    thread = threading.Thread(target=observer.run, args=(stopped,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(10)
        installation.ledger.log.close()


def person(installation: Installation, role: str) -> Actor:
    """One of the lab's five people by role."""
    return terminal_actor(installation.home, installation.state, "lab-" + role.replace("_", "-"))


def rehearse(
    installation: Installation,
    lab: Lab,
    *,
    ticket: str,
    seconds: int,
    say: Say,
    done: Callable[[Step], None],
    progress: Callable[[watching.Progress], None] = lambda _: None,
) -> list[Step]:
    """Run the whole rollback; ``done`` hears of each step. Stops at the first that does not pass."""
    _end_leftovers(installation, say)
    lab.misbehave("latency")
    say("the scheduler misbehaves: waiting until a critical alert fires")
    wait_for_alert(installation, lab)
    outcome = opening.open_rollback(
        installation, Press(person(installation, "incident_manager")), ticket=ticket, reason=REASONS[0]
    )
    say(outcome.log.rstrip())
    taken: list[Step] = []
    for number, name, take in _steps(installation, lab, seconds, say, progress):
        started = time.monotonic()
        outcome = take(outcome.rollback)
        taken.append(Step(number, name, outcome, time.monotonic() - started))
        done(taken[-1])
        if outcome.verdict != "pass":
            break
    return taken


def refuse_others(root: Path) -> None:
    """``Refused`` where somebody's own rollback is open in a lab home: nobody's stop is ended by a rehearsal.

    Asked before any server is started.
    """
    home = Home(root)
    if not home.store.exists():
        return
    with opened(root) as installation:
        ledger = installation.state.opened
        if ledger is None or ledger.purpose != "lab":
            return
        take_in(installation)  # a stop that the ledger did not answer in time
        others = [rollback.id for rollback in installation.state.open.values() if not _is_left_over(rollback)]
    if not others:
        return
    raise Refused(
        f"{', '.join(others)} is open in {home.root}, and is somebody's own: a rehearsal does not end it",
        (
            "rehearse in another folder: stage4 rehearse --home /tmp/rehearsal",
            f"or see what closes it: stage4 --home {home.root} rollback show {others[0]}",
        ),
    )


def _is_left_over(rollback: Rollback) -> bool:
    """Whether a rehearsal or a demo opened it, and nobody pressed the stop in it."""
    return rollback.opened_by == _MANAGER and rollback.reason in REASONS and not rollback.emergency


def _end_leftovers(installation: Installation, say: Say) -> None:
    """Abort what an interrupted rehearsal left open: the scheduler must run before it can be stopped again."""
    deliver(installation)
    for name in list(installation.state.open):
        say(f"left open by an earlier rehearsal or demo: aborting {name}")
        manager = person(installation, "incident_manager")
        rollback = installation.rollback(name)
        if not rollback.aborting and not rollback.incident_ended:
            rollback = opening.abort(installation, Press(manager), rollback, "the rehearsal was interrupted").rollback
        if rollback.is_open and rollback.holds and installation.look(rollback.override.path).kind == "absent":
            why = "removed between two rehearsals"
            l2_ops = person(installation, "l2_ops")
            rollback = restoring.adopt_removal(installation, Press(l2_ops), rollback, why).rollback
        if rollback.is_open:
            rollback = restoring.restore(installation, Press(person(installation, "l2_ops")), rollback, say).rollback
            closing.complete(installation, Press(manager), rollback)


Take = Callable[[Rollback], Outcome]


def _steps(
    installation: Installation, lab: Lab, seconds: int, say: Say, progress: Callable[[watching.Progress], None]
) -> list[tuple[int, str, Take]]:
    def watch(rollback: Rollback) -> Outcome:
        lab.misbehave("none")
        return watching.watch(installation, Press(person(installation, "noc")), rollback, seconds, progress)

    def restore(rollback: Rollback) -> Outcome:
        ended = restoring.end_incident(installation, Press(person(installation, "incident_manager")), rollback)
        return restoring.restore(installation, Press(person(installation, "l2_ops")), ended.rollback, say)

    l2, observability = person(installation, "l2_ops"), person(installation, "observability")
    return [
        (0, "announce", lambda r: opening.confirm(installation, Press(person(installation, "product_owner")), r)),
        (1, "disable", lambda r: stopping.disable(installation, Press(l2), r, requested_by="L2 Ops")),
        (2, "silence", lambda r: silencing.silence(installation, Press(observability), r)),
        (3, "check", lambda r: stopping.check(installation, Press(l2), r)),
        (4, "watch", watch),
        (5, "restore", restore),
        (6, "complete", lambda r: closing.complete(installation, Press(person(installation, "incident_manager")), r)),
    ]


def wait_for_alert(installation: Installation, lab: Lab) -> None:
    """Return once a critical alert fires; ``Unreachable`` after a minute without one."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        lab.check()
        if any(alert.severity == "critical" for alert in installation.alertmanager.firing(installation.matchers)):
            return
        time.sleep(0.2)
    raise Unreachable(f"no critical alert fired within {_PATIENCE:.0f} s; see the logs in {lab.folder}")
