"""Silences that cannot be made or ended: said, asked for again, and no other effect waits for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.app.installation import Installation, opened
from ledger.app.press import Press
from ledger.app.record.deliver import deliver
from ledger.domain.closing.commands import Abort
from ledger.domain.facts import Matcher
from ledger.domain.observing.commands import ExpireEffect
from ledger.domain.opening.commands import DeclareEmergency
from ledger.domain.silencing.commands import RequestSilenceEnd
from ledger.domain.silencing.events import SilenceEndFailed, SilenceFailed
from ledger.domain.stopping.commands import RecordOverride
from ledger.domain.stopping.events import EffectExpired
from ledger.errors import Conflict, Refused

from .builders import (
    INC,
    Clock,
    actor,
    adopting_silence,
    do,
    events,
    opening,
    records,
    silencing,
    statuses,
    stopping,
    stored,
    tell,
)


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
        tell(installation, "observability", DeclareEmergency(reason="now"))
        tell(installation, "observability", adopting_silence(installation))
        tell(installation, "incident_manager", Abort(reason="a mistake"))
        tell(installation, "observability", RequestSilenceEnd())
        yield installation


def test_a_silence_that_cannot_be_ended_stays_active_and_can_be_ended_again(silenced: Installation) -> None:
    assert deliver(silenced) == 1
    assert [event.silence_id for event in events(silenced, SilenceEndFailed)] == ["s-1"]  # type: ignore[attr-defined]
    assert silenced.rollback(INC).silence.state == "active"
    do(silenced, "observability", RequestSilenceEnd())
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
        tell(stopped, "l2_ops", RecordOverride(file=stopped.look(stopped.override_path())))


def test_the_same_delivery_recorded_twice_is_one_entry(told: Installation) -> None:
    (effect,) = told.rollback(INC).effects
    name = f"deliver-{effect.requested}-{INC}"
    deliver(told)
    before = stored(told.home)
    file = told.look(told.override_path())
    told.submit(RecordOverride(file=file), Press(actor("system"), name), INC)
    assert stored(told.home) == before
    with pytest.raises(Conflict):
        told.submit(ExpireEffect(requested=effect.requested), Press(actor("system"), name), INC)


def test_a_silence_whose_matchers_no_entry_takes_is_not_adopted(root: Path) -> None:
    with opened(root) as installation:
        tell(installation, "incident_manager", opening(installation), "")
        tell(installation, "observability", DeclareEmergency(reason="now"))
        command = adopting_silence(installation)
        large = replace(command.silence, matchers=(Matcher("job", "x" * 13_000), *command.silence.matchers))
        with pytest.raises(Refused, match="one of at most 12000 can be adopted"):
            tell(installation, "observability", replace(command, silence=large))
