"""The acts: all that people do to a rollback, each declared once; pages and commands are made from it."""

from __future__ import annotations

from ledger.app.acts.act import Act, Field
from ledger.app.acts.duties import DUTIES, PER_STEP
from ledger.app.acts.learning import LEARNING
from ledger.app.acts.steps import STEPS
from ledger.app.acts.taking import Proof, Ready, prepare

ACTS: dict[str, Act] = {act.name: act for act in (*STEPS, *PER_STEP, *DUTIES, *LEARNING)}
"""By name, in the order in which pages show them."""

__all__ = ["ACTS", "Act", "Field", "Proof", "Ready", "prepare"]
