"""The five flags of an entry: what it says of the state after it."""

from __future__ import annotations

from ledger.domain.state import State

FLAGS = ("alerts.silenced", "override.active", "rollback.active", "scheduler.known", "scheduler.stopped")
"""What an entry says of the state after it, in ``runtime_flags``."""


def runtime_flags(state: State) -> dict[str, bool]:
    """The five flags of an entry: the state after it (docs/architecture.md, "One format")."""
    return dict(zip(FLAGS, flag_values(state), strict=True))


def flag_values(state: State) -> tuple[bool, ...]:
    """The five flags in the order of :data:`FLAGS`."""
    silenced = "active" in [rollback.silence.state for rollback in state.open.values()]
    status = state.scheduler.status
    return silenced, bool(state.files), bool(state.open), status != "unknown", status == "disabled"
