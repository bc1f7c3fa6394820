"""Heads that stand in what other systems kept are found in every form, and the log is held against each."""

from __future__ import annotations

import base64
import json
import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.proof.merkle import root_of
from ledger.verify import Head, find_heads, head_line

from .builders import KEY, ORIGIN, SIGNER, checkpoint_of, honest, reseal
from .conftest import check, named

LINES = honest(2)
N = len(LINES)
SIGNED = {"verifier": SIGNER.verifier}


def head(size: int) -> Head:
    return Head(size, root_of(LINES[:size]), ORIGIN)


def message(size: int) -> str:
    """What went out when the ledger had ``size`` entries."""
    return f"[Stage4] INC-1: wyłączony.\n{head_line(head(size), ORIGIN)}\n"


def mail(body: bytes, encoding: str, kind: str = "text/plain") -> bytes:
    return (
        b"From: stage4@example.org\r\nSubject: =?utf-8?q?stop?=\r\nMIME-Version: 1.0\r\n"
        + f"Content-Type: {kind}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode()
        + body
    )


HTML = f"<p>[Stage4]&nbsp;INC-1<br>Ledger head <b>{message(7).split()[5]}</b> of&#32;{ORIGIN}</p>"
BASE64 = base64.encodebytes(message(7).encode())
JIRA = {"comments": [{"id": "1", "body": "hello"}, {"id": "2", "body": message(7)}]}
ADF = {"type": "doc", "content": [{"type": "paragraph", "content": [{"type": "text", "text": message(7)}]}]}
MAIL = mail(BASE64, "base64")
FORMS = {
    "text": message(7).encode(),
    "windows line ends": message(7).replace("\n", "\r\n").encode(),
    "utf-16": message(7).encode("utf-16"),
    "a byte order mark": message(7).encode("utf-8-sig"),
    "quoted in a chat": f"> {message(7)}> well?".encode(),
    "a sentence": f"({head_line(head(7), ORIGIN)}.)".encode(),
    "html": HTML.encode(),
    "json": json.dumps(JIRA).encode(),
    "json with escapes": json.dumps(ADF).replace("/", "\\/").replace("=", "\\u003d").encode(),
    "lines of json": b"\n".join([json.dumps({"text": "x"}).encode(), b"{ torn", json.dumps(JIRA).encode()]),
    "json in json": json.dumps({"payload": json.dumps({"text": json.dumps(ADF)})}).encode(),
    "a mail, quoted-printable": mail(quopri.encodestring(message(7).encode()), "quoted-printable"),
    "a mail, base64": MAIL,
    "a mail of html": mail(base64.encodebytes(HTML.encode()), "base64", "text/html"),
    "a mailbox": b"From a@b Mon Nov 30\n"
    + mail(b"hi\n", "7bit")
    + b"\nFrom a@b Mon Nov 30\n"
    + MAIL.replace(b"\r", b""),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_head_is_found_in_what_other_systems_keep(form):
    assert find_heads(FORMS[form]) == (head(7),)


def test_a_head_that_one_place_names_the_ledger_of_is_of_that_ledger():
    alone = message(7).split()[5]
    assert find_heads(alone.encode()) == (Head(7, head(7).root),)
    assert find_heads(f"{alone}\n{message(7)}{message(9)}".encode()) == (head(7), head(9))


@pytest.mark.parametrize(
    "text",
    ["", "12:30", "sha256:" + "a" * 43 + "=", f"0:{'A' * 43}=", f"7:{'A' * 42}=", f"7:{'A' * 42}B=", f"07:{'A' * 43}="],
)
def test_what_is_no_head_is_not_found(text):
    assert find_heads(text.encode()) == ()


@given(st.binary() | st.text().map(str.encode) | st.from_regex(r'[{}\[\]",:<>&A-Za-z =\n-]*').map(str.encode))
def test_whatever_a_file_holds_is_read_to_its_end(raw):
    assert find_heads(raw + b"\n\n" + message(9).encode())[-1:] in ((head(9),), ())


def test_deep_json_ends():
    assert find_heads(b"[" * 100_000) == ()
    text = message(7)
    for _ in range(12):
        text = json.dumps(text)
    assert find_heads(text.encode()) == (head(7),)


# --- the log is held against them -------------------------------------------------------------------------------------


def test_heads_in_a_tickets_comments_are_compared():
    comments = find_heads(json.dumps([message(7), message(12)]).encode())
    report = check(LINES, checkpoint=checkpoint_of(LINES), heads=comments, **SIGNED)
    assert report.verified and "kept, at 7, 12 entries" in " ".join(report.checked)
    assert "not excluded" not in " ".join(report.not_checked)


@pytest.mark.parametrize(("changed", "sizes", "said"), [
    (12, (7, 11, 12, 20), "from entry 12 on"),
    (12, (7, 15, 20), "from one of the entries 8 to 15 on"),
    (12, (15, 20), "something in them was changed"),
])  # fmt: skip
def test_a_history_written_anew_with_both_keys_differs_from_the_entry_that_they_name(changed, sizes, said):
    forged = reseal(LINES, changed, lambda body: body["metadata"].update(request_id="x"))
    alone = check(forged, checkpoint=checkpoint_of(forged), hmac_keys=[KEY], **SIGNED)
    assert alone.verified and "not excluded" in " ".join(alone.not_checked)
    heads = find_heads("".join(map(message, sizes)).encode())
    report = check(forged, checkpoint=checkpoint_of(forged), hmac_keys=[KEY], heads=heads, **SIGNED)
    beyond = [size for size in sizes if size >= changed]
    assert named(report) == [("head_differs", size) for size in beyond] and said in report.findings[0].sentence


def test_a_head_of_another_ledger_accuses_nobody_and_is_no_witness():
    foreign = f"Ledger head 3:{'A' * 43}= of elsewhere.example/stage4"
    report = check(LINES, checkpoint=checkpoint_of(LINES), heads=find_heads(foreign.encode()), **SIGNED)
    said = " ".join(report.not_checked)
    assert report.verified and "of another ledger, elsewhere.example/stage4" in said and "not excluded" in said
