"""Step 2 asks Prometheus whatever Alertmanager lists: who pages for what is not there is not known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote_plus, urlsplit

import pytest

from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.app.steps import silencing
from tests.adapters.neighbours import Handler, odd

from .builders import INC, actor, adopting_silence, do
from .settings import changed

LISTED, ALONE = "MultiStrategyPnlDrawdown", "MultiStrategySchedulerLatencyCritical"


def text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


class Servers:
    """An Alertmanager that lists one alert, muted by the rollback's silence, and a Prometheus."""

    def __init__(self, ends_at: datetime) -> None:
        self.ends_at = ends_at
        self.firing = [LISTED, ALONE]
        self.broken = False

    def __call__(self, handler: Handler) -> None:
        path = urlsplit(handler.path)
        if path.path.endswith("/silences"):
            handler.say(200, json.dumps([self._silence()]).encode())
        elif path.path.endswith("/alerts"):
            handler.say(200, json.dumps([self._alert()]).encode())
        elif self.broken:
            handler.say(503, b"no")
        else:
            counts = "count by" in unquote_plus(path.query)
            handler.say(200, json.dumps(self._series(counts=counts)).encode())

    def _silence(self) -> dict[str, object]:
        matcher = {"name": "alertname", "value": "MultiStrategy.+", "isRegex": True, "isEqual": True}
        start = self.ends_at - timedelta(hours=2)
        return {
            "id": "s-1",
            "status": {"state": "active"},
            "matchers": [matcher],
            "startsAt": text(start),
            "endsAt": text(self.ends_at),
            "updatedAt": text(start),
            "createdBy": "noc",
            "comment": "by hand",
        }

    def _alert(self) -> dict[str, object]:
        start = self.ends_at - timedelta(hours=1)
        return {
            "labels": {"alertname": LISTED, "severity": "critical"},
            "annotations": {},
            "fingerprint": "f",
            "receivers": [{"name": "r"}],
            "startsAt": text(start),
            "updatedAt": text(start),
            "endsAt": text(self.ends_at),
            "status": {"state": "suppressed", "silencedBy": ["s-1"], "inhibitedBy": [], "mutedBy": []},
        }

    def _series(self, *, counts: bool) -> dict[str, object]:
        now = datetime.now(UTC).timestamp()
        found = [
            {
                "metric": {"alertname": name, "alertstate": "firing", "severity": "critical"}
                | ({} if counts else {"__name__": "ALERTS"}),
                "value": [now, "1"],
            }
            for name in self.firing
        ]
        return {"status": "success", "data": {"resultType": "vector", "result": found}}


@pytest.fixture
def servers(stopped: Installation) -> Iterator[Servers]:
    found = Servers(stopped.clock() + timedelta(hours=2))
    with odd(found) as server:
        stopped.config = changed(
            stopped.config,
            alertmanager={"url": server.url},
            prometheus={"url": server.url},
            silence={"labels": {}},
        )
        yield found


def reasons(stopped: Installation) -> str:
    done = silencing.check_silence(stopped, Press(actor("observability")), stopped.rollback(INC))
    return " ".join(done.reasons)


def test_what_fires_in_prometheus_alone_is_named(stopped: Installation, servers: Servers) -> None:
    do(stopped, "observability", adopting_silence(stopped))
    assert f"so who pages for it is not known: {ALONE}" in reasons(stopped)
    servers.firing = [LISTED]
    assert "Prometheus" not in reasons(stopped)


def test_a_prometheus_that_does_not_answer_is_said_and_none_at_all_is_not(
    stopped: Installation, servers: Servers
) -> None:
    do(stopped, "observability", adopting_silence(stopped))
    servers.broken = True
    assert "than Alertmanager lists is not known" in reasons(stopped)
    stopped.config = changed(stopped.config, prometheus={"url": ""})
    assert "Prometheus" not in reasons(stopped)
