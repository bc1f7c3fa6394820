"""What nobody foresaw, met by something that has to go on: one sentence, and the way there in the log.

Neither repeats a value: those may be secret.
"""

from __future__ import annotations

import logging
import os
import traceback
from typing import Final

from ledger.said import Said

_LOGGER: Final = logging.getLogger("stage4.mistakes")
_REMEMBERED: Final = 100
_logged: set[str] = set()


def mistake(error: Exception) -> str:
    """``a mistake in stage4 itself (OverflowError at alertmanager.py:81)``; logged once for each place."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else "?"  # noqa: PTH119
    sentence = Said("a mistake in stage4 itself ({} at {})", type(error).__name__, place)
    if sentence not in _logged:
        if len(_logged) >= _REMEMBERED:
            _logged.clear()
        _logged.add(sentence)
        _LOGGER.error("%s\n%s", sentence, "".join(traceback.format_tb(error.__traceback__)).rstrip())
    return sentence
