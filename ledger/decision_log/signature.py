"""The HMAC of a decision log v2 entry: ``signature = {"algorithm", "value", "key_id"}`` over the entry without it.

The MAC (RFC 2104) is taken over the canonical JSON of the entry without ``signature``. ``HMAC-SHA256`` is written;
``HMAC-SHA384`` is accepted too, because a stage's ledger may be configured to use it.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from ledger.decision_log.line import Finding, format_canonical_v2, shown
from ledger.errors import Corrupt, Refused
from ledger.files import read_bounded
from ledger.proof.encoding import format_base64, parse_base64
from ledger.proof.entry import HMAC_DIGESTS

_WRITTEN: Final = "HMAC-SHA256"
_FIELDS: Final = frozenset(["algorithm", "value", "key_id"])
_MAX_KEY_FILE: Final = 65_536


class SharedKey(NamedTuple):
    """The secret of a v2 log and, where it has one, its name. Never shows the secret."""

    secret: bytes
    id: str | None = None

    def __repr__(self) -> str:
        return f"SharedKey(…, {self.id!r})"


def open_key_file(path: Path, key_id: str | None = None) -> SharedKey:
    """The key in a file: its bytes stripped of white space. ``Unreachable`` unreadable, ``Refused`` empty."""
    return open_key(read_bounded(path, _MAX_KEY_FILE).strip(), key_id, f"the HMAC key file {path}")


def open_key(secret: bytes, key_id: str | None = None, source: str = "the HMAC key") -> SharedKey:
    """A key given as bytes, used as they are. ``Refused`` where it is empty: anybody could sign with that."""
    if not secret:
        raise Refused(f"{source} is empty; a key is printable text, 32 random bytes in hex for example")
    return SharedKey(secret, key_id)


def mac(secret: bytes, data: bytes, algorithm: str = _WRITTEN) -> str:
    """Standard base64 of the HMAC over ``data``; ``algorithm`` is a key of ``HMAC_DIGESTS``."""
    return format_base64(hmac.digest(secret, data, HMAC_DIGESTS[algorithm]))


def sign(entry: dict[str, Any], secret: bytes, key_id: str | None = None) -> dict[str, Any]:
    """A copy of ``entry`` with its ``signature``; one there is replaced. ``Corrupt`` without canonical form."""
    signed = _without_signature(entry)
    signature = {"algorithm": _WRITTEN, "value": mac(secret, format_canonical_v2(signed))}
    if key_id is not None:
        signature["key_id"] = key_id
    return {**signed, "signature": signature}


def check_signature(entry: dict[str, Any], key: SharedKey | None, *, allow_unsigned: bool) -> Iterator[Finding]:
    """Everything that is wrong with an entry's ``signature``. Never raises.

    A finding never shows the right MAC: whoever reads the report could sign a changed entry with it.
    """
    if "signature" not in entry:
        if not allow_unsigned:
            yield Finding("signature", "missing", "an HMAC, or --allow-unsigned", "none")
        return
    malformed = list(_check_form(entry["signature"]))
    yield from malformed
    if malformed:
        return
    if key is None:
        yield Finding("signature", "cannot be checked, no key was given", "--hmac-key-file FILE", "no key")
        return
    yield from _check_key_id(entry["signature"], key)
    yield from _check_mac(entry, key)


def _without_signature(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name != "signature"}


def _check_form(signature: Any) -> Iterator[Finding]:
    if type(signature) is not dict:
        yield Finding("signature", "not an object", "algorithm, value and perhaps key_id", shown(signature))
        return
    if extra := sorted(signature.keys() - _FIELDS):
        yield Finding(
            "signature", "has fields no signature covers", "algorithm, value and perhaps key_id", shown(extra)
        )
    if not isinstance(signature.get("key_id", ""), str):
        yield Finding("signature.key_id", "not a text", "a text", shown(signature["key_id"]))
    algorithm = signature.get("algorithm")
    if not isinstance(algorithm, str) or algorithm not in HMAC_DIGESTS:
        yield Finding("signature.algorithm", "not known", " or ".join(HMAC_DIGESTS), shown(algorithm))
    value = signature.get("value")
    if not isinstance(value, str) or not _is_base64(value):
        yield Finding("signature.value", "not base64", "standard base64 of an HMAC", shown(value))


def _is_base64(value: str) -> bool:
    try:
        return bool(parse_base64(value))
    except Corrupt:
        return False


def _check_key_id(signature: dict[str, str], key: SharedKey) -> Iterator[Finding]:
    named = signature.get("key_id")
    if named is not None and key.id is not None and named != key.id:
        yield Finding("signature.key_id", "another key id", shown(key.id), shown(named))


def _check_mac(entry: dict[str, Any], key: SharedKey) -> Iterator[Finding]:
    signature = entry["signature"]
    algorithm, value = signature["algorithm"], signature["value"]
    try:
        data = format_canonical_v2(_without_signature(entry))
    except Corrupt as error:
        yield Finding("signature", str(error), "an entry that can be signed", "one that cannot")
        return
    if not hmac.compare_digest(mac(key.secret, data, algorithm), value):
        expected = f"the {algorithm} of this entry by the key given"
        yield Finding("signature.value", "the entry was changed, or signed by another key", expected, shown(value))
