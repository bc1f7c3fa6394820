"""C2SP signed notes with Ed25519 (c2sp.org/signed-note).

A note is ``text`` (ends in a newline) + an empty line + signature lines ``— <name> base64(key id[4] || signature)``.
The key id is the first four bytes of ``SHA-256(name || 0x0A || 0x01 || public key)``. A verifier key is written
``<name>+<8 hex digits of the key id>+base64(0x01 || public key)``.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.errors import Corrupt
from ledger.proof.encoding import format_base64, parse_base64

ED25519 = 0x01
_MAX_SIGNATURES = 100
"""As Go's ``sumdb/note`` has it: a note that other readers of this format open is not refused here."""
MAX_NOTE = 1_000_000
"""Bytes of a note at most, as in Go: room for the signatures of a hundred witnesses of any kind."""
_MARK = "— "
_BYTE_ORDER_MARK = "\ufeff"
_NAME = re.compile(r"[^\s+\ud800-\udfff]+")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise Corrupt(f"key name {name!r} is empty or has a space or a plus sign")


def key_id(name: str, public_key: bytes) -> bytes:
    """The four bytes that name a key in a signature line."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([ED25519]) + public_key).digest()[:4]


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key that is trusted because somebody gave it to us, never because it stands in the evidence."""

    name: str
    public_key: bytes

    @property
    def id(self) -> bytes:
        """The key id, four bytes."""
        return key_id(self.name, self.public_key)

    def accepts(self, text: bytes, signature: bytes) -> bool:
        """Whether ``signature`` (64 bytes) is this key's over ``text``."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, text)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class Signer:
    """A private key and its name."""

    name: str
    key: Ed25519PrivateKey

    @cached_property
    def verifier(self) -> Verifier:
        """The public half."""
        return Verifier(self.name, self.key.public_key().public_bytes_raw())

    @cached_property
    def key_id(self) -> bytes:
        """The key id, four bytes."""
        return self.verifier.id

    @cached_property
    def mark(self) -> str:
        """What its signature lines begin with; ``Corrupt`` where the name may not stand there."""
        _check_name(self.name)
        return _MARK + self.name


def format_verifier(verifier: Verifier) -> str:
    """The verifier key as one line of text (VKEY)."""
    blob = format_base64(bytes([ED25519]) + verifier.public_key)
    return f"{verifier.name}+{verifier.id.hex()}+{blob}"


def parse_verifier(text: str) -> Verifier:
    """The key behind a VKEY; ``Corrupt`` where it is malformed or its id is not its own."""
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise Corrupt(f"a verifier key is <name>+<key id>+<base64>, found {text[:80]!r}")
    name, hex_id, blob = parts[0], parts[1], parse_base64(parts[2])
    _check_name(name)
    if len(blob) != 33 or blob[0] != ED25519:
        raise Corrupt("only Ed25519 verifier keys (type 0x01, 32 bytes) are known here")
    verifier = Verifier(name, blob[1:])
    if format_verifier(verifier) != text:
        raise Corrupt(f"the verifier key's id is not its own: expected {verifier.id.hex()}, found {hex_id}")
    return verifier


def read_verifier(data: bytes, name: str) -> Verifier:
    """The key in a file: one line. A byte order mark and white space around it are an editor's, and passed over.

    ``Corrupt`` names the file and what stands in it that is no key.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Corrupt(f"{name} is no verifier key: it is not UTF-8 (saved as UTF-16?)") from error
    lines = [line for part in text.removeprefix(_BYTE_ORDER_MARK).splitlines() if (line := part.strip())]
    if len(lines) != 1:
        raise Corrupt(f"{name} is no verifier key: it has {len(lines)} lines with something in them, a key is one line")
    odd = next((char for char in lines[0] if char.isspace() or not char.isprintable()), "")
    if odd:
        at = lines[0].index(odd) + 1
        raise Corrupt(f"{name} is no verifier key: it has {odd!a} in the middle, at character {at}; copy it again")
    return parse_verifier(lines[0])


def sign(text: str, signer: Signer) -> bytes:
    """The note: ``text`` (must end in a newline, no other control characters) and one signature."""
    _check_text(text)
    blob = signer.key_id + signer.key.sign(text.encode())
    return f"{text}\n{signer.mark} {format_base64(blob)}\n".encode()


def open_note(note: bytes, verifier: Verifier) -> str:
    """The text of a note that ``verifier`` signed; ``Corrupt`` otherwise. Signatures of unknown keys are ignored."""
    text, lines = _split(note)
    known = False
    for line in lines:
        name, blob = _parse_signature(line)
        if name != verifier.name or blob[:4] != verifier.id:
            continue
        if not verifier.accepts(text.encode(), blob[4:]):
            raise Corrupt(f"the signature of {name} does not fit the note's text")
        known = True
    if not known:
        raise Corrupt(f"the note carries no signature of {format_verifier(verifier)}")
    return text


def _check_text(text: str) -> None:
    if not text.endswith("\n") or _CONTROL.search(text):
        raise Corrupt("a note's text ends in a newline and has no other control characters")


def _split(note: bytes) -> tuple[str, list[str]]:
    try:
        whole = note.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Corrupt("the note is not UTF-8") from error
    at = whole.rfind("\n\n")  # the text may hold empty lines, so split at the last one
    if at < 0 or not whole.endswith("\n"):
        raise Corrupt("the note has no signature part after an empty line")
    text, lines = whole[: at + 1], whole[at + 2 : -1].split("\n")
    _check_text(text)
    if not 1 <= len(lines) <= _MAX_SIGNATURES:
        raise Corrupt(f"a note has 1 to {_MAX_SIGNATURES} signatures, found {len(lines)}")
    return text, lines


def _parse_signature(line: str) -> tuple[str, bytes]:
    name, _, encoded = line.removeprefix(_MARK).partition(" ")
    blob = parse_base64(encoded)
    if not line.startswith(_MARK) or len(blob) < 5 or f"{_MARK}{name} {encoded}" != line:
        raise Corrupt(f"malformed signature line {line[:80]!r}")
    _check_name(name)
    return name, blob
