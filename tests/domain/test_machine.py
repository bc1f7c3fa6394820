"""Random people ask for random things at random times; what must never happen never does."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ledger.domain.command import Command
from ledger.domain.duties.commands import Accept, AcceptHandover, ExtendWindow, OfferHandover, Waive
from ledger.domain.duties.owed import owed
from ledger.domain.evolve import evolve
from ledger.domain.flags import FLAGS, runtime_flags
from ledger.domain.observing.commands import ExpireEffect, Record
from ledger.domain.opening.commands import Confirm, DeclareEmergency
from ledger.domain.restoring.commands import AdoptRemoval
from ledger.domain.silencing.commands import AdoptSilence
from ledger.domain.state import Rollback, State
from ledger.domain.stopping.commands import AdoptOverride, PutBack, RecordPutBack
from ledger.errors import Conflict, Refused

from . import facts, road
from .builders import INC, Story, digest
from .chance import (
    CYCLES,
    FOLK,
    FOUR_EYES,
    NAMES,
    PAPERS,
    ROLE,
    SEEN,
    STATUS,
    TICKETS,
    WHO,
    as_declared,
    observations,
    outcome,
)
from .chance import STEPS as ASKED
from .machine_checks import check

MAY_STAY_OWED = (
    "late confirmation",
    "confirmation",
    "review",
    "a ticket",
    "a reason",
    "end of the silence",
    "the end of",
)


class Stage(RuleBasedStateMachine):
    """Every rule is somebody doing something; refusals and conflicts are the only errors there are."""

    @initialize(
        purpose=st.sampled_from(["production", "lab"]),
        place=st.sampled_from([*road.ROAD]),
        alarm=st.booleans(),
        other=st.booleans(),
    )
    def begin(self, purpose: str, place: str, alarm: bool, other: bool) -> None:
        self.story = Story(FOLK, purpose)
        for name, go in road.ROAD.items():
            if alarm and name == "confirmed":
                self.story.do("two", DeclareEmergency(reason="fire"))
            else:
                go(self.story)
            if name == place:
                break
        if other:
            self.story.do("all", road.opening(self.story, ticket=road.OTHER), "")
            self.story.do("owner", Confirm(confirms=digest("line")), road.OTHER)
        self.before = self.story.state

    def ask(self, who: str, command: Command, name: str, seen: int | None = None) -> None:
        self.before = self.story.state
        count = len(self.story.records)
        if self.refused(who, command, name, seen):
            assert self.story.state is self.before
            return
        assert len(self.story.records) > count
        state = self.before
        for record in self.story.records[count:]:
            after = evolve(state, record)
            check(state, record, after)
            state = after
        assert state == self.story.state

    def refused(self, who: str, command: Command, name: str, seen: int | None) -> bool:
        try:
            self.story.do(who, command, name, seen)
        except (Refused, Conflict) as error:
            return 0 < len(str(error)) < 2000
        return False

    def found(self, name: str) -> Rollback | None:
        return self.story.state.rollback(name)

    @rule(minutes=st.sampled_from([0.1, 1, 3, 16, 130, -1]))
    def time_passes(self, minutes: float) -> None:
        self.story.wait(minutes=minutes)

    @rule(who=WHO, ticket=TICKETS, planned=st.booleans())
    def open_or_stop(self, who: str, ticket: str, planned: bool) -> None:
        later = {"purpose": "drill", "window_start": self.story.now + timedelta(hours=1)} if planned else {}
        self.ask(who, road.opening(self.story, ticket=ticket, **later), "")
        self.ask(who, road.stopping(self.story, ticket), "")

    @rule(who=WHO | st.sampled_from([*FOLK]), name=NAMES, command=FOUR_EYES, seen=st.sampled_from([None] * 8 + [3, 9]))
    def two_people(self, who: str, name: str, command: Command, seen: int | None) -> None:
        self.ask(who, command, name, seen)

    @rule(who=WHO, name=NAMES, command=ASKED)
    def ask_for_a_step(self, who: str, name: str, command: Command) -> None:
        self.ask(who, command, name)

    @rule(who=WHO, name=NAMES, command=PAPERS)
    def write_something_down(self, who: str, name: str, command: Command) -> None:
        self.ask(who, command, name)

    @rule(who=WHO, name=NAMES, minutes=st.integers(-1, 60))
    def extend_the_window(self, who: str, name: str, minutes: int) -> None:
        end = self.story.now + timedelta(minutes=minutes)
        self.ask(who, ExtendWindow(window_end=end, reason="slow", announcement_sha384=digest("longer")), name)

    @rule(who=WHO, name=NAMES, mode=st.sampled_from(["0600", "0600", "0644"]))
    def join(self, who: str, name: str, mode: str) -> None:
        holder = self.story.state.holder
        if holder:
            self.ask(who, road.disabling(file=as_declared(holder, self.story, mode=mode)), name)

    @rule(who=WHO, name=NAMES, kind=st.sampled_from(["absent", "file", "link"]))
    def put_back(self, who: str, name: str, kind: str) -> None:
        file = facts.file_of(b"{}", self.story.now, kind=kind)
        self.ask(who, PutBack(file=file, reason="it must stay"), name)
        self.ask("system", RecordPutBack(file=file), name)

    @rule(who=WHO, name=NAMES, status=STATUS, cycle=CYCLES, warned=st.booleans())
    def check_scheduler(self, who: str, name: str, status: str, cycle: int | None, warned: bool) -> None:
        fields = {"cycle": cycle, "error": "x", "warnings": ("w",) * warned}
        self.ask(who, road.scheduler_check(self.story, status, **fields), name)

    @rule(who=WHO, name=NAMES, env=st.sampled_from(["prod", "test"]), there=st.booleans())
    def silences(self, who: str, name: str, env: str, there: bool) -> None:
        self.ask(who, road.silencing(self.story), name)
        seen = facts.silence(self.story.now) if there else None
        self.ask(who, road.silence_check(self.story, silence=seen, firing=(facts.alert(env=env, by=()),)), name)

    @rule(who=WHO, name=NAMES, covered=st.integers(59, 61))
    def watch(self, who: str, name: str, covered: int) -> None:
        if self.found(name):
            self.ask(who, road.watch_finish(self.story, name, watch=facts.watch(up_samples=covered)), name)
        self.ask(who, road.watch_start(self.story), name)

    @precondition(lambda self: any(rollback.watch for rollback in self.story.state.open.values()))
    @rule(name=NAMES, covered=st.integers(59, 61), minutes=st.sampled_from([0, 16, 16]))
    def the_observer_finishes_a_watch(self, name: str, covered: int, minutes: int) -> None:
        """Whoever started it is gone; one that is not over, or was finished meanwhile, is left alone."""
        self.story.wait(minutes=minutes)
        if self.found(name):
            self.ask("system", road.watch_finish(self.story, name, watch=facts.watch(up_samples=covered)), name)

    @rule(who=WHO, name=NAMES, there=st.booleans(), status=STATUS)
    def restore(self, who: str, name: str, there: bool, status: str) -> None:
        file = facts.file_of(b"{}", self.story.now) if there else facts.absent(self.story.now)
        self.ask_for_removal(who, name)
        scheduler = facts.scheduler(status, self.story.now, error="x")
        self.ask(who, road.restore_check(self.story, file=file, scheduler=scheduler), name)

    def ask_for_removal(self, who: str, name: str) -> None:
        """The file is seen as declared, or gone where somebody removed it."""
        rollback = self.found(name)
        if rollback:
            gone = {"file": facts.absent(self.story.now)} if rollback.override.removed_outside else {}
            self.ask(who, road.removing(self.story, name, **gone), name)

    @rule(who=WHO, name=NAMES, mode=st.sampled_from(["0600", "0644"]))
    def adopt(self, who: str, name: str, mode: str) -> None:
        file = facts.file_of(b"{}", self.story.now, mode=mode)
        self.ask(who, AdoptOverride(file=file, reason="by hand"), name)
        fields = {"reason": "by hand", "transcript_sha384": digest("t")}
        self.ask(who, AdoptSilence(silence=facts.silence(self.story.now, id="s-x"), **fields), name)
        parts = {"override_after_sha384": digest("o"), "listing_sha384": digest("l"), "log_sha384": digest("r")}
        self.ask(who, AdoptRemoval(file=facts.absent(), reason="rm", **parts), name)

    @rule(what=SEEN)
    def observe(self, what: str) -> None:
        for name, event in observations(self.story, what):
            self.ask("system", Record(event=event), name)

    @precondition(lambda self: any(rollback.effects for rollback in self.story.state.open.values()))
    @rule(failed=st.booleans(), late=st.sampled_from([False, False, True]))
    def deliver(self, failed: bool, late: bool) -> None:
        """As the deliverer does it: what is late is given up, but a stop is always delivered."""
        rollback = next(rollback for rollback in self.story.state.open.values() if rollback.effects)
        effect = rollback.effects[0]
        if late:
            self.story.wait(minutes=3)
        if self.story.now > effect.not_after and effect.kind != "override":
            self.ask("system", ExpireEffect(requested=effect.requested), rollback.id)
            assert effect not in self.story.of(rollback.id).effects
            return
        self.ask("system", outcome(rollback, effect, failed, self.story), rollback.id)

    @rule(steps=st.integers(1, 3))
    def walk_on(self, steps: int) -> None:
        """The next steps of the straight road, so that the far end is reached at all."""
        for go in road.ROAD:
            rollback = self.found(INC)
            pending = {effect.kind for effect in rollback.effects} if rollback else set()
            if steps == 0 or not rollback or not rollback.is_open or (go == "disabled" and "override" not in pending):
                continue
            if go == "silenced" and (rollback.silence.state == "active" or pending):
                continue
            count = len(self.story.records)
            if go == "removed":
                self.ask_for_removal("ops", INC)
            else:
                with suppress(Refused):
                    road.ROAD[go](self.story)
            steps -= len(self.story.records) > count

    @rule(who=WHO, second=WHO, name=NAMES)
    def accept_what_is_unclear(self, who: str, second: str, name: str) -> None:
        rollback = self.found(name)
        if rollback:
            self.ask("all", road.scheduler_check(self.story, "unknown"), name)
            for number, step in enumerate(self.story.of(name).steps):
                if step.verdict == "inconclusive":
                    self.ask(who, Accept(number=number, reason="seen"), name)
                    self.ask(second, Accept(number=number, reason="seen too"), name)

    @rule(who=WHO, name=NAMES)
    def waive_what_is_due(self, who: str, name: str) -> None:
        rollback = self.found(name)
        if rollback:
            due = next((number for number in range(7) if not rollback.steps[number].passed), 0)
            self.ask(who, Waive(number=due, reason="no time"), name)

    @rule(who=WHO, receiver=WHO, name=NAMES, role=ROLE)
    def hand_over(self, who: str, receiver: str, name: str, role: str) -> None:
        self.ask(who, OfferHandover(role=role, receiver=receiver, open_points="x"), name)
        self.ask(receiver, AcceptHandover(role=role), name)

    @invariant()
    def what_is_closed_holds_mutes_and_awaits_nothing(self) -> None:
        for rollback in self.story.state.closed.values():
            assert not rollback.holds and not rollback.effects and not rollback.is_open
            assert rollback.silence.state != "active"
            assert rollback.phase == "aborted" or rollback.steps[5].passed
            assert all(debt.what.startswith(MAY_STAY_OWED) for debt in owed(rollback))

    @invariant()
    def somebody_is_admin_and_who_left_holds_nothing(self) -> None:
        people = self.story.state.people
        assert any("admin" in roles for roles in people.values())
        assert not any(people[person] for person in self.story.state.deactivated)

    @invariant()
    def the_five_flags_are_there(self) -> None:
        assert runtime_flags(self.story.state).keys() == set(FLAGS)

    def teardown(self) -> None:
        """The flags of every entry are those of a replay of all records from scratch."""
        state = State()
        for record, line in zip(self.story.records, self.story.lines, strict=True):
            state = evolve(state, record)
            assert all(
                f'"{name}":{str(value).lower()}'.encode() in line for name, value in runtime_flags(state).items()
            )
        assert state == self.story.state


Stage.TestCase.settings = settings(
    max_examples=400, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestStage = Stage.TestCase
