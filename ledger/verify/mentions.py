"""Heads of a ledger that stand in what other systems kept: a ticket's JSON, a mail, the export of a channel.

Every message that goes out ends with a line that names the ledger's head (:func:`~ledger.verify.report.head_line`).
Whoever got it is a witness without knowing it: the log is held against each head that is found there again.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from ledger.errors import Corrupt
from ledger.verify.report import Head, parse_head

MAX_TEXT: Final = 64 * 1024 * 1024
"""Bytes of a file that are read at most."""
_DEEPEST = 50
"""Levels of JSON in JSON, of messages in messages and of encodings that are followed."""

_MENTION = re.compile(r"(?<![\w+/.:-])([1-9]\d{0,15}:[A-Za-z0-9+/]{43}=)(?![\w+/=])(?:\s+of\s+([\w.~/:%@-]+))?")
_TAG = re.compile(r"<[^<>]{0,2000}>")
_HEADER = re.compile(r"(?:From |(?:[A-Za-z][A-Za-z0-9-]*:[ \t].*\r?\n(?:[ \t].*\r?\n)*)+\r?\n)")
_MBOX = re.compile(r"^From .*\r?\n", re.MULTILINE)


def find_heads(raw: bytes) -> tuple[Head, ...]:
    """Every head that stands in ``raw``, each once, the smallest first.

    Plain text, HTML, JSON and lines of JSON (with JSON in their strings), a mail or a mailbox in any transfer encoding
    (RFC 2045), UTF-8 or UTF-16. A head that one place says to be of a ledger is of that one wherever else it stands.
    """
    found: dict[tuple[int, bytes], set[str]] = {}
    for text in _texts(_decoded(raw), 0):
        for head in _in_text(text):
            found.setdefault((head.size, head.root), set()).add(head.origin)
    return tuple(
        Head(size, root, origin)
        for (size, root), origins in sorted(found.items())
        for origin in sorted(origins - {""} or {""})
    )


def of_ledger(given: Iterable[Head], origin: str) -> tuple[list[Head], dict[str, int]]:
    """Those that the ledger ``origin`` is held against, and how many are of which other one.

    One that names no ledger is of this one; so is every one where ``""`` says that the ledger's name is not known.
    """
    heads: dict[Head, None] = {}
    others: dict[str, int] = {}
    for head in given:
        if not origin or head.origin in ("", origin):
            heads[Head(head.size, head.root)] = None
        else:
            others[head.origin] = others.get(head.origin, 0) + 1
    return list(heads), others


def _in_text(text: str) -> Iterator[Head]:
    for match in _MENTION.finditer(text):
        try:
            head = parse_head(match[1])
        except Corrupt:  # it only looked like one: the last of 43 characters has bits beyond the 32 bytes
            continue
        yield Head(head.size, head.root, (match[2] or "").rstrip(".:"))


def _decoded(raw: bytes) -> str:
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")):
        if raw.startswith(mark):
            return raw.decode(encoding, "replace")
    return raw.decode("utf-8", "replace")


def _texts(text: str, depth: int) -> Iterator[str]:
    """A text and all that is wrapped in it: strings of JSON, parts of mails, what HTML shows."""
    yield text
    if depth >= _DEEPEST:
        return
    if "<" in text or "&" in text:
        yield html.unescape(_TAG.sub("", text))
        yield html.unescape(_TAG.sub(" ", text))
    for inner in (*_strings(text), *_parts(text)):
        yield from _texts(inner, depth + 1)


def _strings(text: str) -> Iterator[str]:
    """The strings of a text that is JSON, or of its lines that are."""
    if text.lstrip()[:1] not in ("{", "[", '"'):
        return
    try:
        values: list[Any] = [json.loads(text)]
    except (ValueError, RecursionError):
        values = []
        for line in text.splitlines():
            try:
                values.append(json.loads(line))
            except (ValueError, RecursionError):
                continue
    while values:
        value = values.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            values.extend((*value, *value.values()))
        elif isinstance(value, list):
            values.extend(value)


def _parts(text: str) -> Iterator[str]:
    """The texts of a mail, or of each mail of a mailbox (RFC 4155)."""
    if not _HEADER.match(text):
        return
    import email  # slow to import
    import email.policy

    for message in _MBOX.split(text) if text.startswith("From ") else [text]:
        for part in email.message_from_string(message, policy=email.policy.compat32).walk():
            if part.is_multipart() or part.get("Content-Transfer-Encoding") is None:
                continue
            raw = part.get_payload(decode=True)
            if isinstance(raw, bytes):
                yield _decoded(raw)
