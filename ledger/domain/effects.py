"""What is to be done outside because an entry says so: asked for, and done."""

from __future__ import annotations

from typing import Any

from ledger.domain.record import Recorded
from ledger.domain.runbook import EffectKind
from ledger.domain.state import Effect, Rollback
from ledger.domain.transition import require


def ask(before: Rollback, kind: EffectKind, record: Recorded, event: Any) -> Rollback:
    """The rollback with something to do outside, because the event says so; ``Corrupt`` where that is pending."""
    require(kind not in [effect.kind for effect in before.effects], f"{before.id} has a pending {kind} already")
    return before._replace(effects=(*before.effects, Effect(kind, record.sequence, event.not_after, event)))


def done(before: Rollback, kind: EffectKind, status: str) -> Rollback:
    """The rollback with that done; ``Corrupt`` where nobody asked for it."""
    rest = tuple([effect for effect in before.effects if effect.kind != kind])
    require(len(rest) < len(before.effects), f"{status}: nobody asked {before.id} for it")
    return before._replace(effects=rest)
