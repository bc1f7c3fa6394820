"""Cookies know no ports: whatever other applications of the host have set, who is signed in is known at the door."""

from __future__ import annotations

import contextlib
import http.client
import socket
from concurrent.futures import Future

import pytest
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from gunicorn.config import Config

from web.caller import Caller, Patient
from web.doors import QUEUE, DoorWorker

from .served import Served

ODD = (
    'a={"b":1}',
    "foo",
    "x[0]=1",
    "żółw=1".encode().decode("latin1"),
    "cf@x=1",
    "path=/",
    "a=\xff",
    'a="never closed',
    "=1",
    "a==",
    "a b=c d",
    "a=1,2",
    ";;",
    "expires=Thu, 01 Jan 1970 00:00:00 GMT",
    "a=" + "x" * 6_000,
)


@pytest.fixture(scope="module")
def cookie(here: Served) -> str:
    return here.sign_in()


def known(here: Served, *cookies: str) -> bool:
    """Whether the first page is shown to whoever sends these headers; a stranger is sent to the sign-in page."""
    connection = http.client.HTTPConnection("127.0.0.1", here.port, timeout=30)
    with contextlib.closing(connection):
        connection.putrequest("GET", "/")
        connection.putheader("Accept", "text/html")
        for one in cookies:
            connection.putheader("Cookie", one.encode("latin1"))
        connection.endheaders()
        answer = connection.getresponse()
        answer.read()
        assert answer.status in (200, 302, 303), answer.status
        return answer.status == 200


@pytest.mark.parametrize("neighbour", ODD, ids=lambda one: ascii(one[:20]))
def test_a_neighbours_cookie_makes_nobody_a_stranger(here: Served, cookie: str, neighbour: str) -> None:
    assert known(here, f"{neighbour}; {cookie}")
    assert known(here, f'{neighbour}; {cookie}; {neighbour}; b="')
    assert known(here, neighbour, cookie), "in headers of their own, as they come from HTTP/2"
    assert known(here, cookie, neighbour)
    assert not known(here, neighbour)


class Crowded(DoorWorker):
    """The door with as many strangers before it as may wait; what is handed over is noted."""

    def __init__(self) -> None:
        self.wsgi = Flask(__name__)
        self.wsgi.secret_key = b"of the tests"
        self._waiting = QUEUE
        self._callers = {}
        self.handed: list[str] = []
        self._pools = {name: _Noted(self.handed, name) for name in ("stop", "people", "strangers", "door")}

    def signed(self) -> str:
        serializer = SecureCookieSessionInterface().get_signing_serializer(self.wsgi)
        assert serializer is not None
        return f"stage4_session={serializer.dumps({'token': 'one of somebody'})}"


class _Noted:
    def __init__(self, handed: list[str], name: str) -> None:
        self._handed, self._name = handed, name

    def submit(self, *_: object) -> Future[bool]:
        self._handed.append(self._name)
        return Future()


def pressed(door: Crowded, *cookies: str) -> bytes:
    """A stop that arrives at the door; what it is told without a thread."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        caller = Caller(Config(), Patient(fileno=ours.detach()), ("127.0.0.1", 1), ("127.0.0.1", 2))
        lines = [*(f"Cookie: {one}" for one in cookies), "Content-Length: 0", "", ""]
        caller.feed("\r\n".join(["POST /stop HTTP/1.1", "Host: localhost", *lines]).encode("latin1"))
        assert caller.whole and caller.problem is None
        door._hand_over(caller)
        caller.sock.close()
        return theirs.recv(4096)


@pytest.mark.parametrize("neighbour", ODD, ids=lambda one: ascii(one[:20]))
def test_the_stop_passes_a_crowd_with_a_neighbours_cookies(neighbour: str) -> None:
    door = Crowded()
    signed = door.signed()
    for cookies in ((f'{neighbour}; {signed}; b="c"',), (f"{signed}; {neighbour}",), (neighbour, signed)):
        assert pressed(door, *cookies) == b""
    assert door.handed == ["stop"] * 3
    assert pressed(door, neighbour, signed[:-1]).startswith(b"HTTP/1.1 503 "), "and what we did not sign does not"
