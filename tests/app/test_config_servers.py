"""What a server's settings come to: how it is spoken to, or a sentence that says what to set."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from ledger.app.home import config
from ledger.app.home.config_types import servers
from ledger.app.installation import opened
from ledger.errors import Unreachable


def test_a_server_without_an_address_is_none() -> None:
    for name in servers():
        assert config.server(config.Config(), name) is None


def test_an_installation_without_servers_says_what_to_configure(root: Path) -> None:
    (root / "stage4.toml").write_text("")
    with opened(root) as installation:
        assert installation.scheduler().status == "unknown"
        assert "scheduler.url" in installation.scheduler().error
        with pytest.raises(Unreachable, match=r"prometheus\.url"):
            installation.prometheus.alerts()
        with pytest.raises(Unreachable, match=r"alertmanager\.url"):
            installation.alertmanager.firing()


class _Status(BaseHTTPRequestHandler):
    seen: list[str]

    def do_GET(self) -> None:
        type(self).seen.append(self.headers.get("Authorization", ""))
        body = b'{"status":"enabled","since":"2026-11-23T03:00:00Z","cycle":7,"warnings":[]}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def scheduler() -> Iterator[HTTPServer]:
    """A scheduler that notes how it was asked."""
    _Status.seen = []
    with HTTPServer(("127.0.0.1", 0), _Status) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join(5)


def test_a_credential_file_is_looked_for_below_the_home(
    root: Path, scheduler: HTTPServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Relative paths are below the home, wherever the command was started."""
    (root / "var" / "keys" / "token").write_text("s3cret\n")
    url = f"http://127.0.0.1:{scheduler.server_address[1]}/status"
    (root / "stage4.toml").write_text(f'[scheduler]\nurl = "{url}"\nbearer_token_file = "var/keys/token"\n')
    monkeypatch.chdir(tmp_path)
    with opened(root) as installation:
        assert installation.scheduler().status == "enabled"
    assert _Status.seen == ["Bearer s3cret"]
