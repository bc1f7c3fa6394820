"""Every command: where it can be given, who may, and how it is asked for."""

from __future__ import annotations

from datetime import timedelta

from ledger.domain.closing.commands import Abort, WriteSummary
from ledger.domain.duties.commands import (
    Accept,
    AcceptHandover,
    Assume,
    Attach,
    Correct,
    ExtendWindow,
    GiveReason,
    LinkTicket,
    OfferHandover,
    Refuse,
    ReportConfirmation,
    Review,
    Waive,
)
from ledger.domain.keeping.commands import AddNote, Erase, KeepLog, ProposeErasure, RecordSummary
from ledger.domain.learning.commands import AddFinding, AddFollowUp, FinishFollowUp
from ledger.domain.observing.commands import ExpireEffect, Record
from ledger.domain.opening.commands import Confirm, DeclareEmergency
from ledger.domain.people.commands import AddPerson, ChangeRoles, DeactivatePerson, ResetPassword
from ledger.domain.restoring.commands import AdoptRemoval, AnnounceAllClear, EndIncident
from ledger.domain.silencing.commands import (
    AcceptSilence,
    AdoptSilence,
    ExtendSilence,
    OweSilenceEnd,
    RequestSilenceEnd,
)
from ledger.domain.silencing.events import SilenceFailed
from ledger.domain.stopping.commands import AdoptOverride, PutBack, RecordOverride, RecordPutBack, TakeInStop
from ledger.domain.telling.commands import GiveUpMessage, RetryMessage
from ledger.domain.telling.events import MessageFailed, MessageRefused
from ledger.domain.watching.commands import ExpectAlert, FinishWatch

from . import facts
from .builders import PEOPLE, Story, digest
from .road import (
    completing,
    disabling,
    opening,
    removing,
    restore_check,
    scheduler_check,
    silence_check,
    silencing,
    stopping,
    vanished,
    watch_finish,
    watch_start,
)

EVERYBODY = frozenset(PEOPLE) - {"boss"}
"""One person for each role."""
RUNBOOK = frozenset({"im", "ops", "obs", "noc", "owner"})


def adopted_silence(story: Story) -> AdoptSilence:
    return AdoptSilence(silence=facts.silence(story.now), reason="by hand", transcript_sha384=digest("t"))


def adopted_file(story: Story) -> AdoptOverride:
    return AdoptOverride(file=facts.file_of(b"{}", story.now), reason="by hand")


def waited(story: Story) -> FinishWatch:
    story.do("noc", watch_start(story))
    story.wait(minutes=15)
    return watch_finish(story)


def unclear(story: Story) -> Accept:
    story.do("ops", scheduler_check(story, "unknown"))
    return Accept(number=3, reason="the service manager says inactive")


def longer(story: Story) -> ExtendWindow:
    end = story.rollback.window_end + timedelta(hours=1)
    return ExtendWindow(window_end=end, reason="not done", announcement_sha384=digest("longer"))


def put_back(story: Story) -> RecordPutBack:
    story.do("ops", PutBack(file=facts.absent(), reason="it must stay"))
    return RecordPutBack(file=facts.override_of(story.rollback, story.now))


def unclear_and_proposed(story: Story) -> Accept:
    story.do("ops", unclear(story))
    return Accept(number=3, reason="seen too")


def absent_role(story: Story) -> Assume:
    """Nobody holds observability; who held it has another role."""
    story.do("admin", ChangeRoles(person="obs", grant=("noc",), revoke=("observability",)))
    return Assume(role="observability", reason="asleep")


def written(story: Story) -> ProposeErasure:
    story.do("im", AddNote(text="long …", text_sha384=digest("long")))
    return ProposeErasure(artefact=digest("long"), ground="names a person")


def written_and_proposed(story: Story) -> Erase:
    story.do("admin", written(story))
    return Erase(artefact=digest("long"))


def offered(story: Story) -> AcceptHandover:
    story.do("im", OfferHandover(role="incident_manager", receiver="boss", open_points="none"))
    return AcceptHandover(role="incident_manager")


def deviated(story: Story) -> Review:
    story.do("noc", DeclareEmergency(reason="fire"))
    return Review(text="looked at it")


def follow_up(story: Story) -> AddFollowUp:
    return AddFollowUp(text="raise the limit", assignee="ops", due=story.now + timedelta(days=5))


def follow_up_to_finish(story: Story) -> FinishFollowUp:
    story.do("im", follow_up(story))
    return FinishFollowUp(follow_up=story.state.sequence, text="raised to 400 ms")


def removed_by_hand(story: Story) -> AdoptRemoval:
    story.saw(vanished(story))
    parts = {"override_after_sha384": digest("o"), "listing_sha384": digest("l"), "log_sha384": digest("r")}
    return AdoptRemoval(file=facts.absent(story.now), reason="rm", **parts)


def too_late(story: Story) -> ExpireEffect:
    story.do("obs", silencing(story))
    requested = story.state.sequence
    story.wait(minutes=3)
    return ExpireEffect(requested=requested)


def unsent(story: Story) -> RetryMessage:
    story.saw(MessageFailed(connection="tickets", entry=1, about="ledger_opened", reason="it does not answer"))
    return RetryMessage(connection="tickets", entry=1)


def unsent_for_ever(story: Story) -> GiveUpMessage:
    story.saw(
        MessageRefused(connection="tickets", entry=1, about="ledger_opened", reason="no such ticket", part="link")
    )
    return GiveUpMessage(connection="tickets", entry=1, part="link", reason="the ticket was deleted")


TABLE = {
    "retry a message": ("opened", RUNBOOK | {"admin"}, unsent),
    "give up a message": ("opened", RUNBOOK | {"admin"}, unsent_for_ever),
    "open": ("opened", {"im"}, lambda s: opening(s, ticket="INC-1")),
    "confirm": ("opened", {"owner"}, lambda s: Confirm(confirms=digest("line"))),
    "declare an emergency": ("opened", RUNBOOK, lambda s: DeclareEmergency(reason="fire")),
    "disable": ("confirmed", {"ops"}, lambda s: disabling()),
    "adopt a file": ("confirmed", {"ops"}, adopted_file),
    "stop": ("opened", EVERYBODY - {"auditor"} | {"nobody", "system"}, stopping),
    "silence": ("disabled", {"obs"}, silencing),
    "adopt a silence": ("disabled", {"obs"}, adopted_silence),
    "check the silence": ("silenced", {"obs", "system"}, silence_check),
    "check the stop": ("silenced", {"ops"}, lambda s: scheduler_check(s, "disabled")),
    "start a watch": ("checked", {"noc"}, watch_start),
    "finish a watch": ("checked", {"noc", "system"}, waited),
    "end the incident": ("watched", {"im"}, lambda s: EndIncident()),
    "remove the override": ("ended", {"ops"}, removing),
    "check the restart": ("removed", {"ops"}, lambda s: scheduler_check(s, "enabled", cycle=42)),
    "accept a silence": (
        "restarted",
        {"ops", "obs"},
        lambda s: AcceptSilence(silence=facts.silence(s.now, id="s-9"), name="s-9", reason="r"),
    ),
    "end the silence": ("restarted", {"ops", "obs"}, lambda s: RequestSilenceEnd()),
    "announce the all-clear": (
        "unsilenced",
        {"ops", "im"},
        lambda s: AnnounceAllClear(announcement_sha384=digest("a")),
    ),
    "check the restoration": ("cleared", {"ops"}, restore_check),
    "write the summary": (
        "restored",
        RUNBOOK | {"admin", "system"},
        lambda s: WriteSummary(summary_sha384=digest("s")),
    ),
    "complete": ("summarised", {"im"}, lambda s: completing()),
    "abort": ("confirmed", {"im"}, lambda s: Abort(reason="wrong")),
    "note": ("opened", RUNBOOK | {"admin", "system"}, lambda s: AddNote(text="something")),
    "keep a log": (
        "opened",
        RUNBOOK | {"admin", "system"},
        lambda s: KeepLog(program="smoke", exit_status=0, log_sha384=digest("log")),
    ),
    "record an outside summary": (
        "opened",
        RUNBOOK | {"admin", "system"},
        lambda s: RecordSummary(external_status="x", claims={}),
    ),
    "add a person": ("opened", {"admin", "system"}, lambda s: AddPerson(person="new", roles=("noc",))),
    "change roles": ("opened", {"admin"}, lambda s: ChangeRoles(person="noc", grant=("l2_ops",))),
    "reset a password": ("opened", {"admin"}, lambda s: ResetPassword(person="noc")),
    "deactivate a person": ("opened", {"admin"}, lambda s: DeactivatePerson(person="noc")),
    "propose an erasure": ("opened", {"admin"}, written),
    "erase": ("opened", RUNBOOK, written_and_proposed),
    "record a file": ("asked", {"system"}, lambda s: RecordOverride(file=facts.override_of(s.rollback))),
    "record": ("opened", {"system"}, lambda s: Record(event=SilenceFailed(cause="no"))),
    "refuse": ("opened", {"owner"}, lambda s: Refuse(reason="not now")),
    "report a confirmation": ("opened", RUNBOOK, lambda s: ReportConfirmation(owner="Ewa", text="by telephone")),
    "expect alert": ("disabled", {"noc"}, lambda s: ExpectAlert(alert="MultiStrategyPnlDrawdown", reason="known")),
    "waive": ("disabled", {"im"}, lambda s: Waive(number=2, reason="no Alertmanager")),
    "propose to accept": ("silenced", {"ops"}, unclear),
    "accept": ("silenced", {"im", "obs", "noc", "owner"}, unclear_and_proposed),
    "assume a role": ("opened", RUNBOOK, absent_role),
    "accept a handover": ("opened", {"boss"}, offered),
    "review": ("opened", {"owner"}, deviated),
    "adopt a removal": ("ended", {"ops"}, removed_by_hand),
    "expire an effect": ("disabled", {"system"}, too_late),
    "offer a handover": (
        "opened",
        {"im"},
        lambda s: OfferHandover(role="incident_manager", receiver="boss", open_points="none"),
    ),
    "attach": (
        "opened",
        RUNBOOK | {"admin", "system"},
        lambda s: Attach(number=2, name="a.png", size=1, attached_sha384=digest("a")),
    ),
    "correct": ("opened", RUNBOOK | {"admin", "system"}, lambda s: Correct(entry=s.state.sequence, text="no")),
    "add a finding": (
        "opened",
        RUNBOOK | {"admin", "system"},
        lambda s: AddFinding(finding="lesson", text="the limit was too high", about=s.state.sequence),
    ),
    "add a follow-up": ("opened", RUNBOOK | {"admin", "system"}, follow_up),
    "finish a follow-up": ("opened", RUNBOOK | {"admin", "system"}, follow_up_to_finish),
    "give a reason": (
        "reasonless",
        RUNBOOK | {"admin", "system"},
        lambda s: GiveReason(reason="orders looked wrong"),
    ),
    "link a ticket": ("opened", {"im"}, lambda s: LinkTicket(ticket="INC-9")),
    "extend the window": ("opened", {"im"}, longer),
    "put back": ("disabled", {"ops"}, lambda s: PutBack(file=facts.absent(), reason="it must stay")),
    "record what was put back": ("disabled", {"system"}, put_back),
    "extend the silence": ("silenced", {"obs"}, lambda s: ExtendSilence(seconds=60)),
    "owe the silence's end": ("restarted", {"ops", "obs"}, lambda s: OweSilenceEnd(cause="Alertmanager is down")),
    "take in a stop": (
        "opened",
        {"system"},
        lambda s: TakeInStop(
            opening=opening(s),
            claimed_by="ops",
            spool_sha384=digest("spool"),
            claimed_at=s.now,
            why="disk full",
            file=facts.absent(),
        ),
    ),
}
