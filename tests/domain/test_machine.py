"""Random people ask for random things at random times; what must never happen never does."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ledger.domain import commands as c
from ledger.domain.events import observation, override, silence
from ledger.domain.events.base import Event
from ledger.domain.evolve import evolve
from ledger.domain.record import FLAGS
from ledger.domain.runbook import RUNBOOK_ROLES
from ledger.domain.state import Rollback, State, runtime_flags
from ledger.errors import Conflict, Refused

from . import facts, road
from .builders import INC, PEOPLE, Story, digest

FOLK = PEOPLE | {"all": RUNBOOK_ROLES}
WHO = st.sampled_from([*FOLK, "system", "nobody", "all", "all", "all", "all", "all", "all"])
NAMES = st.sampled_from([INC, INC, INC, f"{INC}.2", "INC-1", "STOP-11", "nothing"])
STATUS = st.sampled_from(["enabled", "disabled", "unknown"])
CYCLES = st.none() | st.integers(0, 60)
TICKETS = st.sampled_from([INC, INC, "INC-1", "", "INC-1.2", "../x"])
STATUSES_THAT_MOVE_FLAGS = {
    "rollback_opened",
    "rollback_completed",
    "rollback_aborted",
    "stop_taken_in",
    "stop_checked",
    "restart_checked",
    "scheduler_observed",
    "override_written",
    "override_adopted",
    "override_removed",
    "override_removed_outside",
    "override_observed",
    "silence_created",
    "silence_adopted",
    "silence_ended",
    "silence_observed",
}


def outcome(rollback: Rollback, kind: str, failed: bool, story: Story) -> Event | c.RecordOverride:
    """What an adapter reports of a pending effect."""
    name = rollback.silence.id
    if kind == "override":
        return (
            override.OverrideFailed(path=facts.PATH, cause="x")
            if failed
            else c.RecordOverride(file=facts.override_of(rollback, story.now))
        )
    if failed:
        return {
            "silence": silence.SilenceFailed(cause="x"),
            "silence_end": silence.SilenceEndFailed(silence_id=name, cause="x"),
            "removal": override.OverrideRemovalFailed(path=facts.PATH, cause="x"),
        }[kind]
    if kind == "removal":
        return road.removed(story, rollback.id)
    return road.created(story) if kind == "silence" else road.ended(story)


class Stage(RuleBasedStateMachine):
    """Every rule is somebody doing something; refusals and conflicts are the only errors there are."""

    @initialize(purpose=st.sampled_from(["production", "lab"]), place=st.sampled_from([*road.ROAD]))
    def begin(self, purpose: str, place: str) -> None:
        self.story = Story(FOLK, purpose)
        for name, go in road.ROAD.items():
            go(self.story)
            if name == place:
                break
        self.before = self.story.state

    def ask(self, who: str, command: c.Command, name: str, seen: int | None = None) -> None:
        self.before = self.story.state
        count = len(self.story.records)
        try:
            self.story.do(who, command, name, seen)
        except (Refused, Conflict) as error:
            self.check_refusal(str(error))
            return
        assert len(self.story.records) > count
        self.check_flags(count)

    def check_refusal(self, sentence: str) -> None:
        assert 0 < len(sentence) < 2000 and self.story.state is self.before

    def check_flags(self, count: int) -> None:
        state = self.before
        for record in self.story.records[count:]:
            after = evolve(state, record)
            moved = runtime_flags(after) != runtime_flags(state)
            assert not moved or record.status in STATUSES_THAT_MOVE_FLAGS
            state = after
        assert state == self.story.state

    def found(self, name: str) -> Rollback | None:
        return self.story.state.rollback(name)

    @rule(minutes=st.sampled_from([0.1, 1, 3, 16, -1]))
    def time_passes(self, minutes: float) -> None:
        self.story.wait(minutes=minutes)

    @rule(who=WHO, name=NAMES, ticket=TICKETS)
    def open_or_stop(self, who: str, name: str, ticket: str) -> None:
        self.ask(who, road.opening(self.story, ticket=ticket), "")
        self.ask(who, road.stopping(self.story, ticket), "")

    @rule(who=WHO, name=NAMES, seen=st.none() | st.integers(0, 20))
    def confirm(self, who: str, name: str, seen: int | None) -> None:
        self.ask(who, c.Confirm(confirms=digest("line")), name, seen)

    @rule(
        who=WHO,
        name=NAMES,
        command=st.sampled_from(
            [
                c.DeclareEmergency(reason="fire"),
                c.EndIncident(),
                c.RequestSilenceEnd(),
                c.AnnounceAllClear(announcement_sha384=digest("a")),
                c.WriteSummary(summary_sha384=digest("summary")),
                c.Complete(summary_sha384=digest("summary")),
                c.Abort(reason="enough"),
                c.AddNote(text="x"),
                road.disabling(),
                c.ChangeRoles(person="noc", grant=("l2_ops",)),
                c.ChangeRoles(person="noc", revoke=("l2_ops", "noc")),
            ]
        ),
    )
    def ask_plainly(self, who: str, name: str, command: c.Command) -> None:
        self.ask(who, command, name)

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

    @rule(who=WHO, name=NAMES, there=st.booleans(), status=STATUS)
    def restore(self, who: str, name: str, there: bool, status: str) -> None:
        file = facts.file_of(b"{}", self.story.now) if there else facts.absent(self.story.now)
        if self.found(name):
            self.ask(who, road.removing(self.story, name), name)
        scheduler = facts.scheduler(status, self.story.now, error="x")
        self.ask(who, road.restore_check(self.story, file=file, scheduler=scheduler), name)

    @rule(who=WHO, name=NAMES, mode=st.sampled_from(["0600", "0644"]))
    def adopt(self, who: str, name: str, mode: str) -> None:
        file = facts.file_of(b"{}", self.story.now, mode=mode)
        self.ask(who, c.AdoptOverride(file=file, reason="by hand"), name)
        fields = {"reason": "by hand", "transcript_sha384": digest("t")}
        self.ask(who, c.AdoptSilence(silence=facts.silence(self.story.now, id="s-2"), **fields), name)

    @rule(name=NAMES)
    def somebody_removes_the_file(self, name: str) -> None:
        rollback = self.found(name)
        if rollback and rollback.is_open and rollback.holds:
            event = override.OverrideRemovedOutside(
                path=facts.PATH, override_sha384=rollback.override.sha384, seen_at=self.story.now
            )
            self.ask("system", c.Record(event=event), name)
            parts = {"override_after_sha384": digest("o"), "listing_sha384": digest("l"), "log_sha384": digest("r")}
            self.ask("ops", c.AdoptRemoval(file=facts.absent(), reason="rm", **parts), name)

    @rule(status=STATUS)
    def observe(self, status: str) -> None:
        event = observation.SchedulerObserved(scheduler_status=status, source="x", seen_at=self.story.now)
        self.ask("system", c.Record(event=event), "")

    @precondition(lambda self: any(rollback.effects for rollback in self.story.state.open.values()))
    @rule(failed=st.booleans(), late=st.booleans())
    def deliver(self, failed: bool, late: bool) -> None:
        rollback = next(rollback for rollback in self.story.state.open.values() if rollback.effects)
        effect = rollback.effects[0]
        if late:
            self.story.wait(minutes=3)
            self.ask("system", c.ExpireEffect(requested=effect.requested), rollback.id)
            return
        came = outcome(rollback, effect.kind, failed, self.story)
        self.ask("system", came if isinstance(came, c.Command) else c.Record(event=came), rollback.id)

    @rule(go=st.sampled_from([*road.ROAD]))
    def walk_on(self, go: str) -> None:
        """A step of the straight road, so that the far end is reached at all."""
        story, before = self.story, self.story.state
        rollback = self.found(INC)
        if not rollback or (go == "disabled" and all(effect.kind != "override" for effect in rollback.effects)):
            return
        try:
            road.ROAD[go](story)
        except Refused:
            assert story.state.sequence >= before.sequence

    @invariant()
    def nobody_confirms_their_own(self) -> None:
        for rollback in everything(self.story.state):
            assert rollback.confirmed_by != rollback.opened_by
            assert not rollback.confirmed_by or "product_owner" in FOLK[rollback.confirmed_by]

    @invariant()
    def what_is_closed_holds_nothing_and_waits_for_nothing(self) -> None:
        for rollback in self.story.state.closed.values():
            assert not rollback.holds and not rollback.effects and not rollback.is_open
            assert rollback.phase == "aborted" or rollback.steps[5].passed

    @invariant()
    def what_is_closed_mutes_nothing(self) -> None:
        assert all(rollback.silence.state != "active" for rollback in self.story.state.closed.values())

    @invariant()
    def one_rollback_holds_the_scheduler(self) -> None:
        holders = [one for one in self.story.state.open.values() if one.holds and not one.override.removed_outside]
        assert len(holders) <= 1

    @invariant()
    def the_five_flags_are_there(self) -> None:
        assert runtime_flags(self.story.state).keys() == set(FLAGS)


def everything(state: State) -> list[Rollback]:
    return [*state.open.values(), *state.closed.values()]


Stage.TestCase.settings = settings(
    max_examples=600, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestStage = Stage.TestCase
