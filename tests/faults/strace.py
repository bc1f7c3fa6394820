"""``stage4`` in a process of its own, with one of its system calls on files in the home failing or killing it.

The process is forked from one that has imported everything, and strace(1) is attached before it begins: what is counted
and what is made to fail are then the same calls each time. A call that is made to fail is not carried out.
"""

from __future__ import annotations

import collections
import ctypes
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

CALLS = (
    "openat",
    "write",
    "pwrite64",
    "fsync",
    "fdatasync",
    "rename",
    "link",
    "linkat",
    "unlink",
    "close",
    "ftruncate",
)
HOWS = ("signal=KILL", "error=EIO", "error=ENOSPC")
_ANY_TRACER = (0x59616D61, ctypes.c_ulong(-1))
"""``PR_SET_PTRACER``, ``PR_SET_PTRACER_ANY`` (prctl(2)): strace is our sibling, not our parent."""
_LINE = re.compile(r"(\d+) +(\w+)\((.*)")


class Fault(NamedTuple):
    """What is done at the N-th such call of the process' first thread."""

    call: str
    how: str
    number: int

    def __str__(self) -> str:
        return f"{self.call}:{self.how}:when={self.number}"


class Ended(NamedTuple):
    """How a process ended: its exit status (negative: the signal), and all that it said."""

    status: int
    said: str
    pid: int


def unusable(scratch: Path) -> str:
    """Why no call can be made to fail here; "" where it can."""
    if shutil.which("strace") is None:
        return "strace is not installed (Debian and Ubuntu: apt-get install strace)"
    done = subprocess.run(["strace", "-o", scratch / "probe", "true"], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"strace may trace nothing here: {done.stderr.strip()}"


def run(arguments: Sequence[str], scratch: Path, options: Sequence[str] = ()) -> Ended:
    """``stage4`` with these arguments; under strace with ``options`` where there are any."""
    output, go = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.close(go[1])
        _stage4(arguments, output[1], go[0])
    for descriptor in (output[1], go[0]):
        os.close(descriptor)
    tracer = _attached(child, options) if options else None
    os.write(go[1], b"!")
    os.close(go[1])
    with os.fdopen(output[0], "rb") as stream:
        said = stream.read().decode("utf-8", "replace")
    _, status = os.waitpid(child, 0)
    if tracer is not None:
        tracer.communicate(timeout=30)
    return Ended(os.waitstatus_to_exitcode(status), said, child)


def _attached(child: int, options: Sequence[str]) -> subprocess.Popen[bytes]:
    command = ["strace", "-f", "-p", str(child), *options]
    tracer = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert tracer.stderr
    told = tracer.stderr.readline()
    assert b"attached" in told, told
    return tracer


def _stage4(arguments: Sequence[str], output: int, go: int) -> None:
    """Never returns."""
    status = 70
    try:
        ctypes.CDLL(None).prctl(*_ANY_TRACER, 0, 0, 0)
        with Path(os.devnull).open("rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        for descriptor in (1, 2):
            os.dup2(output, descriptor)
        os.read(go, 1)
        from ledger.cli import main

        sys.argv = ["stage4", *arguments]
        main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def count(arguments: Sequence[str], home: Path, scratch: Path) -> dict[str, list[int]]:
    """Which of the first thread's calls are about files in the home, by name: their numbers, from 1."""
    log = scratch / "counted"
    ended = run(arguments, scratch, ["-y", "-s", "0", "-o", str(log), "-e", f"trace={','.join(CALLS)}"])
    assert ended.status == 0, ended.said
    seen, found = collections.Counter[str](), collections.defaultdict[str, list[int]](list)
    for line in log.read_text("utf-8", "replace").splitlines():
        if (parsed := _LINE.match(line)) is None:
            continue
        thread, call, rest = parsed.groups()
        if int(thread) == ended.pid:
            seen[call] += 1
            if str(home) in rest:
                found[call].append(seen[call])
    return dict(found)


def choose(counted: dict[str, list[int]], runs: int) -> list[Fault]:
    """``runs`` faults: each call as often as each other one, spread over its occurrences and over the ways to fail."""
    most = max(map(len, counted.values())) * len(HOWS)
    enough = (
        one for one in range(1, most) if sum(min(one, len(found) * len(HOWS)) for found in counted.values()) >= runs
    )
    wanted = next(enough, most)
    shares = [_spread(call, counted[call], wanted, turn) for turn, call in enumerate(sorted(counted))]
    return [share[index] for index in range(wanted) for share in shares if index < len(share)][:runs]


def _spread(call: str, numbers: list[int], wanted: int, turn: int) -> list[Fault]:
    """At most ``wanted`` faults of one call; where it happens less often, each occurrence in more than one way.

    ``turn`` is the call's place among all calls: the first ways and occurrences of two calls differ.
    """
    found, part = [], (turn * 0.37 + 0.5) % 1
    for index in range(min(wanted, len(numbers) * len(HOWS))):
        at = int((index + part) * len(numbers) / wanted) if wanted <= len(numbers) else index % len(numbers)
        found.append(Fault(call, HOWS[(turn + index + index // len(numbers)) % len(HOWS)], numbers[at]))
    return found


def injected(arguments: Sequence[str], fault: Fault, home: Path, scratch: Path) -> tuple[Ended, bool]:
    """Run it with the fault; and whether the fault came, on a file in the home."""
    log = scratch / "injected"
    options = ["-y", "-s", "0", "-o", str(log), "-e", f"trace={fault.call}", "-e", f"inject={fault}"]
    ended = run(arguments, scratch, options)
    text = log.read_text("utf-8", "replace")
    hit = "killed by SIGKILL" in text or any("(INJECTED)" in line and str(home) in line for line in text.splitlines())
    return ended, hit
