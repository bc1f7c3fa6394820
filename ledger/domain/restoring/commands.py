"""What is asked for when trading is restored."""

from __future__ import annotations

from ledger.domain.command import Command, command
from ledger.domain.facts import (
    FileSeen,
    MemberSeen,
    Muting,
    SchedulerSeen,
    Unlisted,
)


@command
class EndIncident(Command):
    """The incident manager opens step 5."""

    note: str = ""


@command
class RequestRemoval(Command):
    """Step 5: remove the override."""

    file: FileSeen
    scheduler: SchedulerSeen


@command
class AdoptRemoval(Command):
    """Step 5: the removal that was seen from outside counts."""

    file: FileSeen
    reason: str
    override_after_sha384: str
    listing_sha384: str
    log_sha384: str


@command
class AnnounceAllClear(Command):
    """Step 5: tell people."""

    announcement_sha384: str
    permalink: str = ""


@command
class CheckRestore(Command):
    """Judge step 5 as a whole by facts gathered afresh."""

    file: FileSeen
    scheduler: SchedulerSeen
    members: tuple[MemberSeen, ...] = ()
    """Every member of the Alertmanager cluster; none where none is configured."""
    muting: tuple[Muting, ...] = ()
    """The silences, active at any of them, that mute alerts of ours or can."""
    unlisted: tuple[Unlisted, ...] = ()
    """Those that mute by a member's word and are not in its list."""
    log_sha384: str
