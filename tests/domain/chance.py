"""What random people may ask for and what may be seen outside, for the state machine."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from ledger.domain.closing.commands import Abort, Complete, WriteSummary
from ledger.domain.command import Command
from ledger.domain.duties.commands import (
    Accept,
    AcceptHandover,
    Assume,
    Attach,
    Correct,
    GiveReason,
    LinkTicket,
    OfferHandover,
    Refuse,
    ReportConfirmation,
    Review,
    Waive,
)
from ledger.domain.duties.events import WindowOverrun
from ledger.domain.event import Event
from ledger.domain.keeping.commands import AddNote, Erase, ProposeErasure
from ledger.domain.learning.commands import AddFinding, AddFollowUp, FinishFollowUp
from ledger.domain.observing.commands import Record
from ledger.domain.observing.events import OverrideObserved, SchedulerObserved, SilenceObserved
from ledger.domain.opening.commands import Confirm, DeclareEmergency
from ledger.domain.people.commands import ChangeRoles, DeactivatePerson, ResetPassword
from ledger.domain.restoring.commands import AnnounceAllClear, EndIncident
from ledger.domain.restoring.events import OverrideRemovalFailed
from ledger.domain.runbook import EXPECTED_RULES, RUNBOOK_ROLES
from ledger.domain.silencing.commands import AcceptSilence, ExtendSilence, OweSilenceEnd, RequestSilenceEnd
from ledger.domain.silencing.events import (
    SilenceEnded,
    SilenceEndFailed,
    SilenceExtended,
    SilenceExtendFailed,
    SilenceFailed,
    SilenceLost,
)
from ledger.domain.state import Effect, Rollback
from ledger.domain.stopping.commands import RecordOverride, RecordPutBack
from ledger.domain.stopping.events import OverrideExpired, OverrideFailed
from ledger.domain.watching.commands import ExpectAlert

from . import facts, road
from .builders import INC, PEOPLE, T0, Story, digest

FOLK = PEOPLE | {"all": RUNBOOK_ROLES, "two": RUNBOOK_ROLES}
WHO = st.sampled_from([*FOLK, "system", "nobody", *["all"] * 10, *["two"] * 6])
"""Mostly people who hold every role: the others are refused nearly always."""
NAMES = st.sampled_from([*[INC] * 6, *[road.OTHER] * 3, f"{INC}.2", "STOP-13", "nothing"])
STATUS = st.sampled_from(["enabled", "disabled", "unknown"])
CYCLES = st.none() | st.integers(0, 60)
TICKETS = st.sampled_from([INC, INC, road.OTHER, "", f"{INC}.2", "../x"])
STEP = st.integers(0, 6)
ALERTS = EXPECTED_RULES[1:4]
ROLE = st.sampled_from([*RUNBOOK_ROLES, "auditor", "admin"])

STEPS = st.sampled_from(
    [
        EndIncident(),
        RequestSilenceEnd(),
        AcceptSilence(silence=facts.silence(id="s-9"), name="s-9", reason="theirs"),
        AnnounceAllClear(announcement_sha384=digest("a")),
        WriteSummary(summary_sha384=digest("summary")),
        Complete(summary_sha384=digest("summary")),
        Abort(reason="enough"),
        road.disabling(),
        ExtendSilence(seconds=600),
        ExtendSilence(seconds=24 * 3600),
        OweSilenceEnd(cause="down"),
    ]
)
PAPERS = st.sampled_from(
    [
        AddNote(text="x"),
        AddNote(text="long …", text_sha384=digest("long")),
        ProposeErasure(artefact=digest("long"), ground="names a person"),
        ProposeErasure(artefact=digest("summary"), ground="names a person"),
        Erase(artefact=digest("long")),
        Erase(artefact=digest("summary")),
        Correct(entry=20, text="x"),
        Attach(number=2, name="a", size=1, attached_sha384=digest("a")),
        AddFinding(finding="contributing factor", text="x", about=20),
        AddFollowUp(text="long …", text_sha384=digest("long"), assignee="noc", due=T0 + timedelta(days=900)),
        *(FinishFollowUp(follow_up=entry, text="x") for entry in range(15, 40)),
        LinkTicket(ticket="INC-7"),
        GiveReason(reason="orders looked wrong"),
        LinkTicket(ticket=INC),
        ChangeRoles(person="noc", grant=("l2_ops",)),
        ChangeRoles(person="noc", revoke=("l2_ops", "noc")),
        ChangeRoles(person="two", revoke=("incident_manager",)),
        ResetPassword(person="two"),
        DeactivatePerson(person="noc"),
        DeactivatePerson(person="admin"),
        ChangeRoles(person="admin", revoke=("admin",)),
        ChangeRoles(person="boss", grant=("admin",)),
    ]
)
FOUR_EYES = st.one_of(
    st.just(Confirm(confirms=digest("line"))),
    st.just(Refuse(reason="no")),
    st.just(Review(text="fine")),
    st.just(DeclareEmergency(reason="fire")),
    st.just(ReportConfirmation(owner="Ewa", text="yes")),
    st.builds(Waive, number=STEP, reason=st.just("no time")),
    st.builds(Accept, number=STEP, reason=st.just("seen")),
    st.builds(ExpectAlert, alert=st.sampled_from([*ALERTS, "Other"]), reason=st.just("known")),
    st.builds(Assume, role=ROLE, reason=st.just("asleep")),
    st.builds(AcceptHandover, role=ROLE),
    st.builds(
        OfferHandover, role=ROLE, receiver=st.sampled_from(["all", "two", "boss", "noc"]), open_points=st.just("x")
    ),
)


def as_declared(rollback: Rollback, story: Story, **changes: Any) -> facts.FileSeen:
    """A file with the bytes that the rollback declared."""
    return facts.file_of(b"{}", story.now, **{"sha384": rollback.override.sha384} | changes)


def outcome(rollback: Rollback, effect: Effect, failed: bool, story: Story) -> Command:
    """What an adapter reports of a pending effect."""
    name, path, kind = rollback.silence.id, facts.PATH, effect.kind
    if kind == "override" and not failed:
        return RecordOverride(file=facts.override_of(rollback, story.now))
    if kind == "put_back":
        written = facts.file_of(b"{}", story.now, sha384=effect.request.override_sha384)
        return RecordPutBack(file=facts.absent(story.now) if failed else written)
    fields = {"silence_id": f"{name}+", "replaced": name, "ends_at": story.now + timedelta(hours=1)}
    bad: dict[str, Event] = {
        "override": OverrideFailed(path=path, cause="x"),
        "silence": SilenceFailed(cause="x"),
        "silence_end": SilenceEndFailed(silence_id=name, cause="x"),
        "silence_extend": SilenceExtendFailed(silence_id=name, cause="x"),
        "removal": OverrideRemovalFailed(path=path, cause="x"),
    }
    good = {
        "removal": lambda: road.removed(story, rollback.id),
        "silence": lambda: road.created(story, silence_id=f"s-{story.state.sequence}"),
        "silence_end": lambda: SilenceEnded(silence_id=name, ended_at=story.now, transcript_sha384=digest("t")),
        "silence_extend": lambda: SilenceExtended(**fields, transcript_sha384=digest("t")),
    }
    return Record(event=bad[kind] if failed else good[kind]())


def observations(story: Story, what: str) -> list[tuple[str, Event]]:
    """Rollback and event of what the observer sees, as the observer records it; empty where it would stay silent."""
    state, at = story.state, story.now
    file = {"path": facts.PATH, "seen_at": at}
    if what in ("enabled", "disabled", "unknown"):
        return [("", SchedulerObserved(scheduler_status=what, source="x", seen_at=at))]  # type: ignore[arg-type]
    if what == "file changed":
        return [("", OverrideObserved(found="file", override_sha384=digest("edited"), **file))]
    if what == "file removed":
        holders = [one for one in state.holders if not one.override.removed_outside]
        return [(one.id, road.vanished(story, one.id)) for one in holders]
    rollbacks = state.open.values()
    active = [one for one in rollbacks if one.silence.state == "active"]
    if what == "silence lost":
        return [(one.id, SilenceLost(silence_id=one.silence.id, found="absent", seen_at=at)) for one in active]
    if what == "silence expired":
        fields = {"found": "expired", "ends_at": at, "seen_at": at}
        return [(one.id, SilenceObserved(silence_id=one.silence.id, **fields)) for one in active]
    if what == "overrun":
        late = [one for one in rollbacks if at >= one.window_end and not one.overrun]
        return [(one.id, WindowOverrun(window_end=one.window_end)) for one in late]
    held = [one for one in state.holders if not one.override.expired]
    return [(one.id, OverrideExpired(path=facts.PATH, expired_at=at)) for one in held]


SEEN = st.sampled_from(
    [
        "enabled",
        "disabled",
        "unknown",
        "file changed",
        "file removed",
        "silence lost",
        "silence expired",
        "overrun",
        "override expired",
    ]
)
