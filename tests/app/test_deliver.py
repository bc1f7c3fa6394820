"""Writing the override: done once whatever crashes in between, by one of several processes, never over another file."""

from __future__ import annotations

import stat
import time
from pathlib import Path

import pytest

from ledger import override
from ledger.app.home.folders import Home
from ledger.app.installation import Installation, opened
from ledger.app.record.deliver import deliver
from ledger.digest import sha384
from ledger.domain.closing.commands import Abort
from ledger.domain.override_text import parse_override
from ledger.domain.stopping.commands import RecordOverride
from ledger.domain.stopping.events import OverrideAdopted, OverrideFailed, OverrideMovedAside, OverrideWritten
from ledger.files import locked

from .builders import (
    INC,
    Clock,
    asked,
    assert_published,
    do,
    end,
    events,
    finish,
    silencing,
    start,
    statuses,
    stopping,
    stored,
    tell,
)


def test_nothing_is_done_before_the_ledger_said_it_and_before_somebody_delivers(told: Installation, path: Path) -> None:
    assert not path.exists()
    assert [effect.kind for effect in told.rollback(INC).effects] == ["override"]


def test_a_crash_between_asked_and_written_is_repaired_by_delivering(told: Installation, path: Path) -> None:
    assert deliver(told) == 1
    assert path.read_bytes() == asked(told)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (event,) = events(told, OverrideWritten)
    assert isinstance(event, OverrideWritten)
    assert (event.verdict, event.override_sha384, event.mode) == ("pass", sha384(path.read_bytes()), "0600")
    assert told.artefacts.get(event.override_sha384) == path.read_bytes()
    assert told.rollback(INC).holds
    assert_published(told.home)


def test_a_crash_between_written_and_recorded_counts_the_file_as_ours(told: Installation, path: Path) -> None:
    override.place(path, asked(told), "multi_strategy", told.clock)
    before = path.stat()
    assert deliver(told) == 1
    after = path.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert [event.verdict for event in events(told, OverrideWritten)] == ["pass"]  # type: ignore[attr-defined]


def test_a_crash_between_recorded_and_published_is_repaired_too(told: Installation) -> None:
    file = override.place(told.override_path(), asked(told), "multi_strategy", told.clock).file
    told.keep(file.content)
    tell(told, "system", RecordOverride(file=file))
    assert deliver(told) == 0
    told.publish()
    assert_published(told.home)


def test_delivering_again_does_and_writes_nothing(stopped: Installation, path: Path) -> None:
    before, file = stored(stopped.home), path.stat()
    for _ in range(3):
        assert deliver(stopped) == 0
    with opened(stopped.home.root) as again:
        assert deliver(again) == 0
    assert stored(stopped.home) == before
    assert path.stat().st_mtime_ns == file.st_mtime_ns


def test_a_file_removed_after_it_was_recorded_is_not_written_again(stopped: Installation, path: Path) -> None:
    """Only the delivery of a pending effect writes the file; recovery never does."""
    path.unlink()
    with opened(stopped.home.root) as again:
        assert deliver(again) == 0
    assert not path.exists()


@pytest.mark.parametrize("thing", ["garbage", "folder", "link", "dangling link", "open copy"])
def test_what_stands_in_the_way_is_moved_aside_and_kept(thing: str, told: Installation, path: Path) -> None:
    target = path.parent / "target"
    if thing == "folder":
        path.mkdir()
    elif thing in ("garbage", "open copy"):
        path.write_bytes(b"not even JSON" if thing == "garbage" else asked(told))
        path.chmod(0o644)
    else:
        path.symlink_to(target)
        if thing == "link":
            target.write_bytes(asked(told))
    assert deliver(told) == 1
    assert statuses(told)[-2:] == ["override_moved_aside", "override_written"]
    (moved,) = events(told, OverrideMovedAside)
    assert isinstance(moved, OverrideMovedAside)
    assert Path(moved.moved_to).is_symlink() == thing.endswith("link")
    assert not moved.found_sha384 or told.artefacts.get(moved.found_sha384) == Path(moved.moved_to).read_bytes()
    assert path.read_bytes() == asked(told) and told.rollback(INC).holds
    assert target.exists() == (thing == "link")


def test_a_good_override_of_somebody_else_is_the_stop(told: Installation, path: Path) -> None:
    theirs = asked(told).replace(b"INC-2042", b"INC-7777").replace(b"l2", b"Jan")
    path.write_bytes(theirs)
    path.chmod(0o600)
    assert deliver(told) == 1
    (event,) = events(told, OverrideAdopted)
    assert isinstance(event, OverrideAdopted)
    assert "by Jan" in event.reason and event.verdict == "pass"
    assert path.read_bytes() == theirs and told.artefacts.get(event.override_sha384) == theirs
    rollback = told.rollback(INC)
    assert rollback.holds and not rollback.effects and rollback.override.by == "lab-l2-ops"


def test_a_folder_that_cannot_be_had_fails_the_step_and_it_can_be_asked_again(
    told: Installation, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:  # whatever else stands there is moved aside
        patched.setattr("ledger.files.make_folder", fails)
        patched.setattr("ledger.files.replace", fails)
        deliver(told)
    (event,) = events(told, OverrideFailed)
    assert isinstance(event, OverrideFailed)
    assert "cannot be written" in event.cause
    do(told, "l2_ops", stopping(told), "")
    assert told.rollback(INC).holds
    assert path.exists()


def test_a_stop_that_comes_late_is_still_delivered(told: Installation, path: Path) -> None:
    told.clock = clock = Clock()
    clock.move(hours=9)
    assert deliver(told) == 1
    assert told.rollback(INC).holds
    content = parse_override(path.read_bytes())
    assert content is not None
    assert content["ticket"] == INC
    assert path.read_bytes() == asked(told)


def test_a_stop_whose_rollback_was_given_up_is_not_delivered(told: Installation, path: Path) -> None:
    tell(told, "incident_manager", Abort(reason="a mistake"))
    told.clock = clock = Clock()
    clock.move(hours=9)
    assert deliver(told) == 0
    assert not path.exists()
    assert statuses(told)[-2:] == ["effect_cancelled", "rollback_aborted"]


def test_a_publication_that_fails_stops_no_delivery(told: Installation, path: Path) -> None:
    (told.home.root / "audit").rename(told.home.root / "audit.away")
    (told.home.root / "audit").write_bytes(b"")
    assert deliver(told) == 1
    assert path.exists()
    assert told.rollback(INC).holds


def test_a_delivery_waits_for_another_and_then_has_nothing_to_do(told: Installation, path: Path) -> None:
    told.home.locks.mkdir(exist_ok=True)
    with opened(told.home.root) as other:
        deliver(other)
    with locked(told.home.locks / "deliver.lock"):
        assert deliver(told, timeout=0.1) == 0  # nothing pending: nobody is waited for
    assert path.exists()


# --- several processes -----------------------------------------------------------------------------------------------


def test_two_deliverers_at_once_do_it_once(told: Installation, path: Path) -> None:
    tell(told, "observability", silencing(told))
    workers = [start("deliver", told.home.root) for _ in range(3)]
    try:
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
        done = [int(finish(worker)) for worker in workers]
    finally:
        for worker in workers:
            end(worker)
    assert sum(done) == 2  # whoever had the lock: one of them both, or two of them one each
    assert statuses(told).count("override_written") == 1
    assert statuses(told).count("silence_failed") == 1
    assert path.read_bytes() == asked(told)
    assert_published(told.home)


@pytest.mark.parametrize("milliseconds", [0, 4, 8, 14, 25])
def test_a_deliverer_killed_at_any_moment_is_finished_by_the_next(milliseconds: int, root: Path, path: Path) -> None:
    with opened(root) as installation:
        tell(installation, "l2_ops", stopping(installation), "")
    worker = start("deliver", root)
    try:
        assert worker.stdin is not None
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
        worker.stdin.write("go\n")
        worker.stdin.flush()
        time.sleep(milliseconds / 1000)  # not waited for anything: the moment at which it dies
    finally:
        end(worker)
    with opened(root) as installation:
        deliver(installation)
        installation.publish()
        assert statuses(installation).count("override_written") == 1
        assert events(installation, OverrideFailed) == []
        assert path.read_bytes() == asked(installation)
        assert installation.rollback(INC).holds
    assert_published(Home(root))
