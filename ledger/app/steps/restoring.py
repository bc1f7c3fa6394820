"""Step 5, in its order: remove, see enabled, show which alerts will fire, end the silence, all-clear."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ledger.adapters import override_file
from ledger.adapters.shapes import line
from ledger.app.durations import parse_duration
from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.app.reading.covering import head_to_send
from ledger.app.reading.muting import Shown, after_the_end, surplus, unlisted, who_mutes
from ledger.app.reading.surplus import end_surplus
from ledger.app.record.deliver import removal_log
from ledger.app.record.spool import take_in
from ledger.app.steps.closing import write_summary
from ledger.app.steps.common import LISTED, Outcome, Say, act, outcome
from ledger.app.steps.silencing import last_cause
from ledger.app.steps.stopping import check
from ledger.domain.facts import MemberSeen, Muting, Unlisted
from ledger.domain.judge_silences import holds_back, members_told, muted_told, not_known
from ledger.domain.moments import clock_or_day
from ledger.domain.restoring.commands import AdoptRemoval, AnnounceAllClear, CheckRestore, EndIncident, RequestRemoval
from ledger.domain.runbook import Step
from ledger.domain.silencing.commands import AcceptSilence, OweSilenceEnd, RequestSilenceEnd
from ledger.domain.state import Rollback
from ledger.domain.text import INLINE, listed, shorten
from ledger.errors import Refused
from ledger.said import Said

OWE = "where Alertmanager stays down, its end can be owed: stage4 rollback restore {rollback} --owe-silence-end"


def owe_silence_end(installation: Installation, press: Press, rollback: Rollback) -> Rollback:
    """Record that the silence's end is owed, because Alertmanager cannot be reached."""
    cause = shorten(last_cause(installation, rollback), INLINE)
    return act(installation, press, OweSilenceEnd(cause=cause), rollback.id)


def end_incident(installation: Installation, press: Press, rollback: Rollback, note: str = "") -> Outcome:
    """The incident manager opens step 5."""
    return Outcome(act(installation, press, EndIncident(note=note), rollback.id), None)


def restore(
    installation: Installation, press: Press, rollback: Rollback, say: Say = lambda _: None, permalink: str = ""
) -> Outcome:
    """Do what is left of step 5; calling it again goes on where it stopped. The last verdict decides.

    Once two have accepted an inconclusive one nothing is judged again: what waited for it is done.
    """
    if rollback.steps[Step.RESTORE].accepted:
        return _accepted(installation, press, rollback, say, permalink)
    if rollback.override.written_at is not None and rollback.override.removed_at is None:
        rollback = remove(installation, press, rollback)
        if rollback.override.removed_at is None:
            return Outcome(rollback, "error", (last_cause(installation, rollback),))
        held = ", ".join(rollback.override.held_by)
        say(
            Said("released; trading stays stopped, held by {}", held)
            if held
            else Said("removed {}", rollback.override.path)
        )
    released = bool(rollback.override.held_by) and bool(installation.state.holders)
    if rollback.override.removed_at is not None and not released and rollback.restarted_at is None:
        say("waiting for the scheduler to be enabled and to finish a cycle")
        checked = check(installation, press, rollback, parse_duration(installation.config.rollback.restart_patience))
        if checked.verdict != "pass":
            return checked
        rollback = checked.rollback
        say("the scheduler is enabled")
    if rollback.silence.state == "active":
        rollback = end_silence(installation, press, rollback, say)
        if rollback.silence.state == "active":
            cause = last_cause(installation, rollback)
            return Outcome(rollback, "error", (cause, OWE.format(rollback=rollback.id)))
    members = look_at_members(installation)
    if end_surplus(installation, members, say, rollback.id):
        rollback, members = installation.rollback(rollback.id), look_at_members(installation)
    muting = who_mutes(installation, members, Shown(installation).alerts())
    hidden = unlisted(installation, members)
    quiet = _is_quiet(rollback, members, muting, hidden, say)
    if quiet and rollback.restarted_at is not None and not rollback.all_clear:
        rollback = all_clear(installation, press, rollback, permalink, members)
        say("all-clear written")
    return verify_restored(installation, press, rollback, members, muting, hidden)


def _is_quiet(
    rollback: Rollback, members: Sequence[MemberSeen], muting: Sequence[Muting], hidden: Sequence[Unlisted], say: Say
) -> bool:
    """Whether nothing mutes, by the word of all; else it is said what does, or why that is not known."""
    left, unknown = holds_back(rollback, muting), not_known(rollback, members, hidden)
    for mute in left:
        until = clock_or_day(mute.silence.ends_at, mute.silence.at)
        who = line(mute.silence.created_by)
        if mute.begins:
            begins = clock_or_day(mute.begins, mute.silence.at)
            say(Said("will be muting: {} by {} from {} until {} UTC", mute.silence.id, who, begins, until))
        else:
            say(Said("still muting: {} by {} until {} UTC", mute.silence.id, who, until))
    for why in unknown:
        say(why)
    if (left or unknown) and rollback.restarted_at is not None and not rollback.all_clear:
        say("the all-clear is withheld until nothing mutes Stage4 alerts, or that is accepted")
    return not left and not unknown


def _accepted(installation: Installation, press: Press, rollback: Rollback, say: Say, permalink: str) -> Outcome:
    """The all-clear, which names whose word is missing, and the summary."""
    if rollback.restarted_at is not None and not rollback.all_clear:
        rollback = all_clear(installation, press, rollback, permalink, look_at_members(installation))
        say("all-clear written")
    return outcome(write_summary(installation, press, rollback), Step.RESTORE)


def remove(installation: Installation, press: Press, rollback: Rollback) -> Rollback:
    """Ask for the removal of the declared file and deliver it, after every stop that passed the ledger over."""
    take_in(installation)
    command = RequestRemoval(file=installation.look(rollback.override.path), scheduler=installation.scheduler())
    return act(installation, press, command, rollback.id)


def adopt_removal(installation: Installation, press: Press, rollback: Rollback, reason: str) -> Outcome:
    """Take over a removal that the observer saw somebody else make (the runbook's literal ``rm``)."""
    path = Path(rollback.override.path)
    file = installation.look(path)
    listing = override_file.listing(path.parent)
    kept = installation.artefacts.get(rollback.override.sha384)
    command = AdoptRemoval(
        file=file,
        reason=reason,
        override_after_sha384=installation.keep(kept, press),
        listing_sha384=installation.keep(listing, press),
        log_sha384=installation.keep(removal_log(installation, rollback, "", "", file.kind, listing), press),
    )
    return Outcome(act(installation, press, command, rollback.id), None)


def look_at_members(installation: Installation) -> tuple[MemberSeen, ...]:
    """What every member of the Alertmanager cluster says now; none where none is configured."""
    return installation.alertmanager.look() if installation.config.alertmanager.url else ()


def end_silence(installation: Installation, press: Press, rollback: Rollback, say: Say) -> Rollback:
    """Say which alerts will fire and which stay muted by whom, then end the silence."""
    members = installation.alertmanager.look()
    also = [silence.id for silence in surplus(installation, members, installation.state).get(rollback.id, ())]
    loud = after_the_end(members, installation.labels, (rollback.silence.id, *also))
    missing = tuple(shorten(Said("not known: {}", doubt)) for seen in members for doubt in seen.doubts)
    will_fire = (*missing, *loud.will_fire)[:LISTED]
    if will_fire:
        say(Said("alerts that will fire: {}", ", ".join(will_fire)))
    else:
        say("none of the alerts that it mutes fires now; a scheduler that was stopped gives none at first")
    for alert in loud.stay_muted:
        say(Said("stays muted: {}", alert))
    command = RequestSilenceEnd(will_fire=will_fire, stay_muted=loud.stay_muted)
    after = act(installation, press, command, rollback.id)
    if after.silence.state == "ended":
        say(Said("ended the silence {}", after.silence.id))
    return after


def accept_silence(
    installation: Installation, press: Press, rollback: Rollback, silence_id: str, reason: str
) -> Outcome:
    """Let a silence of somebody else go on muting Stage4 alerts until its end, with a reason; to be reviewed."""
    seen = installation.alertmanager.silence(silence_id)
    if seen is None:
        raise Refused(Said("Alertmanager does not know the silence {}", ascii(silence_id[:80])))
    command = AcceptSilence(silence=seen, name=silence_id, reason=reason)
    return Outcome(act(installation, press, command, rollback.id), None)


def all_clear(
    installation: Installation,
    press: Press,
    rollback: Rollback,
    permalink: str = "",
    members: Sequence[MemberSeen] = (),
) -> Rollback:
    """Write the all-clear; a member of the Alertmanager cluster that does not answer is named in it."""
    text = (
        f"[Stage4] {rollback.id}: all clear. {rollback.component} is enabled again since "
        f"{rollback.restarted_at:%Y-%m-%d %H:%M:%S} UTC. Channel: {rollback.channel}\n"
    )
    doubted = dict.fromkeys(seen.name for seen in members if seen.doubts)
    hidden = unlisted(installation, members)
    doubted |= dict.fromkeys(name for mute in hidden if not mute.how for name in mute.members)
    silent = ", ".join(doubted)
    if silent:
        text += f"[Stage4] {rollback.id}: whether alerts are muted is not known of {silent}\n"
    for mute in hidden:
        if mute.how:
            text += f"[Stage4] {rollback.id}: nobody is paged for {listed(mute.alerts)}: {mute.how}\n"
    text += head_to_send(installation)
    command = AnnounceAllClear(announcement_sha384=installation.keep(text, press), permalink=permalink)
    return act(installation, press, command, rollback.id)


def verify_restored(
    installation: Installation,
    press: Press,
    rollback: Rollback,
    members: Sequence[MemberSeen],
    muting: Sequence[Muting],
    hidden: Sequence[Unlisted] = (),
) -> Outcome:
    """The verdict of step 5 from facts gathered afresh; once it passes, the summary exists."""
    file = installation.look(rollback.override.path or installation.override_path(rollback.component))
    scheduler = installation.scheduler()
    lines = [
        f"override  {file.path}: {file.kind}",
        Said("scheduler {}, cycle {}", scheduler.status, scheduler.cycle),
        f"silence   {rollback.silence.id or '(none)'}",
        *(f"member    {text}" for text in members_told(members, rollback.silence.id)),
        *(f"muted by  {text}" for text in muted_told(rollback, muting, hidden)),
    ]
    log = "".join(f"{line}\n" for line in lines)
    command = CheckRestore(
        file=file,
        scheduler=scheduler,
        members=tuple(members),
        muting=tuple(muting),
        unlisted=tuple(hidden),
        log_sha384=installation.keep(log, press),
    )
    after = act(installation, press, command, rollback.id)
    if after.steps[Step.RESTORE].passed:
        after = write_summary(installation, press, after)
    return outcome(after, Step.RESTORE, log)
