"""A checkpoint is three lines and nothing else."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import Corrupt
from ledger.proof.checkpoint import Checkpoint, format_checkpoint, open_checkpoint, parse_checkpoint, sign_checkpoint
from ledger.proof.note import Signer, sign

from .test_note import changes

ORIGIN = "stage4-ledger.invalid/stage4/0123456789abcdef"
SIGNER = Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\x09" * 32))
ROOT = bytes(range(32))
STATEMENT = Checkpoint(ORIGIN, 17, ROOT)
B64 = base64.b64encode(ROOT).decode()


@given(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_what_was_signed_is_what_opens(size, root):
    statement = Checkpoint(ORIGIN, size, root)
    assert open_checkpoint(sign_checkpoint(statement, SIGNER), SIGNER.verifier) == statement


def test_the_text_is_origin_size_and_root():
    assert format_checkpoint(STATEMENT) == f"{ORIGIN}\n17\n{B64}\n"
    assert parse_checkpoint(f"{ORIGIN}\n17\n{B64}\n") == STATEMENT


def test_no_byte_can_be_changed_into_another_statement():
    for changed in changes(sign_checkpoint(STATEMENT, SIGNER)):
        try:
            assert open_checkpoint(changed, SIGNER.verifier) == STATEMENT
        except Corrupt:
            continue


LOOK_ALIKES = {
    "leading zero": f"{ORIGIN}\n017\n{B64}\n",
    "plus": f"{ORIGIN}\n+17\n{B64}\n",
    "minus": f"{ORIGIN}\n-17\n{B64}\n",
    "minus zero": f"{ORIGIN}\n-0\n{B64}\n",
    "Arabic digits": f"{ORIGIN}\n١٧\n{B64}\n",
    "underscore": f"{ORIGIN}\n1_7\n{B64}\n",
    "space": f"{ORIGIN}\n 17\n{B64}\n",
    "no size": f"{ORIGIN}\n\n{B64}\n",
    "2^63": f"{ORIGIN}\n9223372036854775808\n{B64}\n",
    "extension line": f"{ORIGIN}\n17\n{B64}\nmore\n",
    "empty line": f"{ORIGIN}\n17\n{B64}\n\n",
    "no last newline": f"{ORIGIN}\n17\n{B64}",
    "CRLF": f"{ORIGIN}\r\n17\r\n{B64}\r\n",
    "root of 31 bytes": f"{ORIGIN}\n17\n{base64.b64encode(ROOT[1:]).decode()}\n",
    "root of 33 bytes": f"{ORIGIN}\n17\n{base64.b64encode(ROOT + b'x').decode()}\n",
    "no root": f"{ORIGIN}\n17\n\n",
    "root with stray bits": f"{ORIGIN}\n17\n{B64[:-2]}9=\n",
    "root in hex": f"{ORIGIN}\n17\n{ROOT.hex()}\n",
    "no origin": f"\n17\n{B64}\n",
    "two lines": f"{ORIGIN}\n17\n",
    "nothing": "",
}


@pytest.mark.parametrize("text", LOOK_ALIKES.values(), ids=LOOK_ALIKES.keys())
def test_a_look_alike_is_corrupt(text):
    with pytest.raises(Corrupt):
        parse_checkpoint(text)


@pytest.mark.parametrize("name", ["leading zero", "extension line", "root of 31 bytes", "Arabic digits", "no origin"])
def test_a_look_alike_is_corrupt_even_when_we_signed_it(name):
    note = sign(LOOK_ALIKES[name], SIGNER)
    with pytest.raises(Corrupt):
        open_checkpoint(note, SIGNER.verifier)


def test_a_checkpoint_of_another_ledger_is_corrupt():
    note = sign(format_checkpoint(STATEMENT._replace(origin="stage4-ledger.invalid/stage4/ffff")), SIGNER)
    with pytest.raises(Corrupt, match="another ledger"):
        open_checkpoint(note, SIGNER.verifier)


def test_a_key_signs_for_its_own_ledger_only():
    with pytest.raises(Corrupt, match="may not sign"):
        sign_checkpoint(STATEMENT._replace(origin="stage4-ledger.invalid/stage4/ffff"), SIGNER)


@pytest.mark.parametrize("wrong", [{"size": -1}, {"root": b""}, {"root": ROOT[1:]}])
def test_what_could_not_be_opened_is_not_signed(wrong):
    with pytest.raises(Corrupt):
        sign_checkpoint(STATEMENT._replace(**wrong), SIGNER)
