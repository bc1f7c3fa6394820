"""The server's worker: a thread is given to a request that is there as a whole, and some are kept for those who matter.

The main thread reads what comes, each connection under a deadline, and hands whole requests to one of four pools by
who shows what: the stop's own, the one of people with a cookie that this server signed, and two small ones for
strangers (docs/adr/0007).
"""

from __future__ import annotations

import errno
import resource
import socket
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from selectors import EVENT_READ
from typing import Any, Final, Literal

from gunicorn.http import wsgi
from gunicorn.workers.gthread import ThreadWorker
from itsdangerous import BadSignature

from ledger.app.people.accounts import LIFE
from web import body, cookies
from web.caller import Caller, Patient

STOPS: Final = 4
"""Threads for the stop alone."""
STRANGERS: Final = 16
"""Threads for what strangers read: the sign-in page, its styles, what machines ask."""
AT_THE_DOOR: Final = 8
"""Threads for what strangers send: sign-ins. Each takes a core and 64 MiB; more would only wait."""
QUEUE: Final = 200
"""Requests of strangers that may wait for one of those threads; who comes then is told to come again."""
LARGE_AT_ONCE: Final = 8
"""Large bodies in memory at a time: 128 MiB."""
BUFFER: Final = 256 * 1024
"""Bytes of an answer that the kernel takes from a thread at once: every file and most pages."""
SPARED: Final = 300
"""Open files that connections leave for everything else."""
CUT: Final = "what was sent did not come to an end in time\nto, co wysłano, nie skończyło się na czas"
CROWD: Final = (
    "too many people are at the door; try again in a moment\nza dużo osób przy wejściu; spróbuj ponownie za chwilę"
)
_ACCEPTED: Final = 64
_PIECE: Final = 64 * 1024
_TURN: Final = 0.5
Pool = Literal["stop", "people", "strangers", "door"]


class DoorWorker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's thread worker, with its reading replaced: there a thread waits for whoever sends slowly."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._callers: dict[Caller, None] = {}
        """Connections that no thread works for, the one that waits longest first."""
        self._waiting = 0
        self._large = 0
        self._pools: dict[Pool, ThreadPoolExecutor] = {}

    def init_process(self) -> None:
        """In the worker's own process."""
        sizes: tuple[tuple[Pool, int], ...] = (("stop", STOPS), ("strangers", STRANGERS), ("door", AT_THE_DOOR))
        self._pools = {name: ThreadPoolExecutor(size, name) for name, size in sizes}
        super().init_process()

    def get_thread_pool(self) -> ThreadPoolExecutor:
        """People's threads; streams are among them."""
        self._pools["people"] = ThreadPoolExecutor(self.cfg.threads, "people")
        return self._pools["people"]

    # --- the loop ----------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Read, hand over and take back until told to end."""
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.worker_connections = min(self.cfg.worker_connections, max(files - SPARED, SPARED))
        self.poller.register(self.method_queue.fileno(), EVENT_READ, self.method_queue.run_callbacks)
        self.set_accept_enabled(True)
        while self.alive and self.is_parent_alive():
            self._turn()
        self.set_accept_enabled(False)
        for listener in self.sockets:
            listener.close()
        for caller in [idle for idle in self._callers if not idle.begun]:
            self._drop(caller)
        until = time.monotonic() + self.cfg.graceful_timeout
        while self.nr_conns > 0 and time.monotonic() < until:
            self._turn()
        for pool in self._pools.values():
            pool.shutdown(wait=False)
        self.poller.close()
        self.method_queue.close()

    def _turn(self) -> None:
        self.notify()
        self.wait_for_and_dispatch_events(_TURN)
        at = time.monotonic()
        for caller in [late for late in self._callers if late.deadline < at]:
            self._guarded(self._expire, caller)

    def accept(self, listener: socket.socket) -> None:
        """Take new connections; where there are too many, the one that has waited longest goes."""
        for _ in range(_ACCEPTED):
            try:
                accepted, address = listener.accept()
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM) and not self._make_room():
                    time.sleep(0.01)
                return
            sock = Patient(fileno=accepted.detach())
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
            caller = Caller(self.cfg, sock, address, listener.getsockname())
            self.nr_conns += 1
            if self.nr_conns >= self.worker_connections:
                self._make_room()
            self._watch(caller)

    def _make_room(self) -> bool:
        """Strangers first: who sends a request at once is not among those that wait longest."""
        caller = next((stranger for stranger in self._callers if not stranger.signed), None) or next(
            iter(self._callers), None
        )
        if caller is not None:
            self._drop(caller)
        return caller is not None

    # --- reading -----------------------------------------------------------------------------------------------------

    def _watch(self, caller: Caller) -> None:
        self._callers[caller] = None
        self.poller.register(caller.sock, EVENT_READ, lambda _: self._guarded(self._readable, caller))

    def _unwatch(self, caller: Caller) -> None:
        if caller in self._callers:
            del self._callers[caller]
            self.poller.unregister(caller.sock)

    def _drop(self, caller: Caller) -> None:
        self._unwatch(caller)
        self._let_go(caller)
        self.nr_conns -= 1
        caller.close()

    def _guarded(self, what: Callable[[Caller], None], caller: Caller) -> None:
        """Whatever goes wrong with one connection ends that one."""
        if caller not in self._callers:
            return  # another one of this round has made room of it
        try:
            what(caller)
        except Exception:
            self.log.exception("a connection was dropped")
            self._drop(caller)

    def _readable(self, caller: Caller) -> None:
        try:
            data = caller.sock.recv(_PIECE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._drop(caller)
        elif caller.state != "lingering":
            caller.feed(data)
            self._go_on(caller)

    def _go_on(self, caller: Caller) -> None:
        """What to do with a connection after something came."""
        if caller.problem is not None:
            self._hand_over(caller)
        elif caller.body is None:
            return
        elif not caller.unwanted and caller.exceeds(body.SMALL if caller.limit is None else caller.limit):
            self._ask(caller) if caller.limit is None else self._refuse(caller, "large")
        elif caller.whole:
            self._hand_over(caller)
        else:
            caller.want()
            caller.extend()

    def _refuse(self, caller: Caller, why: str) -> None:
        self._let_go(caller)
        caller.refuse_body(why)
        if caller.whole:
            self._hand_over(caller)

    def _expire(self, caller: Caller) -> None:
        if caller.unwanted:
            caller.cut_off()
            self._hand_over(caller)
        elif caller.state in ("head", "body") and caller.begun:
            self._say(caller, "408 Request Timeout", CUT)
        else:
            self._drop(caller)

    def _say(self, caller: Caller, status: str, sentence: str) -> None:
        """A bare answer without a thread, in both languages, to whoever gets no page."""
        text = f"{sentence}\n".encode()
        head = (
            f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\nRetry-After: 5\r\n"
            f"Content-Length: {len(text)}\r\n\r\n"
        )
        try:
            caller.sock.send(head.encode() + text)
        except OSError:
            self._drop(caller)
            return
        if not caller.linger():
            self._drop(caller)

    # --- how much it may be ------------------------------------------------------------------------------------------

    def _ask(self, caller: Caller) -> None:
        """A body that is no short form: a thread asks who sends it. Nothing is read meanwhile."""
        self._unwatch(caller)
        caller.state = "asking"
        pool = self._pools["people" if self._signed(caller) else "strangers"]
        asked = pool.submit(self._limit, caller)
        asked.add_done_callback(lambda future: self.method_queue.defer(self._answered, caller, future))

    def _limit(self, caller: Caller) -> int:
        _, environ = wsgi.create(caller.request, caller.sock, caller.client, caller.server, self.cfg)
        return body.most(self.wsgi, environ)

    def _answered(self, caller: Caller, future: Future[int]) -> None:
        caller.limit = body.SMALL if future.exception() is not None else future.result()
        self._watch(caller)
        if caller.exceeds(caller.limit):
            self._refuse(caller, "large")
        elif self._large >= LARGE_AT_ONCE:
            self._refuse(caller, "busy")
        else:
            caller.large = True
            self._large += 1
            self._guarded(self._go_on, caller)

    def _let_go(self, caller: Caller) -> None:
        """Its large body, if it had one, is out of the memory."""
        self._large -= caller.large
        caller.large = False

    # --- a thread's turn ---------------------------------------------------------------------------------------------

    def _hand_over(self, caller: Caller) -> None:
        pool = self._pool(caller)
        if pool in ("strangers", "door"):
            if self._waiting >= QUEUE:
                self._say(caller, "503 Service Unavailable", CROWD)
                return
            self._waiting += 1
        self._unwatch(caller)
        caller.hand_over()
        done = self._pools[pool].submit(self.handle, caller)
        done.add_done_callback(lambda future: self.method_queue.defer(self._taken_back, caller, pool, future))

    def _pool(self, caller: Caller) -> Pool:
        request = caller.request
        if request is None:
            return "strangers"
        if self._signed(caller):
            return "stop" if request.method == "POST" and request.path.endswith("/stop") else "people"
        return "strangers" if request.method in ("GET", "HEAD") else "door"

    def _signed(self, caller: Caller) -> bool:
        """Whether a cookie shows that its browser signed in here within the life of a session.

        Whether that session still stands a thread asks: nothing here waits for a file.
        """
        header = next((value for name, value in caller.request.headers if name == "COOKIE"), "")
        caller.signed = any(map(self._proves, cookies.sessions(header)))
        return caller.signed

    def _proves(self, session: str) -> bool:
        serializer = self.wsgi.session_interface.get_signing_serializer(self.wsgi)
        try:
            return bool(serializer.loads(session, max_age=LIFE).get("token"))
        except (BadSignature, AttributeError):
            return False

    def _taken_back(self, caller: Caller, pool: Pool, future: Future[bool]) -> None:
        """After the answer: the connection waits for its next request, or is closed."""
        if pool in ("strangers", "door"):
            self._waiting -= 1
        self._let_go(caller)
        self._watch(caller)
        if future.cancelled() or future.exception() is not None or not future.result() or not self.alive:
            if not caller.linger():
                self._drop(caller)
            return
        caller.next_request()
        self._guarded(self._go_on, caller)
