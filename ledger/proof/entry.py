"""The entry: one canonical JSON line, a decision log v2 entry plus ``chain`` (docs/architecture.md, "One format").

What is stored is what is hashed, signed and exported. A line is sealed once (:func:`seal_entry`) and from then on only
read (:func:`parse_entry`, :func:`check_signatures`).
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import re
from binascii import b2a_base64
from collections.abc import Callable
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, NamedTuple

from ledger.digest import sha384
from ledger.errors import Corrupt
from ledger.proof.canonical import MAX_LINE, format_canonical, holds_float, parse_canonical, parse_inexact

GENESIS = "sha384:" + "0" * 96
"""``chain.previous`` of the first entry."""

CHAIN_SIGNATURE = "ledger.chain"
FIELDS = frozenset(
    [
        "artefacts",
        "chain",
        "kind",
        "metadata",
        "runtime_flags",
        "signature",
        "signatures",
        "stage",
        "status",
        "tags",
        "timestamp",
    ]
)
HMAC_DIGESTS = {"HMAC-SHA256": "sha256", "HMAC-SHA384": "sha384"}

_ARTEFACT = frozenset((str, int, bool, type(None)))
_FLAG = frozenset((bool,))
_TEXT = frozenset((str,))
_CHAIN = frozenset(("previous", "sequence"))
_SIGNATURE = frozenset(("algorithm", "key_id", "value"))
_SIGNATURES = frozenset((CHAIN_SIGNATURE,))
_NAMES = ("kind", "stage", "status", "timestamp")
_TEXTS = itemgetter(*_NAMES)
_OTHERS = itemgetter("artefacts", "runtime_flags", "tags", "metadata", "chain", "signature", "signatures")
_ABOUT_ARTEFACTS = "artefacts: expected at least one; each text that is not empty, a number, true, false or null"
_MARKS = "--T::."
"""Characters 4, 7, 10, 13, 16 and 19 of a timestamp."""
_V2_SIGNATURE = re.compile(r"hmac:[A-Za-z0-9+/=:_-]+")


class HmacKey(NamedTuple):
    """A shared secret. It convinces only those who hold it; for everybody else there is the checkpoint."""

    id: str
    secret: bytes
    algorithm: str = "HMAC-SHA256"

    def __repr__(self) -> str:
        return f"HmacKey({self.id!r}, …, {self.algorithm!r})"

    def digest(self, data: bytes) -> str:
        """Base64 of the HMAC (RFC 2104) over ``data``."""
        return mac_of(self)(data).decode("ascii")


class Entry(NamedTuple):
    """One line, parsed and found canonical and well formed. ``body`` is the whole JSON object."""

    sequence: int
    previous: str
    status: str
    timestamp: datetime
    metadata: dict[str, Any]
    body: dict[str, Any]


def link(line: bytes) -> str:
    """``sha384:`` + hex of a line's bytes, signature included, without newline: the next entry's ``chain.previous``."""
    return sha384(line)


def format_time(moment: datetime) -> str:
    """``2026-11-23T05:27:01.123456+00:00``: UTC, always six digits of a second."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def parse_time(text: str) -> datetime:
    """An aware UTC datetime from exactly :func:`format_time`'s form; ``Corrupt`` otherwise."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Corrupt(f"not a timestamp: {text[:40]!r}") from error
    # fromisoformat() takes other forms too (week dates, a comma, other separators): the places of the marks decide.
    # Later Pythons read 24:00 as the next day's midnight, which has another form.
    if text[26:] != "+00:00" or text[4:20:3] != _MARKS or text[11:13] == "24":
        raise Corrupt(f"not a UTC timestamp with microseconds: {text[:40]!r}")
    return moment


@functools.lru_cache(maxsize=64)
def mac_of(key: HmacKey) -> Callable[[bytes], bytes]:
    """``data -> base64 of the HMAC``, with the key's two blocks (RFC 2104) hashed once."""
    new = getattr(hashlib, HMAC_DIGESTS[key.algorithm])
    block = new().block_size
    secret = (new(key.secret).digest() if len(key.secret) > block else key.secret).ljust(block, b"\0")
    inner, outer = new(bytes(byte ^ 0x36 for byte in secret)), new(bytes(byte ^ 0x5C for byte in secret))

    def mac(data: bytes) -> bytes:
        first = inner.copy()
        first.update(data)
        second = outer.copy()
        second.update(first.digest())
        return b2a_base64(second.digest(), newline=False)

    return mac


def chain_text(origin: str, sequence: int, previous: str) -> bytes:
    """The bytes under ``signatures["ledger.chain"]``: origin, sequence and previous, each with a newline after it."""
    return f"{origin}\n{sequence}\n{previous}\n".encode()


def seal_entry(body: dict[str, Any], *, origin: str, sequence: int, previous: str, key: HmacKey) -> bytes:
    """The line of a new entry: ``body`` with chain and signatures added, as canonical bytes.

    ``body`` holds the other fields of :data:`FIELDS`. Raises ``Corrupt`` for a body that is no entry or is longer than
    65,535 bytes.
    """
    whole = dict(body)
    whole["chain"] = {"previous": previous, "sequence": sequence}
    whole["signatures"] = {CHAIN_SIGNATURE: "hmac:" + key.digest(chain_text(origin, sequence, previous))}
    unsigned = format_canonical(whole)
    whole["signature"] = {"algorithm": key.algorithm, "key_id": key.id, "value": key.digest(unsigned)}
    # ``signature`` stands right before ``signatures``. A quote inside a text is escaped, so the mark is a real key, and
    # the last one is the entry's own: no object comes after it.
    at = unsigned.rfind(b'"signatures":{')
    line = b"".join((unsigned[:at], b'"signature":', format_canonical(whole["signature"]), b",", unsigned[at:]))
    if len(line) > MAX_LINE:
        raise Corrupt(f"an entry has at most {MAX_LINE} bytes, this one {len(line)}; large data are artefacts")
    _check_form(whole)
    return line


def parse_entry(line: bytes) -> Entry:
    """The entry behind a line; ``Corrupt`` where it is not canonical or not of the form. Signatures: see below."""
    if len(line) > MAX_LINE:
        raise Corrupt(f"longer than {MAX_LINE} bytes: {len(line)}")
    body = parse_inexact(line)
    try:
        moment = _check_form(body)
    except Corrupt:
        parse_canonical(line)  # where a float is why, that is the better reason
        raise
    # The form leaves no room for floats anywhere else.
    metadata, chain = body["metadata"], body["chain"]
    if holds_float(metadata):
        parse_canonical(line)
    return Entry(chain["sequence"], chain["previous"], body["status"], moment, metadata, body)


def _check_form(body: Any) -> datetime:
    """``Corrupt`` where a whole entry is not of the form; gives its timestamp."""
    if type(body) is not dict or body.keys() != FIELDS:
        found = sorted(body) if type(body) is dict else type(body).__name__
        raise Corrupt(f"fields: expected {sorted(FIELDS)}, found {found}")
    texts = _TEXTS(body)
    if set(map(type, texts)) != _TEXT or "" in texts:
        name = next(name for name in _NAMES if type(body[name]) is not str or not body[name])
        raise Corrupt(f"{name}: expected text that is not empty")
    artefacts, flags, tags, metadata, chain, signature, signatures = _OTHERS(body)
    _check_v2(artefacts, flags, tags)
    if type(metadata) is not dict:
        raise Corrupt("metadata: expected an object")
    _check_signature_form(signature, signatures)
    if type(chain) is not dict or chain.keys() != _CHAIN:
        raise Corrupt("chain: expected previous and sequence")
    sequence, previous = chain["sequence"], chain["previous"]
    if type(sequence) is not int or sequence < 1 or type(previous) is not str:
        raise Corrupt("chain.sequence counts from 1 and chain.previous is text")
    return parse_time(body["timestamp"])


def check_signatures(entry: Entry, key: HmacKey, origin: str) -> None:
    """``Corrupt`` where one of an entry's two HMACs is not ``key``'s (RFC 2104), or names another key or algorithm.

    A key whose id is "" fits any key id: whoever holds only the secret does not know its name.
    """
    body = entry.body
    signature = body["signature"]
    if key.id and signature["key_id"] != key.id:
        raise Corrupt(f"signature.key_id: expected {key.id}, found {signature['key_id'][:100]}")
    if signature["algorithm"] != key.algorithm:
        raise Corrupt(f"signature.algorithm: expected {key.algorithm}, found {signature['algorithm']}")
    unsigned = {name: value for name, value in body.items() if name != "signature"}
    # The right value is never printed: it would be a valid signature for the line that was tampered with.
    if not hmac.compare_digest(key.digest(format_canonical(unsigned)), signature["value"]):
        raise Corrupt(f"signature: {signature['value'][:100]} is not the HMAC of this entry by key {key.id!r}")
    expected = "hmac:" + key.digest(chain_text(origin, entry.sequence, entry.previous))
    found = body["signatures"][CHAIN_SIGNATURE]
    if not hmac.compare_digest(expected, found):
        raise Corrupt(f"signatures.{CHAIN_SIGNATURE}: {found[:100]} is not the HMAC of this place by key {key.id!r}")


def is_chain_signature(text: str) -> bool:
    """Whether ``text`` has the form ``hmac:<base64>`` that decision log v2 asks for."""
    return _V2_SIGNATURE.fullmatch(text) is not None


def _check_v2(artefacts: Any, flags: Any, tags: Any) -> None:
    """The rules of decision log v2 for these three, and ours on top: every field present, flags never empty."""
    if type(artefacts) is not dict or not artefacts or "" in artefacts.values():
        raise Corrupt(_ABOUT_ARTEFACTS)
    if not set(map(type, artefacts.values())) <= _ARTEFACT:
        raise Corrupt(_ABOUT_ARTEFACTS)
    if type(flags) is not dict or set(map(type, flags.values())) != _FLAG:
        raise Corrupt("runtime_flags: expected at least one; each true or false")
    if type(tags) is not list or not set(map(type, tags)) <= _TEXT or len(set(tags)) != len(tags):
        raise Corrupt("tags: expected a list of texts without duplicates")


def _check_signature_form(signature: Any, signatures: Any) -> None:
    if type(signature) is not dict or signature.keys() != _SIGNATURE:
        raise Corrupt("signature: expected algorithm, key_id and value")
    if set(map(type, signature.values())) != _TEXT or signature["algorithm"] not in HMAC_DIGESTS:
        raise Corrupt(f"signature.algorithm: expected one of {', '.join(HMAC_DIGESTS)}")
    if not signature["value"].isascii():
        raise Corrupt("signature.value: expected base64")
    if type(signatures) is not dict or signatures.keys() != _SIGNATURES:
        raise Corrupt(f"signatures: expected {CHAIN_SIGNATURE} alone")
    chain = signatures[CHAIN_SIGNATURE]
    if type(chain) is not str or not is_chain_signature(chain):
        raise Corrupt(f"signatures.{CHAIN_SIGNATURE}: expected hmac:<base64>")
