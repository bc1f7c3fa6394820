"""Who was on duty when a rollback was opened, kept once for each, so that a post-mortem says it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Final

from ledger.app.observer.desk import Desk
from ledger.app.oncall.duty import as_json, kept
from ledger.app.oncall.watch import FRESH
from ledger.domain.observing.events import OncallSeen
from ledger.domain.state import Rollback, State

AT_ONCE: Final = timedelta(minutes=5)
"""How long after the opening a look still says who was on duty at it."""
_PATIENCE: Final = timedelta(seconds=FRESH)
"""So long every schedule is waited for; then what is not known is kept as such."""


def look_at_oncall(desk: Desk, state: State) -> None:
    """One round over the open rollbacks. Asks nobody: what the schedules said last is kept."""
    if not desk.installation.oncall.roles:
        return
    for rollback in state.open.values():
        if not any(one.status == OncallSeen.status for one in rollback.evidence):
            _keep(desk, state, rollback)


def _keep(desk: Desk, state: State, rollback: Rollback) -> None:
    oncall, now = desk.installation.oncall, desk.installation.clock()
    since = now - rollback.opened_at
    if since > AT_ONCE or (since < _PATIENCE and not oncall.looked_since(rollback.opened_at)):
        return
    duties = oncall.duties(now)
    page = json.dumps({"at": now.isoformat(), "roles": as_json(duties, state, {}, now)}, ensure_ascii=False, indent=1)
    event = OncallSeen(on_duty=kept(duties), oncall_sha384=desk.installation.keep(page), seen_at=now)
    desk.record(event, rollback.id)
