"""Where a server is and how to speak to it: settings alone. `http` asks it, and imports a library for that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from ledger.masking import learn_address, learn_header, masked, masked_addresses

Clock = Callable[[], datetime]
"""Gives the current time, aware UTC."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server is and how to speak to it. Credentials are files, read at each use; times are seconds."""

    url: str
    username: str = ""
    password_file: str = ""
    bearer_token_file: str = ""
    ca_file: str = ""
    client_certificate: str = ""
    client_key: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Headers of one's own, such as ``X-Scope-OrgID`` of a Mimir; they win over those that we would send."""
    proxy: str = field(default="", repr=False)
    """Address of the proxy that it is asked through; none where empty, whatever the environment says."""
    secret_path: bool = False
    """What follows the host is a secret, as of a webhook: whoever knows it may post."""
    connect_timeout: float = 1.0
    read_timeout: float = 3.0

    def __post_init__(self) -> None:
        """What these settings hold that is a secret is taken out of every text from now on."""
        learn_address(self.url, whole=self.secret_path)
        learn_address(self.proxy)
        for name, value in self.headers:
            learn_header(name, value)

    @property
    def timeout(self) -> tuple[float, float]:
        """Seconds for connecting and for each pause of the answer; the whole answer gets twice the latter."""
        return (self.connect_timeout, self.read_timeout)

    def address(self, path: str = "") -> str:
        """The URL with ``path`` after it."""
        return self.url.rstrip("/") + path if path else self.url

    def shown(self, url: str) -> str:
        """An address of this server as people may see it."""
        return masked_addresses(url) if self.secret_path else masked(url)
