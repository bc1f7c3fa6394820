"""The stage on which a scenario is played: its people by role, real servers, and a checklist that fills as it goes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from ledger.app.home.keys import verifier_path
from ledger.app.installation import Installation
from ledger.app.observer import INTERVAL
from ledger.app.people.directory import LAB_PEOPLE
from ledger.app.press import Press
from ledger.app.soundness import examine
from ledger.app.steps import closing, opening, restoring, silencing, stopping, watching
from ledger.app.steps.common import Outcome
from ledger.domain.command import SYSTEM, Actor
from ledger.domain.facts import SilenceSeen
from ledger.domain.people.commands import AddPerson
from ledger.domain.state import Rollback
from ledger.errors import LedgerError, Refused
from ledger.files import read_bounded
from ledger.lab.rehearsal import Heard, lab_home, person
from ledger.lab.servers import Lab
from ledger.proof.entry import HMAC_DIGESTS, HmacKey
from ledger.proof.note import parse_verifier
from ledger.verify import Report, open_log, verify

Say = Callable[[str], None]
WATCH_SECONDS = 3
"""Length of step 4's window in a scenario."""
_PATIENCE = 20.0
_PAUSE = 0.1
_LIMIT = 64 * 1024


class Expectation(NamedTuple):
    """One line of the checklist: a sentence, whether it came true, and what was found where it did not."""

    sentence: str
    met: bool
    found: str = ""

    def __str__(self) -> str:
        return f"{'✔' if self.met else '✘'} {self.sentence}" + (f" — {self.found}" if self.found else "")


class Stage:
    """One scenario being played. Each expectation is told as it is met or not; nothing is taken back."""

    def __init__(
        self,
        installation: Installation,
        lab: Lab,
        say: Say,
        tell: Callable[[Expectation], None],
        heard: Heard,
    ) -> None:
        self.installation, self.lab, self.heard = installation, lab, heard
        self.say = say
        self.checklist: list[Expectation] = []
        self.rollbacks: list[str] = []
        """The rollbacks that the scenario opened; their entries are counted at the end."""
        self._tell = tell

    # --- people and the ledger -----------------------------------------------------------------------------------

    def person(self, role: str) -> Actor:
        """The lab's person with that role."""
        return person(self.installation, role)

    def another(self, role: str) -> Actor:
        """A second person with that role, added where there is none yet."""
        name = f"lab-{role.replace('_', '-')}-2"
        if name not in self.installation.state.people:
            self.installation.submit(AddPerson(person=name, roles=LAB_PEOPLE[name.removesuffix("-2")]), Press(SYSTEM))
        return Actor(person=name, auth="lab")

    def now(self, rollback: Rollback | str) -> Rollback:
        """The rollback as it is now."""
        return self.installation.rollback(rollback if isinstance(rollback, str) else rollback.id)

    def statuses(self, rollback: Rollback | str = "") -> list[str]:
        """The statuses of a rollback's entries in order; without one of all entries."""
        name = rollback if isinstance(rollback, str) else rollback.id
        return [record.status for record, _ in self.installation.ledger.records() if name in ("", record.rollback)]

    def silence(self, rollback: Rollback) -> SilenceSeen | None:
        """The rollback's silence as Alertmanager has it."""
        return self.installation.alertmanager.silence(self.now(rollback).silence.id)

    # --- the checklist -------------------------------------------------------------------------------------------

    def expect(self, sentence: str, met: object, found: object = "") -> None:
        """Put a sentence on the checklist; ``found`` is shown only where it is not met."""
        line = Expectation(sentence, bool(met), "" if met else str(found))
        self.checklist.append(line)
        self._tell(line)

    def expect_refused(self, sentence: str, act: Callable[[], object], words: str = "") -> None:
        """The act is refused, in a sentence that has these words."""
        try:
            act()
        except Refused as error:
            self.expect(sentence, words in " ".join((str(error), *error.owed)), f"refused, but: {error}")
        else:
            self.expect(sentence, met=False, found="it was done")

    def expect_verdict(self, sentence: str, outcome: Outcome, verdict: str | None = "pass") -> Rollback:
        """The step came to this verdict; returns the rollback after it."""
        self.expect(sentence, outcome.verdict == verdict, f"{outcome.verdict}: {'; '.join(outcome.reasons)}")
        return outcome.rollback

    def expect_soon(self, sentence: str, true: Callable[[], object], seconds: float = _PATIENCE) -> None:
        """It becomes true within so many seconds."""
        self.expect(sentence, self.wait(true, seconds), f"not within {seconds:g} s")

    def wait(self, true: Callable[[], object], seconds: float = _PATIENCE) -> bool:
        """Ask until it is true; False where it is not within so many seconds."""
        deadline = time.monotonic() + seconds
        while not true():
            if time.monotonic() > deadline:
                return False
            time.sleep(_PAUSE)
        return True

    def rounds(self, number: int = 5) -> None:
        """Let the observer make so many rounds (it asks Alertmanager in every fourth)."""
        wanted = self.heard.rounds + number
        self.wait(lambda: self.heard.rounds >= wanted, _PATIENCE + number * INTERVAL)

    # --- the runbook as everybody does it ------------------------------------------------------------------------

    def open(self, ticket: str, reason: str) -> Rollback:
        """Step 0: an incident is opened and confirmed."""
        opened = opening.open_rollback(
            self.installation, Press(self.person("incident_manager")), ticket=ticket, reason=reason
        ).rollback
        self.rollbacks.append(opened.id)
        confirmed = opening.confirm(self.installation, Press(self.person("product_owner")), opened)
        return self.expect_verdict(f"{opened.id} is opened and confirmed", confirmed)

    def disable(self, rollback: Rollback) -> Rollback:
        """Step 1."""
        actor = self.person("l2_ops")
        done = stopping.disable(self.installation, Press(actor), self.now(rollback), requested_by="L2 Ops")
        return self.expect_verdict(f"step 1 of {rollback.id}: the override stands, mode 600", done)

    def silenced(self, rollback: Rollback) -> Rollback:
        """Step 2."""
        done = silencing.silence(self.installation, Press(self.person("observability")), self.now(rollback))
        return self.expect_verdict(f"step 2 of {rollback.id}: the alerts are silenced", done)

    def stopped(self, rollback: Rollback) -> Rollback:
        """Step 3."""
        done = stopping.check(self.installation, Press(self.person("l2_ops")), self.now(rollback))
        return self.expect_verdict(f"step 3 of {rollback.id}: the scheduler itself says disabled", done)

    def watched(self, rollback: Rollback, seconds: int = WATCH_SECONDS) -> Rollback:
        """Step 4."""
        done = self.watch(rollback, self.person("noc"), seconds)
        return self.expect_verdict(f"step 4 of {rollback.id}: no new critical alert, coverage complete", done)

    def watch(self, rollback: Rollback, actor: Actor, seconds: int = WATCH_SECONDS) -> Outcome:
        """A watch; where this machine was too busy for a gapless history, one more (docs/runbook.md: a new attempt)."""
        self.wait(self.covered)
        self.say(f"watching for {seconds} s")
        done = watching.watch(self.installation, Press(actor), self.now(rollback), seconds)
        if done.verdict == "inconclusive":
            self.say(f"inconclusive, a new attempt: {'; '.join(done.reasons)}")
            done = watching.watch(self.installation, Press(actor), self.now(rollback), seconds)
        return done

    def covered(self) -> bool:
        """Whether Prometheus has a gapless history of late: a new one looks for its targets only after 5 s."""
        step = timedelta(seconds=self.installation.step_seconds)
        end = self.installation.clock() - step
        begin = end - step
        rules = self.installation.alerts.rules
        seen = self.installation.prometheus.watch(begin, end, rules, self.installation.step_seconds)
        return min(seen.up_samples, seen.evaluated_samples) == seen.expected_samples

    def ended(self, rollback: Rollback, actor: Actor | None = None) -> Rollback:
        """The incident is over: step 5 is due."""
        ended = restoring.end_incident(
            self.installation, Press(actor or self.person("incident_manager")), self.now(rollback)
        ).rollback
        self.expect(f"the incident of {rollback.id} is ended", ended.incident_ended)
        return ended

    def restored(self, rollback: Rollback) -> Rollback:
        """Step 5, once the incident is over."""
        done = restoring.restore(self.installation, Press(self.person("l2_ops")), self.now(rollback), self.say)
        return self.expect_verdict(f"step 5 of {rollback.id}: restored", done)

    def closed(self, rollback: Rollback, actor: Actor | None = None, phase: str = "completed") -> Rollback:
        """Step 6."""
        closer = actor or self.person("incident_manager")
        done = closing.complete(self.installation, Press(closer), self.now(rollback)).rollback
        self.expect(f"{done.id} is closed as {phase}", done.phase == phase, done.phase)
        return done

    # --- the end -------------------------------------------------------------------------------------------------

    def prove(self) -> None:
        """How every scenario ends: trading runs, the published log is clean, no entry of a rollback is missing."""
        seen = self.installation.scheduler()
        self.expect("trading runs, without a warning", seen.status == "enabled" and not seen.warnings, seen)
        self.expect("no rollback is left open", not self.installation.state.open, list(self.installation.state.open))
        report = verify_home(self.installation)
        findings = "; ".join(f"entry {finding.sequence}: {finding.sentence}" for finding in report.findings)
        self.expect(
            f"{report.entries} entries verified and replayed, up to the checkpoint: no finding",
            report.verified and report.checkpoint_size == report.entries,
            findings or f"the checkpoint covers {report.checkpoint_size}",
        )
        whole = examine(self.installation.home.root)
        told = "; ".join(finding.sentence for finding in whole.findings)
        self.expect("store, checkpoints, published files and artefacts hold: no finding", whole.sound, told)
        for name in self.rollbacks:
            self._count(name)

    def _count(self, name: str) -> None:
        """A rollback's own entries are numbered without gaps, and the closing one states its own number."""
        lines = [json.loads(line) for line in self.installation.home.published.read_bytes().splitlines()]
        own = [line for line in lines if line["metadata"].get("rollback") == name]
        numbers = [line["metadata"]["rollback_entry"] for line in own]
        stated = [
            (line["metadata"]["rollback_entry"], line["metadata"].get("entries"))
            for line in own
            if line["status"] in ("rollback_completed", "rollback_aborted")
        ]
        whole = numbers == list(range(1, len(own) + 1)) and len(stated) == 1 and stated[0][0] == stated[0][1]
        self.expect(f"{name} has all its {len(own)} entries; the closing one states its number", whole, stated)


def verify_home(installation: Installation) -> Report:
    """The published log verified with everything a home has: checkpoint, its key, the HMAC key. Publishes first."""
    installation.publish()
    home, config = installation.home, installation.config
    secret = read_bounded(home.path(config.signing.hmac_key_file), _LIMIT).strip()
    public = read_bounded(verifier_path(home.path(config.signing.checkpoint_key_file)), _LIMIT)
    note = read_bounded(home.published_checkpoint, _LIMIT)  # before the lines: they may grow meanwhile
    with open_log(str(home.published)) as lines:
        return verify(
            lines,
            checkpoint=note,
            verifier=parse_verifier(public.decode().strip()),
            hmac_keys=[HmacKey("", secret, algorithm) for algorithm in HMAC_DIGESTS],
        )


@contextmanager
def stage(root: Path, say: Say, tell: Callable[[Expectation], None], *, observed: bool = True) -> Iterator[Stage]:
    """A stage on a lab home of its own; ``Refused`` where a rollback is open there already."""
    heard = Heard()
    with lab_home(root, say, heard, observed=observed) as (installation, lab):
        if left := list(installation.state.open):
            raise Refused(f"{', '.join(left)} is open in {root}; a scenario begins with none: name another --home")
        on = Stage(installation, lab, say, tell, heard)
        if observed:
            on.rounds(3)  # it has seen the scheduler once, so that what it sees later is a change
        yield on


class Scenario(NamedTuple):
    """A rehearsed night: its name, one line about it, and how it is played."""

    name: str
    about: str
    play: Callable[[Stage], None]


def perform(scenario: Scenario, on: Stage) -> bool:
    """Play a scenario to its end and prove what it left; whether every expectation was met."""
    try:
        scenario.play(on)
        on.prove()
    except LedgerError as error:
        owed = "; ".join(error.owed) if isinstance(error, Refused) else ""
        on.expect("the scenario goes on to its end", met=False, found=f"{error} {owed}".rstrip())
    return all(line.met for line in on.checklist)
