"""Secrets never reach a message, a log or an artefact: addresses and texts with their credentials taken out.

Of an address nothing of the query is shown but the names. In texts the look of a pair tells; what this process itself
knows to be a secret (:func:`learn`) is taken out exactly, however it is written.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, unquote, urlsplit, urlunsplit

MASK = "<masked>"
# Every repetition before something that has to follow has an end: a foreign text of one endless word is read once, too.
_TELLING = (
    r"(?:[\w.-]{0,40}(?:token|passw|secret|api[_-]?key|credential|signature|auth|session|cookie|[_-]key(?![\w.-]))"
    r"[\w.-]{0,40}|jwt|sig|sid|pwd|passphrase)"
)
_TELLING_HEADER = re.compile(r"auth|token|secret|passw|key|cookie|credential|session|signature|jwt", re.IGNORECASE)
_TELLING_FIELD = re.compile(rf"{_TELLING}|key|code|pass|pin|hash", re.IGNORECASE)
_BEHIND_HOST = re.compile(r"""(\b\w{1,20}://)(?:[^/\s@"']+@)?([^/?#\s"'<>]+)[/?#][^\s"'<>]+""")
_USERINFO = re.compile(r"(\b\w{1,20}://)[^/\s@\"']+@")
_ADDRESS = re.compile(r"""\b\w{1,20}://(?:[^\s"'<>]|<masked>)+""")
_SCHEME = re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE)
_QUOTED = r'"(?:[^"\\]|\\.)*+"?|\'(?:[^\'\\]|\\.)*+\'?'
_CREDENTIALS = re.compile(
    rf"""(["']?\b(?:proxy-)?authorization["']?\s{{0,8}}[:=]\s{{0,8}})(\[[^\]]*+\]?|{_QUOTED}|[^\s"',}}\]<][^"',}}\]<\r\n]*+)""",
    re.IGNORECASE,
)
_PAIR = re.compile(
    rf"""(["']?\b{_TELLING}["']?\s{{0,8}}[:=]\s{{0,8}})(\[[^\]]*+\]?|{_QUOTED}|[^\s"'&,;<>}}\[]+)""", re.IGNORECASE
)
_NAME = re.compile(r"[\w.~\[\]%+-]{1,60}", re.ASCII)
_NO_SECRET = frozenset(
    ("x-scope-orgid", "thanos-tenant", "x-grafana-org-id", "accountid", "projectid", "user-agent", "accept")
)
"""Headers that name a tenant or a program, however their values look."""
_SHORTEST = 4
"""Characters of a secret that is taken out of texts; a shorter one would take words of everybody's out."""
_LOOKS = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[^\s{}]{8,}|[^\s{}]{24,}")
"""A value that nobody would call a word."""
_known: tuple[str, ...] = ()
"""Every secret that this process read, in all its spellings, the longest first."""


def learn(*values: str) -> None:
    """Take these out of every text from now on: the contents of credential files, and what settings hold."""
    global _known
    new = {form for value in values if len(value) >= _SHORTEST for form in _spellings(value)} - set(_known)
    if new:
        _known = tuple(sorted({*_known, *new}, key=lambda form: (-len(form), form)))


def learn_header(name: str, value: str) -> None:
    """The same for a header of one's own, where its name or its value tells; of ``Basic`` and its kin each word."""
    if tells(name, value):
        words = value.split()
        learn(value, *words[1:], *(inner for word in words[1:] for inner in _basic(word)))


def learn_address(url: str, *, whole: bool = False) -> None:
    """The same for an address: its password, the values of its query, and with ``whole`` the path of a webhook."""
    try:
        parts = urlsplit(url)
        password = parts.password or ""
    except ValueError:
        return
    values = [password, unquote(password)]
    for field in parts.query.split("&"):
        name, equals, value = field.partition("=")
        if not equals or not value.strip("="):
            value = field
        if _TELLING_FIELD.fullmatch(name) or _LOOKS.fullmatch(value):
            values += [value, unquote(value)]
    values += [segment for segment in parts.path.split("/") if whole and _LOOKS.fullmatch(segment)]
    learn(*(secret for secret in values if "{" not in secret))


def _spellings(value: str) -> Iterable[str]:
    """As it is, as JSON has it (with and without ASCII alone), as an address has it, and as ``Basic`` would."""
    plain = value.encode("utf-8", "surrogatepass")
    coded = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], quote(plain, safe=""), quote(plain)}
    return {value, *coded, base64.b64encode(plain).decode()}


def _basic(word: str) -> tuple[str, ...]:
    """The password inside of a word of base64, where there is one."""
    try:
        credentials = base64.b64decode(word, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return ()
    return (credentials[2],) if credentials[2] else ()


def masked(url: str) -> str:
    """``url`` without its user, password and fragment; of its query the names alone."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return masked_text(url)
    if not parts.netloc and "@" in url.partition("/")[0]:
        return masked(url.partition("/")[0].rpartition("@")[2] + "".join(url.partition("/")[1:]))
    shown = parts._replace(netloc=parts.netloc.rpartition("@")[2], query=_masked_query(parts.query), fragment="")
    return _without_known(urlunsplit(shown))


def _masked_query(query: str) -> str:
    return "&".join(_masked_field(field) for field in query.split("&")) if query else ""


def _masked_field(field: str) -> str:
    """``name=<masked>``; all of it where what stands there may be no name."""
    name, equals, value = field.partition("=")
    if MASK in (field, value):
        return field
    known = _NAME.fullmatch(name) and equals and value.strip("=")
    return f"{name}={MASK}" if known else MASK if field else ""


def tells(header: str, value: str = "") -> bool:
    """Whether a header holds a secret, by the look of its name (``Authorization``, ``X-Api-Key``) or of its value."""
    by_value = bool(_LOOKS.fullmatch(value)) and header.lower() not in _NO_SECRET
    return by_value or bool(_TELLING_HEADER.search(header))


def masked_text(text: str) -> str:
    """``text`` with what is known to be a secret, and what looks like one, masked.

    That are user, password and query of addresses, bearer tokens, ``Authorization: …`` and ``password=…``-like pairs.
    """
    text = _USERINFO.sub(r"\1", _without_known(text))
    text = _ADDRESS.sub(_masked_address, text)
    text = _CREDENTIALS.sub(_masked_pair, text)
    text = _SCHEME.sub(rf"\1 {MASK}", text)
    return _PAIR.sub(_masked_pair, text)


def _masked_address(match: re.Match[str]) -> str:
    """An address inside of a text, which may end in the sentence's own points."""
    place, mark, query = match[0].partition("?")
    kept = query.rstrip(".,:;)]}")
    return f"{place}{mark}{_masked_query(kept)}{query[len(kept) :]}" if kept else match[0]


def _masked_pair(match: re.Match[str]) -> str:
    """The name as it stands, and the mask in the quotes or brackets that the value had."""
    first, last = match[2][0], match[2][-1]
    if first not in "\"'[":
        return match[1] + MASK
    if match[2] in ('""', "''", "[]", '"', "'"):
        return match[0]
    close = {"[": "]"}.get(first, first)
    return f"{match[1]}{first}{MASK}{close if last == close else ''}"


def _without_known(text: str) -> str:
    for secret in _known:
        text = text.replace(secret, MASK)
    return text


def masked_bytes(content: bytes) -> bytes:
    """An answer without what is known to be a secret; all else byte for byte as it came."""
    for secret in _known:
        content = content.replace(secret.encode("utf-8", "surrogatepass"), MASK.encode())
    return content


def masked_addresses(text: str) -> str:
    """``text`` in which every address keeps its host and no more: the path of a webhook is its password."""
    return masked_text(_BEHIND_HOST.sub(rf"\1\2/{MASK}", text))


def excerpt(body: bytes, limit: int = 160) -> str:
    """The start of an answer for an error sentence: one line, printable, secrets masked, at most ``limit`` letters."""
    text = body[: limit * 40].decode("utf-8", "replace")  # a secret that begins in what is shown is to be whole
    line = " ".join("".join(c if c.isprintable() else " " for c in masked_text(text)).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
