"""``python -m tests.faults init|people-add|stop --runs N [--json]``: faults in a command, and what is left by them."""

from __future__ import annotations

import argparse
import collections
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

# Everything that the commands would import is imported before the first process is forked.
import ledger.app.steps.stop
import ledger.cli.root
import ledger.verify

from .cases import CASES, at
from .strace import choose, count, injected, run, unusable

_IMPORTED = dict(ledger.cli.root.stage4.commands)


def main() -> int:
    """Exit status 1 where something that is left neither works nor says what to do, 3 where strace cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("command", choices=CASES)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=3600, help="begin no further run after so many")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        scratch = Path(folder)
        if why := unusable(scratch):
            print(why, file=sys.stderr)
            return 3
        page = put_faults(given.command, given.runs, given.seconds, scratch)
    print(json.dumps(page, indent=2) if given.json else plain(page))
    return 1 if page["wrong"] else 0


def put_faults(command: str, runs: int, seconds: float, scratch: Path) -> dict[str, object]:
    """The summary: how many runs, how each was, and what was wrong."""
    case = CASES[command]
    home = scratch / "home"

    def fresh() -> Path:
        shutil.rmtree(home, ignore_errors=True)
        case.prepare(home, scratch)
        return home

    run(at(fresh(), *case.arguments), scratch)  # what is imported late is imported, and compiled, by now
    counted = count(at(fresh(), *case.arguments), home, scratch)
    began = time.monotonic()
    tally: collections.Counter[str] = collections.Counter()
    wrong = []
    for fault in choose(counted, runs):
        if time.monotonic() - began > seconds:
            break
        ended, hit = injected(at(fresh(), *case.arguments), fault, home, scratch)
        tally["killed" if ended.status < 0 else "said that it failed" if ended.status else "went on"] += 1
        tally["no fault came"] += not hit
        if why := case.judge(home, scratch, ended):
            wrong.append({"fault": str(fault), "status": ended.status, "said": ended.said[-400:], "wrong": why[-800:]})
    total = tally["killed"] + tally["said that it failed"] + tally["went on"]
    page = {"command": command, "runs": total, "tally": dict(tally), "wrong": wrong}
    return page | {"calls": {call: len(found) for call, found in counted.items()}, "seconds": time.monotonic() - began}


def plain(page: dict[str, object]) -> str:
    """The summary for a person."""
    wrong = page["wrong"]
    assert isinstance(wrong, list)
    lines = [f"{one['fault']}: {one['wrong']}\n    it said: {one['said'].strip()}" for one in wrong]
    tally = ", ".join(f"{number} {what}" for what, number in page["tally"].items() if number)  # type: ignore[attr-defined]
    return "\n".join([*lines, f"{page['command']}: {page['runs']} faults, {len(wrong)} wrong; {tally}"])


if __name__ == "__main__":
    sys.exit(main())
