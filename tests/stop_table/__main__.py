"""``python -m tests.stop_table [--part n/m | --sample]``: what is wrong, and how many cells there were."""

from __future__ import annotations

import argparse
import collections
import sys
import tempfile
import time
from pathlib import Path

from tests.stop_table import world
from tests.stop_table.cell import cells, press, sample, wrong


def main() -> int:
    """Exit status 1 where a cell is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.stop_table", description=__doc__)
    parser.add_argument("--part", default="1/1", help="n/m: every m-th cell, beginning with the n-th")
    parser.add_argument("--sample", action="store_true", help="each file with each state of the ledger, once")
    given = parser.parse_args()
    number, of = map(int, given.part.split("/"))
    chosen = sample() if given.sample else cells()[number - 1 :: of]
    bad, slowest, began = 0, (0.0, ""), time.monotonic()
    outcomes: collections.Counter[str] = collections.Counter()
    with tempfile.TemporaryDirectory() as scratch, world.schedulers() as addresses:
        world.prepare(Path(scratch))
        for index, cell in enumerate(chosen):
            folder = Path(scratch) / str(index)
            folder.mkdir()
            came = press(cell, Path(scratch), folder, addresses)
            slowest = max(slowest, (came.seconds, str(cell)))
            outcomes["stopped" if not came.broken else "not stopped, and said"] += 1
            if why := wrong(cell, came):
                bad += 1
                print(f"{cell}: {why}\n    " + came.said.strip().replace("\n", "\n    ")[-2000:], flush=True)
    told = ", ".join(f"{count} {what}" for what, count in sorted(outcomes.items()))
    print(f"{len(chosen)} cells, {bad} wrong; {told}")
    print(f"slowest {slowest[0]:.1f} s ({slowest[1]}), {time.monotonic() - began:.0f} s in all")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
