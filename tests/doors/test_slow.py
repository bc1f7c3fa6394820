"""Nobody holds the doors shut: two hundred slow connections, and pages and the stop are answered beside them."""

from __future__ import annotations

import json
import socket
import statistics
import time

from web.caller import HEAD

from .served import Served
from .slow import crowd, measure, stop

BESIDE = HEAD / 2
"""Seconds for the slowest page of all: one that waits for a slow client waits until that one is let go."""


def test_pages_and_the_stop_are_answered_beside_slow_clients(here: Served) -> None:
    cookie = here.sign_in()
    with crowd(here.port, 200, 10) as running:
        found = measure(here, cookie, 8)
        pressed = stop(here, cookie)
        assert json.loads(running.stdout.readline())["opened"] >= 200
    assert pressed < 1
    assert statistics.median(found.page) < 0.3 and max(found.page) < BESIDE, found
    assert statistics.median(found.door) < 0.3 and max(found.door) < BESIDE, found


def test_half_a_head_is_let_go_in_time(here: Served) -> None:
    with socket.create_connection(("127.0.0.1", here.port), 30) as made:
        made.send(b"GET / HTTP/1.1\r\nHost: local")
        began = time.monotonic()
        made.settimeout(HEAD / 4)
        while time.monotonic() - began < HEAD - 3:  # a byte now and then makes the time no longer
            made.send(b"x")
            time.sleep(0.5)
        made.settimeout(30)
        assert made.recv(4096).startswith(b"HTTP/1.1 408 ")
        assert HEAD - 1 < time.monotonic() - began < HEAD + 3


def test_a_stop_passes_a_crowd_that_signs_in(here: Served) -> None:
    """Whole requests of strangers, more than their threads: each would be hashed for."""
    cookie = here.sign_in()
    form = b"login=nobody&password=a+wrong+one"
    head = f"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nOrigin: {here.url}\r\nContent-Length: {len(form)}\r\n"
    whole = head.encode() + b"Content-Type: application/x-www-form-urlencoded\r\n\r\n" + form
    crowd_of = [socket.create_connection(("127.0.0.1", here.port), 30) for _ in range(150)]
    try:
        for one in crowd_of:
            one.send(whole)
        assert stop(here, cookie) < 1
    finally:
        for one in crowd_of:
            one.close()


def test_more_connections_than_it_can_hold_do_not_shut_it(here: Served) -> None:
    idle = []
    try:
        for _ in range(2300):
            made = socket.socket()
            made.connect(("127.0.0.1", here.port))
            idle.append(made)
        began = time.monotonic()
        assert here.ask("GET", "/sign-in").status == 200
        assert time.monotonic() - began < 1
    finally:
        for one in idle:
            one.close()
