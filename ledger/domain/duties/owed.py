"""What a rollback owes: to whom, since when."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from ledger.domain.asked import NO_REASON
from ledger.domain.runbook import Step
from ledger.domain.state import Rollback
from ledger.said import Said

REFUSED = "refused confirmation"
"""No step: the owner who refused may review."""


SILENCE_END = "end of the silence owed"


WAIVABLE = (Step.ANNOUNCE, Step.SILENCE, Step.CHECK, Step.WATCH)
"""Steps that may be waived: of step 0 the confirmation; never 1, 5, 6 (docs/runbook.md)."""


class Owed(NamedTuple):
    """One debt of a rollback."""

    what: str
    who: str
    since: datetime
    entry: int


def owed(rollback: Rollback) -> tuple[Owed, ...]:
    """Debts that closing does not wait for but that stay listed (docs/runbook.md, "Emergency, roles and four eyes")."""
    debts = []
    unreviewed = [deviation for deviation in rollback.deviations if deviation.entry > rollback.reviewed]
    stopped = rollback.emergency or rollback.override.written_at
    if stopped and not rollback.confirmed_by and not rollback.refused and not rollback.steps[Step.ANNOUNCE].waived:
        since = next(
            (deviation.at for deviation in rollback.deviations if deviation.entry == rollback.emergency),
            rollback.opened_at,
        )
        debts.append(
            Owed("late confirmation or refusal", "product_owner", since, rollback.emergency or rollback.opened_entry)
        )
    if rollback.extension:
        entry, at, _ = rollback.extension
        debts.append(Owed("confirmation of the longer window", "product_owner", at, entry))
    if unreviewed:
        first = unreviewed[0]
        what = Said("review of one deviation, {}", first.why)
        if len(unreviewed) > 1:
            what = Said("review of {} deviations, from {}", len(unreviewed), first.why)
        debts.append(Owed(what, "incident_manager or product_owner who took no step", first.at, first.entry))
    if rollback.silence.state == "end_owed":
        since, entry = next(
            (deviation.at, deviation.entry) for deviation in rollback.deviations if deviation.why == SILENCE_END
        )
        debts.append(
            Owed(Said("end of the silence {}", rollback.silence.id), "the observer, or observability", since, entry)
        )
    if rollback.id.startswith("STOP-") and not rollback.ticket:
        debts.append(Owed("a ticket", "incident_manager", rollback.opened_at, rollback.opened_entry))
    if rollback.reason == NO_REASON:
        debts.append(Owed("a reason", "incident_manager", rollback.opened_at, rollback.opened_entry))
    return tuple(debts)
