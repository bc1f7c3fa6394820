"""Step 6: the summary and the closing entry."""

from __future__ import annotations

from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.app.steps.common import Outcome, act, outcome
from ledger.domain.closing.commands import Complete, WriteSummary
from ledger.domain.runbook import Step
from ledger.domain.state import Rollback
from ledger.domain.summaries import format_summary, summarise
from ledger.files import make_folder, replace


def write_summary(installation: Installation, press: Press, rollback: Rollback) -> Rollback:
    """Record this version of the summary and put the file in its place. Nothing new is nothing recorded."""
    data = format_summary(summarise(rollback, installation.ledger.origin))
    digest = installation.keep(data, press)
    if digest != rollback.summary_sha384:
        rollback = act(installation, press, WriteSummary(summary_sha384=digest), rollback.id)
    place_summary(installation, rollback)
    return rollback


def place_summary(installation: Installation, rollback: Rollback) -> None:
    """The file ``rollback_summary.json`` holds the recorded version's bytes."""
    if rollback.summary_sha384:
        make_folder(installation.home.summary.parent, 0o755)
        replace(installation.home.summary, installation.artefacts.get(rollback.summary_sha384), 0o644)


def complete(
    installation: Installation,
    press: Press,
    rollback: Rollback,
    *,
    summary_sha384: str = "",
    incident_id: str = "",
    duration_min: int | None = None,
    claims: dict[str, object] | None = None,
) -> Outcome:
    """Write the closing entry. Without a digest the recorded summary is meant."""
    command = Complete(
        summary_sha384=summary_sha384 or rollback.summary_sha384,
        incident_id=incident_id,
        duration_min_typed=duration_min,
        claims=claims or {},
    )
    return outcome(act(installation, press, command, rollback.id), Step.COMPLETE)
