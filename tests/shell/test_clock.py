"""A home whose clock was once in the future, at a terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from ledger.app.installation import opened
from ledger.app.press import Press
from ledger.digest import sha384
from ledger.domain.command import SYSTEM
from ledger.domain.keeping.commands import KeepLog

from .commands import stage4

AHEAD = "2038-02-01 00:00:00"


def test_log_and_status_show_the_time_of_the_wall_and_what_stands_in_the_entry(tmp_path: Path) -> None:
    assert stage4(tmp_path, "init", "--name", "Ola", "--role", "l2_ops").returncode == 0
    with opened(tmp_path) as installation:
        installation.clock = lambda: datetime(2038, 2, 1, tzinfo=UTC)
        installation.submit(KeepLog(program="note", exit_status=0, log_sha384=sha384(b"")), Press(SYSTEM))
    assert f"at {AHEAD} UTC, which is still to come by this clock" in stage4(tmp_path, "status").stdout
    assert stage4(tmp_path, "people", "add", "Jan", "--uid", "4711", "--role", "noc").returncode == 0
    *_, ahead, after = stage4(tmp_path, "log").stdout.splitlines()
    assert f" {AHEAD} " in ahead and "recorded as" not in ahead
    assert f"{datetime.now(UTC):%Y-%m-%d}" in after
    assert after.endswith(f"added Jan as NOC  (recorded as {AHEAD}, because an earlier entry is later)")
    assert f"ago (recorded as {AHEAD}: an earlier entry is later)" in stage4(tmp_path, "status").stdout
    doctor = stage4(tmp_path, "doctor").stdout
    assert "entry 3 is stamped 2038-02-01 00:00:00 UTC" in doctor and "either this clock is behind" in doctor
