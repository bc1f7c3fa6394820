"""The runbook's own steps as acts."""

from __future__ import annotations

from ledger.app.acts.act import (
    NO_DIGEST,
    REASON,
    TWO_HOURS,
    Act,
    Asking,
    Field,
    Taking,
    file_of,
    restoring_now,
    scheduler_of,
)
from ledger.app.acts.silences import ACCEPT, IN_STEP_2
from ledger.app.acts.watching import IN_STEP_4
from ledger.app.durations import parse_duration
from ledger.app.steps import closing, opening, restoring, stopping
from ledger.app.steps.common import Outcome
from ledger.app.words import mark
from ledger.domain.closing.commands import Complete
from ledger.domain.closing.events import RollbackCompleted
from ledger.domain.effects import awaits_file
from ledger.domain.opening.commands import Confirm
from ledger.domain.opening.events import RollbackConfirmed
from ledger.domain.restoring.commands import AdoptRemoval, CheckRestore, EndIncident, RequestRemoval
from ledger.domain.restoring.events import IncidentEnded, OverrideRemovalRequested, RemovalAdopted
from ledger.domain.runbook import Step
from ledger.domain.silencing.commands import OweSilenceEnd
from ledger.domain.silencing.events import SilenceEndOwed
from ledger.domain.state import Rollback
from ledger.domain.stopping.commands import AdoptOverride, CheckScheduler, WriteOverride
from ledger.domain.stopping.events import OverrideAdopted, OverrideRequested, StopChecked
from ledger.proof.entry import link


def write_override(asking: Asking) -> WriteOverride:
    """The command of step 1 as a press would submit it."""
    path = str(asking.installation.override_path(asking.rollback.component))
    return WriteOverride(
        path=path,
        reason=asking.rollback.reason,
        requested_by="L2 Ops",
        component=asking.rollback.component,
        file=file_of(asking),
    )


def _confirm(asking: Asking) -> Confirm:
    line = asking.installation.ledger.log.line(asking.rollback.opened_entry)
    return Confirm(confirms=link(line or b""))


def _removed_outside(asking: Asking) -> bool:
    """That somebody removed it is recorded; or nobody observed, and the file is seen to be gone."""
    rollback, file = asking.rollback, asking.outlook.file
    gone = rollback.holds and not awaits_file(rollback) and file is not None and file.kind == "absent"
    fresh = asking.outlook.fresh("override", asking.at)
    return rollback.is_open and (bool(rollback.override.removed_outside) or (gone and fresh))


def _made_by_hand(asking: Asking) -> bool:
    file = asking.outlook.file
    return (
        asking.rollback.is_open
        and asking.rollback.override.written_at is None
        and not asking.installation.state.holders
        and file is not None
        and file.kind == "file"
    )


def _restore(taking: Taking) -> Outcome:
    link_ = taking.values["permalink"]
    return restoring.restore(taking.installation, taking.press, taking.rollback, taking.say, link_)


def _left_of_5(rollback: Rollback) -> bool:
    """Whether what waited for step 5 is still to be done, once two have accepted it."""
    owes_all_clear = rollback.restarted_at is not None and not rollback.all_clear
    return bool(rollback.steps[Step.RESTORE].accepted) and (owes_all_clear or not rollback.summary_sha384)


def _owe(taking: Taking) -> Outcome:
    after = restoring.owe_silence_end(taking.installation, taking.press, taking.rollback)
    return restoring.restore(taking.installation, taking.press, after, taking.say)


def _disable(taking: Taking) -> Outcome:
    v = taking.values
    return stopping.disable(
        taking.installation,
        taking.press,
        taking.rollback,
        requested_by=v["requested_by"],
        reason=v["reason"],
        duration=v["duration"],
    )


STEPS = (
    Act(
        "confirm",
        mark("Confirm the rollback"),
        lambda t: opening.confirm(t.installation, t.press, t.rollback),
        _confirm,
        brings=RollbackConfirmed,
        example="confirm INC-2042",
        step=Step.ANNOUNCE,
        main=True,
        guard="password",
        shows=lambda a: (
            not a.rollback.steps[Step.ANNOUNCE].passed or bool(a.rollback.extension) or not a.rollback.confirmed_by
        ),
        about=mark("You agree to what the opening entry says, as a product owner who did not open it."),
        preview="rollbacks/preview/confirm.html",
    ),
    Act(
        "disable",
        mark("Stop the scheduler"),
        _disable,
        write_override,
        brings=OverrideRequested,
        example='disable INC-2042 --requested-by "L2 Ops" --duration 2h',
        step=Step.DISABLE,
        main=True,
        decided=False,
        tone="danger",
        shows=lambda a: a.rollback.is_open and a.rollback.stoppable_again and not a.rollback.restoring,
        fields=(
            Field("requested_by", mark("Team that asks"), required=True, usual="L2 Ops", default=lambda _: "L2 Ops"),
            Field("reason", mark("Reason in the override file"), default=lambda a: a.rollback.reason),
            Field(
                "duration",
                mark("Ends after"),
                "duration",
                hint=mark("An end never removes the file by itself."),
                presets=TWO_HOURS,
                empty=mark("no end"),
            ),
        ),
        about=mark("Writes the override file and reads it back."),
        preview="rollbacks/preview/disable.html",
    ),
    Act(
        "adopt-override",
        mark("Adopt the override made by hand"),
        lambda t: stopping.adopt_override(t.installation, t.press, t.rollback, t.values["reason"]),
        lambda a: AdoptOverride(file=file_of(a), reason="…"),
        brings=OverrideAdopted,
        example='adopt-override INC-2042 --reason "made by hand, as the runbook says"',
        step=Step.DISABLE,
        shows=_made_by_hand,
        fields=(REASON,),
        about=mark("The file that somebody made becomes this step's act, with the usual verdict."),
    ),
    *IN_STEP_2,
    Act(
        "check",
        mark("Ask the scheduler whether it stopped"),
        lambda t: stopping.check(t.installation, t.press, t.rollback, parse_duration(t.values["patience"])),
        lambda a: CheckScheduler(seen=scheduler_of(a), log_sha384=NO_DIGEST),
        brings=StopChecked,
        example="check INC-2042 --patience 10s",
        step=Step.CHECK,
        main=True,
        shows=lambda a: a.rollback.is_open and not a.rollback.restoring,
        fields=(Field("patience", mark("Ask for at most"), "duration", usual="5s", terminal_only=True),),
        preview="rollbacks/preview/check.html",
    ),
    *IN_STEP_4,
    Act(
        "end-incident",
        mark("End the incident"),
        lambda t: restoring.end_incident(t.installation, t.press, t.rollback, t.values["note"]),
        lambda a: EndIncident(),
        brings=IncidentEnded,
        example='end-incident INC-2042 --note "the host was replaced"',
        step=Step.RESTORE,
        main=True,
        shows=lambda a: a.rollback.is_open and not a.rollback.restoring,
        fields=(Field("note", mark("What ended it")),),
        about=mark("Opens step 5, in which L2 Ops restores trading. It removes nothing itself."),
        preview="rollbacks/preview/end.html",
    ),
    Act(
        "restore",
        mark("Restore trading"),
        _restore,
        lambda a: (
            RequestRemoval(file=file_of(a), scheduler=scheduler_of(a))
            if a.rollback.holds
            else CheckRestore(
                file=file_of(a),
                scheduler=scheduler_of(a),
                members=a.outlook.members,
                muting=a.outlook.muting,
                unlisted=a.outlook.unlisted,
                log_sha384=NO_DIGEST,
            )
        ),
        brings=OverrideRemovalRequested,
        example="restore INC-2042",
        step=Step.RESTORE,
        main=True,
        guard="ticket",
        shows=lambda a: restoring_now(a) and (not a.rollback.steps[Step.RESTORE].passed or _left_of_5(a.rollback)),
        fields=(Field("permalink", mark("Link to the all-clear")),),
        about=mark(
            "Removes the override, waits for the restart, ends the silence, announces the all-clear: in this order."
        ),
        preview="rollbacks/preview/restore.html",
    ),
    ACCEPT,
    Act(
        "adopt-removal",
        mark("Adopt the removal that was seen"),
        lambda t: restoring.adopt_removal(t.installation, t.press, t.rollback, t.values["reason"]),
        lambda a: AdoptRemoval(
            file=file_of(a),
            reason="…",
            override_after_sha384=NO_DIGEST,
            listing_sha384=NO_DIGEST,
            log_sha384=NO_DIGEST,
        ),
        brings=RemovalAdopted,
        example='adopt-removal INC-2042 --reason "removed by hand at the end of the window"',
        step=Step.RESTORE,
        shows=_removed_outside,
        fields=(REASON,),
        about=mark("Somebody removed the file outside; this makes it the step's act."),
    ),
    Act(
        "owe-silence-end",
        mark("Close with the silence's end owed"),
        _owe,
        lambda a: OweSilenceEnd(cause="…"),
        brings=SilenceEndOwed,
        example="owe-silence-end INC-2042",
        step=Step.RESTORE,
        shows=lambda a: (
            restoring_now(a) and a.rollback.silence.state == "active" and "alertmanager" in a.outlook.missing
        ),
        about=mark("Alertmanager is down: the silence's end is owed and seen to when it is back."),
    ),
    Act(
        "complete",
        mark("Close the decision log"),
        lambda t: closing.complete(t.installation, t.press, t.rollback),
        lambda a: Complete(summary_sha384=a.rollback.summary_sha384),
        brings=RollbackCompleted,
        example="complete INC-2042",
        step=Step.COMPLETE,
        main=True,
        shows=lambda a: a.rollback.is_open,
        about=mark(
            "Writes the signed closing entry. After it: only notes, evidence, a late confirmation and a review."
        ),
        preview="rollbacks/preview/complete.html",
    ),
)
