"""Bounds of what people type: nothing unprintable, nothing endless, nothing that is not Unicode."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from ledger.errors import Refused
from ledger.said import Said

INLINE = 200
"""Longest free text inside an entry, in characters; longer text is an artefact and the entry holds its beginning."""
LONGEST = 10_000

_UNPRINTABLE = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\ud800-\\udfff]")
"""Unicode's categories Cc (but for newline and tab) and Cs; a test goes through them all."""
UNSEEN = re.compile(
    "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\xad\\u061c\\u180e\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f"
    "\\ufeff\\ufff9-\\ufffb\\U000e0000-\\U000e007f]"
)
"""What nobody sees, or what turns the line around it over (Unicode TR 36, "Bidirectional Text Spoofing"): controls but
for tab and line ends, marks of direction, spaces without width, tags. Joiners are parts of words. People paste such
characters from chats, so they are kept, and named wherever they are shown."""
_STOP = re.compile(r"STOP-\d+")
_TICKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def check_text(name: str, text: str, *, longest: int = LONGEST, empty: bool = False) -> str:
    """``text`` stripped; ``Refused`` where it is empty, too long, or has control characters or lone surrogates."""
    text = text if text == text.strip() else text.strip()
    if not text and not empty:
        raise Refused(Said("{} is empty; say it in a few words", name))
    if len(text) > longest:
        raise Refused(Said("{} has {} characters; at most {} are taken", name, len(text), longest))
    match = _UNPRINTABLE.search(text)
    if match:
        raise Refused(Said("{} has a character that cannot be printed: {}", name, ascii(match[0])))
    return text


def check_ticket(ticket: str) -> str:
    """A ticket id such as ``INC-2042``: letters, digits, ``-`` and ``_``, at most 64, a letter or digit first.

    So it is one path segment, one word of a shell, and cannot end in ``.2`` as a second run of a ticket does.
    """
    if _STOP.fullmatch(ticket):
        raise Refused(Said("{} is the name of a stop without a ticket; it cannot be a ticket id", ticket))
    if not _TICKET.fullmatch(ticket):
        raise Refused(
            Said(
                "ticket id {} is not of the form INC-2042: letters, digits, '-' and '_', at most 64 of them",
                ascii(ticket[:80]),
            )
        )
    return ticket


def shorten(text: str, longest: int = INLINE) -> str:
    """The text itself, or its beginning with an ellipsis, at most ``longest`` characters."""
    if len(text) <= longest:
        return text
    if isinstance(text, Said) and len(cut := text.shortened(longest)) <= longest:
        return cut
    return text[: longest - 1] + "…"


def listed(names: Iterable[str], most: int = 10) -> str:
    """``A, B (2), … (+3)``: each name once with how often it occurs, at most ``most`` of them, and how many more."""
    counted = Counter(names)
    told = [name if count == 1 else f"{name} ({count})" for name, count in list(counted.items())[:most]]
    more = counted.total() - sum(list(counted.values())[:most])
    return ", ".join(told) + (f", … (+{more})" if more else "")


def clean(text: str, longest: int = INLINE) -> str:
    """Text that somebody else wrote, made fit for an entry and a terminal: one line, printable, bounded.

    Bytes that were no UTF-8 (surrogates, as Python hands them on) and control characters become U+FFFD.
    """
    if isinstance(text, Said) and not _UNPRINTABLE.search(text.template):
        return shorten(text.each(_one_line), longest)
    return shorten(_one_line(text), longest)


def _one_line(text: str) -> str:
    return _UNPRINTABLE.sub("\ufffd", " ".join(text.split()))


def visible(text: str) -> str:
    """The text with characters that nobody sees named, as ``[U+202E]``."""
    if isinstance(text, Said):
        return Said(UNSEEN.sub(named, text.template), *text.each(visible).values, code=text.code)
    return UNSEEN.sub(named, text)


def named(match: re.Match[str]) -> str:
    """``[U+202E]`` for the character that was found."""
    return f"[U+{ord(match[0]):04X}]"
