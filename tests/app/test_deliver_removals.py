"""Removing the override: only the declared file, not too late, and its bytes are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.adapters import override_file
from ledger.app.installation import Installation, opened
from ledger.app.record.deliver import deliver
from ledger.digest import sha384
from ledger.domain.restoring.events import OverrideRemoved
from ledger.domain.stopping.events import EffectExpired

from .builders import (
    INC,
    Clock,
    do,
    events,
    records,
    removing,
    statuses,
)


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
