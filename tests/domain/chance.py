"""What random people may ask for and what may be seen outside, for the state machine."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from ledger.domain import commands as c
from ledger.domain.events import duties, observation, override, silence
from ledger.domain.events.base import Event
from ledger.domain.runbook import RUNBOOK_ROLES
from ledger.domain.state import Effect, Rollback

from . import facts, road
from .builders import INC, PEOPLE, Story, digest

FOLK = PEOPLE | {"all": RUNBOOK_ROLES, "two": RUNBOOK_ROLES}
WHO = st.sampled_from([*FOLK, "system", "nobody", *["all"] * 10, *["two"] * 6])
"""Mostly people who hold every role: the others are refused nearly always."""
NAMES = st.sampled_from([*[INC] * 6, *[road.OTHER] * 3, f"{INC}.2", "STOP-13", "nothing"])
STATUS = st.sampled_from(["enabled", "disabled", "unknown"])
CYCLES = st.none() | st.integers(0, 60)
TICKETS = st.sampled_from([INC, INC, road.OTHER, "", f"{INC}.2", "../x"])
STEP = st.integers(0, 6)
ROLE = st.sampled_from([*RUNBOOK_ROLES, "auditor", "admin"])

STEPS = st.sampled_from(
    [
        c.EndIncident(),
        c.RequestSilenceEnd(),
        c.AnnounceAllClear(announcement_sha384=digest("a")),
        c.WriteSummary(summary_sha384=digest("summary")),
        c.Complete(summary_sha384=digest("summary")),
        c.Abort(reason="enough"),
        road.disabling(),
        c.ExtendSilence(seconds=600),
        c.ExtendSilence(seconds=24 * 3600),
        c.OweSilenceEnd(cause="down"),
    ]
)
PAPERS = st.sampled_from(
    [
        c.AddNote(text="x"),
        c.AddNote(text="long …", text_sha384=digest("long")),
        c.ProposeErasure(artefact=digest("long"), ground="names a person"),
        c.ProposeErasure(artefact=digest("summary"), ground="names a person"),
        c.Erase(artefact=digest("long")),
        c.Erase(artefact=digest("summary")),
        c.Correct(entry=20, text="x"),
        c.Attach(number=2, name="a", size=1, attached_sha384=digest("a")),
        c.LinkTicket(ticket="INC-7"),
        c.GiveReason(reason="orders looked wrong"),
        c.LinkTicket(ticket=INC),
        c.ChangeRoles(person="noc", grant=("l2_ops",)),
        c.ChangeRoles(person="noc", revoke=("l2_ops", "noc")),
        c.ChangeRoles(person="two", revoke=("incident_manager",)),
        c.ResetPassword(person="two"),
        c.DeactivatePerson(person="noc"),
        c.DeactivatePerson(person="admin"),
        c.ChangeRoles(person="admin", revoke=("admin",)),
        c.ChangeRoles(person="boss", grant=("admin",)),
    ]
)
FOUR_EYES = st.one_of(
    st.just(c.Confirm(confirms=digest("line"))),
    st.just(c.Refuse(reason="no")),
    st.just(c.Review(text="fine")),
    st.just(c.DeclareEmergency(reason="fire")),
    st.just(c.ReportConfirmation(owner="Ewa", text="yes")),
    st.builds(c.Waive, number=STEP, reason=st.just("no time")),
    st.builds(c.Accept, number=STEP, reason=st.just("seen")),
    st.builds(c.Assume, role=ROLE, reason=st.just("asleep")),
    st.builds(c.AcceptHandover, role=ROLE),
    st.builds(
        c.OfferHandover, role=ROLE, receiver=st.sampled_from(["all", "two", "boss", "noc"]), open_points=st.just("x")
    ),
)


def as_declared(rollback: Rollback, story: Story, **changes: Any) -> facts.FileSeen:
    """A file with the bytes that the rollback declared."""
    return facts.file_of(b"{}", story.now, **{"sha384": rollback.override.sha384} | changes)


def outcome(rollback: Rollback, effect: Effect, failed: bool, story: Story) -> c.Command:
    """What an adapter reports of a pending effect."""
    name, path, kind = rollback.silence.id, facts.PATH, effect.kind
    if kind == "override" and not failed:
        return c.RecordOverride(file=facts.override_of(rollback, story.now))
    if kind == "put_back":
        written = facts.file_of(b"{}", story.now, sha384=effect.request.override_sha384)
        return c.RecordPutBack(file=facts.absent(story.now) if failed else written)
    fields = {"silence_id": f"{name}+", "replaced": name, "ends_at": story.now + timedelta(hours=1)}
    bad: dict[str, Event] = {
        "override": override.OverrideFailed(path=path, cause="x"),
        "silence": silence.SilenceFailed(cause="x"),
        "silence_end": silence.SilenceEndFailed(silence_id=name, cause="x"),
        "silence_extend": silence.SilenceExtendFailed(silence_id=name, cause="x"),
        "removal": override.OverrideRemovalFailed(path=path, cause="x"),
    }
    good = {
        "removal": lambda: road.removed(story, rollback.id),
        "silence": lambda: road.created(story, silence_id=f"s-{story.state.sequence}"),
        "silence_end": lambda: silence.SilenceEnded(silence_id=name, ended_at=story.now, transcript_sha384=digest("t")),
        "silence_extend": lambda: silence.SilenceExtended(**fields, transcript_sha384=digest("t")),
    }
    return c.Record(event=bad[kind] if failed else good[kind]())


def observations(story: Story, what: str) -> list[tuple[str, Event]]:
    """Rollback and event of what the observer sees, as the observer records it; empty where it would stay silent."""
    state, at = story.state, story.now
    file = {"path": facts.PATH, "seen_at": at}
    if what in ("enabled", "disabled", "unknown"):
        return [("", observation.SchedulerObserved(scheduler_status=what, source="x", seen_at=at))]  # type: ignore[arg-type]
    if what == "file changed":
        return [("", observation.OverrideObserved(found="file", override_sha384=digest("edited"), **file))]
    if what == "file removed":
        holders = [one for one in state.holders if not one.override.removed_outside]
        return [(one.id, road.vanished(story, one.id)) for one in holders]
    rollbacks = state.open.values()
    active = [one for one in rollbacks if one.silence.state == "active"]
    if what == "silence lost":
        return [(one.id, silence.SilenceLost(silence_id=one.silence.id, found="absent", seen_at=at)) for one in active]
    if what == "silence expired":
        fields = {"found": "expired", "ends_at": at, "seen_at": at}
        return [(one.id, observation.SilenceObserved(silence_id=one.silence.id, **fields)) for one in active]
    if what == "overrun":
        late = [one for one in rollbacks if at >= one.window_end and not one.overrun]
        return [(one.id, duties.WindowOverrun(window_end=one.window_end)) for one in late]
    held = [one for one in state.holders if not one.override.expired]
    return [(one.id, override.OverrideExpired(path=facts.PATH, expired_at=at)) for one in held]


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
