"""A silence that was there already is told as found: nobody made it now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from ledger.adapters.alertmanager import Alertmanager, Created
from ledger.app.installation import Installation
from ledger.app.reading.queries import sentence
from ledger.app.record.deliver import deliver
from ledger.domain.facts import SilenceSeen

from .builders import INC, records, silencing, tell
from .settings import changed


def answering(found: bool, clock: Callable[[], datetime]) -> Callable[..., Created]:
    """What an Alertmanager gives that has one of ours, which ends earlier than was asked for."""

    def create(self: object, matchers, starts_at, ends_at, created_by, comment, marker) -> Created:
        end = ends_at - timedelta(minutes=30)
        seen = SilenceSeen("id-1", "active", tuple(matchers), starts_at, end, created_by, comment, clock())
        return Created(seen, b"", found=found)

    return create


@pytest.mark.parametrize(
    ("found", "status", "words"), [(True, "silence_found", "none was made"), (False, "silence_created", "created")]
)
def test_step_2_tells_whether_it_was_made_or_found(
    stopped: Installation, monkeypatch: pytest.MonkeyPatch, found: bool, status: str, words: str
) -> None:
    stopped.config = changed(stopped.config, alertmanager={"url": "http://127.0.0.1:1"})
    monkeypatch.setattr(Alertmanager, "create", answering(found, stopped.clock))
    tell(stopped, "observability", silencing(stopped))
    deliver(stopped)
    told = [one for one in records(stopped) if one.status.startswith("silence_") and one.actor == "system"]
    assert [one.status for one in told] == [status] and words in sentence(told[0])
    silence = stopped.rollback(INC).silence
    assert (silence.id, silence.state) == ("id-1", "active")
