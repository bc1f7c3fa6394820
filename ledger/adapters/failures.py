"""Why a request failed, by class: one sentence that names the cause and a remedy that fits it.

``requests`` and ``urllib3`` wrap what the operating system and OpenSSL said several times over; it is their word that
tells a name that is not known from a server that is not running, and a certificate of ours that is missing from one of
theirs that is not trusted.
"""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from typing import NamedTuple, TypeVar

import requests
import urllib3

from ledger.adapters.wire import TooLong
from ledger.errors import Unreachable
from ledger.masking import masked, masked_text
from ledger.said import Said

E = TypeVar("E", bound=BaseException)

_NO_ROUTE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.EADDRNOTAVAIL})
_FOR_ANOTHER_NAME = frozenset({62, 64})
"""X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH (OpenSSL, x509_vfy.h)."""
_NOT_NOW = frozenset({9, 10})
"""X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED."""
_TLS = (
    (
        ("CERTIFICATE_REQUIRED", "HANDSHAKE_FAILURE"),
        "it asks for a certificate of ours: set client_certificate and client_key",
    ),
    (
        ("ALERT_UNKNOWN_CA", "BAD_CERTIFICATE", "CERTIFICATE_UNKNOWN", "CERTIFICATE_EXPIRED", "CERTIFICATE_REVOKED"),
        "it does not accept our certificate: check client_certificate with those who run it",
    ),
    (
        ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"),
        "no TLS is spoken there: write http:// in its address, or the port that speaks TLS",
    ),
    (("KEY_VALUES_MISMATCH",), "client_key is not the key of client_certificate: check that they are of one pair"),
    (
        ("PRIVATE KEY IS ENCRYPTED", "BAD_DECRYPT", "BAD DECRYPT"),
        "client_key is locked with a password: name a file with the key without one, mode 600",
    ),
    (("PEM", "NO_CERTIFICATE_OR_CRL"), "a certificate file holds no PEM text: check ca_file, client_certificate, key"),
    (("UNSUPPORTED_PROTOCOL", "PROTOCOL_VERSION"), "it speaks only versions of TLS that are not safe: bring it up"),
)
"""What OpenSSL's reason says, and what it means to whom reads it."""


class Unsent(Unreachable):
    """The request surely had no effect: nothing was connected, or the server turned it away unread."""


class Broken(Unreachable):
    """The connection was made, and ended before the answer did: a server may do so to one that waited for long."""


class TooMuch(Unreachable):
    """The server had more to say than is read: a smaller question may be answered."""


class Asked(NamedTuple):
    """Who was asked where, and how long was waited: for the sentences."""

    who: str
    url: str
    connect_timeout: float
    read_timeout: float
    proxy: str = ""
    certificate: bool = False
    """Whether a certificate of ours was offered."""
    shown: str = ""
    """The address as people may see it; masked as every address where it is not given."""

    @property
    def place(self) -> str:
        """Where that is."""
        return self.shown or masked(self.url)


def explain(error: Exception, asked: Asked) -> Unreachable:
    """What a failed request means, as the error to raise: ``Unsent`` where no connection was made."""
    causes = list(_causes(error))
    if asked.proxy and _first(causes, urllib3.exceptions.ProxyError):
        return _by_proxy(error, causes, asked)
    return _connecting(error, causes, asked) or _answering(error, causes, asked)


def _connecting(error: Exception, causes: list[BaseException], asked: Asked) -> Unreachable | None:
    """A connection that was not made; None where it was."""
    who, place = asked.who, asked.place
    if isinstance(error, requests.ConnectTimeout):
        return Unsent(
            Said(
                "{} at {} did not connect within {} s: check that the host is up",
                who,
                place,
                f"{asked.connect_timeout:g}",
            )
        )
    if lookup := _first(causes, socket.gaierror):
        if lookup.errno == socket.EAI_AGAIN:
            return Unsent(
                Said("{} at {} was not found, as no name service answered: check DNS and the network", who, place)
            )
        return Unsent(
            Said("{} at {} was not found, as no host has that name: check its spelling, then DNS", who, place)
        )
    numbers = {cause.errno for cause in causes if isinstance(cause, OSError)}
    if numbers & _NO_ROUTE:
        return Unsent(
            Said("{} at {} cannot be reached, as no route leads there: check network, VPN and firewall", who, place)
        )
    if errno.ECONNREFUSED in numbers:
        return Unsent(
            Said("{} at {} refused the connection: check that it runs and that the address is right", who, place)
        )
    return None


def _by_proxy(error: Exception, causes: list[BaseException], asked: Asked) -> Unreachable:
    """What went wrong on the way to the proxy, or between it and the server."""
    proxy = asked._replace(who=Said("the proxy to {}", asked.who), url=asked.proxy, shown="")
    who, place = proxy.who, proxy.place
    said = next(
        (str(cause) for cause in causes if "Tunnel connection failed" in str(cause) and type(cause) is OSError), ""
    )
    if said:
        return Unsent(
            Said(
                "{} at {} turned us away ({}): check its rules and the setting proxy",
                who,
                place,
                masked_text(said)[:120],
            )
        )
    failure = _connecting(error, causes, proxy)
    return failure or Unsent(Said("{} at {} cannot be used: check that it runs, and the setting proxy", who, place))


def _answering(error: Exception, causes: list[BaseException], asked: Asked) -> Unreachable:
    who, place = asked.who, asked.place
    if any(
        isinstance(cause, requests.Timeout | urllib3.exceptions.ReadTimeoutError | TimeoutError) for cause in causes
    ):
        seconds = asked.read_timeout
        return Unreachable(
            Said("{} at {} did not answer whole within {} s: check its load and log", who, place, f"{seconds:g}")
        )
    if words := _tls(causes):
        return Unreachable(Said("{} at {} has no trusted TLS, {}", who, place, words))
    if words := _broken_off(causes, asked):
        return Broken(Said("{} at {} broke the connection before its answer was whole: {}", who, place, words))
    if isinstance(error, TooLong):
        return TooMuch(
            Said("{} at {} answered {}: check that the address is right, and ask it for less", who, place, error)
        )
    if isinstance(error, requests.ConnectionError):
        return Broken(Said("{} at {} broke the connection before its answer was whole: check its log", who, place))
    if file := _missing_file(error):
        return Unsent(
            Said("{} at {} cannot be asked without the certificate file {}: check its path", who, place, file)
        )
    kind = type(error).__name__
    return Unsent(Said("{} at {} cannot be asked ({}): check the address and the certificate files", who, place, kind))


def _tls(causes: list[BaseException]) -> str:
    """What OpenSSL's word means; empty where the trouble is none of TLS."""
    if refused := _first(causes, ssl.SSLCertVerificationError):
        said = refused.verify_message
        if refused.verify_code in _NOT_NOW:
            return Said("its certificate is not valid now ({}): have it renewed, or set this machine's clock", said)
        if refused.verify_code in _FOR_ANOTHER_NAME:
            return Said("its certificate is for another name ({}): use a name that it has as the address", said)
        return Said("nobody that we trust has signed its certificate ({}): name their CA in ca_file", said)
    if _first(causes, ssl.SSLEOFError):
        return ""
    kinds = (ssl.SSLError, urllib3.exceptions.SSLError, requests.exceptions.SSLError)
    said = " ".join(str(cause) for cause in causes if isinstance(cause, kinds))
    if not said:
        return ""
    for marks, words in _TLS:
        if any(mark in said.upper() for mark in marks):
            return words
    reason = next((cause.reason for cause in causes if isinstance(cause, ssl.SSLError) and cause.reason), "?")
    return Said("the handshake failed ({}): check ca_file and the certificates", reason)


def _broken_off(causes: list[BaseException], asked: Asked) -> str:
    """TLS 1.3 tells who lacks a certificate only after the handshake, and its word may be lost as the line dies."""
    if not any(isinstance(cause, ssl.SSLEOFError | ConnectionError) for cause in causes) or asked.url[:6] != "https:":
        return ""
    if asked.certificate:
        return "it may not accept our certificate: check client_certificate with those who run it, and its log"
    return "where it asks for a certificate of ours, set client_certificate and client_key; else check its log"


def _missing_file(error: Exception) -> str:
    """The file that ``requests`` did not find, from its only sign: an ``OSError`` whose text ends in the path."""
    said = str(error)
    return said.partition("invalid path: ")[2] if isinstance(error, OSError) and "invalid path: " in said else ""


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that it wraps; ``requests`` and ``urllib3`` keep the real one in ``args`` or ``reason``."""
    causes: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop(0)
        if isinstance(cause, BaseException) and not any(cause is other for other in causes):
            causes.append(cause)
            waiting += [cause.__cause__, getattr(cause, "reason", None), *cause.args]
            yield cause


def _first(causes: list[BaseException], kind: type[E]) -> E | None:
    return next((cause for cause in causes if isinstance(cause, kind)), None)
