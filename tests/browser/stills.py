"""A dashboard that stands still: a story without servers, its clock stopped, what is seen outside told by hand."""

from __future__ import annotations

import math
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from unittest import mock

from argon2 import PasswordHasher
from werkzeug.serving import make_server

from ledger.adapters.dashboard import Panel
from ledger.app.home.setup import LAB_ROLES, init
from ledger.app.installation import Installation
from ledger.app.people.accounts import Accounts
from ledger.app.people.directory import Person
from ledger.app.reading.coverage import Coverage
from ledger.app.reading.outlook import SOURCES, Lookout, Outlook
from ledger.app.steps.pictures import PanelData
from ledger.domain.facts import AlertCount, AlertSeen, Muting, Series
from ledger.domain.keeping.commands import AddNote
from ledger.domain.watching.limits import Limit
from ledger.lab.loopback import HOST
from tests.dashboard.stories import walk
from tests.dashboard.story import Kept
from tests.domain import facts
from tests.domain.builders import INC
from tests.domain.road import watch_finish, watch_start
from web import Site, create_app

START: Final = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
AGO: Final = timedelta(minutes=6)
PASSWORD: Final = "four plain words here"
NAMES: Final = {"im": "Ida Maj", "ops": "Ola Nowak", "obs": "Oskar Baran", "noc": "Nina Czarna", "owner": "Piotr Wrona"}
METRICS: Final = ("bot_core_multi_strategy_latency_ms", "bot_core_multi_strategy_signals")
QUERIES: Final = tuple(f"max_over_time({metric}[5m])" for metric in METRICS)
PLACES: Final = ("begun", "running", "watch", "mismatch", "over")
LATENCY: Final = "MultiStrategySchedulerLatencyCritical"


class Stage:
    """A dashboard of a story; ``to`` brings it to a place."""

    def __init__(self, story: Kept, site: Site, url: str) -> None:
        self.story, self.site, self.url = story, site, url
        self.installation = site.installation
        self.place = "begun"

    def to(self, place: str) -> None:
        """On to a later place of the story; there is no way back."""
        while self.place != place:
            self.place = PLACES[PLACES.index(self.place) + 1]
            getattr(self, f"_{self.place}")()

    def _running(self) -> None:
        self.story.wait(minutes=3)
        self._look("enabled")

    def _watch(self) -> None:
        walk(self.story, end="checked")
        self.story.do("noc", watch_start(self.story))
        self.story.wait(minutes=6, seconds=20)
        self._look("disabled", alerts=(_alert(self.story.now),))

    def _mismatch(self) -> None:
        self._look("enabled", alerts=(_alert(self.story.now),))

    def _over(self) -> None:
        self.story.wait(minutes=9)
        self.story.do("noc", watch_finish(self.story))
        self.story.do("noc", AddNote(text="the exchange was told by telephone"), INC)
        walk(self.story, "ended")
        self.story.wait(minutes=40)
        self.installation.publish()
        self.site.guard.round()
        self._look("enabled")

    def _look(self, status: str, alerts: tuple[AlertSeen, ...] = ()) -> None:
        """What the outside looks like now."""
        now, rollback = self.story.now, self.story.state.open.get(INC)
        own = rollback.silence.request if rollback else None
        silence = facts.silence(own.starts_at) if own else None
        self.site.lookout.outlook = Outlook(
            scheduler=facts.scheduler(status, now),
            file=replace(facts.override_of(rollback, now), changed=now - AGO) if rollback else facts.absent(now),
            members=(facts.member(silence, alerts, now),),
            silences=(silence,) if silence else (),
            muting=(Muting(silence, ("http://am-1",), (), INC),) if silence else (),
            muted=alerts,
            alerts=alerts,
            counts=tuple(AlertCount(one.name, "critical", "firing", 1) for one in alerts),
            coverage=(Coverage(rollback.watch.entry, 24, 24, 61, 0),) if rollback and rollback.watch else (),
            at=dict.fromkeys((*SOURCES, "watch"), now),
            version=self.site.lookout.outlook.version + 1,
        )


def _alert(now: datetime) -> AlertSeen:
    labels = (("alertname", LATENCY), ("schedule", "mean_reversion"), ("severity", "critical"))
    return AlertSeen(LATENCY, labels, "firing", now - timedelta(minutes=12), silenced_by=("s-1",))


@contextmanager
def stage() -> Iterator[Stage]:
    """The dashboard, in this process."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for name in ("ledger.app.home.setup.now", "ledger.app.installation.now"):
            stack.enter_context(mock.patch(name, return_value=START))
        stack.enter_context(mock.patch("web.pages.charts.panel_data", _panels))
        stack.enter_context(mock.patch("web.pages.charts.samples", _samples))
        installation = init(folder / "home", purpose="lab", name="You", roles=LAB_ROLES)
        stack.callback(installation.ledger.log.close)
        story = Kept(installation)
        site = _site(story, installation)
        server = make_server(HOST, 0, create_app(site), threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stack.callback(server.server_close)
        stack.callback(server.shutdown)
        yield Stage(story, site, f"http://{HOST}:{server.server_port}")


def _site(story: Kept, installation: Installation) -> Site:
    accounts = Accounts(installation.home, installation.clock, PasswordHasher(1, 8, 1))
    for person in (*NAMES, "auditor", "admin"):
        installation.people.put(Person(person, NAMES.get(person, person.title()), None))
        accounts.add(person, person, PASSWORD)
    site = Site(installation, accounts, Lookout(installation), secret=b"a secret of this test")
    assert site.timeline.wait(30).ready
    site.guard.round()
    return site


def _panels(_: Installation, start: datetime, end: datetime) -> tuple[PanelData, ...]:
    """Two metrics, one of them over its limit until it was stopped."""
    begin, stop = start.timestamp(), end.timestamp()
    times = [begin + 5 * step for step in range(int((stop - begin) / 5))]
    limit = Limit(320.0, True, LATENCY, "critical", 60.0)
    latency = Panel("Scheduler loop latency", (QUERIES[0],), "ms", (("red", 320.0),), ("{{schedule}}",))
    signals = Panel("Signals per run", (QUERIES[1],), "", (), ("{{schedule}}",))
    return (
        PanelData(latency, (_lines(times, 300, 90),), limits=(limit,)),
        PanelData(signals, (_lines(times, 8, 2),)),
    )


def _samples(_: Installation, panels: tuple[PanelData, ...], __: datetime, ___: datetime) -> tuple[Series, ...]:
    """The metrics themselves had one whenever their panels have."""
    return tuple(
        Series((("__name__", METRICS[number]), *line.labels), line.points)
        for number, panel in enumerate(panels)
        for line in panel.answers[0]
    )


def _lines(times: list[float], middle: float, height: float) -> tuple[Series, ...]:
    return tuple(
        Series(
            (("schedule", schedule),), tuple((at, middle + height * math.sin((at - times[0]) / 60 + n)) for at in times)
        )
        for n, schedule in enumerate(("cross_exchange_arbitrage", "mean_reversion"))
    )
