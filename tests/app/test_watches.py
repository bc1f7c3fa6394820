"""A watch that was left and cannot be judged: people are told once, and nothing else waits for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ledger.app.installation import Installation
from ledger.app.observer import Observer
from ledger.app.observer.desk import Desk
from ledger.app.observer.watches import AGAIN, Watches
from ledger.app.press import Press
from ledger.app.record.deliver import deliver
from ledger.app.steps.pictures import warm
from ledger.domain.observing.events import ObservationGap
from ledger.domain.watching.commands import StartWatch
from ledger.errors import Unreachable

from .builders import INC, Clock, actor, ask, events, free_port, statuses, stopping, until
from .settings import changed

BY_HAND = f"the watch of {INC} is over and cannot be judged, finish it by hand: "


@pytest.fixture
def left(installation: Installation, clock: Clock) -> Installation:
    """A stopped scheduler whose watch is over; whoever began it is gone."""
    installation.ledger.submit(ask(installation, "l2_ops", stopping(installation)))
    deliver(installation)
    installation.submit(StartWatch(starts_at=clock.now, duration_seconds=60), Press(actor("noc")), INC)
    clock.move(minutes=2)
    return installation


def asking(installation: Installation, url: str) -> Installation:
    installation.config = changed(installation.config, prometheus={"url": url})
    return installation


@contextmanager
def held(asked: list[str], release: threading.Event) -> Iterator[str]:
    """A Prometheus that answers 500, each time only after ``release``: its address."""

    class Held(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            release.wait(20)
            self.send_error(500)

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Held)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        release.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


def test_people_are_told_once_that_they_must_finish_it(left: Installation, clock: Clock) -> None:
    asked, release, said = [], threading.Event(), []
    release.set()
    watches = Watches(Desk(left, said.append))
    with held(asked, release) as url:
        asking(left, url)
        tries = []
        for wait in (0, AGAIN.seconds / 2, AGAIN.seconds / 2, AGAIN.seconds):
            clock.move(seconds=wait)
            watches.look(left.state)
            watches.join(20)
            tries.append(len(asked))
    assert tries[0] and tries[0] == tries[1] < tries[2] < tries[3], "tried again each minute, not each round"
    assert len(said) == 1 and said[0].startswith(BY_HAND)


@pytest.mark.parametrize("url", ["", "down"])
def test_a_missing_prometheus_is_told_once(left: Installation, clock: Clock, url: str) -> None:
    asking(left, url and f"http://127.0.0.1:{free_port()}")
    said: list[str] = []
    observer = Observer(left, said.append)
    for _ in range(3):
        observer.look()
        observer.settle(20)
        clock.move(minutes=2)
    assert len([line for line in said if line.startswith(BY_HAND)]) == 1
    assert left.rollback(INC).watch is not None, "it stays for people to finish"


def test_a_file_removed_while_a_watch_is_judged_is_noticed_meanwhile(left: Installation, clock: Clock) -> None:
    asked, release, said = [], threading.Event(), []
    with held(asked, release) as url:
        observer = Observer(left, said.append)
        observer.look()
        observer.settle(20)
        clock.move(minutes=2)
        asking(left, url)
        observer.look()
        until(lambda: asked)
        left.override_path().unlink()
        for _ in range(2):
            observer.look()
        assert "override_removed_outside" in statuses(left)
        assert "judging" in [thread.name for thread in threading.enumerate()], "it is still being judged"
        release.set()
        observer.settle(20)


def test_a_scheduler_that_hangs_does_not_keep_a_removed_file_from_being_noticed(left: Installation) -> None:
    asked, release, stopped, rounds = [], threading.Event(), threading.Event(), []
    observer = Observer(left)
    observer.looked = rounds.append
    thread = threading.Thread(target=observer.run, args=(stopped,))
    with held(asked, release) as url:
        left.config = changed(left.config, scheduler={"url": url})
        thread.start()
        try:
            until(lambda: asked)
            left.override_path().unlink()
            until(lambda: "override_removed_outside" in statuses(left))
            assert not rounds, "the round that asks the scheduler has not ended"
        finally:
            stopped.set()
            release.set()
            thread.join(30)
    assert not thread.is_alive()


def test_an_observer_that_cannot_look_at_the_disk_goes_on_and_gives_no_sign_of_life(
    left: Installation, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half an observer would pass for a whole one."""

    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    rounds: list[object] = []
    observer = Observer(left)
    observer.looked = rounds.append
    observer.look()
    assert len(rounds) == 1
    with monkeypatch.context() as patch:
        patch.setattr("ledger.app.observer.loop.look_at_files", fail)
        observer.look()
        clock.move(seconds=7)
        observer.look()
    assert len(rounds) == 1
    observer.look()
    assert len(rounds) == 2
    gaps = [event.source for event in events(left, ObservationGap)]  # type: ignore[attr-defined]
    assert gaps.count("override") == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_observer_whose_thread_at_the_disk_ended_ends(left: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise SystemExit

    monkeypatch.setattr("ledger.app.observer.loop.look_at_files", fail)
    with pytest.raises(Unreachable, match="could not be looked at"):
        Observer(left).run(threading.Event())


def test_a_server_that_lives_on_gets_ready_to_draw_in_its_own_home(installation: Installation) -> None:
    warm(installation)
    assert (installation.home.var / "cache" / "matplotlib").is_dir()
