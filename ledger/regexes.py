r"""RE2 as the engine of `ledger.domain.matching`: what others wrote into silences is matched in linear time.

Python's ``re`` tries a regex such as ``(.|\w)*!`` in every way there is, for hours, and no other thread runs meanwhile:
not even the stop's. Imported by who asks servers; what the stop stands on never imports this.
"""

from __future__ import annotations

from typing import Any, Final

from ledger.domain.matching import Matching, Undecided, use
from ledger.errors import Refused
from ledger.said import Said

_MEMORY: Final = 1 << 20
"""Bytes that one compiled regex takes at most: some five hundred host names, and a bound of each step of a match."""


def compiled(pattern: str) -> Matching:
    """The regex by RE2, anchored as Alertmanager anchors it.

    Raises ``Refused`` where RE2 does not take it, ``Undecided`` where RE2 is not there.
    """
    try:
        import re2  # only where a regex is more than a beginning; it may be missing
    except (ImportError, OSError) as error:
        raise Undecided(
            Said(
                "what the regex {} matches is not known: the package google-re2 cannot be loaded; "
                "install stage4-ledger again",
                repr(pattern[:200]),
            )
        ) from error
    options: Any = re2.Options()
    options.log_errors, options.never_capture, options.max_mem = False, True, _MEMORY
    try:
        re2.compile(pattern, options)  # by itself: "a)|(b" is one only with what is put around it
        regex = re2.compile(f"^(?:{pattern})$", options)
    except (re2.error, UnicodeError) as error:
        raise Refused(Said("the regex {} is none that RE2 takes: {}", repr(pattern[:200]), _said(error))) from error
    return lambda text: regex.search(text) is not None


def _said(error: Exception) -> str:
    said = error.args[0] if error.args else error
    return (said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said))[:200]


use(compiled)
