"""The keys that a home's ledger is judged by: those in ``var/keys``, not what the ledger says of itself."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from typing import Any

from ledger.app.home import keys
from ledger.app.home.config import Config
from ledger.app.home.folders import Home
from ledger.app.soundness.found import Found
from ledger.errors import Corrupt, LedgerError
from ledger.proof.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from ledger.proof.entry import HMAC_DIGESTS, HmacKey, check_signatures, parse_entry
from ledger.proof.note import Signer, Verifier, format_verifier, parse_verifier
from ledger.said import Said


@dataclass(frozen=True)
class Keyring:
    """What could be had of one ledger's keys."""

    origin: str
    """By the verifier key beside the signing key; by the first entry's own word where that is missing."""
    verifier: Verifier | None
    signer: Signer | None
    hmac: tuple[HmacKey, ...]
    """One secret for either algorithm: which one was used stands in the first entry."""

    def signed(self, line: bytes) -> bool:
        """Whether a line bears both HMACs of this ledger."""
        for key in self.hmac:
            with contextlib.suppress(Corrupt, RecursionError):
                check_signatures(parse_entry(line), key, self.origin)
                return True
        return False

    def check(self, line: bytes) -> None:
        """``Corrupt`` where a line does not bear both HMACs of this ledger; without a key nothing is said."""
        if self.hmac and not self.signed(line):
            raise Corrupt("the line does not bear this ledger's HMACs")

    def why_not(self, note: bytes, size: int, root: bytes) -> str:
        """Why a note is not this ledger's checkpoint of ``size`` entries with this root; ``""`` where it is."""
        stated = Checkpoint(self.origin, size, root)
        # Ed25519 is deterministic (RFC 8032): signing again is a third of the work of verifying.
        if self.signer is not None and sign_checkpoint(stated, self.signer) == note:
            return ""
        if self.verifier is None:
            return ""
        try:
            checkpoint = open_checkpoint(note, self.verifier)
        except Corrupt as error:
            return str(error)
        if checkpoint.size != size:
            return Said("it is signed for {} entries", checkpoint.size)
        return "" if checkpoint.root == root else ROOT

    def stated(self, note: bytes) -> Checkpoint:
        """What a signed note says; ``Corrupt`` where it is not this ledger's."""
        if self.verifier is None:
            raise Corrupt("there is no verifier key to check its signature with")
        return open_checkpoint(note, self.verifier)


ROOT = "root"
"""A checkpoint of ours, rightly signed, over other lines."""


def read_keys(home: Home, config: Config, first: bytes, problems: Found) -> Keyring:
    """Read the keys; what is missing or does not belong together is a finding. ``first`` is the first entry's line."""
    pem = home.path(config.signing.checkpoint_key_file)
    claimed = _beside(home, config, problems)
    origin = claimed.name if claimed else _claimed_origin(first)
    signer = None
    if origin:
        try:
            signer = keys.read_signer(pem, origin)
        except LedgerError as error:
            problems.add(
                "keys", "key_unreadable", str(pem), Said("The key of the checkpoints cannot be used: {}", error)
            )
    if claimed and signer and signer.verifier != claimed:
        path = keys.verifier_path(pem)
        expected, got = format_verifier(signer.verifier), format_verifier(claimed)
        sentence = Said("{} is not the public half of the key beside it.", path)
        problems.add("keys", "key_pair_differs", str(path), sentence, evidence=(expected, got))
    verifier = signer.verifier if signer else claimed
    return Keyring(origin, verifier, signer, _hmac(home, config, problems))


def _beside(home: Home, config: Config, problems: Found) -> Verifier | None:
    """The verifier key beside the signing key; it is not in the escrow, so it may be missing."""
    path = keys.verifier_path(home.path(config.signing.checkpoint_key_file))
    if not os.path.lexists(path):
        return None
    try:
        return parse_verifier(keys.read_key_file(path).decode("utf-8", "replace").strip())
    except LedgerError as error:
        problems.add("keys", "key_unreadable", str(path), Said("The verifier key {} cannot be used: {}", path, error))
        return None


def _claimed_origin(first: bytes) -> str:
    try:
        body: Any = json.loads(first)
        return str(body["artefacts"]["origin"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


def _hmac(home: Home, config: Config, problems: Found) -> tuple[HmacKey, ...]:
    path = home.path(config.signing.hmac_key_file)
    try:
        secret = keys.read_private(path).strip()
    except LedgerError as error:
        problems.add("keys", "key_unreadable", str(path), Said("The HMAC key cannot be used: {}", error))
        return ()
    return tuple(HmacKey("", secret, algorithm) for algorithm in HMAC_DIGESTS)
