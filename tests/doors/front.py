"""A proxy in front of the server: nginx, set up as docs/proxy.md says, and one of a few lines everywhere."""

from __future__ import annotations

import contextlib
import http.client
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.adapters.neighbours import free_port, until

WITHOUT = pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed (apt-get install nginx-light)")
KINDS = ("plain", pytest.param("nginx", marks=WITHOUT))
PAGE = Path(__file__).resolve().parents[2] / "docs/proxy.md"
HOP = ("connection", "transfer-encoding", "keep-alive", "content-length", "date", "server")
CONFIGURATION = """
daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  scgi_temp_path {folder}/scgi; uwsgi_temp_path {folder}/uwsgi;
  server {{
    listen 127.0.0.1:{port};
    {hold}
    {location}
  }}
}}
"""
HOLD = "proxy_ignore_headers X-Accel-Buffering; proxy_buffering on;"


@contextlib.contextmanager
def front(kind: str, to: int, folder: Path, prefix: str = "", hold: bool = False, https: bool = False) -> Iterator[str]:
    """Its address. ``hold``: it keeps an answer until that ends; ``https``: it says that it was asked over TLS."""
    with nginx(to, folder, prefix, hold) if kind == "nginx" else plain(to, prefix, hold, https) as url:
        yield url + prefix


@contextlib.contextmanager
def nginx(to: int, folder: Path, prefix: str, hold: bool) -> Iterator[str]:
    port = free_port()
    folder.mkdir(exist_ok=True)
    text = CONFIGURATION.format(folder=folder, port=port, location=location(to, prefix), hold=HOLD if hold else "")
    (folder / "nginx.conf").write_text(text)
    command = ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: running.poll() is None and _listens(port), 20)
        yield f"http://127.0.0.1:{port}"
    finally:
        running.terminate()
        running.wait(10)


def location(to: int, prefix: str) -> str:
    """The block that docs/proxy.md gives, with this prefix and this port; without a prefix as it says there."""
    (found,) = re.findall(r"```nginx\n(.*?)```", PAGE.read_text(), re.DOTALL)
    if not prefix:
        found = re.sub(r".*X-Forwarded-Prefix.*\n", "", found)
    return found.replace("/stage4", prefix).replace(":8044/", f":{to}/")


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class Handler(BaseHTTPRequestHandler):
    server: Plain

    def answer(self) -> None:
        own = self.server
        if not self.path.startswith(own.prefix + "/"):
            self.send_error(404)
            return
        there = http.client.HTTPConnection("127.0.0.1", own.to, timeout=60)
        with contextlib.suppress(OSError), contextlib.closing(there):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = dict(self.headers.items()) | {
                "X-Forwarded-For": self.client_address[0],
                "X-Forwarded-Proto": "https" if own.https else "http",
                "X-Forwarded-Prefix": own.prefix,
                "Connection": "close",
            }
            there.request(self.command, self.path.removeprefix(own.prefix), body, headers)
            self.pass_on(there.getresponse())

    def pass_on(self, found: http.client.HTTPResponse) -> None:
        self.send_response(found.status)
        for name, value in found.getheaders():
            if name.lower() not in HOP:
                self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        held = b""
        while data := found.read1(65536):
            held += data
            if not self.server.hold:
                self.wfile.write(held)
                held = b""
        self.wfile.write(held)

    do_GET = do_POST = do_HEAD = answer

    def log_message(self, *_: object) -> None:
        pass


class Plain(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, to: int, prefix: str, hold: bool, https: bool) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.to, self.prefix, self.hold, self.https = to, prefix, hold, https

    def handle_error(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def plain(to: int, prefix: str, hold: bool, https: bool) -> Iterator[str]:
    server = Plain(to, prefix, hold, https)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
