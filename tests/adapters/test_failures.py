"""The cause of a request that failed is named by its class, and following the advice mends it."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import urllib3

from ledger.adapters.http import Server, Unsent, ask, bounded_json
from ledger.errors import Unreachable

from .certificates import Authority, speaking_tls
from .neighbours import Handler, free_port, odd, quick, says


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def _asked(server: Server) -> object:
    return bounded_json(ask(server, "it", "GET", "/x"), "it")


def _sentence(server: Server) -> str:
    with pytest.raises(Unreachable) as caught:
        _asked(server)
    return str(caught.value)


def _raising(error: OSError) -> Callable[..., socket.socket]:
    def connect(*_: object, **__: object) -> socket.socket:
        raise error

    return connect


def test_a_name_that_nobody_has_is_no_server_that_refuses() -> None:
    said = _sentence(quick("http://żółw.invalid:9093"))
    assert "was not found" in said
    assert "refused" not in said


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "no host has that name: check its spelling"),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), "no name service answered: check DNS"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "no route leads there: check network, VPN and firewall"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "no route leads there"),
        (OSError(errno.ECONNREFUSED, "Connection refused"), "refused the connection: check that it runs"),
    ],
)
def test_what_the_operating_system_said_is_told_apart(
    monkeypatch: pytest.MonkeyPatch, error: OSError, words: str
) -> None:
    """Loopback has every name and every route: here the call that connects fails as the system would."""
    monkeypatch.setattr(urllib3.util.connection, "create_connection", _raising(error))
    with pytest.raises(Unsent, match=words):
        _asked(quick("http://prometheus.test:9090"))


def test_a_certificate_of_nobody_is_trusted_once_its_authority_is_named(authority: Authority) -> None:
    with speaking_tls(authority.issue("server")) as url:
        assert "nobody that we trust has signed its certificate" in _sentence(quick(url))
        assert "name their CA in ca_file" in _sentence(quick(url))
        assert _asked(replace(quick(url), ca_file=authority.file)) == {}


def test_a_certificate_for_another_name_says_so(authority: Authority) -> None:
    with speaking_tls(authority.issue("server", address="127.0.0.2")) as url:
        assert "its certificate is for another name" in _sentence(replace(quick(url), ca_file=authority.file))


def test_a_certificate_that_is_over_is_no_matter_of_the_ca_file(authority: Authority) -> None:
    for days in ((-9, -2), (2, 9)):
        with speaking_tls(authority.issue("server", days=days)) as url:
            said = _sentence(replace(quick(url), ca_file=authority.file))
        assert "its certificate is not valid now" in said
        assert "ca_file" not in said


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_that_wants_our_certificate_says_which_setting(authority: Authority, newest: ssl.TLSVersion) -> None:
    with speaking_tls(authority.issue("server"), clients=authority.file, newest=newest) as url:
        bare = replace(quick(url), ca_file=authority.file)
        for _ in range(5):  # what TLS 1.3 says of it may be lost on the way; the advice is the same
            assert "asks for a certificate of ours" in _sentence(bare)
        certificate, key = authority.issue("client")
        assert _asked(replace(bare, client_certificate=certificate, client_key=key)) == {}


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_certificate_of_ours_that_it_does_not_accept_is_told(
    authority: Authority, tmp_path: Path, newest: ssl.TLSVersion
) -> None:
    (tmp_path / "other").mkdir()
    certificate, key = Authority(tmp_path / "other", "stranger").issue("client")
    with speaking_tls(authority.issue("server"), clients=authority.file, newest=newest) as url:
        server = Server(url, ca_file=authority.file, client_certificate=certificate, client_key=key)
        for _ in range(5):
            assert "not accept our certificate" in _sentence(server)


def test_a_key_with_a_password_is_locked_and_not_untrusted(authority: Authority) -> None:
    certificate, key = authority.issue("client", password=b"hunter2")
    with speaking_tls(authority.issue("server"), clients=authority.file) as url:
        said = _sentence(Server(url, ca_file=authority.file, client_certificate=certificate, client_key=key))
    assert "client_key is locked with a password" in said
    assert "ca_file" not in said


def test_a_key_of_another_pair_is_told(authority: Authority) -> None:
    certificate, _ = authority.issue("client")
    _, key = authority.issue("another")
    with speaking_tls(authority.issue("server"), clients=authority.file) as url:
        said = _sentence(Server(url, ca_file=authority.file, client_certificate=certificate, client_key=key))
    assert "client_key is not the key of client_certificate" in said


def test_a_certificate_without_its_key_is_told(authority: Authority) -> None:
    certificate, _ = authority.issue("client")
    with speaking_tls(authority.issue("server"), clients=authority.file) as url:
        said = _sentence(Server(url, ca_file=authority.file, client_certificate=certificate))
    assert said.endswith("holds no key: name its file in client_key")


def test_a_certificate_file_without_pem_is_told(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing\n")
    with speaking_tls(authority.issue("server")) as url:
        assert "holds no PEM text" in _sentence(replace(quick(url), ca_file=str(tmp_path / "empty.pem")))


def test_plain_text_where_tls_was_asked_for_is_told() -> None:
    with odd(says({})) as server:
        assert "no TLS is spoken there: write http://" in _sentence(quick(server.url.replace("http:", "https:")))


def test_no_sentence_has_class_names_or_is_cut(authority: Authority) -> None:
    with speaking_tls(authority.issue("server"), clients=authority.file) as url:
        for server in (quick(url), replace(quick(url), ca_file=authority.file)):
            said = _sentence(server)
            assert "object at" not in said
            assert "_SecurePool" not in said
            assert "(host=" not in said


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, b"no org id\n", "set headers with X-Scope-OrgID"),
        (401, b"Unauthorized", "check the username, password or token file"),
        (400, b"Client sent an HTTP request to an HTTPS server.\n", "write https:// in its address"),
        (404, b"404 page not found", "check the address"),
        (503, b"Service Unavailable", "check the server's own log"),
    ],
)
def test_what_a_refusal_says_in_words_decides_the_advice(status: int, body: bytes, words: str) -> None:
    with odd(lambda handler: handler.say(status, body)) as server:
        assert words in _sentence(quick(server.url))


def test_a_tenant_that_is_named_is_let_in() -> None:
    def tenants(handler: Handler) -> None:
        known = handler.headers.get("X-Scope-OrgID") == "trading"
        handler.say(200, b"{}") if known else handler.say(401, b"no org id")

    with odd(tenants) as server:
        assert "X-Scope-OrgID" in _sentence(quick(server.url))
        assert _asked(replace(quick(server.url), headers=(("X-Scope-OrgID", "trading"),))) == {}


class Proxy:
    """A proxy: plain requests are answered in the server's stead, CONNECT is tunnelled or turned away."""

    def __init__(self, tunnel: bool = True) -> None:
        self.tunnel, self.seen = tunnel, []  # type: ignore[var-annotated]

    def __call__(self, handler: Handler) -> None:
        self.seen.append((handler.command, handler.path, handler.headers.get("Proxy-Authorization", "")))
        if handler.command != "CONNECT":
            handler.say(200, b'{"by": "proxy"}')
        elif not self.tunnel:
            handler.say(407, b"who are you")
        else:
            host, _, port = handler.path.rpartition(":")
            with socket.create_connection((host, int(port)), 2) as there:
                handler.send_response(200)
                handler.end_headers()
                _pump(handler.connection, there)
        handler.close_connection = True


def _pump(one: socket.socket, other: socket.socket) -> None:
    import select

    while ready := select.select([one, other], [], [], 2)[0]:
        for side in ready:
            try:
                data = side.recv(65536)
            except ConnectionResetError:
                return
            if not data:
                return
            (other if side is one else one).sendall(data)


def test_an_outbound_proxy_is_used_and_only_where_it_is_set() -> None:
    proxy = Proxy()
    with odd(proxy) as between, odd(says({"by": "server"})) as server:
        assert _asked(quick(server.url)) == {"by": "server"}
        through = between.url.replace("http://", "http://ops:hunter2@")
        assert _asked(replace(quick(server.url), proxy=through)) == {"by": "proxy"}
        assert proxy.seen[0][1] == server.url + "/x"
        assert proxy.seen[0][2].startswith("Basic ")


def test_tls_goes_through_the_proxys_tunnel_and_stays_whole(authority: Authority) -> None:
    proxy = Proxy()
    with odd(proxy) as between, speaking_tls(authority.issue("server")) as url:
        assert _asked(Server(url, ca_file=authority.file, proxy=between.url)) == {}
        assert "nobody that we trust" in _sentence(Server(url, proxy=between.url))
    assert {command for command, _, _ in proxy.seen} == {"CONNECT"}


def test_a_proxy_that_is_not_there_is_told_from_the_server(authority: Authority) -> None:
    gone = f"http://ops:hunter2@127.0.0.1:{free_port()}"
    for url in ("http://127.0.0.1:9", "https://127.0.0.1:9"):
        said = _sentence(replace(quick(url), proxy=gone))
        assert said.startswith(f"the proxy to it at {gone.replace('ops:hunter2@', '')} refused the connection")


def test_a_proxy_that_turns_us_away_is_told() -> None:
    with odd(Proxy(tunnel=False)) as between:
        said = _sentence(replace(quick("https://127.0.0.1:9"), proxy=between.url))
    assert "turned us away" in said
    assert "407" in said


def test_a_slow_answer_through_a_proxy_is_bounded_too() -> None:
    from .neighbours import drip

    with odd(drip) as between:
        assert "did not answer whole within 0.5 s" in _sentence(replace(quick("http://127.0.0.1:9"), proxy=between.url))


def test_the_environments_proxies_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setitem(os.environ, name, "http://127.0.0.1:9")
    with odd(says({})) as server:
        assert _asked(quick(server.url)) == {}
