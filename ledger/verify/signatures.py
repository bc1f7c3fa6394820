"""Step 5: the two HMACs of an entry (RFC 2104). They convince only those who hold the key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hmac import compare_digest

from ledger.errors import Corrupt
from ledger.proof.entry import HmacKey, chain_text, mac_of
from ledger.verify.causes import Cause
from ledger.verify.findings import Findings
from ledger.verify.lines import Line

_SIGNATURE = b'"signature":{'
_SIGNATURES = b'},"signatures":{'


def unsigned_bytes(raw: bytes) -> bytes:
    """The canonical bytes of an entry without ``signature``, cut out of its canonical line.

    In canonical bytes a quote inside a text is always escaped, so both marks can only be real keys; after
    ``signatures`` (one text) the form allows no objects, so the last mark is the entry's own ``signature``.
    """
    start = raw.rfind(_SIGNATURE)
    end = raw.find(_SIGNATURES, start)
    if start < 0 or end < 0:
        raise Corrupt("signature: expected algorithm, key_id and value")
    return raw[:start] + raw[end + 2 :]


class Signatures:
    """Checks entries against the keys given; a key with the id ``""`` fits every key id."""

    def __init__(self, keys: Sequence[HmacKey], findings: Findings) -> None:
        self._keys = tuple(keys)
        self._findings = findings
        self._macs: dict[tuple[str, str], Callable[[bytes], bytes]] = {}
        self.given = bool(self._keys)
        self.checked = 0

    def check(self, line: Line, origin: str) -> bool:
        """Whether the entry's HMACs are right or could not be judged; False after a finding that says otherwise."""
        read = line.read
        if not self._keys or read is None:
            return True
        mac = self._macs.get((read.key_id, read.algorithm)) or self._choose(line, read.key_id, read.algorithm)
        if mac is None:
            return False
        self.checked += 1
        # The right value is never reported: it would be a valid signature for the line that was tampered with.
        whole = compare_digest(mac(unsigned_bytes(line.raw)), read.value.encode())
        if not whole:
            sentence = f"Entry {line.sequence} is not what was signed, or was signed with another key."
            self._report(Cause.SIGNATURE_WRONG, line, "the HMAC of this entry", read.value, sentence)
        if not origin:
            return whole
        place = b"hmac:" + mac(chain_text(origin, line.sequence, line.previous))
        chain = compare_digest(place, read.chain.encode())
        if not chain:
            sentence = f"Entry {line.sequence} was not signed for this place of this ledger."
            self._report(Cause.CHAIN_SIGNATURE_WRONG, line, "the HMAC of this place", read.chain, sentence)
        return whole and chain

    def _choose(self, line: Line, key_id: str, algorithm: str) -> Callable[[bytes], bytes] | None:
        fitting = [key for key in self._keys if key.id in (key_id, "")]
        if not fitting:
            known = ", ".join(sorted(key.id for key in self._keys))
            sentence = f"Entry {line.sequence} is signed with the key {key_id!a}, which was not given."
            self._findings.tally(Cause.UNKNOWN_KEY, line.sequence, line.number, known, key_id, sentence)
            return None
        for key in sorted(fitting, key=lambda key: key.id == ""):
            if key.algorithm == algorithm:
                return self._macs.setdefault((key_id, algorithm), mac_of(key))
        expected = fitting[0].algorithm
        sentence = f"Entry {line.sequence} is signed with {algorithm}, the key given is for {expected}."
        self._report(Cause.ALGORITHM_DIFFERS, line, expected, algorithm, sentence)
        return None

    def _report(self, cause: Cause, line: Line, expected: str, found: str, sentence: str) -> None:
        self._findings.run(cause, line.sequence, line.number, expected, found, sentence)
