"""Events of a rollback's silence in Alertmanager."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from ledger.domain.event import Event, event, in_english
from ledger.domain.facts import Matcher
from ledger.domain.runbook import Step, Verdict


@event
class SilenceRequested(Event):
    """Step 2: the ledger says that a silence is to be created."""

    status: ClassVar[str] = "silence_requested"
    step: ClassVar[int | None] = Step.SILENCE
    sentence: ClassVar[str] = "asked for a silence until {ends_at}"
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    created_by: str
    comment: str
    marker: str
    """Text inside the comment by which the silence is found again."""
    will_mute: tuple[str, ...] = ()
    """Names of the alerts firing at that moment that it mutes, at most 50; all are in the preview."""
    preview_sha384: str
    not_after: datetime


@event
class SilenceCreated(Event):
    """Alertmanager has the silence: it was read again after it was asked for."""

    status: ClassVar[str] = "silence_created"
    step: ClassVar[int | None] = Step.SILENCE
    sentence: ClassVar[str] = "created the silence {silence_id} until {ends_at}"
    silence_id: str
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    transcript_sha384: str


@event
class SilenceFound(SilenceCreated):
    """Alertmanager had a silence with our mark that is as asked for: one that a lost answer left. None was made."""

    status: ClassVar[str] = "silence_found"
    sentence: ClassVar[str] = "found the silence {silence_id} there already, until {ends_at}; none was made"


@event
class SilenceFailed(Event):
    """Alertmanager did not take the silence."""

    status: ClassVar[str] = "silence_failed"
    version: ClassVar[int] = 3
    said: ClassVar[frozenset[str]] = frozenset({"cause"})
    step: ClassVar[int | None] = Step.SILENCE
    decides: ClassVar[bool] = True
    sentence: ClassVar[str] = "could not create the silence: {cause}"
    cause: str
    verdict: Verdict = "error"


SilenceFailed2 = in_english(SilenceFailed)


@event
class SilenceFailed1(Event):
    """Version 1, which was no counted attempt of step 2."""

    status: ClassVar[str] = "silence_failed"
    step: ClassVar[int | None] = Step.SILENCE
    sentence: ClassVar[str] = "could not create the silence: {cause}"
    cause: str


@event
class SilenceAdopted(Event):
    """A silence made elsewhere (the workflow, Alertmanager's own page) counts as this rollback's step 2."""

    status: ClassVar[str] = "silence_adopted"
    step: ClassVar[int | None] = Step.SILENCE
    sentence: ClassVar[str] = "adopted the silence {silence_id} made by {created_by}: {reason}"
    silence_id: str
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    created_by: str
    """``createdBy`` in Alertmanager: a claim."""
    reason: str
    run_id: str = ""
    run_url: str = ""
    log_sha384: str = ""
    transcript_sha384: str


@event
class SilenceExtendRequested(Event):
    """The ledger says that the silence is to last longer, counted from its current end."""

    status: ClassVar[str] = "silence_extend_requested"
    sentence: ClassVar[str] = "asked to extend the silence {silence_id} to {ends_at}"
    silence_id: str
    ends_at: datetime
    not_after: datetime


@event
class SilenceExtended(Event):
    """The silence was seen to last longer. Its id may be a new one."""

    status: ClassVar[str] = "silence_extended"
    sentence: ClassVar[str] = "extended the silence {silence_id} to {ends_at}"
    silence_id: str
    replaced: str = ""
    """The id before, where Alertmanager made a new one."""
    ends_at: datetime
    transcript_sha384: str


@event
class SilenceExtendFailed(Event):
    """The silence could not be extended."""

    status: ClassVar[str] = "silence_extend_failed"
    version: ClassVar[int] = 2
    said: ClassVar[frozenset[str]] = frozenset({"cause"})
    sentence: ClassVar[str] = "could not extend the silence {silence_id}: {cause}"
    silence_id: str
    cause: str


SilenceExtendFailed1 = in_english(SilenceExtendFailed)


@event
class SilenceLost(Event):
    """The silence is gone although nobody here ended it: ended outside, or lost by Alertmanager."""

    status: ClassVar[str] = "silence_lost"
    sentence: ClassVar[str] = "lost the silence {silence_id}: {found}"
    silence_id: str
    found: Literal["expired", "absent"]
    seen_at: datetime


@event
class SilenceEndOwed(Event):
    """Alertmanager cannot be reached at the end: ending the silence is owed, also after closing."""

    status: ClassVar[str] = "silence_end_owed"
    version: ClassVar[int] = 2
    said: ClassVar[frozenset[str]] = frozenset({"cause"})
    step: ClassVar[int | None] = Step.RESTORE
    sentence: ClassVar[str] = "owes the end of the silence {silence_id}: {cause}"
    silence_id: str
    cause: str


SilenceEndOwed1 = in_english(SilenceEndOwed)


@event
class SilenceChecked1(Event):
    """Version 1, judged by one member of the cluster."""

    status: ClassVar[str] = "silence_checked"
    step: ClassVar[int | None] = Step.SILENCE
    decides: ClassVar[bool] = True
    sentence: ClassVar[str] = "checked the silence: {suppressed} of {firing} firing alerts suppressed"
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    silence_id: str
    ends_at: datetime
    firing: int
    suppressed: int
    alerts_sha384: str


@event
class SilenceChecked(Event):
    """Step 2: whether the silence does what was asked, by the word of every member of the cluster."""

    status: ClassVar[str] = "silence_checked"
    version: ClassVar[int] = 3
    said: ClassVar[frozenset[str]] = frozenset({"reasons"})
    step: ClassVar[int | None] = Step.SILENCE
    decides: ClassVar[bool] = True
    sentence: ClassVar[str] = (
        "checked the silence at {answered} of {asked} members: {suppressed} of {firing} firing alerts suppressed"
    )
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    silence_id: str
    ends_at: datetime
    """By our clock, the earliest of the members'."""
    asked: int
    """Members of the cluster, as configured."""
    answered: int
    """Members that said all that was asked."""
    firing: int
    """Alerts of this installation that fire at any member."""
    suppressed: int
    """Those of them that the silence suppresses at every member that lists them."""
    members: tuple[str, ...]
    """What each member said, one line each."""
    alerts_sha384: str


SilenceChecked2 = in_english(SilenceChecked)


@event
class SilenceDoubted(Event):
    """A member of the cluster lacks the rollback's silence, or lists an alert of ours as not suppressed."""

    status: ClassVar[str] = "silence_doubted"
    version: ClassVar[int] = 2
    said: ClassVar[frozenset[str]] = frozenset({"why"})
    sentence: ClassVar[str] = "saw that {member} does not mute by the silence {silence_id}: {why}"
    silence_id: str
    member: str
    why: str
    seen_at: datetime


SilenceDoubted1 = in_english(SilenceDoubted)


@event
class SilenceSurplusSeen(Event):
    """A second silence with the rollback's own mark, which came late or was copied: it is to be ended."""

    status: ClassVar[str] = "silence_surplus_seen"
    after_closing: ClassVar[bool] = True
    sentence: ClassVar[str] = "saw a second silence of its own, {silence_id}, at {members}: it is to end"
    silence_id: str
    members: tuple[str, ...]
    ends_at: datetime
    seen_at: datetime


@event
class SilenceSurplusEnded(Event):
    """The second silence was seen expired."""

    status: ClassVar[str] = "silence_surplus_ended"
    after_closing: ClassVar[bool] = True
    sentence: ClassVar[str] = "ended its second silence {silence_id}"
    silence_id: str
    ended_at: datetime
    transcript_sha384: str


@event
class ForeignSilenceAccepted(Event):
    """Step 5: a silence of somebody else may go on muting Stage4 alerts until its end; to be reviewed."""

    status: ClassVar[str] = "foreign_silence_accepted"
    step: ClassVar[int | None] = Step.RESTORE
    sentence: ClassVar[str] = "accepted the silence {silence_id} made by {created_by}, until {ends_at}: {reason}"
    silence_id: str
    matchers: tuple[Matcher, ...]
    created_by: str
    """``createdBy`` in Alertmanager: a claim."""
    ends_at: datetime
    """Until when it is accepted: not if it is made longer."""
    reason: str


@event
class SilenceEndRequested1(Event):
    """Version 1, which did not say what stays muted by others."""

    status: ClassVar[str] = "silence_end_requested"
    step: ClassVar[int | None] = Step.RESTORE
    sentence: ClassVar[str] = "asked to end the silence {silence_id}"
    silence_id: str
    will_fire: tuple[str, ...] = ()
    """Alerts that will notify again, at most 50."""
    not_after: datetime


@event
class SilenceEndRequested(SilenceEndRequested1):
    """Step 5: the ledger says that the silence is to end."""

    version: ClassVar[int] = 2
    stay_muted: tuple[str, ...] = ()
    """Alerts that stay muted, each with by whom and until when, at most 50."""


@event
class SilenceEnded(Event):
    """The silence was seen expired."""

    status: ClassVar[str] = "silence_ended"
    step: ClassVar[int | None] = Step.RESTORE
    after_closing: ClassVar[bool] = True
    sentence: ClassVar[str] = "ended the silence {silence_id}"
    silence_id: str
    ended_at: datetime
    transcript_sha384: str


@event
class SilenceEndFailed(Event):
    """The silence could not be ended."""

    status: ClassVar[str] = "silence_end_failed"
    version: ClassVar[int] = 2
    said: ClassVar[frozenset[str]] = frozenset({"cause"})
    step: ClassVar[int | None] = Step.RESTORE
    sentence: ClassVar[str] = "could not end the silence {silence_id}: {cause}"
    silence_id: str
    cause: str


SilenceEndFailed1 = in_english(SilenceEndFailed)
