"""Effects: done once whatever crashes in between, never over somebody else's file, and not too late."""

from __future__ import annotations

import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.adapters import override_file
from ledger.app.deliver import deliver
from ledger.app.home import Home
from ledger.app.installation import Installation, opened
from ledger.digest import sha384
from ledger.domain import commands as c
from ledger.domain.decide.stopping import override_content
from ledger.domain.events.override import EffectExpired, OverrideFailed, OverrideRemoved, OverrideWritten
from ledger.domain.events.silence import SilenceEndFailed, SilenceFailed
from ledger.domain.override_text import parse_override
from ledger.errors import Conflict, Refused
from ledger.files import locked

from .builders import (
    INC,
    Clock,
    actor,
    adopting_silence,
    ask,
    assert_published,
    end,
    finish,
    opening,
    records,
    removing,
    silencing,
    start,
    statuses,
    stopping,
    stored,
)


def tell(installation: Installation, role: str, command: c.Command, rollback: str = INC) -> None:
    """Say it in the ledger and do nothing: as if the process died right after the commit."""
    installation.ledger.submit(ask(installation, role, command, rollback))


def do(installation: Installation, role: str, command: c.Command, rollback: str = INC) -> None:
    """Say it and deliver."""
    tell(installation, role, command, rollback)
    deliver(installation)


def asked(installation: Installation) -> bytes:
    """The bytes that the ledger asks to be written."""
    request = installation.rollback(INC).override.request
    assert request is not None
    return override_content(request)


def events(installation: Installation, kind: type) -> list[object]:
    return [record.event for record in records(installation) if type(record.event) is kind]


@pytest.fixture
def path(home: Home) -> Path:
    """Where the override stands."""
    return home.root / "var" / "runtime" / "overrides" / "multi_strategy_disable.json"


@pytest.fixture
def told(root: Path) -> Iterator[Installation]:
    """A stop that stands in the ledger; the process died; the home is opened again."""
    with opened(root) as before:
        tell(before, "l2_ops", stopping(before), "")
    with opened(root) as installation:
        yield installation


@pytest.fixture
def stopped(told: Installation) -> Installation:
    deliver(told)
    return told


@pytest.fixture
def leaving(stopped: Installation) -> Installation:
    """A rollback that is being aborted, so that step 5 is due; the removal is asked for and not done."""
    tell(stopped, "incident_manager", c.Abort(reason="a mistake"))
    tell(stopped, "l2_ops", removing(stopped))
    return stopped


# --- writing ---------------------------------------------------------------------------------------------------------


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
    override_file.write(path, asked(told), told.clock)
    before = path.stat()
    assert deliver(told) == 1
    after = path.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert [event.verdict for event in events(told, OverrideWritten)] == ["pass"]  # type: ignore[attr-defined]


def test_a_crash_between_recorded_and_published_is_repaired_too(told: Installation) -> None:
    file = override_file.write(told.override_path(), asked(told), told.clock)
    told.keep(file.content)
    tell(told, "system", c.RecordOverride(file=file))
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


@pytest.mark.parametrize(
    ("content", "mode", "named"),
    [
        (b'{"ticket": "INC-7", "reason": "mine"}', 0o600, ["INC-7", "mine", "a plain file"]),
        (b"not even JSON", 0o600, ["a plain file", "13 bytes"]),
        (b"", 0o644, ["0 bytes", "mode 0644"]),
    ],
)
def test_a_file_of_somebody_else_is_named_and_not_touched(
    content: bytes, mode: int, named: list[str], told: Installation, path: Path
) -> None:
    path.write_bytes(content)
    path.chmod(mode)
    before = path.stat()
    assert deliver(told) == 1
    (event,) = events(told, OverrideFailed)
    assert isinstance(event, OverrideFailed)
    assert all(word in event.cause for word in [str(path), *named])
    assert path.read_bytes() == content
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert told.rollback(INC).steps[1].verdict == "error"
    assert not told.rollback(INC).holds


@pytest.mark.parametrize("thing", ["folder", "link", "dangling link", "open copy"])
def test_something_else_in_its_place_is_left_as_it_is(thing: str, told: Installation, path: Path) -> None:
    target = path.parent / "target"
    if thing == "folder":
        path.mkdir()
    elif thing == "open copy":
        path.write_bytes(asked(told))
        path.chmod(0o644)
    else:
        path.symlink_to(target)
        if thing == "link":
            target.write_bytes(asked(told))
    deliver(told)
    assert len(events(told, OverrideFailed)) == 1
    assert path.is_symlink() == thing.endswith("link")
    assert target.exists() == (thing == "link")


def test_a_folder_that_cannot_be_had_fails_the_step_and_it_can_be_asked_again(told: Installation, path: Path) -> None:
    shutil.rmtree(path.parent)
    path.parent.write_bytes(b"")
    deliver(told)
    (event,) = events(told, OverrideFailed)
    assert isinstance(event, OverrideFailed)
    assert "cannot be written" in event.cause
    path.parent.unlink()
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
    tell(told, "incident_manager", c.Abort(reason="a mistake"))
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


# --- removing --------------------------------------------------------------------------------------------------------


def test_the_declared_file_is_removed_and_its_bytes_are_kept(leaving: Installation, path: Path) -> None:
    declared = path.read_bytes()
    assert deliver(leaving) == 1
    assert not path.exists()
    (event,) = events(leaving, OverrideRemoved)
    assert isinstance(event, OverrideRemoved)
    assert event.override_before_sha384 == event.override_after_sha384 == sha384(declared)
    assert leaving.artefacts.get(event.override_after_sha384) == declared
    assert leaving.artefacts.get(event.listing_sha384) == b"(empty)\n"
    assert str(path).encode() in leaving.artefacts.get(event.log_sha384)
    assert not leaving.rollback(INC).holds


def test_a_crash_between_removed_and_recorded_is_repaired(leaving: Installation, path: Path) -> None:
    override_file.remove(path, leaving.rollback(INC).override.sha384, leaving.clock)
    with opened(leaving.home.root) as again:
        assert deliver(again) == 1
        assert len(events(again, OverrideRemoved)) == 1
        assert deliver(again) == 0


def test_a_file_that_changed_meanwhile_is_not_deleted(leaving: Installation, path: Path) -> None:
    path.write_bytes(b'{"ticket": "INC-7", "reason": "changed by hand"}')
    deliver(leaving)
    assert path.read_bytes() == b'{"ticket": "INC-7", "reason": "changed by hand"}'
    assert statuses(leaving)[-1] == "override_removal_failed"
    assert "changed by hand" in records(leaving)[-1].event.cause  # type: ignore[union-attr]
    assert leaving.rollback(INC).holds


@pytest.mark.parametrize(("seconds", "removed"), [(119, True), (121, False), (9 * 3600, False)])
def test_a_removal_is_done_within_two_minutes_or_asks_a_person_again(
    seconds: int, removed: bool, leaving: Installation, path: Path
) -> None:
    """A server that comes back at nine must not restart trading."""
    leaving.clock = clock = Clock()
    clock.move(seconds=seconds)
    assert deliver(leaving) == 1
    assert path.exists() != removed
    assert statuses(leaving)[-1] == ("override_removed" if removed else "effect_expired")
    assert leaving.rollback(INC).effects == ()
    assert leaving.rollback(INC).holds != removed


def test_a_removal_that_lapsed_can_be_asked_for_again(leaving: Installation, path: Path) -> None:
    leaving.clock = clock = Clock()
    clock.move(seconds=300)
    deliver(leaving)
    (event,) = events(leaving, EffectExpired)
    assert isinstance(event, EffectExpired)
    assert event.effect == "removal"
    do(leaving, "l2_ops", removing(leaving))
    assert not path.exists()
    assert len(events(leaving, OverrideRemoved)) == 1


def test_a_removal_is_not_late_because_the_clock_was_set_back(leaving: Installation, path: Path) -> None:
    leaving.clock = clock = Clock()
    clock.move(hours=-1)
    deliver(leaving)
    assert not path.exists()
    assert statuses(leaving)[-1] == "override_removed"


# --- silences, with an Alertmanager on whose port nobody listens -----------------------------------------------------


def test_a_silence_that_cannot_be_made_fails_and_can_be_asked_for_again(stopped: Installation) -> None:
    for count in (1, 2):
        do(stopped, "observability", silencing(stopped))
        found = events(stopped, SilenceFailed)
        assert len(found) == count
        assert "refused the connection" in found[-1].cause  # type: ignore[attr-defined]
    assert stopped.rollback(INC).silence.state == "none"
    assert stopped.rollback(INC).effects == ()


def test_a_silence_without_any_alertmanager_fails_in_words(root: Path) -> None:
    (root / "stage4.toml").write_text("")
    with opened(root) as installation:
        do(installation, "l2_ops", stopping(installation), "")
        do(installation, "observability", silencing(installation))
        (event,) = events(installation, SilenceFailed)
        assert "alertmanager.url" in event.cause  # type: ignore[attr-defined]


def test_a_silence_that_is_late_lapses_and_nobody_is_asked(stopped: Installation) -> None:
    tell(stopped, "observability", silencing(stopped))
    stopped.clock = clock = Clock()
    clock.move(seconds=121)
    assert deliver(stopped) == 1
    assert [event.effect for event in events(stopped, EffectExpired)] == ["silence"]  # type: ignore[attr-defined]
    assert events(stopped, SilenceFailed) == []


@pytest.fixture
def silenced(root: Path) -> Iterator[Installation]:
    """A rollback that never stopped anything has an adopted silence and is being aborted; its end is asked for."""
    with opened(root) as installation:
        tell(installation, "incident_manager", opening(installation), "")
        tell(installation, "observability", c.DeclareEmergency(reason="now"))
        tell(installation, "observability", adopting_silence(installation))
        tell(installation, "incident_manager", c.Abort(reason="a mistake"))
        tell(installation, "observability", c.RequestSilenceEnd())
        yield installation


def test_a_silence_that_cannot_be_ended_stays_active_and_can_be_ended_again(silenced: Installation) -> None:
    assert deliver(silenced) == 1
    assert [event.silence_id for event in events(silenced, SilenceEndFailed)] == ["s-1"]  # type: ignore[attr-defined]
    assert silenced.rollback(INC).silence.state == "active"
    do(silenced, "observability", c.RequestSilenceEnd())
    assert len(events(silenced, SilenceEndFailed)) == 2


def test_the_end_of_a_silence_that_is_late_lapses(silenced: Installation) -> None:
    silenced.clock = clock = Clock()
    clock.move(seconds=121)
    deliver(silenced)
    assert [event.effect for event in events(silenced, EffectExpired)] == ["silence_end"]  # type: ignore[attr-defined]
    assert silenced.rollback(INC).silence.state == "active"


def test_one_effect_that_fails_keeps_no_other_from_being_done(told: Installation, path: Path) -> None:
    tell(told, "observability", silencing(told))
    assert deliver(told) == 2
    assert path.exists()
    assert sorted(statuses(told)[-2:]) == ["override_written", "silence_failed"]


def test_each_effect_is_done_as_the_ledger_itself(stopped: Installation) -> None:
    record = next(record for record in records(stopped) if record.status == "override_written")
    assert (record.actor, record.auth) == ("system", "none")
    assert stopped.rollback(INC).steps[1].by == "lab-l2-ops"
    with pytest.raises(Refused):
        tell(stopped, "l2_ops", c.RecordOverride(file=stopped.look(stopped.override_path())))


def test_the_same_delivery_recorded_twice_is_one_entry(told: Installation) -> None:
    (effect,) = told.rollback(INC).effects
    name = f"deliver-{effect.requested}-{INC}"
    deliver(told)
    before = stored(told.home)
    file = told.look(told.override_path())
    told.submit(c.RecordOverride(file=file), actor("system"), INC, name)
    assert stored(told.home) == before
    with pytest.raises(Conflict):
        told.submit(c.ExpireEffect(requested=effect.requested), actor("system"), INC, name)


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
    assert sorted(done) == [0, 0, 2]
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
