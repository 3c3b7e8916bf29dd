"""The certificate authority of a data folder, and a certificate for each requested host name."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from pathlib import Path

import trustme

_PRIVATE = "ca-key.pem"
LOOPBACK_NAMES = ("127.0.0.1", "localhost")


class Certificates:
    """Server-side TLS for any host name that `known` accepts; others, and clients without SNI, get the loopback name.

    The CA is created once. Its key and certificate are in one private file, which is complete or missing;
    `bundle` is the public certificate, for clients to trust. Certificates pass `ssl.VERIFY_X509_STRICT`.
    """

    def __init__(self, data: Path, known: Callable[[str], bool]) -> None:
        private = data / _PRIVATE
        self.bundle = data / "ca.pem"
        if not private.exists():
            authority = trustme.CA(organization_name="Embedded Azure", organization_unit_name="Loopback only")
            _write(private, authority.private_key_pem.bytes() + authority.cert_pem.bytes())
        self._ca, certificate = _authority(data)
        if not self.bundle.exists() or self.bundle.read_bytes() != certificate:
            _write(self.bundle, certificate)
        self._known = known
        self._contexts: dict[str, ssl.SSLContext] = {}
        self.context = self._make(*LOOPBACK_NAMES)
        self.context.sni_callback = self._choose

    def _choose(self, connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
        host = (name or "").lower()
        if not self._known(host):
            return
        if host not in self._contexts:
            self._contexts[host] = self._make(host)
        connection.context = self._contexts[host]

    def _make(self, *names: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        self._ca.issue_cert(*names).configure_cert(context)
        return context


def issue(data: Path, host: str) -> bytes:
    """Return a key and a certificate for a host, as PEM, of the authority of this data folder."""
    issued = _authority(data)[0].issue_cert(host)
    return issued.private_key_and_cert_chain_pem.bytes()


def _authority(data: Path) -> tuple[trustme.CA, bytes]:
    """Return the authority, and its certificate as PEM."""
    key, begin, certificate = (data / _PRIVATE).read_bytes().partition(b"-----BEGIN CERTIFICATE-----")
    return trustme.CA.from_pem(begin + certificate, key), begin + certificate


def _write(file: Path, content: bytes) -> None:
    """Write the file atomically, readable only by its owner from the start."""
    temporary = file.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as handle:
        handle.write(content)
    temporary.replace(file)
