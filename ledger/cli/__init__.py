"""``stage4``: the command line. Nothing heavy is imported here: a stop is armed first."""

from __future__ import annotations

import signal
import sys
from types import FrameType

from ledger.stop.cord import arm_for_stage4


def _end(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def main() -> None:
    """Entry point of the ``stage4`` program."""
    arm_for_stage4(sys.argv[1:])
    signal.signal(signal.SIGTERM, _end)  # so that what was started is ended in order
    from ledger.cli.root import stage4

    stage4()
