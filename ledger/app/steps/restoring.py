"""Step 5, in its order: remove, see enabled, show which alerts will fire, end the silence, all-clear."""

from __future__ import annotations

from pathlib import Path

from ledger.adapters import override_file
from ledger.adapters.matching import affected
from ledger.app.deliver import removal_log
from ledger.app.durations import parse_duration
from ledger.app.installation import Installation
from ledger.app.steps.closing import write_summary
from ledger.app.steps.common import Outcome, Say, act, names, outcome
from ledger.app.steps.silencing import last_cause
from ledger.app.steps.stopping import check
from ledger.domain.commands import (
    Actor,
    AdoptRemoval,
    AnnounceAllClear,
    CheckRestore,
    EndIncident,
    OweSilenceEnd,
    RequestRemoval,
    RequestSilenceEnd,
)
from ledger.domain.facts import SilenceSeen
from ledger.domain.state import Rollback
from ledger.domain.text import INLINE, shorten
from ledger.errors import Refused, Unreachable

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
        checked = check(installation, actor, rollback, parse_duration(installation.config.restart_patience))
        if checked.verdict != "pass":
            return checked
        rollback = checked.rollback
        say("the scheduler is enabled")
    if rollback.silence.state == "active":
        rollback = end_silence(installation, actor, rollback, say)
        if rollback.silence.state == "active":
            cause = last_cause(installation, rollback)
            return Outcome(rollback, "error", (cause, OWE.format(rollback=rollback.id)))
    if rollback.restarted_at is not None and not rollback.all_clear:
        rollback = all_clear(installation, actor, rollback, permalink)
        say("all-clear written")
    return verify_restored(installation, actor, rollback)


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


def will_fire(installation: Installation, rollback: Rollback) -> tuple[str, ...]:
    """The alerts that notify again once the rollback's silence has ended."""
    try:
        firing = installation.alertmanager.firing()
    except Unreachable as error:
        return (f"not known: {error}"[:200],)
    muted = affected(rollback.silence.matchers, firing)
    return names([alert for alert in muted if set(alert.silenced_by) <= {rollback.silence.id}])


def end_silence(installation: Installation, actor: Actor, rollback: Rollback, say: Say) -> Rollback:
    """Say which alerts will fire, then end the silence."""
    loud = will_fire(installation, rollback)
    say("alerts that will fire: " + (", ".join(loud) or "none"))
    after = act(installation, actor, RequestSilenceEnd(will_fire=loud), rollback.id)
    if after.silence.state == "ended":
        say(f"ended the silence {after.silence.id}")
    return after


def all_clear(installation: Installation, actor: Actor, rollback: Rollback, permalink: str = "") -> Rollback:
    """Write the all-clear."""
    text = (
        f"[Stage4] {rollback.id}: all clear. {rollback.component} is enabled again since "
        f"{rollback.restarted_at:%Y-%m-%d %H:%M:%S} UTC. Channel: {rollback.channel}\n"
    )
    command = AnnounceAllClear(announcement_sha384=installation.keep(text), permalink=permalink)
    return act(installation, actor, command, rollback.id)


def verify_restored(installation: Installation, actor: Actor, rollback: Rollback) -> Outcome:
    """The verdict of step 5 from facts gathered afresh; once it passes, the summary exists."""
    file = installation.look(rollback.override.path or installation.override_path(rollback.component))
    scheduler = installation.scheduler()
    silence = _silence(installation, rollback)
    log = (
        f"override  {file.path}: {file.kind}\nscheduler {scheduler.status}, cycle {scheduler.cycle}\n"
        f"silence   {rollback.silence.id or '(none)'}: {silence.state if silence else 'not known to Alertmanager'}\n"
    )
    command = CheckRestore(file=file, scheduler=scheduler, silence=silence, log_sha384=installation.keep(log))
    after = act(installation, actor, command, rollback.id)
    if after.steps[5].passed:
        after = write_summary(installation, actor, after)
    return outcome(after, 5, log)


def _silence(installation: Installation, rollback: Rollback) -> SilenceSeen | None:
    if not rollback.silence.id or rollback.silence.state == "end_owed":
        return None
    found = installation.alertmanager.silence(rollback.silence.id)
    if found is None and rollback.silence.state != "ended":
        raise Refused(f"Alertmanager does not know the silence {rollback.silence.id}")
    return found
