"""The runbook as data: its steps and roles. Their permanent names are the same in code, entries and pages."""

from __future__ import annotations

from enum import IntEnum
from typing import Literal, NamedTuple

Role = Literal[
    "incident_manager", "l2_ops", "observability", "noc", "product_owner", "auditor", "admin", "system", "none"
]
Verdict = Literal["pass", "fail", "error", "inconclusive"]
EffectKind = Literal["override", "put_back", "removal", "silence", "silence_extend", "silence_end"]
Purpose = Literal["incident", "load_test", "maintenance", "drill"]

RUNBOOK_ROLES: tuple[Role, ...] = ("incident_manager", "l2_ops", "observability", "noc", "product_owner")
ALL_ROLES: tuple[Role, ...] = (*RUNBOOK_ROLES, "auditor", "admin")
STOP_ROLES: tuple[Role, ...] = ("l2_ops", "incident_manager", "observability", "noc")
"""Whose task the stop is; the first one that a person holds is the one acted under. Others press it as a deviation."""
PURPOSES: tuple[Purpose, ...] = ("incident", "load_test", "maintenance", "drill")

COMPONENTS = {
    "multi_strategy": ("multi_strategy_disable.json", "stage6.scheduler.override", "disable_multi_strategy"),
    "decision_orchestrator": (
        "decision_orchestrator_disable.json",
        "runtime.decision_orchestrator.override",
        "disable_decision_orchestrator",
    ),
}
"""Component -> file name, schema and action of its override file (decision_log_v2.md)."""
TRADING = "multi_strategy"
"""The component that is the scheduler itself; what is stopped where nothing else is named."""

ALERT_PATTERN = "MultiStrategy.+"
"""Anchored regex over ``alertname`` that names the Stage4 alerts."""
EXPECTED_RULES = (
    "MultiStrategySchedulerLatencyHigh",
    "MultiStrategySchedulerLatencyCritical",
    "MultiStrategyRiskExposureDeviation",
    "MultiStrategyPnlDrawdown",
    "MultiStrategySecondaryDelay",
)


class Alerts(NamedTuple):
    """Which alerts are the runbook's, where an installation names its own."""

    pattern: str = ALERT_PATTERN
    rules: tuple[str, ...] = EXPECTED_RULES


NOT_AFTER_SECONDS = 120
"""An effect that is later than this asks a person again (docs/runbook.md, "Effects that come late")."""


class Step(IntEnum):
    """The steps by name; in entries, addresses and options stand their numbers."""

    ANNOUNCE = 0
    DISABLE = 1
    SILENCE = 2
    CHECK = 3
    WATCH = 4
    RESTORE = 5
    COMPLETE = 6


class StepRow(NamedTuple):
    """One row of the runbook."""

    number: Step
    name: str
    role: Role
    title: str
    passes_when: str
    command: str
    """What to type next, with ``{rollback}`` and friends left to fill in."""

    def typed(self, rollback: str) -> str:
        """What is typed after ``stage4 rollback``."""
        return self.command.format(rollback=rollback).removeprefix("stage4 rollback ")


STEPS = (
    StepRow(
        Step.ANNOUNCE,
        "announce",
        "incident_manager",
        "Announce and confirm",
        "confirmed by a product owner who is not the opener",
        "stage4 rollback confirm {rollback}",
    ),
    StepRow(
        Step.DISABLE,
        "disable",
        "l2_ops",
        "Disable the scheduler",
        "read back: valid JSON, mode 600, digest as declared",
        "stage4 rollback disable {rollback}",
    ),
    StepRow(
        Step.SILENCE,
        "silence",
        "observability",
        "Silence the alerts",
        "active, end in the future, matchers as asked, every firing Stage4 alert suppressed by it",
        "stage4 rollback silence {rollback}",
    ),
    StepRow(
        Step.CHECK,
        "check",
        "l2_ops",
        "Confirm the stop",
        "the scheduler itself says disabled, after the override was written",
        "stage4 rollback check {rollback}",
    ),
    StepRow(
        Step.WATCH,
        "watch",
        "noc",
        "Watch the metrics",
        "no new critical alert, coverage complete",
        "stage4 rollback watch {rollback}",
    ),
    StepRow(
        Step.RESTORE,
        "restore",
        "l2_ops",
        "Restore trading",
        "file gone, enabled, a cycle finished after the removal, no warnings, own silence seen expired",
        "stage4 rollback restore {rollback}",
    ),
    StepRow(
        Step.COMPLETE,
        "complete",
        "incident_manager",
        "Close the decision log",
        "ticket, summary digest and duration are in a signed entry, and all evidence is there",
        "stage4 rollback complete {rollback}",
    ),
)
