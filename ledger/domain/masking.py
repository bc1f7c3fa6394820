"""Secrets never reach a message, a log or an artefact: addresses and texts with their credentials taken out."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

MASK = "<masked>"
# Every repetition before something that has to follow has an end: a foreign text of one endless word is read once, too.
_TELLING = r"[\w.-]{0,40}(?:token|passw|secret|api[_-]?key|apikey|credential|signature|auth|session)[\w.-]{0,40}"
_TELLING_FIELD = re.compile(_TELLING, re.IGNORECASE)
_TELLING_HEADER = re.compile(r"auth|token|secret|passw|key|cookie|credential|session|signature", re.IGNORECASE)
_BEHIND_HOST = re.compile(r"""(\b\w{1,20}://)(?:[^/\s@"']+@)?([^/?#\s"'<>]+)[/?#][^\s"'<>]+""")
_USERINFO = re.compile(r"(\b\w{1,20}://)[^/\s@\"']+@")
_SCHEME = re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE)
_PAIR = re.compile(rf"""(["']?\b{_TELLING}["']?\s*[:=]\s*["']?)(?!["'\s])[^\s"'&,;<>}}]+""", re.IGNORECASE)


def masked(url: str) -> str:
    """``url`` without its user and password, and with the values of secret-looking query fields masked."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return masked_text(url)
    fields = parse_qsl(parts.query, keep_blank_values=True)
    if any(_TELLING_FIELD.fullmatch(name) for name, _ in fields):
        kept = [(name, MASK if _TELLING_FIELD.fullmatch(name) else quote(value)) for name, value in fields]
        parts = parts._replace(query="&".join(f"{quote(name)}={value}" for name, value in kept))
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment=""))


def tells(header: str) -> bool:
    """Whether a header holds a secret, by the look of its name: ``Authorization``, ``X-Api-Key``, ``Cookie``."""
    return bool(_TELLING_HEADER.search(header))


def masked_text(text: str) -> str:
    """``text`` with user and password of addresses, bearer tokens and ``password=…``-like pairs masked."""
    text = _USERINFO.sub(r"\1", text)
    text = _SCHEME.sub(rf"\1 {MASK}", text)
    return _PAIR.sub(rf"\1{MASK}", text)


def masked_addresses(text: str) -> str:
    """``text`` in which every address keeps its host and no more: the path of a webhook is its password."""
    return masked_text(_BEHIND_HOST.sub(rf"\1\2/{MASK}", text))


def excerpt(body: bytes, limit: int = 160) -> str:
    """The start of an answer for an error sentence: one line, printable, secrets masked, at most ``limit`` letters."""
    text = body[: limit * 4].decode("utf-8", "replace")
    line = " ".join("".join(c if c.isprintable() else " " for c in masked_text(text)).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
