"""What is to be done outside because an entry says so: asked for, and done."""

from __future__ import annotations

from typing import Any

from ledger.domain.record import Recorded
from ledger.domain.runbook import EffectKind
from ledger.domain.state import Effect, Rollback
from ledger.domain.transition import require


def ask(before: Rollback, kind: EffectKind, record: Recorded, event: Any) -> Rollback:
    """The rollback with something to do outside, because the event says so; ``Corrupt`` where that is pending."""
    require(kind not in [effect.kind for effect in before.effects], "{} has a pending {} already", before.id, kind)
    return before._replace(effects=(*before.effects, Effect(kind, record.sequence, event.not_after, event)))


def done(before: Rollback, kind: EffectKind, status: str) -> Rollback:
    """The rollback with that done; ``Corrupt`` where nobody asked for it."""
    rest = tuple([effect for effect in before.effects if effect.kind != kind])
    require(len(rest) < len(before.effects), "{}: nobody asked {} for it", status, before.id)
    return before._replace(effects=rest)


def awaits_file(rollback: Rollback) -> bool:
    """Whether its override is being written, put back or removed, because an entry asks for it."""
    return any(effect.kind in ("override", "put_back", "removal") for effect in rollback.effects)
