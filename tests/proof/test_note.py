"""Signed notes and verifier keys: the published vector, and every byte changed."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.errors import Corrupt
from ledger.proof.note import Signer, Verifier, format_verifier, open_note, parse_verifier, read_verifier, sign

VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
"""The vector of c2sp.org/signed-note (tlog.md)."""
TEXT = "example.com/log\n42\nsome root\n"
OURS = Signer("example.com/log", Ed25519PrivateKey.from_private_bytes(b"\x01" * 32))
THEIRS = Signer("witness.example/w1", Ed25519PrivateKey.from_private_bytes(b"\x02" * 32))
NOTE = sign(TEXT, OURS)


def line_of(signer: Signer, text: str = TEXT) -> bytes:
    """The signature line alone."""
    return sign(text, signer).rpartition(b"\n\n")[2]


def changes(data: bytes):
    """``data`` with one byte replaced, at every place, by each of a few others."""
    for at, byte in enumerate(data):
        for other in {byte ^ 1, byte ^ 0x20, byte ^ 0x80, 0x00, 0x0A, 0x0D, 0x20, 0x2B, 0x30, 0x3D, 0x41, 0xFF} - {
            byte
        }:
            yield data[:at] + bytes([other]) + data[at + 1 :]


def test_the_published_key_is_read_and_written():
    verifier = parse_verifier(VKEY)
    assert (verifier.name, verifier.id.hex()) == ("example.com/foo", "530d903a")
    assert format_verifier(verifier) == VKEY


def test_a_key_id_is_what_the_specification_says():
    public = OURS.verifier.public_key
    expected = hashlib.sha256(b"example.com/log\n\x01" + public).digest()[:4]
    assert OURS.key_id == OURS.verifier.id == expected


def test_every_byte_of_a_key_counts():
    for changed in changes(VKEY.encode()):
        with pytest.raises(Corrupt):
            parse_verifier(changed.decode("utf-8", "replace"))


def test_no_part_of_a_key_is_a_key():
    for start in range(len(VKEY)):
        for end in range(start, len(VKEY) + 1):
            if VKEY[start:end] != VKEY:
                with pytest.raises(Corrupt):
                    parse_verifier(VKEY[start:end])


@pytest.mark.parametrize(
    "text",
    ["", "+", "++", "+530d903a+AA==", VKEY + "\n", " " + VKEY, VKEY.upper(), VKEY.replace("530d", "530D"), VKEY + "="],
)
def test_a_look_alike_of_a_key_is_corrupt(text):
    with pytest.raises(Corrupt):
        parse_verifier(text)


def test_a_key_whose_name_is_not_unicode_is_corrupt():
    blob = base64.b64encode(b"\x01" + b"\x00" * 32).decode()
    with pytest.raises(Corrupt):
        parse_verifier(f"log\udcff+00000000+{blob}")


@pytest.mark.parametrize("kind", [0x00, 0x02, 0x04, 0x06, 0xFF])
def test_a_key_of_another_type_is_corrupt(kind):
    blob = bytes([kind]) + b"\x07" * 32
    identity = hashlib.sha256(b"log\n" + blob).digest()[:4].hex()
    with pytest.raises(Corrupt):
        parse_verifier(f"log+{identity}+{base64.b64encode(blob).decode()}")


def test_what_was_signed_opens():
    assert open_note(NOTE, OURS.verifier) == TEXT


def test_the_signed_bytes_are_the_text_with_its_last_newline():
    text, _, line = NOTE.rpartition(b"\n\n")
    blob = base64.b64decode(line.split(b" ")[2])
    assert len(blob) == 68 and blob[:4] == OURS.key_id
    OURS.key.public_key().verify(blob[4:], text + b"\n")


def test_every_byte_of_a_note_counts():
    for changed in changes(NOTE):
        try:
            assert open_note(changed, OURS.verifier) == TEXT
        except Corrupt:
            continue


def test_every_cut_of_a_note_is_corrupt():
    for at in range(len(NOTE)):
        with pytest.raises(Corrupt):
            open_note(NOTE[:at], OURS.verifier)


@pytest.mark.parametrize("text", ["\n", "a\n\nb\n", "\n\n\n", "a\n\n", "zażółć — 🙂\n", "— a b\n", "a\n\n— x QQ==\n"])
def test_a_text_may_have_empty_lines_and_look_like_a_signature(text):
    assert open_note(sign(text, OURS), OURS.verifier) == text


@pytest.mark.parametrize("text", ["", "a", "a\r\n", "a\tb\n", "\x00\n", "a\x1f\n"])
def test_a_text_with_control_characters_or_without_end_is_not_signed(text):
    with pytest.raises(Corrupt):
        sign(text, OURS)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u00a0b", "a\u2003b", "a\nb"])
def test_a_name_with_a_space_or_a_plus_signs_nothing(name):
    with pytest.raises(Corrupt):
        sign(TEXT, Signer(name, OURS.key))


def test_signatures_of_strangers_are_ignored():
    strangers = b"".join(
        line_of(Signer(f"w{number}", Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)))
        for number in range(3, 20)
    )
    junk = "— someone AAAAAAA=\n".encode()
    note = TEXT.encode() + b"\n" + strangers + junk + line_of(OURS)
    assert open_note(note, OURS.verifier) == TEXT
    assert open_note(NOTE + line_of(THEIRS), THEIRS.verifier) == TEXT


def test_our_name_with_another_key_is_a_stranger():
    impostor = Signer(OURS.name, THEIRS.key)
    assert open_note(NOTE + line_of(impostor), OURS.verifier) == TEXT
    with pytest.raises(Corrupt, match="no signature"):
        open_note(sign(TEXT, impostor), OURS.verifier)


def test_one_wrong_signature_of_a_known_key_spoils_the_note():
    wrong = line_of(OURS, "another text\n")
    for note in (NOTE + wrong, TEXT.encode() + b"\n" + wrong + line_of(OURS)):
        with pytest.raises(Corrupt, match="does not fit"):
            open_note(note, OURS.verifier)


@pytest.mark.parametrize("length", [1, 63, 65, 72])
def test_a_signature_of_another_length_spoils_the_note(length):
    blob = base64.b64encode(OURS.key_id + b"\x05" * length)
    with pytest.raises(Corrupt):
        open_note(NOTE + b"\xe2\x80\x94 example.com/log " + blob + b"\n", OURS.verifier)


@pytest.mark.parametrize(
    "line",
    [
        b"- a QQ==\n",
        b"\xe2\x80\x94 a\n",
        b"\xe2\x80\x94  AAAAAAA=\n",
        b"\xe2\x80\x94 a  AAAAAAA=\n",
        b"\xe2\x80\x94 a AAAAAAA= \n",
        b"\xe2\x80\x94 a AAAA\n",
        b"\xe2\x80\x94 a+b AAAAAAA=\n",
        b"\xe2\x80\x93 a AAAAAAA=\n",
        b"\n",
    ],
)
def test_a_malformed_signature_line_spoils_the_note(line):
    with pytest.raises(Corrupt):
        open_note(NOTE + line, OURS.verifier)


@pytest.mark.parametrize("note", [b"", b"\n", b"\n\n", b"\n\n\n", b"a\n\n", TEXT.encode(), b"\xff" + NOTE, NOTE + b"x"])
def test_what_is_no_note_is_corrupt(note):
    with pytest.raises(Corrupt):
        open_note(note, OURS.verifier)


def test_ten_thousand_signatures_are_not_looked_at():
    with pytest.raises(Corrupt, match="1 to 100"):
        open_note(NOTE + line_of(THEIRS) * 10_000, OURS.verifier)


def test_a_hundred_signatures_are_what_go_takes_too():
    assert open_note(NOTE + line_of(THEIRS) * 99, OURS.verifier) == TEXT
    with pytest.raises(Corrupt, match="found 101"):
        open_note(NOTE + line_of(THEIRS) * 100, OURS.verifier)


OWN = format_verifier(OURS.verifier)


@pytest.mark.parametrize(
    "data", ["{}", "{}\n", "{}  \r\n", "\ufeff{}\n", "  {}\t\n\n", "\n{}"], ids=[*"abcdef"]
)  # fmt: skip
def test_what_an_editor_leaves_around_a_key_is_passed_over(data):
    assert read_verifier(data.format(OWN).encode(), "k.vkey") == OURS.verifier


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "0 lines"),
        (f"{OWN}\n{OWN}\n".encode(), "2 lines"),
        (OWN.replace("+", "+ ", 1).encode(), "' ' in the middle, at character"),
        (OWN.replace("+", "+\u200b", 1).encode(), r"'\\u200b' in the middle"),
        (OWN.encode("utf-16"), "not UTF-8"),
        (b"hello", "<name>"),
    ],
)
def test_a_file_that_is_no_key_is_named_with_what_is_in_it(data, why):
    with pytest.raises(Corrupt, match=why):
        read_verifier(data, "k.vkey")


@pytest.mark.parametrize("key", [b"\x00" * 32, b"\xff" * 32, b"\x01" + b"\x00" * 31])
def test_a_key_that_is_no_point_accepts_nothing(key):
    verifier = Verifier("example.com/log", key)
    blob = base64.b64encode(verifier.id + b"\x05" * 64).decode()
    with pytest.raises(Corrupt):
        open_note(f"{TEXT}\n— example.com/log {blob}\n".encode(), verifier)
