"""``stage4``: the command line. Nothing heavy is imported here: a stop is armed first."""

from __future__ import annotations

import signal
import sys
from types import FrameType

from ledger import streams
from ledger.stop.cord import arm_for_stage4, current


def _end(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def main() -> None:
    """Entry point of the ``stage4`` program."""
    streams.prepare()
    arm_for_stage4(sys.argv[1:])
    signal.signal(signal.SIGTERM, _end)  # so that what was started is ended in order
    try:
        from ledger.cli.ending import run
        from ledger.cli.root import stage4

        if current() is not None:
            import ledger.cli.stop  # noqa: F401 (what is missing shows here, while the cord can still be pulled)
    except Exception as error:
        if current() is None and not isinstance(error, ImportError):
            raise
        sys.exit(_without_packages(error))
    run("stage4", stage4, stops=current() is not None)


def _without_packages(error: Exception) -> int | str:
    """Only the stop works on the standard library alone."""
    cord = current()
    if cord is None:
        return f"stage4: {error}. Set the project up first: make setup"
    cord.claim()
    return cord.pull(f"our packages cannot be imported: {error}")
