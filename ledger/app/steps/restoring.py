"""Step 5, in its order: remove, see enabled, show which alerts will fire, end the silence, all-clear."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ledger.adapters import override_file
from ledger.app.durations import parse_duration
from ledger.app.installation import Installation
from ledger.app.reading.muting import Shown, after_the_end, surplus, who_mutes
from ledger.app.reading.surplus import end_surplus
from ledger.app.record.deliver import removal_log
from ledger.app.steps.closing import write_summary
from ledger.app.steps.common import LISTED, Outcome, Say, act, outcome
from ledger.app.steps.silencing import last_cause
from ledger.app.steps.stopping import check
from ledger.domain.command import Actor
from ledger.domain.facts import MemberSeen, Muting
from ledger.domain.judge_silences import holds_back, members_told, muted_told
from ledger.domain.restoring.commands import AdoptRemoval, AnnounceAllClear, CheckRestore, EndIncident, RequestRemoval
from ledger.domain.runbook import Step
from ledger.domain.silencing.commands import AcceptSilence, OweSilenceEnd, RequestSilenceEnd
from ledger.domain.state import Rollback
from ledger.domain.text import INLINE, shorten
from ledger.errors import Refused

OWE = "where Alertmanager stays down, its end can be owed: stage4 rollback restore {rollback} --owe-silence-end"


def owe_silence_end(installation: Installation, actor: Actor, rollback: Rollback) -> Rollback:
    """Record that the silence's end is owed, because Alertmanager cannot be reached."""
    cause = shorten(last_cause(installation, rollback), INLINE)
    return act(installation, actor, OweSilenceEnd(cause=cause), rollback.id)


def end_incident(installation: Installation, actor: Actor, rollback: Rollback, note: str = "") -> Outcome:
    """The incident manager opens step 5."""
    return Outcome(act(installation, actor, EndIncident(note=note), rollback.id), None)


def restore(
    installation: Installation, actor: Actor, rollback: Rollback, say: Say = lambda _: None, permalink: str = ""
) -> Outcome:
    """Do what is left of step 5; calling it again goes on where it stopped. The last verdict decides."""
    if rollback.override.written_at is not None and rollback.override.removed_at is None:
        rollback = remove(installation, actor, rollback)
        if rollback.override.removed_at is None:
            return Outcome(rollback, "error", (last_cause(installation, rollback),))
        held = ", ".join(rollback.override.held_by)
        say(f"released; trading stays stopped, held by {held}" if held else f"removed {rollback.override.path}")
    released = bool(rollback.override.held_by) and bool(installation.state.holders)
    if rollback.override.removed_at is not None and not released and rollback.restarted_at is None:
        say("waiting for the scheduler to be enabled and to finish a cycle")
        checked = check(installation, actor, rollback, parse_duration(installation.config.rollback.restart_patience))
        if checked.verdict != "pass":
            return checked
        rollback = checked.rollback
        say("the scheduler is enabled")
    if rollback.silence.state == "active":
        rollback = end_silence(installation, actor, rollback, say)
        if rollback.silence.state == "active":
            cause = last_cause(installation, rollback)
            return Outcome(rollback, "error", (cause, OWE.format(rollback=rollback.id)))
    members = look_at_members(installation)
    if end_surplus(installation, members, say, rollback.id):
        rollback, members = installation.rollback(rollback.id), look_at_members(installation)
    muting = who_mutes(installation, members, Shown(installation).alerts())
    left = holds_back(rollback, muting)
    for one in left:
        say(f"still muting: {one.silence.id} by {one.silence.created_by} until {one.silence.ends_at:%H:%M} UTC")
    if rollback.restarted_at is not None and not rollback.all_clear and not left:
        rollback = all_clear(installation, actor, rollback, permalink, members)
        say("all-clear written")
    return verify_restored(installation, actor, rollback, members, muting)


def remove(installation: Installation, actor: Actor, rollback: Rollback) -> Rollback:
    """Ask for the removal of the declared file and deliver it."""
    command = RequestRemoval(file=installation.look(rollback.override.path), scheduler=installation.scheduler())
    return act(installation, actor, command, rollback.id)


def adopt_removal(installation: Installation, actor: Actor, rollback: Rollback, reason: str) -> Outcome:
    """Take over a removal that the observer saw somebody else make (the runbook's literal ``rm``)."""
    path = Path(rollback.override.path)
    file = installation.look(path)
    listing = override_file.listing(path.parent)
    kept = installation.artefacts.get(rollback.override.sha384)
    command = AdoptRemoval(
        file=file,
        reason=reason,
        override_after_sha384=installation.keep(kept),
        listing_sha384=installation.keep(listing),
        log_sha384=installation.keep(removal_log(installation, rollback, "", "", file.kind, listing)),
    )
    return Outcome(act(installation, actor, command, rollback.id), None)


def look_at_members(installation: Installation) -> tuple[MemberSeen, ...]:
    """What every member of the Alertmanager cluster says now; none where none is configured."""
    return installation.alertmanager.look() if installation.config.alertmanager.url else ()


def end_silence(installation: Installation, actor: Actor, rollback: Rollback, say: Say) -> Rollback:
    """Say which alerts will fire and which stay muted by whom, then end the silence."""
    members = installation.alertmanager.look()
    also = [one.id for one in surplus(installation, members, installation.state).get(rollback.id, ())]
    loud = after_the_end(members, installation.labels, (rollback.silence.id, *also))
    missing = tuple(shorten(f"not known: {doubt}") for seen in members for doubt in seen.doubts)
    will_fire = (*missing, *loud.will_fire)[:LISTED]
    say("alerts that will fire: " + (", ".join(will_fire) or "none"))
    for one in loud.stay_muted:
        say(f"stays muted: {one}")
    command = RequestSilenceEnd(will_fire=will_fire, stay_muted=loud.stay_muted)
    after = act(installation, actor, command, rollback.id)
    if after.silence.state == "ended":
        say(f"ended the silence {after.silence.id}")
    return after


def accept_silence(
    installation: Installation, actor: Actor, rollback: Rollback, silence_id: str, reason: str
) -> Outcome:
    """Let a silence of somebody else go on muting Stage4 alerts until its end, with a reason; to be reviewed."""
    seen = installation.alertmanager.silence(silence_id)
    if seen is None:
        raise Refused(f"Alertmanager does not know the silence {silence_id[:80]!a}")
    command = AcceptSilence(silence=seen, name=silence_id, reason=reason)
    return Outcome(act(installation, actor, command, rollback.id), None)


def all_clear(
    installation: Installation,
    actor: Actor,
    rollback: Rollback,
    permalink: str = "",
    members: Sequence[MemberSeen] = (),
) -> Rollback:
    """Write the all-clear; a member of the Alertmanager cluster that does not answer is named in it."""
    text = (
        f"[Stage4] {rollback.id}: all clear. {rollback.component} is enabled again since "
        f"{rollback.restarted_at:%Y-%m-%d %H:%M:%S} UTC. Channel: {rollback.channel}\n"
    )
    silent = ", ".join(seen.name for seen in members if seen.doubts)
    if silent:
        text += f"[Stage4] {rollback.id}: whether alerts are muted is not known of {silent}\n"
    command = AnnounceAllClear(announcement_sha384=installation.keep(text), permalink=permalink)
    return act(installation, actor, command, rollback.id)


def verify_restored(
    installation: Installation,
    actor: Actor,
    rollback: Rollback,
    members: Sequence[MemberSeen],
    muting: Sequence[Muting],
) -> Outcome:
    """The verdict of step 5 from facts gathered afresh; once it passes, the summary exists."""
    file = installation.look(rollback.override.path or installation.override_path(rollback.component))
    scheduler = installation.scheduler()
    lines = [
        f"override  {file.path}: {file.kind}",
        f"scheduler {scheduler.status}, cycle {scheduler.cycle}",
        f"silence   {rollback.silence.id or '(none)'}",
        *(f"member    {one}" for one in members_told(members, rollback.silence.id)),
        *(f"muted by  {one}" for one in muted_told(rollback, muting)),
    ]
    log = "".join(f"{line}\n" for line in lines)
    command = CheckRestore(
        file=file,
        scheduler=scheduler,
        members=tuple(members),
        muting=tuple(muting),
        log_sha384=installation.keep(log),
    )
    after = act(installation, actor, command, rollback.id)
    if after.steps[Step.RESTORE].passed:
        after = write_summary(installation, actor, after)
    return outcome(after, Step.RESTORE, log)
