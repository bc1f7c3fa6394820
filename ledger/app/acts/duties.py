"""What people do about a rollback beside its steps: two people, absent people, evidence, notes, the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from ledger.app.acts.act import NO_DIGEST, REASON, Act, Asking, Field, Taking, file_of
from ledger.app.steps import duties, opening, stopping
from ledger.app.steps.common import Outcome
from ledger.app.words import ROLES, mark
from ledger.domain.asked import NO_REASON
from ledger.domain.closing.commands import Abort
from ledger.domain.closing.events import AbortRequested
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
from ledger.domain.duties.events import (
    AcceptanceProposed,
    ConfirmationRefused,
    ConfirmationReported,
    Corrected,
    EvidenceAttached,
    HandoverAccepted,
    HandoverOffered,
    ReasonGiven,
    Reviewed,
    RoleAssumed,
    StepWaived,
    TicketLinked,
    WindowExtended,
)
from ledger.domain.duties.owed import WAIVABLE
from ledger.domain.keeping.commands import AddNote
from ledger.domain.keeping.events import NoteAdded
from ledger.domain.opening.commands import DeclareEmergency
from ledger.domain.opening.events import EmergencyDeclared
from ledger.domain.rights import held_in
from ledger.domain.runbook import RUNBOOK_ROLES, Step
from ledger.domain.stopping.commands import PutBack
from ledger.domain.stopping.events import PutBackRequested


def _roles_to_assume(asking: Asking) -> Mapping[str, str]:
    held = held_in(asking.installation.state, asking.rollback, asking.actor.person)
    return {role: ROLES[role] for role in RUNBOOK_ROLES if role != "product_owner" and role not in held}


def _my_duties(asking: Asking) -> Mapping[str, str]:
    held = held_in(asking.installation.state, asking.rollback, asking.actor.person)
    return {role: ROLES[role] for role in RUNBOOK_ROLES if role in held}


def _others(asking: Asking) -> Mapping[str, str]:
    state = asking.installation.state
    return {
        person: asking.names.get(person, person)
        for person, roles in sorted(state.people.items())
        if roles & frozenset(RUNBOOK_ROLES) and person != asking.actor.person
    }


def _offers(asking: Asking) -> Mapping[str, str]:
    mine = [handover for handover in asking.rollback.handovers if handover.receiver == asking.actor.person]
    return {
        handover.duty: f"{ROLES[handover.duty]} ({asking.names.get(handover.giver, handover.giver)})"
        for handover in mine
    }


def _first(options: Mapping[str, str]) -> str:
    return next(iter(options), "")


def _role(options: Callable[[Asking], Mapping[str, str]]) -> Field:
    return Field("role", mark("Role"), "choice", required=True, among=RUNBOOK_ROLES, options=options)


def _attach(number: int) -> Act:
    def run(taking: Taking) -> Outcome:
        name, data = taking.values["file"]
        note = taking.values["note"]
        return duties.attach_bytes(taking.installation, taking.press, taking.rollback, name, data, number, note)

    return Act(
        f"attach-{number}",
        mark("Attach evidence"),
        run,
        lambda a: Attach(number=number, name="x", size=1, attached_sha384=NO_DIGEST),
        brings=EvidenceAttached,
        example='attach before.png --step 4 --note "the dashboard before the stop"',
        arguments=("file",),
        command="attach",
        step=number,
        decided=False,
        shows=lambda a: a.rollback.steps[number].attempts > 0 or not a.rollback.is_open or bool(a.outlook.missing),
        fields=(Field("file", mark("File"), "file", required=True), Field("note", mark("What it shows"))),
        about=mark("A picture, a log, a chat: kept by its digest and marked as attached by you."),
    )


def _waive(number: int) -> Act:
    return Act(
        f"waive-{number}",
        mark("Waive the confirmation") if number == Step.ANNOUNCE else mark("Waive this step"),
        lambda t: duties.waive(t.installation, t.press, t.rollback, number, t.values["reason"]),
        lambda a: Waive(number=number, reason="…"),
        brings=StepWaived,
        example='waive 2 --reason "Alertmanager is down"',
        arguments=("step",),
        command="waive",
        step=number,
        shows=lambda a: a.rollback.is_open and not a.rollback.steps[number].passed and not a.rollback.restoring,
        fields=(REASON,),
        about=mark("The runbook goes on without it. Marked, and to be reviewed."),
    )


def _accept(number: int) -> Act:
    return Act(
        f"accept-{number}",
        mark("Accept the inconclusive verdict"),
        lambda t: duties.accept(t.installation, t.press, t.rollback, number, t.values["reason"]),
        lambda a: Accept(number=number, reason="…"),
        brings=AcceptanceProposed,
        example='accept 4 --reason "one sample of Prometheus is missing"',
        arguments=("step",),
        command="accept",
        step=number,
        shows=lambda a: (
            a.rollback.is_open
            and a.rollback.steps[number].verdict == "inconclusive"
            and not a.rollback.steps[number].passed
        ),
        fields=(REASON,),
        about=mark("Two people: the step's role proposes, a second person accepts. Marked, and to be reviewed."),
    )


PER_STEP = (
    *(_accept(step) for step in Step if step not in (Step.ANNOUNCE, Step.COMPLETE)),
    *(_waive(number) for number in WAIVABLE),
    *(_attach(step) for step in Step if step != Step.COMPLETE),
)

DUTIES = (
    Act(
        "refuse",
        mark("Refuse the rollback"),
        lambda t: duties.refuse(t.installation, t.press, t.rollback, t.values["reason"]),
        lambda a: Refuse(reason="…"),
        brings=ConfirmationRefused,
        example='refuse INC-2042 --reason "not agreed with the desk"',
        step=Step.ANNOUNCE,
        shows=lambda a: not a.rollback.confirmed_by and not a.rollback.refused,
        fields=(REASON,),
        about=mark("As the product owner. After the stop a refusal undoes nothing; it is recorded."),
    ),
    Act(
        "report-confirmation",
        mark("Note a confirmation by phone"),
        lambda t: duties.report_confirmation(t.installation, t.press, t.rollback, t.values["owner"], t.values["text"]),
        lambda a: ReportConfirmation(owner="…", text="…"),
        brings=ConfirmationReported,
        example='report-confirmation INC-2042 --owner "Jan" --text "said yes at 03:10"',
        step=Step.ANNOUNCE,
        decided=False,
        shows=lambda a: a.rollback.is_open and not a.rollback.confirmed_by,
        fields=(
            Field("owner", mark("Who confirmed"), required=True),
            Field("text", mark("What was said"), required=True),
        ),
        about=mark("A claim: it passes nothing, the owner's own confirmation stays owed."),
    ),
    Act(
        "declare-emergency",
        mark("Declare an emergency"),
        lambda t: duties.declare_emergency(t.installation, t.press, t.rollback, t.values["reason"]),
        lambda a: DeclareEmergency(reason="…"),
        brings=EmergencyDeclared,
        example='declare-emergency INC-2042 --ticket INC-2042 --reason "losses grow, nobody answers"',
        guard="ticket",
        tone="danger",
        shows=lambda a: a.rollback.is_open and not a.rollback.emergency,
        fields=(REASON,),
        about=mark(
            "Steps 1 to 4 then wait for no confirmation and for no role. A late confirmation and a review are owed."
        ),
    ),
    Act(
        "put-back",
        mark("Put the override back"),
        lambda t: stopping.put_back(t.installation, t.press, t.rollback, t.values["reason"]),
        lambda a: PutBack(file=file_of(a), reason="…"),
        brings=PutBackRequested,
        example='put-back INC-2042 --reason "it must stay stopped"',
        step=Step.DISABLE,
        shows=lambda a: a.rollback.is_open and a.rollback.holds and _differs(a),
        fields=(REASON,),
        about=mark("Writes the declared bytes again; what stands there now is kept and moved aside."),
    ),
    Act(
        "assume",
        mark("Assume a role"),
        lambda t: duties.assume(t.installation, t.press, t.rollback, t.values["role"], t.values["reason"]),
        lambda a: Assume(role=_first(_roles_to_assume(a)), reason="…"),
        brings=RoleAssumed,
        example='assume noc --reason "nobody of NOC answers"',
        arguments=("role",),
        shows=lambda a: a.rollback.is_open and bool(_roles_to_assume(a)),
        fields=(
            _role(_roles_to_assume),
            REASON,
        ),
        about=mark("For an absent colleague, in this rollback only. Marked, and to be reviewed."),
    ),
    Act(
        "handover",
        mark("Hand a role over"),
        lambda t: duties.offer_handover(
            t.installation, t.press, t.rollback, t.values["role"], t.values["receiver"], t.values["open_points"]
        ),
        lambda a: OfferHandover(role=_first(_my_duties(a)), receiver=_receiver(a), open_points="…"),
        brings=HandoverOffered,
        example='handover noc --to p-4f9c2 --open-points "the vendor calls back at six"',
        arguments=("role",),
        shows=lambda a: a.rollback.is_open and bool(_my_duties(a)) and bool(_others(a)),
        fields=(
            _role(_my_duties),
            Field("receiver", mark("To"), "choice", required=True, options=_others, also=("to",)),
            Field("open_points", mark("Open points"), "long", required=True),
        ),
        about=mark("It counts when the receiver accepts."),
    ),
    Act(
        "accept-handover",
        mark("Accept the handover"),
        lambda t: duties.accept_handover(t.installation, t.press, t.rollback, t.values["role"]),
        lambda a: AcceptHandover(role=_first(_offers(a))),
        brings=HandoverAccepted,
        example="accept-handover noc",
        arguments=("role",),
        shows=lambda a: a.rollback.is_open and bool(_offers(a)),
        fields=(_role(_offers),),
        main=True,
    ),
    Act(
        "extend-window",
        mark("Extend the maintenance window"),
        lambda t: duties.extend_window(
            t.installation, t.press, t.rollback, t.values["duration"], t.values["reason"], t.values["permalink"]
        ),
        lambda a: ExtendWindow(
            window_end=a.rollback.window_end + timedelta(days=365),
            reason="…",
            announcement_sha384=NO_DIGEST,
        ),
        brings=WindowExtended,
        example='extend-window INC-2042 --by 1h --reason "the host is still out"',
        fields=(
            Field(
                "duration",
                mark("By"),
                "duration",
                required=True,
                presets=("30m", "1h", "2h"),
                default=lambda _: "1h",
                also=("by",),
            ),
            REASON,
            Field("permalink", mark("Link to the announcement")),
        ),
        about=mark("Asks the product owner for a confirmation and revokes nothing."),
    ),
    Act(
        "link-ticket",
        mark("Link a ticket"),
        lambda t: duties.link_ticket(t.installation, t.press, t.rollback, t.values["ticket"]),
        lambda a: LinkTicket(ticket="X-1"),
        brings=TicketLinked,
        example="link-ticket STOP-17 --ticket INC-2042",
        shows=lambda a: True,
        fields=(Field("ticket", mark("Ticket"), required=True),),
        about=mark("A change of the ticket that was confirmed revokes the confirmation."),
    ),
    Act(
        "give-reason",
        mark("Give the reason of the stop"),
        lambda t: duties.give_reason(t.installation, t.press, t.rollback, t.values["reason"]),
        lambda a: GiveReason(reason="…"),
        brings=ReasonGiven,
        example='give-reason STOP-17 --reason "orders looked wrong"',
        shows=lambda a: a.rollback.reason == NO_REASON,
        main=True,
        fields=(replace(REASON, default=lambda a: a.outlook.critical_words(a.at)),),
        about=mark("The stop was pressed without one."),
    ),
    Act(
        "note",
        mark("Add a note"),
        lambda t: opening.note(t.installation, t.press, t.rollback, t.values["text"], t.values["occurred_at"]),
        lambda a: AddNote(text="…"),
        brings=NoteAdded,
        example='note INC-2042 "the vendor called back" --occurred-at 2026-11-23T03:20:00Z',
        arguments=("rollback", "text"),
        decided=False,
        shows=lambda a: True,
        main=True,
        fields=(
            Field("text", mark("Note"), "long", required=True),
            Field(
                "occurred_at", mark("When it happened (UTC)"), "when", hint=mark("Empty: now. A claim, marked as such.")
            ),
        ),
    ),
    Act(
        "correct",
        mark("Correct an entry"),
        lambda t: duties.correct(t.installation, t.press, t.rollback, t.values["entry"], t.values["text"]),
        lambda a: Correct(entry=a.rollback.opened_entry, text="…"),
        brings=Corrected,
        example='correct 17 --text "it was 03:14, not 03:41"',
        arguments=("entry",),
        decided=False,
        shows=lambda a: True,
        fields=(
            Field("entry", mark("Entry number"), "number", required=True),
            Field("text", mark("What is right"), "long", required=True),
        ),
        about=mark("The entry stays as it is; the correction points at it."),
    ),
    Act(
        "review",
        mark("Record the review"),
        lambda t: duties.review(t.installation, t.press, t.rollback, t.values["text"]),
        lambda a: Review(text="…"),
        brings=Reviewed,
        example='review INC-2042 --text "the emergency was right"',
        guard="password",
        decided=False,
        in_review=True,
        shows=lambda a: (
            not a.rollback.is_open or any(deviation.entry > a.rollback.reviewed for deviation in a.rollback.deviations)
        ),
        fields=(Field("text", mark("What was found"), "long", required=True),),
        about=mark("By an Incident Manager or product owner who took no step; to confirm the opening is none."),
    ),
    Act(
        "abort",
        mark("Abort the rollback"),
        lambda t: opening.abort(t.installation, t.press, t.rollback, t.values["reason"]),
        lambda a: Abort(reason="…"),
        brings=AbortRequested,
        example='abort INC-2042 --reason "the wrong ticket"',
        guard="ticket",
        tone="danger",
        shows=lambda a: a.rollback.is_open and not a.rollback.aborting,
        fields=(REASON,),
        about=mark("Before the stop it closes at once; after it, it leads through steps 5 and 6."),
    ),
)


def _receiver(asking: Asking) -> str:
    """Somebody who may take the role, so that asking beforehand is not refused for want of a choice."""
    duty, state = _first(_my_duties(asking)), asking.installation.state
    fit = [person for person in _others(asking) if duty in held_in(state, asking.rollback, person)]
    return fit[0] if fit else _first(_others(asking))


def _differs(asking: Asking) -> bool:
    file, declared = asking.outlook.file, asking.rollback.override
    if file is None:
        return False
    given_away = bool(declared.owner) and file.owner != declared.owner
    return file.kind != "file" or file.sha384 != declared.sha384 or file.mode != "0600" or given_away
