"""What is asked for about the watch."""

from __future__ import annotations

from datetime import datetime

from ledger.domain.command import Command, command
from ledger.domain.facts import (
    FileSeen,
    SchedulerSeen,
    WatchSeen,
)


@command
class StartWatch(Command):
    """Step 4 begins."""

    starts_at: datetime
    duration_seconds: int
    headers_sha384: str = ""
    picture_sha384: str = ""
    picture_source: str = ""


@command
class ExpectAlert(Command):
    """Name a critical alert of step 4 as expected, or agree to it as the second person."""

    alert: str
    reason: str


@command
class FinishWatch(Command):
    """Judge step 4."""

    watch: WatchSeen
    scheduler: SchedulerSeen
    file: FileSeen
    report_sha384: str
    headers_sha384: str = ""
    picture_sha384: str = ""
    picture_source: str = ""
