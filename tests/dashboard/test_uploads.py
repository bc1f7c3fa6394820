"""What is sent is bounded and named by its digest; what is fetched is an attachment under a name of ours."""

from __future__ import annotations

import hashlib
import io
import re
import secrets
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from ledger.app.press import Press
from ledger.app.steps import opening
from web.body import LARGEST

from .conftest import person

LARGE = b"x" * (LARGEST + 1)
TOO_LARGE = {"en": "What was sent is too large", "pl": "Przesłano za dużo"}
EDGE = "the-edge-of-this-form"
FORM = "application/x-www-form-urlencoded"
HEAD = f'--{EDGE}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'.encode()


@pytest.fixture
def rollback(installation):
    opened = opening.open_rollback(installation, Press(person("incident_manager")), ticket="INC-1", reason="latency")
    return opened.rollback


def form(**more: object) -> dict[str, object]:
    return {"request_id": secrets.token_hex(16), **more}


def attach(client: FlaskClient, data: bytes, name: str = "log.txt", path: str = "/rollbacks/INC-1/attach-1"):
    return client.post(path, data=form(file=(io.BytesIO(data), name), note=""))


def raw(client: FlaskClient, header: bytes, data: bytes = b"proof"):
    """A part whose header is written by hand, as no browser would."""
    body = (
        f'--{EDGE}\r\nContent-Disposition: form-data; name="request_id"\r\n\r\n{secrets.token_hex(16)}\r\n'.encode()
        + f'--{EDGE}\r\nContent-Disposition: form-data; name="note"\r\n\r\n\r\n--{EDGE}\r\n'.encode()
        + b'Content-Disposition: form-data; name="file"; '
        + header
        + b"\r\n\r\n"
        + data
        + f"\r\n--{EDGE}--\r\n".encode()
    )
    kind = f"multipart/form-data; boundary={EDGE}"
    return client.post("/rollbacks/INC-1/attach-1", data=body, content_type=kind)


def files_of(home: Path) -> set[str]:
    return {str(path) for path in home.parent.rglob("*")}


def new_files(before: set[str], home: Path) -> set[str]:
    """What came to be outside the ledger's own files and the artefacts."""
    own = re.compile(
        rf"{re.escape(str(home))}/(var/(artefacts/sha384/|ledger/|locks|web/|access/)|audit/).*|.*/var/access"
    )
    return {path for path in files_of(home) - before if not own.fullmatch(path)}


def test_too_much_is_told_in_ones_own_language(browser, rollback, installation):
    client, size = browser("noc"), installation.state.sequence
    kind = f"multipart/form-data; boundary={EDGE}"
    for path in ("/rollbacks/INC-1/attach-1", "/rollbacks", "/sign-in", "/password"):
        for language, sentence in TOO_LARGE.items():
            client.set_cookie("lang", language)
            answer = client.post(path, data=HEAD + LARGE, content_type=kind)
            assert answer.status_code == 413, path
            assert sentence in answer.text, path
    assert installation.state.sequence == size


def test_a_body_whose_length_is_a_lie_is_no_press(browser, rollback, installation):
    size = installation.state.sequence
    for length in ("0", "99999999", "-1", "x"):
        form, cut = {"text": "x", "request_id": "a" * 32}, {"CONTENT_LENGTH": length}
        answer = browser("noc").post("/rollbacks/INC-1/note", data=form, environ_overrides=cut)
        assert 400 <= answer.status_code < 500, length
    assert installation.state.sequence == size


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the library closes what it began late
@pytest.mark.parametrize("part", ["field", "file"])
def test_a_crowd_of_parts_is_refused(browser, rollback, installation, part):
    size = installation.state.sequence
    crowd = {f"n{n}": "x" if part == "field" else (io.BytesIO(b"x"), f"{n}.txt") for n in range(2000)}
    answer = browser("noc").post("/rollbacks/INC-1/attach-1", data=form(file=(io.BytesIO(b"x"), "a"), **crowd))
    assert answer.status_code == 413
    assert TOO_LARGE["en"] in answer.text
    assert installation.state.sequence == size


TRICKS = {
    "up": b'filename="../../../../etc/passwd"',
    "dots": b'filename=".."',
    "absolute": b'filename="/etc/passwd"',
    "backslashes": b'filename="..\\..\\windows\\system32"',
    "drive": b'filename="C:\\\\con"',
    "device": b'filename="con"',
    "stream": b'filename="a.txt::$DATA"',
    "nul": b'filename="a.txt\x00.png"',
    "encoded": b"filename*=UTF-8''..%2f..%2fkeys%2fhmac.key",
    "encoded nul": b"filename*=UTF-8''a%00b%0d%0aX-Evil:%201",
    "line ends": b'filename="a%0d%0aX-Evil: 1"',
    "a header of its own": b'filename="a\r\nX-Evil: 1"',
    "quotes": b'filename="a\\"; filename=\\"b"',
    "turned": 'filename="gnp.\u202eexe.png"'.encode(),
    "no Unicode": b'filename="\xff\xfe.png"',
    "long": b'filename="' + b"x" * 5000 + b'.png"',
    "nothing": b'filename=""',
    "spaces": b'filename="   "',
}


def test_no_name_of_a_file_is_a_path(browser, rollback, installation):
    client, before = browser("noc"), files_of(installation.home.root)
    for trick, header in TRICKS.items():
        size = installation.state.sequence
        answer = raw(client, header, trick.encode())
        assert answer.status_code in (303, 400, 422), (trick, answer.text)
        assert new_files(before, installation.home.root) == set(), trick
        kept = b"".join(installation.ledger.log.lines(size))
        assert bool(kept) == (answer.status_code == 303), trick
        assert not re.search(rb"etc/|%2f|system32\\", kept, re.IGNORECASE), trick
        fetched = client.get(f"/artefacts/{hashlib.sha384(trick.encode()).hexdigest()}/bytes")
        assert fetched.data == trick.encode() if kept else fetched.status_code in (200, 404)
        for page in (fetched, client.get("/timeline"), client.get("/rollbacks/INC-1/review")):
            assert "X-Evil" not in page.headers
            assert not re.search(r"\.\.|/|\\|evil|con", page.headers.get("Content-Disposition", "").partition("=")[2])


EVIL = {
    "html": b"<!doctype html><script>xss()</script>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="xss()"/>',
    "pdf": b"%PDF-1.7",
    "png that is html": b"\x89PNG\r\n\x1a\n<script>xss()</script>",
    "json": b'{"a": "<script>"}',
    "xml": b'<?xml version="1.0"?><?xml-stylesheet href="x.xsl"?>',
}


def test_what_was_uploaded_is_never_a_page_of_ours(browser, rollback):
    client = browser("noc")
    for what, data in EVIL.items():
        assert attach(client, data, "page.html").status_code == 303
        name = hashlib.sha384(data).hexdigest()
        answer = client.get(f"/artefacts/{name}/bytes")
        assert (answer.data, answer.mimetype) == (data, "application/octet-stream")
        given = answer.headers["Content-Disposition"]
        assert re.fullmatch(r'attachment; filename="INC-1-step1-attached-entry\d+\.(png|json|txt|bin)"', given), what
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        picture = client.get(f"/artefacts/{name}/picture")
        expected = (200, "image/png") if data.startswith(b"\x89PNG") else (404, "text/html")
        assert (picture.status_code, picture.mimetype) == expected, what


DOWNLOADS = {
    "/entries/1/bytes": "entry-1.json",
    "/audit/stage4.jsonl": "stage4.jsonl",
    "/audit/stage4.checkpoint": "stage4.checkpoint",
    "/audit/stage4.vkey": "stage4.vkey",
    "/access/lines": "stage4-access.jsonl",
    "/rollbacks/INC-1/review.md": "INC-1-review.md",
    "/rollbacks/INC-1/review.json": "INC-1-review.json",
}


def test_every_download_is_an_attachment_under_a_name_of_ours(browser, rollback):
    client = browser("auditor")
    for path, name in DOWNLOADS.items():
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert re.fullmatch(rf'attachment; filename="?{re.escape(name)}"?', answer.headers["Content-Disposition"])
        assert answer.mimetype in ("application/octet-stream", "text/markdown", "application/json")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        answer.close()


ADDRESSES = (
    "/artefacts/{}",
    "/artefacts/{}/bytes",
    "/artefacts/{}/picture",
    "/audit/{}.jsonl",
    "/rollbacks/{}/review.md",
    "/static/{}",
)
PATHS = ("..%2f..%2fvar%2fkeys%2fweb.key", "..", "%2e%2e%2f", "..%5c..%5cx", "a" * 95 + "%00", "a" * 96 + "%0a")


def test_no_address_is_a_path(browser):
    client = browser("auditor")
    for address in ADDRESSES:
        for path in PATHS:
            answer = client.get(address.format(path))
            assert answer.status_code in (301, 308, 404), (address, path)
            assert "Content-Disposition" not in answer.headers
