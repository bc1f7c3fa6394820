"""Certificates of a moment for the tests: an authority, those that it signs, and a server that uses them."""

from __future__ import annotations

import ipaddress
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from .neighbours import Odd, says


class Authority:
    """Signs certificates for 127.0.0.1 into a folder; each is a pair of PEM files."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        made = self._sign(self._name, self._key.public_key(), days=(-1, 30), address=None)
        self.file = self._write(f"{name}.pem", made.public_bytes(serialization.Encoding.PEM))

    def issue(
        self, name: str, *, days: tuple[int, int] = (-1, 30), address: str = "127.0.0.1", password: bytes = b""
    ) -> tuple[str, str]:
        """Certificate and key file of one who is valid from and until so many days from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        locked: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if password:
            locked = serialization.BestAvailableEncryption(password)
        made = self._sign(_name(name), key.public_key(), days=days, address=address)
        pem = serialization.Encoding.PEM
        return (
            self._write(f"{name}.crt", made.public_bytes(pem)),
            self._write(f"{name}.key", key.private_bytes(pem, serialization.PrivateFormat.PKCS8, locked)),
        )

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, days: tuple[int, int], address: str | None
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        first, last = (now + timedelta(days=one) for one in days)
        making = x509.CertificateBuilder(self._name, subject, key, x509.random_serial_number(), first, last)
        making = making.add_extension(x509.BasicConstraints(ca=address is None, path_length=None), critical=True)
        signer = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        making = making.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        making = making.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(signer), critical=False
        )
        if address is not None:
            names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
            making = making.add_extension(names, critical=False)
        return making.sign(self._key, hashes.SHA256())

    def _write(self, name: str, content: bytes) -> str:
        path = self.folder / name
        path.write_bytes(content)
        return str(path)


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


@contextmanager
def speaking_tls(
    pair: tuple[str, str], clients: str = "", newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
) -> Iterator[str]:
    """A server that answers ``{}`` over TLS; with ``clients`` (a CA file) it asks for a certificate. Gives its URL."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = newest
    context.load_cert_chain(*pair)
    if clients:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients)
    server = Odd(says({}))
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.url.replace("http:", "https:")
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
