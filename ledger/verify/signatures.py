"""Step 5: the two HMACs of an entry (RFC 2104). They convince only those who hold the key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hmac import compare_digest

from ledger.errors import Corrupt
from ledger.proof.entry import HmacKey, chain_text, mac_of
from ledger.said import Said
from ledger.verify.causes import Cause
from ledger.verify.findings import Findings, Opened
from ledger.verify.lines import Line
from ledger.verify.reading import Read

_Mac = Callable[[bytes], bytes]
_KEY_IDS = 32
"""Key ids whose entries are held back apart; a hostile log cannot make more."""
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


class _Held:
    """Entries that name one key id and that no key given fits, as long as none of that key id has been fitted."""

    def __init__(self, line: Line) -> None:
        self.first = line
        self.count = 0


class Signatures:
    """Checks entries against the keys given; a key with the id ``""`` fits every key id.

    A wrong key is not tampering: entries that no key fits are held back until one of the same key id is fitted. Then
    the key is the right one, and they are not what it signed.
    """

    def __init__(self, keys: Sequence[HmacKey], findings: Findings) -> None:
        self._keys = tuple(keys)
        self._findings = findings
        self._macs: dict[tuple[str, str], _Mac] = {}
        self._held: dict[str, _Held] = {}
        self.given = bool(self._keys)
        self.checked = 0
        """Entries judged by a key that signed entries of this ledger."""
        self.wrong = 0
        """Entries that no key given signed."""
        self.expected = ""
        """The key id that the ledger's first entry names."""
        self.renamed = 0
        """The last entry whose key id is not the one that its key has."""
        self.exposed = 0
        """First of the entries that were held back and turned out to be changed; whoever reads it sets it back."""

    def check(self, line: Line, origin: str) -> bool | None:
        """Whether the entry's HMACs are right; None where that could not be judged, False after a finding."""
        read = line.read
        if not self._keys or read is None:
            return None
        mac = self._macs.get((read.key_id, read.algorithm))
        if mac is None:
            chosen = self._choose(line, read, origin)
            if not callable(chosen):
                return chosen
            mac = chosen
        # The right value is never reported: it would be a valid signature for the line that was tampered with.
        whole = compare_digest(mac(unsigned_bytes(line.raw)), read.value.encode())
        chain = not origin or compare_digest(
            b"hmac:" + mac(chain_text(origin, line.sequence, line.previous)), read.chain.encode()
        )
        if whole and chain:
            self.checked += 1
            return True
        if (other := self._entirely(line, read, origin)) is not None:
            self._macs[read.key_id, read.algorithm] = other
            self.checked += 1
            return True
        self.checked += 1
        if not whole:
            sentence = Said("Entry {} is not what was signed, or was signed with another key.", line.sequence)
            self._report(Cause.SIGNATURE_WRONG, line, "the HMAC of this entry", read.value, sentence)
        if not chain:
            sentence = Said("Entry {} was not signed for this place of this ledger.", line.sequence)
            self._report(Cause.CHAIN_SIGNATURE_WRONG, line, "the HMAC of this place", read.chain, sentence)
        return False

    def _choose(self, line: Line, read: Read, origin: str) -> _Mac | bool | None:
        """The key that signed an entry whose key id none has fitted yet; else what :meth:`check` answers."""
        named = [key for key in self._keys if key.id in (read.key_id, "")]
        able = [key for key in self._keys if key.algorithm == read.algorithm]
        able.sort(key=lambda key: (key.id != read.key_id, key.id != ""))
        fitting = next((key for key in able if any(_fit(key, line, read, origin))), None)
        if fitting is not None:
            if fitting.id not in ("", read.key_id) or self.expected not in ("", read.key_id):
                self._rename(line, read.key_id, self.expected or fitting.id)
            else:
                self._macs[read.key_id, read.algorithm] = mac_of(fitting)
                self._expose(self._held.pop(read.key_id, None))
            return mac_of(fitting)
        if not named:
            known = ", ".join(sorted(key.id for key in self._keys))
            self._unknown(line, read.key_id, known)
            return False
        if not able:
            expected = named[0].algorithm
            sentence = Said(
                "Entry {} is signed with {}, the key given is for {}.", line.sequence, read.algorithm, expected
            )
            self._report(Cause.ALGORITHM_DIFFERS, line, expected, read.algorithm, sentence)
            return False
        name = read.key_id if read.key_id in self._held or len(self._held) < _KEY_IDS else ""
        self._held.setdefault(name, _Held(line)).count += 1
        return None

    def _entirely(self, line: Line, read: Read, origin: str) -> _Mac | None:
        """With several keys each entry is matched by itself: another one that signed all of it."""
        if len(self._keys) == 1:
            return None
        able = (key for key in self._keys if key.algorithm == read.algorithm)
        return next((mac_of(key) for key in able if all(_fit(key, line, read, origin))), None)

    def _rename(self, line: Line, found: str, expected: str) -> None:
        self.renamed = line.sequence
        sentence = Said(
            "Entry {} names the key {}, but it was signed by the key {}. No signature covers that "
            "name: anybody who could write the file may have changed it, without any key.",
            line.sequence,
            ascii(found),
            ascii(expected),
        )
        self._findings.tally(Cause.KEY_RENAMED, line.sequence, line.number, expected, found, sentence)

    def _unknown(self, line: Line, found: str, known: str) -> Opened | None:
        sentence = Said("Entry {} is signed with the key {}, which was not given.", line.sequence, ascii(found))
        return self._findings.tally(Cause.UNKNOWN_KEY, line.sequence, line.number, known, found, sentence)

    def _expose(self, held: _Held | None) -> None:
        """The key of these entries is known now, and it did not sign them."""
        if held is None:
            return
        line, self.exposed = held.first, held.first.sequence
        self.checked += held.count
        found = line.read.value if line.read else ""
        sentence = Said("Entry {} is not what was signed, or was signed with another key.", line.sequence)
        expected = "the HMAC of this entry"
        opened = self._findings.add(Cause.SIGNATURE_WRONG, line.sequence, line.number, expected, found, sentence)
        if opened is not None:
            opened.count = held.count

    def conclude(self, proved: int) -> None:
        """After the last entry: what no key given signed. ``proved``: entries under a checkpoint that was checked."""
        self.wrong = sum(held.count for held in self._held.values())
        if self._held and not self.checked:
            self._wrong_key(min((held.first for held in self._held.values()), key=lambda line: line.sequence), proved)
            return
        for name, held in self._held.items():
            opened = self._unknown(held.first, name, "a key that was given")
            if opened is not None:
                opened.count = held.count

    def _wrong_key(self, line: Line, proved: int) -> None:
        """One finding however long the ledger is: it is the key that does not fit."""
        sentence = Said(
            "None of {} entries has an HMAC by the key given: it is not this ledger's key, or all of "
            "them were signed anew with another.",
            self.wrong,
        )
        if proved >= self.wrong:
            sentence = Said(
                "The HMAC key given is not the key that signed this ledger: none of its {} entries has "
                "an HMAC by it, while their chain and the signed checkpoint hold.",
                self.wrong,
            )
        found = line.read.key_id if line.read else ""
        opened = self._findings.add(
            Cause.WRONG_KEY, line.sequence, line.number, "the key that signed this ledger", found, sentence
        )
        if opened is not None:
            opened.cover(self.wrong)

    def _report(self, cause: Cause, line: Line, expected: str, found: str, sentence: str) -> None:
        self._findings.run(cause, line.sequence, line.number, expected, found, sentence)


def _fit(key: HmacKey, line: Line, read: Read, origin: str) -> tuple[bool, bool]:
    """Whether the key made the HMAC over the entry, and the one over its place."""
    mac = mac_of(key)
    whole = compare_digest(mac(unsigned_bytes(line.raw)), read.value.encode())
    if not origin:
        return whole, whole
    return whole, compare_digest(b"hmac:" + mac(chain_text(origin, line.sequence, line.previous)), read.chain.encode())
