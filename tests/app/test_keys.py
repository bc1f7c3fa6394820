"""Keys: made once, readable by their owner alone, never overwritten, never shown; and their escrow."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from ledger.app.home import keys
from ledger.app.home.folders import Home
from ledger.app.installation import opened
from ledger.errors import Corrupt, LedgerError, Refused, Unreachable
from ledger.proof.entry import HmacKey
from ledger.proof.note import parse_verifier

ORIGIN = "stage4-ledger.invalid/stage4/0123456789abcdef"
SECRET = b"hunter2-hunter2-hunter2"
PASSPHRASE = "correct horse battery staple"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "var" / "keys"


@pytest.fixture
def made(folder: Path) -> Path:
    keys.create(folder / "hmac.key", folder / "checkpoint.pem", ORIGIN)
    return folder


def mode(path: Path) -> str:
    return f"{stat.S_IMODE(path.stat().st_mode):04o}"


@pytest.fixture(params=[0o000, 0o022, 0o277])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


# --- making ----------------------------------------------------------------------------------------------------------


def test_keys_are_for_their_owner_alone_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o700)
    folder.chmod(0o700)
    keys.create(folder / "hmac.key", folder / "checkpoint.pem", ORIGIN)
    assert {path.name: mode(path) for path in folder.iterdir()} == {
        "hmac.key": "0600",
        "checkpoint.pem": "0600",
        "checkpoint.vkey": "0644",
    }


def test_the_folder_of_keys_is_closed_to_others(made: Path) -> None:
    assert mode(made) == "0700"


def test_the_hmac_key_is_printable_text_with_enough_randomness(made: Path) -> None:
    text = (made / "hmac.key").read_bytes()
    assert text.endswith(b"\n")
    assert text.strip().decode("ascii").isprintable()
    assert len(text.strip()) >= 64


def test_the_key_is_the_files_content_without_white_space(made: Path) -> None:
    (made / "hmac.key").write_bytes(b"\n  " + SECRET + b" \r\n\n")
    assert keys.read_hmac_key(made / "hmac.key", "k", "HMAC-SHA256").secret == SECRET


def test_the_verifier_key_beside_it_is_the_signers(made: Path) -> None:
    signer = keys.read_signer(made / "checkpoint.pem", ORIGIN)
    assert parse_verifier((made / "checkpoint.vkey").read_text().rstrip("\n")) == signer.verifier


def test_two_homes_never_share_a_key(tmp_path: Path) -> None:
    for name in "ab":
        keys.create(tmp_path / name / "hmac.key", tmp_path / name / "checkpoint.pem", ORIGIN)
    for name in ("hmac.key", "checkpoint.pem", "checkpoint.vkey"):
        assert (tmp_path / "a" / name).read_bytes() != (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize("name", ["hmac.key", "checkpoint.pem", "checkpoint.vkey"])
def test_a_key_that_is_there_is_never_overwritten_and_no_other_is_made(folder: Path, name: str) -> None:
    folder.mkdir(parents=True)
    (folder / name).write_bytes(b"mine")
    with pytest.raises(Refused, match=rf"{name}.*never overwritten"):
        keys.create(folder / "hmac.key", folder / "checkpoint.pem", ORIGIN)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {name: b"mine"}


def test_a_link_where_a_key_should_be_is_not_followed(folder: Path, tmp_path: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "hmac.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises((LedgerError, FileExistsError)):
        keys.create(folder / "hmac.key", folder / "checkpoint.pem", ORIGIN)
    assert not (tmp_path / "elsewhere").exists()


def test_a_key_id_is_the_stage_and_the_month() -> None:
    assert keys.new_key_id("stage4", datetime(2026, 11, 30, 23, tzinfo=UTC)) == "stage4-2026-11"


# --- reading ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("open_to", ["0640", "0604", "0620", "0602", "0610", "0644", "0666", "0777", "0660"])
def test_a_key_that_others_can_reach_is_refused_with_the_way_out(made: Path, open_to: str) -> None:
    for name, read in (("hmac.key", read_hmac), ("checkpoint.pem", read_signer)):
        path = made / name
        path.chmod(int(open_to, 8))
        with pytest.raises(Refused, match=rf"mode {open_to}: others may read it\. Run: chmod 600 {path}"):
            read(path)


@pytest.mark.parametrize("own", ["0600", "0400", "0700"])
def test_a_key_of_ones_own_is_read(made: Path, own: str) -> None:
    (made / "hmac.key").chmod(int(own, 8))
    assert read_hmac(made / "hmac.key").secret


def read_hmac(path: Path) -> HmacKey:
    return keys.read_hmac_key(path, "k", "HMAC-SHA256")


def read_signer(path: Path) -> object:
    return keys.read_signer(path, ORIGIN)


@pytest.mark.parametrize("read", [read_hmac, read_signer])
def test_a_missing_key_says_how_it_comes_back(tmp_path: Path, read: object) -> None:
    with pytest.raises(Unreachable, match=r"none\.key cannot be had.*stage4 keys import"):
        read(tmp_path / "none.key")  # type: ignore[operator]


@pytest.mark.parametrize("content", [b"", b"\n", b" \t\r\n"])
def test_an_empty_key_is_no_key(made: Path, content: bytes) -> None:
    for name, read in (("hmac.key", read_hmac), ("checkpoint.pem", read_signer)):
        (made / name).write_bytes(content)
        with pytest.raises(Unreachable, match=f"{name} is empty"):
            read(made / name)


def test_a_folder_or_an_endless_file_is_no_key(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir(mode=0o700)
    (tmp_path / "long").touch(0o600)
    os.truncate(tmp_path / "long", 10 * 1024 * 1024)
    for name in ("folder", "long"):
        with pytest.raises(Unreachable, match=name):
            read_hmac(tmp_path / name)


def test_an_unknown_algorithm_is_refused_before_the_key_is_read(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="HMAC-SHA256, HMAC-SHA384"):
        keys.read_hmac_key(tmp_path / "none", "k", "MD5")


def private(key: object, how: object = None) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how or NoEncryption())  # type: ignore[attr-defined]


OTHER_PEMS = {
    "encrypted": lambda: private(ed25519.Ed25519PrivateKey.generate(), BestAvailableEncryption(SECRET)),
    "elliptic": lambda: private(ec.generate_private_key(ec.SECP256R1())),
    "exchange": lambda: private(x25519.X25519PrivateKey.generate()),
    "rsa": lambda: private(rsa.generate_private_key(65537, 2048)),
    "public": lambda: (
        ed25519.Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    ),
    "cut": lambda: private(ed25519.Ed25519PrivateKey.generate())[:60],
    "text": lambda: SECRET,
    "binary": lambda: bytes(range(256)),
}


@pytest.mark.parametrize("kind", OTHER_PEMS)
def test_a_checkpoint_key_of_another_kind_is_corrupt_and_named(made: Path, kind: str) -> None:
    (made / "checkpoint.pem").write_bytes(OTHER_PEMS[kind]())
    with pytest.raises(Corrupt, match=str(made / "checkpoint.pem")) as caught:
        read_signer(made / "checkpoint.pem")
    assert SECRET.decode() not in str(caught.value)


# --- opening a home --------------------------------------------------------------------------------------------------


def test_a_home_with_another_hmac_key_does_not_open_and_names_the_file(home: Home) -> None:
    path = home.root / "var" / "keys" / "hmac.key"
    right = path.read_text().strip()
    path.write_bytes(SECRET + b"\n")
    with pytest.raises(Corrupt, match=f"{path} is not the key that signed this ledger") as caught, opened(home.root):
        pytest.fail("opened with a wrong key")
    assert right not in str(caught.value)
    assert SECRET.decode() not in str(caught.value)


def test_a_home_with_another_checkpoint_key_does_not_open_and_names_the_file(home: Home, tmp_path: Path) -> None:
    keys.create(tmp_path / "other" / "hmac.key", tmp_path / "other" / "checkpoint.pem", ORIGIN)
    path = home.root / "var" / "keys" / "checkpoint.pem"
    path.write_bytes((tmp_path / "other" / "checkpoint.pem").read_bytes())
    with pytest.raises(Corrupt, match=str(path)), opened(home.root):
        pytest.fail("opened with a wrong key")


@pytest.mark.parametrize("name", ["hmac.key", "checkpoint.pem"])
@pytest.mark.parametrize("harm", ["gone", "empty", "open"])
def test_a_home_whose_key_is(harm: str, name: str, home: Home) -> None:
    path = home.root / "var" / "keys" / name
    {"gone": path.unlink, "empty": lambda: path.write_bytes(b""), "open": lambda: path.chmod(0o644)}[harm]()
    kind = Refused if harm == "open" else Unreachable
    with pytest.raises(kind, match=str(path)), opened(home.root):
        pytest.fail("opened without its keys")


def test_keys_may_be_named_by_the_environment(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, name in (("STAGE4_HMAC_KEY_FILE", "hmac.key"), ("STAGE4_CHECKPOINT_KEY_FILE", "checkpoint.pem")):
        (home.root / "var" / "keys" / name).rename(tmp_path / name)
        monkeypatch.setenv(variable, str(tmp_path / name))
    with opened(home.root) as installation:
        assert installation.ledger.view().size


# --- secrets stay secret ---------------------------------------------------------------------------------------------


def test_a_key_never_shows_its_secret() -> None:
    key = HmacKey("k", SECRET)
    for shown in (repr(key), str(key), f"{key}", f"{key!r}", f"{[key]}", f"{ {'key': key} }", ascii(key)):
        assert "hunter2" not in shown
        assert SECRET.hex() not in shown


def test_an_installation_never_shows_a_secret(home: Home) -> None:
    secrets = [(home.root / "var" / "keys" / name).read_text().split("\n")[-2] for name in ("hmac.key",)]
    secrets += (home.root / "var" / "keys" / "checkpoint.pem").read_text().splitlines()[1:2]
    with opened(home.root) as installation:
        for thing in (installation, installation.ledger, installation.ledger._key, installation.ledger._signer):
            for secret in secrets:
                assert secret not in repr(thing)
    for path in home.root.rglob("*"):
        if path.is_file() and path.parent.name != "keys":
            data = path.read_bytes()
            assert not any(secret.encode() in data for secret in secrets), path


# --- escrow ----------------------------------------------------------------------------------------------------------

FILES = {"hmac.key": SECRET + b"\n", "checkpoint.pem": bytes(range(256))}


@pytest.fixture(scope="module")
def escrow() -> bytes:
    return keys.seal_escrow(FILES, PASSPHRASE)


def test_an_escrow_opens_with_its_passphrase_alone(escrow: bytes) -> None:
    assert keys.open_escrow(escrow, PASSPHRASE) == FILES
    for wrong in ("", PASSPHRASE + " ", PASSPHRASE.upper()):
        with pytest.raises(Corrupt, match="wrong passphrase"):
            keys.open_escrow(escrow, wrong)


def test_an_escrow_shows_nothing_of_the_keys(escrow: bytes) -> None:
    assert SECRET not in escrow
    assert b"hmac.key" not in escrow
    assert PASSPHRASE.encode() not in escrow
    assert escrow.isascii()
    assert escrow != keys.seal_escrow(FILES, PASSPHRASE)  # salt and nonce are never used twice


@pytest.mark.parametrize("short", ["", "hunter2", "x" * 11])
def test_a_short_passphrase_is_refused_and_not_repeated(short: str) -> None:
    with pytest.raises(Refused, match="at least 12 characters") as caught:
        keys.seal_escrow(FILES, short)
    assert not short or short not in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"7", b"{}", b"\xff", b'{"salt":1}', SECRET])
def test_what_is_no_escrow_is_corrupt_and_not_repeated(data: bytes) -> None:
    with pytest.raises(Corrupt, match="no escrow") as caught:
        keys.open_escrow(data, PASSPHRASE)
    assert "hunter2" not in str(caught.value)


def places(escrow: bytes) -> dict[str, int]:
    """One byte of everything that an escrow file holds."""
    found = {}
    for name, value in json.loads(escrow).items():
        start = escrow.index(f'"{name}": '.encode())
        found[f"name {name}"] = start + 1
        found[f"value {name}"] = start + len(f'"{name}": ') + (1 if isinstance(value, str) else 0)
    for name in ("salt", "nonce", "ciphertext"):
        whole = json.loads(escrow)[name].encode()
        found[f"middle of {name}"] = escrow.index(whole) + len(whole) // 2
        found[f"end of {name}"] = escrow.index(whole) + len(whole.rstrip(b"=")) - 1
    return found


PLACES = list(places(keys.seal_escrow(FILES, PASSPHRASE)))


@pytest.mark.parametrize("place", PLACES)
def test_every_changed_byte_of_an_escrow_is_found(escrow: bytes, place: str) -> None:
    at = places(escrow)[place]
    changed = bytearray(escrow)
    changed[at] += 1 if place.startswith("end") else -1  # one letter on: the bits that base64 leaves over
    with pytest.raises(Corrupt):
        keys.open_escrow(bytes(changed), PASSPHRASE)


def test_a_cut_escrow_is_corrupt(escrow: bytes) -> None:
    for size in (len(escrow) // 4, len(escrow) // 2, len(escrow) - 10):
        with pytest.raises(Corrupt):
            keys.open_escrow(escrow[:size], PASSPHRASE)
