"""What the container file claims: on a read-only root, with var/ and audit/ alone to write and no rights, it works."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.lab.loopback import until

from .installed import PROJECT, Installed
from .served import Person, answers_at_all, free_port

APART = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
CONFINED = """
set -e
mount --make-rprivate /
mount --bind "$1" "$1"; mount --bind "$1/var" "$1/var"; mount --bind "$1/audit" "$1/audit"
mount -o remount,ro,bind "$1"; mount -o remount,ro,bind /
cd "$1"; shift
exec setpriv --no-new-privs --bounding-set=-all --inh-caps=-all "$@"
"""


def can_confine() -> bool:
    if not all(map(shutil.which, ("unshare", "setpriv", "mount"))):
        return False
    line = [*APART, "sh", "-c", "mount --make-rprivate / && mount -o remount,ro,bind /"]
    return subprocess.run(line, capture_output=True, timeout=20).returncode == 0


pytestmark = pytest.mark.skipif(not can_confine(), reason="no mount namespace may be made here")


def health_check(port: int) -> list[str]:
    """The container file's own, with the interpreter and the port that are here."""
    found = re.search(r"HEALTHCHECK.*\\\n\s*CMD (\[.*\])", (PROJECT / "deploy/container/Containerfile").read_text())
    assert found is not None
    return [sys.executable, *json.loads(found[1].replace("8044", str(port)))[1:]]


def test_init_serve_and_the_health_check_work_on_a_read_only_root(installed: Installed, tmp_path: Path) -> None:
    for name in ("var", "audit"):
        (tmp_path / name).mkdir()
    (tmp_path / "stage4.toml").write_text("")
    environment = installed.environment(tmp_path) | {"TMPDIR": "/dev/shm", "PYTHONDONTWRITEBYTECODE": "1"}

    def confined(*command: str) -> list[str]:
        return [*APART, "bash", "-c", CONFINED, "bash", str(tmp_path), *command]

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            confined(*command), env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    assert run("touch", "stage4.toml").returncode == 1, "it is read-only"
    made = run(str(installed.bin / "stage4"), "init", "--name", "Ola", "--role", "incident_manager")
    assert made.returncode == 0, made.stdout + made.stderr
    port = free_port()
    assert subprocess.run(health_check(port), capture_output=True, timeout=20).returncode != 0
    with (installed.folder / "output.log").open("ab") as out:
        line = confined(str(installed.bin / "stage4"), "serve", "--port", str(port))
        server = subprocess.Popen(line, env=environment, stdout=out, stderr=out)
    try:
        until(lambda: server.poll() is not None or answers_at_all(port), 30, "the server to listen")
        assert subprocess.run(health_check(port), capture_output=True, timeout=20).returncode == 0
        assert Person(port).get("/sign-in").status == 200
        stopped = run(str(installed.bin / "stage4"), "stop", "--reason", "orders look wrong")
        assert stopped.returncode == 0, stopped.stdout + stopped.stderr
        assert (tmp_path / "var/runtime/overrides/multi_strategy_disable.json").is_file()
    finally:
        server.terminate()
        server.wait(20)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["audit", "stage4.toml", "var"]
