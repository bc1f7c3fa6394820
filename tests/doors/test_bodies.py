"""Bodies on the wire: read by how much their sender may send, in whatever pieces they come; never kept for nothing."""

from __future__ import annotations

import re
import secrets
import socket
import time
from pathlib import Path
from urllib.parse import urlencode

import pytest

from ledger.app.installation import opened
from ledger.app.press import Press
from ledger.app.steps import opening
from ledger.domain.command import Actor
from web.body import LARGEST, SMALL

from .served import KIND, PASSWORD, Served

EDGE = "the-edge-of-this-form"
PARTS = f"multipart/form-data; boundary={EDGE}"
HEAD = f'--{EDGE}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'.encode()
TOO_LARGE = "What was sent is too large"


@pytest.fixture(scope="module")
def rollback(here: Served) -> str:
    manager = Actor(person="lab-incident-manager", auth="lab")
    with opened(here.root) as installation:
        return opening.open_rollback(installation, Press(manager), ticket="INC-1", reason="latency").rollback.id


@pytest.fixture
def cookie(here: Served) -> str:
    return here.sign_in()


def parts(data: bytes) -> bytes:
    number = (
        f'--{EDGE}\r\nContent-Disposition: form-data; name="request_id"\r\n\r\n{secrets.token_hex(16)}\r\n'.encode()
    )
    note = f'--{EDGE}\r\nContent-Disposition: form-data; name="note"\r\n\r\n\r\n'.encode()
    return number + note + HEAD + data + f"\r\n--{EDGE}--\r\n".encode()


def artefacts(here: Served) -> set[str]:
    return {str(path) for path in (here.root / "var/artefacts").rglob("*") if path.is_file()}


def raw(here: Served, data: bytes, *more: bytes, pause: float = 0.0) -> bytes:
    """What comes back for bytes that are sent by hand, until the other end closes or has nothing to say for a while."""
    with socket.create_connection(("127.0.0.1", here.port), 30) as made:
        for piece in (data, *more):
            made.sendall(piece)
            time.sleep(pause)
        made.settimeout(1)
        found = b""
        try:
            while piece := made.recv(65536):
                found += piece
        except TimeoutError:
            pass
        return found


@pytest.mark.parametrize("who", ["", "auditor"])
def test_bodies_of_who_may_not_are_neither_held_in_memory_nor_kept(here, rollback, who):
    given = {"Cookie": here.sign_in(who)} if who else {}
    before, files = here.resident(), artefacts(here)
    head = f"POST /rollbacks/{rollback}/attach-0 HTTP/1.1\r\nHost: localhost\r\nOrigin: {here.url}\r\n"
    head += f"Content-Type: {PARTS}\r\nContent-Length: 15000000\r\nCookie: {given.get('Cookie', '')}\r\n\r\n"
    waiting = [socket.create_connection(("127.0.0.1", here.port), 30) for _ in range(20)]
    try:
        for one in waiting:
            one.sendall(head.encode() + HEAD + b"x" * 14_000_000)
        assert here.resident() - before < 100 * 2**20  # of 280
    finally:
        for one in waiting:
            one.close()
    answer = here.ask("POST", f"/rollbacks/{rollback}/attach-0", parts(b"x" * 5_000_000), Content_Type=PARTS, **given)
    assert answer.status == (413 if who else 401), answer.page
    assert artefacts(here) == files


def test_a_small_upload_of_who_may_not_is_not_kept_either(here, rollback):
    files, cookie = artefacts(here), here.sign_in("auditor")
    answer = here.ask("POST", f"/rollbacks/{rollback}/attach-0", parts(b"x" * 5000), Content_Type=PARTS, Cookie=cookie)
    assert answer.status == 422, answer.page
    long = {"request_id": secrets.token_hex(16), "text": "x" * 3000}
    answer = here.ask("POST", f"/rollbacks/{rollback}/note", urlencode(long), Content_Type=KIND, Cookie=cookie)
    assert answer.status == 422, answer.page
    assert artefacts(here) == files


def test_an_upload_of_who_may_is_kept(here, rollback, cookie):
    files, data = artefacts(here), secrets.token_bytes(3_000_000)
    answer = here.ask("POST", f"/rollbacks/{rollback}/attach-0", parts(data), Content_Type=PARTS, Cookie=cookie)
    assert answer.status == 303, answer.page
    (kept,) = artefacts(here) - files
    assert Path(kept).read_bytes() == data


@pytest.mark.parametrize("path", ["/rollbacks", "/rollbacks/INC-1/attach-1", "/sign-in"])
@pytest.mark.parametrize("chunked", [False, True])
def test_too_much_gets_the_page_that_says_so(here, rollback, cookie, path, chunked):
    body = HEAD + b"x" * (LARGEST + 4_000_000)
    answer = here.ask("POST", path, iter([body]) if chunked else body, Content_Type=PARTS, Cookie=cookie)
    assert answer.status == 413 and TOO_LARGE in answer.page
    assert not list((here.root / "var/runtime/overrides").glob("*.json"))


def test_a_press_in_chunks_is_a_press(here, rollback, cookie):
    """As some proxies send it on."""
    form = urlencode({"request_id": secrets.token_hex(16), "text": "said in chunks"}).encode()
    sent = iter([form[:7], form[7:]])
    answer = here.ask("POST", f"/rollbacks/{rollback}/note", sent, Content_Type=KIND, Cookie=cookie)
    assert answer.status == 303, answer.page
    assert "said in chunks" in here.ask("GET", "/timeline", Cookie=cookie).page


def test_a_body_that_ends_too_early_is_no_press(here, rollback, cookie):
    form = urlencode({"request_id": secrets.token_hex(16), "text": "cut off in the middle"})
    head = f"POST /rollbacks/{rollback}/note HTTP/1.1\r\nHost: localhost\r\nOrigin: {here.url}\r\nCookie: {cookie}\r\n"
    head += f"Content-Type: {KIND}\r\nContent-Length: {len(form) + 5}\r\n\r\n{form}"
    with socket.create_connection(("127.0.0.1", here.port), 30) as made:
        made.sendall(head.encode())
        made.shutdown(socket.SHUT_WR)
        assert made.recv(1000) == b""
    assert "cut off in the middle" not in here.ask("GET", "/timeline", Cookie=cookie).page


def test_who_waits_for_the_word_gets_it_only_where_the_body_is_wanted(here, cookie):
    form = urlencode({"login": "noc", "password": PASSWORD}).encode()
    head = f"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1:{here.port}\r\nOrigin: {here.url}\r\n"
    head += f"Content-Type: {KIND}\r\nExpect: 100-continue\r\n"
    found = raw(here, f"{head}Content-Length: {len(form)}\r\n\r\n".encode(), form, pause=0.3)
    assert found.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 303 ") and found.count(b"100 Continue") == 1
    found = raw(here, f"{head}Content-Length: {SMALL + 1}\r\n\r\n".encode())
    assert found.startswith(b"HTTP/1.1 413 ") and b"Connection: close" in found


def test_requests_one_behind_the_other_are_answered_in_order(here):
    one = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    other = b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n"
    found = raw(here, one + other + one[:-3], one[-3:], pause=0.2)
    assert re.findall(rb"HTTP/1\.1 (\d+)", found) == [b"200", b"404", b"200"]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", 400),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"POST / HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 20_000, 431),
        (b"nonsense\r\n\r\n", 400),
    ],
)
def test_what_is_no_request_is_refused_and_what_follows_it_is_not_read(here, sent, status):
    found = raw(here, sent + b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert re.findall(rb"HTTP/1\.1 (\d+)", found) == [str(status).encode()]


def test_nothing_of_all_this_was_an_error_of_the_server(here):
    assert "Traceback" not in (here.root / "log").read_text()


@pytest.mark.parametrize("chunked", [False, True])
def test_a_stop_with_too_much_is_a_stop(here, chunked):
    """Whatever came with it is thrown away."""
    body = HEAD + b"x" * (LARGEST + 4_000_000)
    answer = here.ask("POST", "/stop", iter([body]) if chunked else body, Content_Type=PARTS, Cookie=here.sign_in())
    assert answer.status in (200, 303), answer.page
    assert list((here.root / "var/runtime/overrides").glob("*.json"))
