"""Walk 11: the override is edited, chmod 644, replaced by a link, given away, touched back to life."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from ledger.app.press import Press
from ledger.app.reading.status import status_json
from ledger.app.steps import restoring, stopping
from ledger.domain.judge import judge_file
from ledger.domain.state import Rollback
from ledger.lab.scenarios import Stage

from .walk import REAL_SERVERS, finish, from_step_3, records, soon, through_step_2

pytestmark = REAL_SERVERS
SECONDS = 2.0
NOBODY = 65534


def test_every_change_is_seen_told_as_drift_and_put_back(on: Stage, tmp_path: Path) -> None:
    rollback = through_step_2(on, "INC-2042")
    path = Path(on.now(rollback).override.path)
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_bytes(path.read_bytes())
    on.rounds(3)
    changed(on, rollback, "edited", lambda: path.write_text('{"mine": true}\n'))
    assert '{"mine": true}\n' in [one.read_text() for one in aside(path)], "unknown content was deleted"
    changed(on, rollback, "chmod 644", lambda: path.chmod(0o644))
    changed(on, rollback, "replaced by a link", lambda: link(path, elsewhere))
    assert any(one.is_symlink() for one in aside(path)) and elsewhere.exists(), "the link was followed or deleted"
    if os.getuid() == 0:
        changed(on, rollback, "given to another owner", lambda: os.chown(path, NOBODY, NOBODY))
    from_step_3(on, rollback)
    assert elsewhere.exists()
    finish(on)


def link(path: Path, target: Path) -> None:
    path.unlink()
    path.symlink_to(target)


def aside(path: Path) -> list[Path]:
    """What was moved aside, never deleted."""
    return sorted(path.parent.glob(f"{path.name}.replaced-*"))


def changed(on: Stage, rollback: Rollback, how: str, change: Callable[[], object]) -> None:
    before = on.installation.look(on.now(rollback).override.path)
    seen_within(on, how, change)
    drift = status_json(on.installation)["drift"]
    assert any(rollback.id in line and "override" in line for line in drift), f"{how}: drift is {drift}"
    assert on.installation.scheduler().status == "disabled", f"{how}: trading resumed"
    put_back = stopping.put_back(on.installation, Press(on.person("l2_ops")), on.now(rollback), f"it was {how}")
    assert put_back.verdict == "pass", put_back.reasons
    after = on.installation.look(on.now(rollback).override.path)
    assert judge_file(after, on.now(rollback).override.sha384).verdict == "pass"
    assert (after.kind, after.mode, after.owner, after.content) == (
        before.kind,
        before.mode,
        before.owner,
        before.content,
    )
    assert not status_json(on.installation)["drift"]
    on.rounds(3)


def seen_within(on: Stage, how: str, change: Callable[[], object], status: str = "override_observed") -> None:
    """The observer records the change, and soon enough."""
    told, at = len(records(on, status)), on.installation.clock()
    change()
    assert soon(on, lambda: len(records(on, status)) > told), f"{how}: it was not seen"
    event = records(on, status)[-1].event
    seen: datetime = getattr(event, "seen_at", at)
    assert (seen - at).total_seconds() <= SECONDS, f"{how}: seen after {(seen - at).total_seconds():.1f} s"


def test_a_file_touched_back_to_life_stops_trading_and_is_not_deleted(on: Stage) -> None:
    rollback = through_step_2(on, "INC-2042")
    on.stopped(rollback)
    on.watched(rollback)
    on.ended(rollback)
    path = Path(on.now(rollback).override.path)
    restoring.remove(on.installation, Press(on.person("l2_ops")), on.now(rollback))
    on.rounds(2)
    seen_within(on, "touched back to life", path.touch)
    assert any("no rollback declared" in line for line in status_json(on.installation)["drift"])
    assert soon(on, lambda: on.installation.scheduler().status == "disabled")
    failed = stopping.check(on.installation, Press(on.person("l2_ops")), on.now(rollback), 0.0)
    assert failed.verdict == "fail"
    assert path.exists(), "nothing unknown is ever deleted"
    seen_within(on, "removed by a person", path.unlink)
    on.restored(rollback)
    on.closed(rollback)
    finish(on)
