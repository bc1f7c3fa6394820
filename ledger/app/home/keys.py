"""The two secrets of a ledger: the HMAC key (printable text) and the Ed25519 key of its checkpoints.

They live in files of mode 600 that nobody else may read, neither in the repository nor in ``audit/``.
"""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import stat
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from ledger.errors import Corrupt, LedgerError, Refused, Unreachable
from ledger.files import make_folder, place_exclusive, read_small
from ledger.proof.entry import HMAC_DIGESTS, HmacKey
from ledger.proof.note import Signer, format_verifier

_LIMIT = 64 * 1024
_HMAC_KEY = re.compile(rb"[A-Za-z0-9_-]{64}\n")
_SCRYPT = {"n": 2**16, "r": 8, "p": 1}
_ESCROW: dict[str, Any] = {"format": "stage4-ledger escrow v1", "kdf": "scrypt", **_SCRYPT, "cipher": "AES-256-GCM"}


def read_private(path: Path) -> bytes:
    """The bytes of a key file; ``Refused`` where others may read it, ``Unreachable`` where it is missing or empty."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except PermissionError as error:
        raise Unreachable(f"the key file {path} cannot be read: {error.strerror}") from error
    except OSError as error:
        raise Unreachable(
            f"the key file {path} cannot be had: {error.strerror}. Without its keys a ledger cannot be continued; "
            "restore them from the escrow: stage4 keys import"
        ) from error
    data = read_key_file(path)
    if mode & 0o077:
        raise Refused(f"the key file {path} has mode {mode:04o}: others may read it. Run: chmod 600 {path}")
    if not data.strip():
        raise Unreachable(f"the key file {path} is empty; restore it from the escrow: stage4 keys import")
    return data


def read_key_file(path: Path) -> bytes:
    """The bytes of a key file, a link to one followed; ``Unreachable`` where it cannot be read or is no plain file."""
    try:
        return read_small(path, _LIMIT, follow=True)
    except OSError as error:
        raise Unreachable(f"the key file {path} cannot be read: {error.strerror}") from error


def read_hmac_key(path: Path, key_id: str, algorithm: str) -> HmacKey:
    """The key is the file's content stripped of white space (decision_log_v2.md)."""
    if algorithm not in HMAC_DIGESTS:
        raise Refused(f"unknown HMAC algorithm {algorithm!a}; known: {', '.join(HMAC_DIGESTS)}")
    return HmacKey(key_id, read_private(path).strip(), algorithm)


def read_signer(path: Path, origin: str) -> Signer:
    """The checkpoint key, named by the ledger's origin."""
    try:
        key = load_pem_private_key(read_private(path), None)
    except (ValueError, TypeError) as error:
        raise Corrupt(f"the key file {path} holds no unencrypted PEM key: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Corrupt(f"the key file {path} holds no Ed25519 key")
    return Signer(origin, key)


def create(hmac_path: Path, checkpoint_path: Path, origin: str) -> Signer:
    """Make both keys and the verifier key beside the second, under ``origin``. Existing files are never overwritten.

    What an interrupted run of this made is kept and completed: the verifier key, which names the origin, comes last.
    ``Refused`` where that one is there already, or where a file is none that was made here.
    """
    public = verifier_path(checkpoint_path)
    if os.path.lexists(public):
        lost = [str(path) for path in (hmac_path, checkpoint_path) if not os.path.lexists(path)]
        reason = f"{public} exists without {' and '.join(lost)}" if lost else f"{hmac_path} exists"
        way = ". Put the lost one back (stage4 keys import), or move what is left of them away" if lost else ""
        raise Refused(f"{reason}; keys are never overwritten{way}")
    for path, known in ((hmac_path, _is_hmac_key), (checkpoint_path, _is_checkpoint_key)):
        if os.path.lexists(path) and not known(path):
            raise Refused(f"{path} exists; keys are never overwritten")
        make_folder(path.parent)
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for path, data in ((hmac_path, secrets.token_urlsafe(48).encode() + b"\n"), (checkpoint_path, pem)):
        if not os.path.lexists(path):
            place_exclusive(path, data, 0o600)
    signer = read_signer(checkpoint_path, origin)
    place_exclusive(public, format_verifier(signer.verifier).encode() + b"\n", 0o644)
    return signer


def _is_hmac_key(path: Path) -> bool:
    """Whether an interrupted :func:`create` may have made it: a plain file for its owner alone, 64 characters."""
    try:
        return not path.is_symlink() and _HMAC_KEY.fullmatch(read_private(path)) is not None
    except LedgerError:
        return False


def _is_checkpoint_key(path: Path) -> bool:
    try:
        return not path.is_symlink() and bool(read_signer(path, ""))
    except LedgerError:
        return False


def verifier_path(checkpoint_path: Path) -> Path:
    """Where the public half stands: ``checkpoint.vkey`` beside ``checkpoint.pem``."""
    return checkpoint_path.with_suffix(".vkey")


def exist(folder: Path) -> bool:
    """Whether any key of a ledger is in its own folder, whatever has the name."""
    return any(os.path.lexists(folder / name) for name in ("hmac.key", "checkpoint.pem", "checkpoint.vkey"))


def new_key_id(stage: str, now: datetime) -> str:
    """``stage4-2026-11``: the stage and the month."""
    return f"{stage}-{now:%Y-%m}"


def seal_escrow(files: dict[str, bytes], passphrase: str) -> bytes:
    """Key files encrypted for keeping elsewhere: JSON with scrypt (RFC 7914) and AES-256-GCM parameters."""
    if len(passphrase) < 12:
        raise Refused("the passphrase needs at least 12 characters: it protects every signature of the ledger")
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    plain = json.dumps({name: base64.b64encode(data).decode() for name, data in files.items()}).encode()
    sealed = AESGCM(_derive(passphrase, salt)).encrypt(nonce, plain, _ESCROW["format"].encode())
    return _format_escrow({"salt": salt, "nonce": nonce, "ciphertext": sealed})


def _format_escrow(fields: dict[str, bytes]) -> bytes:
    page = _ESCROW | {name: base64.b64encode(value).decode() for name, value in fields.items()}
    return json.dumps(page, indent=2).encode() + b"\n"


def open_escrow(data: bytes, passphrase: str) -> dict[str, bytes]:
    """The key files of an escrow; ``Corrupt`` for a wrong passphrase or changed bytes."""
    try:
        page = json.loads(data)
        fields = {name: base64.b64decode(page[name]) for name in ("salt", "nonce", "ciphertext")}
        if _format_escrow(fields) != data:
            raise Corrupt("this escrow is not as it was written: its bytes were changed, or another program made it")
        key = _derive(passphrase, fields["salt"])
        plain = AESGCM(key).decrypt(fields["nonce"], fields["ciphertext"], _ESCROW["format"].encode())
        return {name: base64.b64decode(text) for name, text in json.loads(plain).items()}
    except InvalidTag as error:
        raise Corrupt("the escrow does not open: wrong passphrase, or its bytes were changed") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Corrupt(f"this is no escrow file of stage4-ledger: {error}") from error


def _derive(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, **_SCRYPT).derive(passphrase.encode())
