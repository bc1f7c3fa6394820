"""How long each step should take: as the runbook says, or as ``rollback.planned`` does."""

from __future__ import annotations

from collections.abc import Mapping

from ledger.app.durations import parse_duration
from ledger.domain.runbook import STEPS, Step
from ledger.errors import Refused
from ledger.said import Said

_RUNBOOK: Mapping[int, int] = {Step.WATCH: 15 * 60}
"""Of the runbook's own lines only that of step 4 names a time: ``--duration 15m``."""


def planned(setting: Mapping[str, str]) -> Mapping[int, int]:
    """Step -> seconds; ``Refused`` for what is no step or no duration."""
    numbers = {str(step.number): int(step.number) for step in STEPS}
    if unknown := sorted(setting.keys() - numbers.keys()):
        raise Refused(Said("rollback.planned names {}, which is no step; steps are 0 to 6", ascii(unknown[0][:40])))
    return {**_RUNBOOK, **{numbers[name]: parse_duration(text) for name, text in setting.items()}}
