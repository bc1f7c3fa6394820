"""A served dashboard goes on observing, and says where nobody does."""

from __future__ import annotations

import os
import re
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from ledger.app.home.folders import Home
from ledger.app.observer import Observer
from ledger.app.observer.alive import sign_of_life, unobserved
from ledger.errors import Unreachable
from ledger.files import make_folder
from tests.domain import facts
from web import server


@pytest.fixture
def dead(site):
    """Nobody gave a sign of life for ten minutes, and one was to begin five minutes ago."""
    installation = site.installation
    began = installation.clock() - timedelta(minutes=5)
    site.unobserved = lambda: unobserved(installation.home, installation.clock(), began)
    alive = sign_of_life(installation.home)
    make_folder(alive.parent)
    alive.touch()
    os.utime(alive, (began.timestamp() - 300,) * 2)
    return alive


def test_health_metrics_and_every_page_say_that_nobody_observes(dead, browser, stranger):
    answer = stranger.get("/healthz")
    assert (answer.status_code, answer.get_json()["status"]) == (200, "unobserved"), "the stop works all the same"
    assert "nobody observes since" in answer.get_json()["why"]
    assert "stage4_observer_at_work 0.0" in stranger.get("/metrics").text
    assert "Nobody observes since" in browser("noc").get("/").text


def test_a_sign_of_life_of_any_observer_will_do(dead, stranger):
    dead.touch()
    assert stranger.get("/healthz").get_json()["status"] == "ok"
    metrics = stranger.get("/metrics").text
    assert "stage4_observer_at_work 1.0" in metrics
    looked = re.search(r"^stage4_observer_last_look_timestamp_seconds (\S+)$", metrics, re.MULTILINE)
    assert looked and float(looked[1]) == pytest.approx(dead.stat().st_mtime, abs=1), "no rule calls it dead"


def test_metrics_count_what_pages_warn_of(site, stranger):
    at = site.installation.clock()
    for file, number in ((facts.absent(at), 0), (facts.file_of(b"{}", at), 1)):
        outlook = site.lookout.outlook
        site.lookout.outlook = replace(outlook, missing={}, file=file, scheduler=facts.scheduler("enabled", at))
        assert f"stage4_discrepancies {number}.0" in stranger.get("/metrics").text


@pytest.mark.parametrize("error", [OverflowError("date value out of range"), RuntimeError("can't start new thread"),
                                   Unreachable("another observer is at work")], ids=repr)  # fmt: skip
def test_an_observer_that_ended_is_followed_by_another(installation, monkeypatch, error):
    running = server.Running(installation.home.root, proxies=())
    begun, again = [], threading.Event()

    def run(observer: Observer, stopped: threading.Event, looked: threading.Event | None = None) -> None:
        begun.append(observer)
        if len(begun) < 3:
            raise error
        again.set()
        stopped.wait(20)

    monkeypatch.setattr(Observer, "run", run)
    monkeypatch.setattr(server, "_RETRY", 0.01)
    thread = threading.Thread(target=running._observe)
    thread.start()
    assert again.wait(20)
    running._stopped.set()
    thread.join(20)
    assert len(set(map(id, begun))) == 3 and not thread.is_alive()


def test_the_sign_of_life_is_that_of_the_home(installation):
    assert sign_of_life(Home(installation.home.root)) == installation.home.locks / "observer.alive"
