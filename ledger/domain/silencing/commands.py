"""What is asked for about the rollback's silence and those of others."""

from __future__ import annotations

from datetime import datetime

from ledger.domain.command import Command, command
from ledger.domain.facts import (
    Matcher,
    MemberSeen,
    PrometheusSeen,
    SilenceSeen,
)


@command
class ExtendSilence(Command):
    """Let the silence last longer, counted from its current end."""

    seconds: int


@command
class OweSilenceEnd(Command):
    """Alertmanager cannot be reached at the end."""

    cause: str


@command
class RequestSilence(Command):
    """Step 2."""

    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    created_by: str
    comment: str
    marker: str
    will_mute: tuple[str, ...] = ()
    preview_sha384: str


@command
class AdoptSilence(Command):
    """A silence made elsewhere becomes step 2."""

    silence: SilenceSeen
    reason: str
    run_id: str = ""
    run_url: str = ""
    log_sha384: str = ""
    transcript_sha384: str


@command
class CheckSilence(Command):
    """Judge step 2 by what every member of the Alertmanager cluster says now."""

    members: tuple[MemberSeen, ...]
    prometheus: PrometheusSeen | None = None
    """Asked where nothing of ours fires at any member: only then does it matter."""
    installation: tuple[Matcher, ...]
    """Matchers that every silence of this installation must carry."""
    alerts_sha384: str


@command
class RequestSilenceEnd(Command):
    """Step 5: end the silence."""

    will_fire: tuple[str, ...] = ()
    stay_muted: tuple[str, ...] = ()


@command
class AcceptSilence(Command):
    """Step 5: a silence of somebody else may go on."""

    silence: SilenceSeen
    name: str
    """Its id, as typed."""
    reason: str
