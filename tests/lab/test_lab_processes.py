"""No child outlives its parent, whatever ends the parent."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ledger.errors import Unreachable
from ledger.lab.configs import environment
from ledger.lab.loopback import until
from ledger.lab.occupancy import running
from ledger.lab.processes import Processes
from ledger.lab.tools import Tools

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(60)]

PARENT = """
import signal, sys
from pathlib import Path
from ledger.lab.servers import Lab
from ledger.lab.tools import Tools
folder = Path(sys.argv[1])
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored by whoever was started in the background
with Lab(folder, folder / "override.json", tools=Tools(*map(Path, sys.argv[2:]))):
    print((folder / "lab.json").read_text().replace("\\n", ""), flush=True)
    signal.pause()
"""
SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)",
]


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent was killed")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_server_outlives_a_killed_parent(tmp_path: Path, lab_tools: Tools, number: signal.Signals) -> None:
    programs = [lab_tools.prometheus, lab_tools.promtool, lab_tools.alertmanager, lab_tools.amtool]
    command = [sys.executable, "-c", PARENT, str(tmp_path), *map(str, programs)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment()) as parent:
        assert parent.stdout
        pids = json.loads(parent.stdout.readline())["pids"]
        assert len(pids) == 3 and all(map(alive, pids.values()))
        parent.send_signal(number)
    until(lambda: not any(map(alive, pids.values())), 5, "the servers to end")
    assert running(tmp_path) is None


def test_an_exception_ends_the_parts(tmp_path: Path) -> None:
    pids: dict[str, int] = {}
    with pytest.raises(ZeroDivisionError), Processes(tmp_path) as processes:
        processes.start("one", SLEEP)
        processes.start("two", SLEEP)
        pids = processes.pids()
        raise ZeroDivisionError
    assert len(pids) == 2 and not any(map(alive, pids.values()))


def test_a_part_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    with Processes(tmp_path, grace_seconds=0.2) as processes:
        processes.start("deaf", STUBBORN)
        until(lambda: (tmp_path / "deaf.log").read_text() == "deaf\n", 5, "the part to be deaf")
        pid = processes.pids()["deaf"]
        processes.stop("deaf")
        assert not alive(pid)


def test_a_crash_is_told_with_the_end_of_the_log(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        processes.start("fragile", [sys.executable, "-c", "raise SystemExit('out of luck')"])
        until(lambda: not processes.pids(), 5, "the part to end")
        with pytest.raises(Unreachable, match=r"fragile ended by itself \(exit status 1\)[\s\S]*out of luck"):
            processes.check()


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes, pytest.raises(Unreachable, match="ghost cannot be started"):
        processes.start("ghost", [str(tmp_path / "ghost")])


def test_parts_start_from_the_main_thread_only(tmp_path: Path) -> None:
    told: list[str] = []

    def start() -> None:
        try:
            Processes(tmp_path).start("part", SLEEP)
        except Unreachable as error:
            told.append(str(error))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert told == ["start part from the main thread: a part ends with the thread that started it"]
