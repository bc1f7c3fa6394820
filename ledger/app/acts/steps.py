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
from ledger.app.durations import parse_duration
from ledger.app.steps import closing, opening, restoring, stopping, watching
from ledger.app.steps.common import Outcome
from ledger.app.words import mark
from ledger.domain import commands, events
from ledger.proof.entry import link


def write_override(asking: Asking) -> commands.WriteOverride:
    """The command of step 1 as a press would submit it."""
    path = str(asking.installation.override_path(asking.rollback.component))
    return commands.WriteOverride(
        path=path,
        reason=asking.rollback.reason,
        requested_by="L2 Ops",
        component=asking.rollback.component,
        file=file_of(asking),
    )


def _confirm(asking: Asking) -> commands.Confirm:
    line = asking.installation.ledger.log.line(asking.rollback.opened_entry)
    return commands.Confirm(confirms=link(line or b""))


def _finish(asking: Asking) -> commands.Command:
    started = asking.rollback.watch.started if asking.rollback.watch else None
    start = started.starts_at if started else asking.at
    length = started.duration_seconds if started else 60
    return commands.StartWatch(starts_at=start, duration_seconds=length)


def _watch(taking: Taking) -> Outcome:
    seconds = parse_duration(taking.values["duration"] or taking.installation.config.watch.duration)
    return Outcome(watching.start(taking.installation, taking.actor, taking.rollback, seconds), None)


def _over(asking: Asking) -> bool:
    running = asking.rollback.watch
    if not asking.rollback.is_open or running is None or asking.rollback.steps[4].passed:
        return False
    ends = running.ends_at
    return asking.at >= ends


def _running(asking: Asking) -> bool:
    """A window that runs and that nothing disturbed."""
    return asking.rollback.watch is not None and not asking.rollback.watch.disturbed and not _over(asking)


def _removed_outside(asking: Asking) -> bool:
    return asking.rollback.is_open and bool(asking.rollback.override.removed_outside)


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
    return restoring.restore(taking.installation, taking.actor, taking.rollback, taking.say, link_)


def _owe(taking: Taking) -> Outcome:
    after = restoring.owe_silence_end(taking.installation, taking.actor, taking.rollback)
    return restoring.restore(taking.installation, taking.actor, after, taking.say)


def _disable(taking: Taking) -> Outcome:
    v = taking.values
    return stopping.disable(
        taking.installation,
        taking.actor,
        taking.rollback,
        requested_by=v["requested_by"],
        reason=v["reason"],
        duration=v["duration"],
    )


STEPS = (
    Act(
        "confirm",
        mark("Confirm the rollback"),
        lambda t: opening.confirm(t.installation, t.actor, t.rollback),
        _confirm,
        brings=events.rollback.RollbackConfirmed,
        example="confirm INC-2042",
        step=0,
        main=True,
        guard="password",
        shows=lambda a: not a.rollback.steps[0].passed or bool(a.rollback.extension) or not a.rollback.confirmed_by,
        about=mark("You agree to what the opening entry says, as a product owner who did not open it."),
        preview="rollbacks/preview/confirm.html",
    ),
    Act(
        "disable",
        mark("Stop the scheduler"),
        _disable,
        write_override,
        brings=events.override.OverrideRequested,
        example='disable INC-2042 --requested-by "L2 Ops" --duration 2h',
        step=1,
        main=True,
        tone="danger",
        shows=lambda a: a.rollback.is_open and a.rollback.stoppable_again and not a.rollback.restoring,
        fields=(
            Field("requested_by", mark("Team that asks"), required=True, usual="L2 Ops", default=lambda _: "L2 Ops"),
            Field("reason", mark("Reason in the override file"), default=lambda a: a.rollback.reason),
            Field(
                "duration",
                mark("Ends after"),
                "duration",
                hint=mark("Empty: no end. An end never removes the file by itself."),
                presets=TWO_HOURS,
            ),
        ),
        about=mark("Writes the override file and reads it back."),
        preview="rollbacks/preview/disable.html",
    ),
    Act(
        "adopt-override",
        mark("Adopt the override made by hand"),
        lambda t: stopping.adopt_override(t.installation, t.actor, t.rollback, t.values["reason"]),
        lambda a: commands.AdoptOverride(file=file_of(a), reason="…"),
        brings=events.override.OverrideAdopted,
        example='adopt-override INC-2042 --reason "made by hand, as the runbook says"',
        step=1,
        shows=_made_by_hand,
        fields=(REASON,),
        about=mark("The file that somebody made becomes this step's act, with the usual verdict."),
    ),
    *IN_STEP_2,
    Act(
        "check",
        mark("Ask the scheduler whether it stopped"),
        lambda t: stopping.check(t.installation, t.actor, t.rollback, parse_duration(t.values["patience"])),
        lambda a: commands.CheckScheduler(seen=scheduler_of(a), log_sha384=NO_DIGEST),
        brings=events.rollback.StopChecked,
        example="check INC-2042 --patience 10s",
        step=3,
        main=True,
        shows=lambda a: a.rollback.is_open and not a.rollback.restoring,
        fields=(Field("patience", mark("Ask for at most"), "duration", usual="5s", terminal_only=True),),
        preview="rollbacks/preview/check.html",
    ),
    Act(
        "watch",
        mark("Start the watch"),
        _watch,
        _finish,
        brings=events.rollback.WatchStarted,
        example="watch INC-2042 --duration 15m",
        step=4,
        main=True,
        shows=lambda a: a.rollback.is_open and not a.rollback.restoring and not _over(a) and not _running(a),
        fields=(
            Field(
                "duration",
                mark("For"),
                "duration",
                default=lambda a: a.installation.config.watch.duration,
                presets=("5m", "15m", "30m"),
            ),
        ),
        about=mark("The window runs on the server; it is judged from Prometheus' own history when it is over."),
    ),
    Act(
        "finish-watch",
        mark("Judge the watch"),
        lambda t: watching.finish(t.installation, t.actor, t.rollback),
        lambda a: commands.StartWatch(starts_at=a.at, duration_seconds=60),
        brings=events.rollback.WatchFinished,
        example="finish-watch INC-2042",
        step=4,
        main=True,
        shows=_over,
        about=mark("The window is over; the ledger judges it by itself after a few seconds, or you do now."),
    ),
    Act(
        "end-incident",
        mark("End the incident"),
        lambda t: restoring.end_incident(t.installation, t.actor, t.rollback, t.values["note"]),
        lambda a: commands.EndIncident(),
        brings=events.rollback.IncidentEnded,
        example='end-incident INC-2042 --note "the host was replaced"',
        step=5,
        main=True,
        shows=lambda a: a.rollback.is_open and not a.rollback.restoring,
        fields=(Field("note", mark("What ended it")),),
        about=mark("Opens step 5. Trading stays stopped until L2 Ops restores it."),
    ),
    Act(
        "restore",
        mark("Restore trading"),
        _restore,
        lambda a: (
            commands.RequestRemoval(file=file_of(a), scheduler=scheduler_of(a))
            if a.rollback.holds
            else commands.CheckRestore(
                file=file_of(a),
                scheduler=scheduler_of(a),
                members=a.outlook.members,
                muting=a.outlook.muting,
                log_sha384=NO_DIGEST,
            )
        ),
        brings=events.override.OverrideRemovalRequested,
        example="restore INC-2042",
        step=5,
        main=True,
        guard="ticket",
        shows=lambda a: restoring_now(a) and not a.rollback.steps[5].passed,
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
        lambda t: restoring.adopt_removal(t.installation, t.actor, t.rollback, t.values["reason"]),
        lambda a: commands.AdoptRemoval(
            file=file_of(a),
            reason="…",
            override_after_sha384=NO_DIGEST,
            listing_sha384=NO_DIGEST,
            log_sha384=NO_DIGEST,
        ),
        brings=events.override.RemovalAdopted,
        example='adopt-removal INC-2042 --reason "removed by hand at the end of the window"',
        step=5,
        shows=_removed_outside,
        fields=(REASON,),
        about=mark("Somebody removed the file outside; this makes it the step's act."),
    ),
    Act(
        "owe-silence-end",
        mark("Close with the silence's end owed"),
        _owe,
        lambda a: commands.OweSilenceEnd(cause="…"),
        brings=events.silence.SilenceEndOwed,
        example="owe-silence-end INC-2042",
        step=5,
        shows=lambda a: (
            restoring_now(a) and a.rollback.silence.state == "active" and "alertmanager" in a.outlook.missing
        ),
        about=mark("Alertmanager is down: the silence's end is owed and seen to when it is back."),
    ),
    Act(
        "complete",
        mark("Close the decision log"),
        lambda t: closing.complete(t.installation, t.actor, t.rollback),
        lambda a: commands.Complete(summary_sha384=a.rollback.summary_sha384),
        brings=events.rollback.RollbackCompleted,
        example="complete INC-2042",
        step=6,
        main=True,
        shows=lambda a: a.rollback.is_open,
        about=mark(
            "Writes the signed closing entry. After it: only notes, evidence, a late confirmation and a review."
        ),
        preview="rollbacks/preview/complete.html",
    ),
)
