"""What stands before servers: a balancer of connections, one of requests, and proxies that close what others keep."""

from __future__ import annotations

import contextlib
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType

from .neighbours import Handler, Process

Choice = Callable[[], Process]


@contextmanager
def by_connection(choose: Choice) -> Iterator[str]:
    """Each connection goes to a server that is chosen for it, as a Service of Kubernetes does it; gives the address."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        threading.Thread(target=_accept, args=(door, choose), daemon=True).start()
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
        door.shutdown(socket.SHUT_RDWR)


def _accept(door: socket.socket, choose: Choice) -> None:
    while True:
        try:
            client, _ = door.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(client, int(choose().url.rpartition(":")[2])), daemon=True).start()


def _serve(client: socket.socket, port: int) -> None:
    with client, socket.create_connection(("127.0.0.1", port), 5) as server:
        back = threading.Thread(target=_pass, args=(server, client), daemon=True)
        back.start()
        _pass(client, server)
        back.join()


def _pass(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
    for end in (one, other):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def by_request(
    choose: Choice,
    closing: Callable[[Handler], bool] = lambda _: False,
    more: Mapping[str, str] = MappingProxyType({}),
) -> Callable[[Handler], None]:
    """Each request goes to a server that is chosen for it, as an ingress does it; ``more`` are headers of the answer.

    Where ``closing`` says so the connection is closed after the answer, and the answer says that it will be.
    """

    def answer(handler: Handler) -> None:
        try:
            with urllib.request.urlopen(choose().url + handler.path) as given:
                status, body = given.status, given.read()
        except urllib.error.HTTPError as error:
            status, body = error.code, error.read()
        close = {"Connection": "close"} if closing(handler) else {}
        handler.say(status, body, Content_Type="application/json", **close, **more)

    return answer


def turns(servers: Sequence[Process]) -> Choice:
    """One after the other."""
    asked = 0

    def choose() -> Process:
        nonlocal asked
        asked += 1
        return servers[asked % len(servers)]

    return choose
