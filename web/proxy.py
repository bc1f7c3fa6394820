"""The proxy in front, where one is declared: by its address it is believed, and nobody else is."""

from __future__ import annotations

import ipaddress
import re
import time
from collections.abc import Iterable
from typing import Any, Final, TypeAlias
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.middleware.proxy_fix import ProxyFix

from ledger.app import reverse_proxy as front
from ledger.errors import Refused
from ledger.said import Said
from web.site import Networks, Site

LOOPBACK: Final = "loopback"
THROUGH: Final = "stage4.proxied"
"""In the environment of a request that came through the declared proxy."""
ODD_PREFIX: Final = "stage4.odd_prefix"
"""In the environment of a request for which the proxy named a prefix that is none."""
_PREFIX: Final = re.compile(r"(?:/(?!\.+(?:/|$))[A-Za-z0-9._~-]+)+")
_NOTED_EVERY: Final = 600.0
Peer: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


def networks(text: str) -> Networks:
    """``loopback``, addresses and networks (``10.0.0.5``, ``10.0.0.0/24``, ``::1``), with commas. ``Refused`` else."""
    ranges = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            named = ("127.0.0.0/8", "::1") if part == LOOPBACK else (part,)
            ranges += [ipaddress.ip_network(name) for name in named]
        except ValueError:
            raise Refused(
                Said("{} is no address of a proxy; write one like 10.0.0.5 or 10.0.0.0/24", ascii(part[:60]))
            ) from None
    return tuple(ranges)


def among(peer: str, known: Networks) -> bool:
    """Whether an address is in one of the networks."""
    try:
        address: Peer = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    return any(address in network for network in known)


def _nothing(*_: object) -> Any:
    """Nothing answers here."""
    return ()


class Proxied:
    """Takes address, scheme, host and prefix from the declared proxy (one hop), and notes one that is not declared."""

    def __init__(self, application: WSGIApplication, site: Site) -> None:
        self._application = application
        self._fix = ProxyFix(_nothing, x_for=1, x_proto=1, x_host=1)
        self._site = site
        self._noted = -_NOTED_EVERY

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """WSGI (PEP 3333)."""
        self.settle(environ)
        return self._application(environ, start_response)

    def settle(self, environ: WSGIEnvironment) -> None:
        """Put into the environment what the proxy says, where it is the declared one."""
        if among(environ.get("REMOTE_ADDR", ""), self._site.proxies):
            environ[THROUGH] = True
            self._take_prefix(environ)
            self._fix(environ, _nothing)
        elif "HTTP_X_FORWARDED_FOR" in environ:
            self._note(environ.get("REMOTE_ADDR", ""))

    @staticmethod
    def _take_prefix(environ: WSGIEnvironment) -> None:
        """The sub-path that the proxy took off the address (``X-Forwarded-Prefix``) goes before every address."""
        prefix = environ.get("HTTP_X_FORWARDED_PREFIX", "").rstrip("/")
        if _PREFIX.fullmatch(prefix):
            environ["SCRIPT_NAME"] = prefix
        elif prefix:
            environ[ODD_PREFIX] = True

    def _note(self, peer: str) -> None:
        if time.monotonic() - self._noted < _NOTED_EVERY:
            return
        self._noted = time.monotonic()
        installation = self._site.installation
        front.note(installation.home, front.Front(peer, installation.clock()))
