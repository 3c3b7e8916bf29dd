"""How this machine reaches a network: proxies, the hosts that need none, and whom to trust.

The HTTP libraries of Azure's SDKs (aiohttp) and of Graph's (httpx) read the environment each in its own way, and each
fails on values that curl, requests and az take. So neither reads it: both are given what is read here.
"""

from __future__ import annotations

import base64
import ipaddress
import os
import re
import ssl
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from cloud.identifiers import pasted
from engine.refusal import Refusal, keep_secret

BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""Variables that name trusted certificates; the last one folders of them. What any of them names is trusted."""
_PAC = re.compile(r"(?i)^(pac\+|file:)|(\.pac|wpad\.dat)$")


@dataclass(frozen=True)
class Proxy:
    """An HTTP proxy."""

    url: str
    """Without credentials."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """With its credentials, for the proxy alone."""


@dataclass(frozen=True)
class Network:
    """What every HTTP client of this tool is given."""

    trust: ssl.SSLContext
    proxy: Proxy | None = None
    bypasses: Callable[[str, int], bool] = lambda _host, _port: False
    """Whether a host and port are reached without the proxy."""

    def proxy_for(self, url: str) -> Proxy | None:
        """Return the proxy for a URL; None for the hosts that need none.

        None too for what can only be on this machine or beside it: loopback and link-local addresses, and plain http,
        which nothing but the token services of Cloud Shell, virtual machines and the like speak.
        """
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        if self.proxy is None or parts.scheme != "https" or _is_near(host) or self.bypasses(host, parts.port or 443):
            return None
        return self.proxy


@cache
def network() -> Network:
    """Return the network as this process's environment describes it. Raises Refusal as `read_network` does."""
    return read_network(os.environ)


def read_network(environ: Mapping[str, str]) -> Network:
    """Return the network that these variables describe.

    Raises Refusal (exit 2), which names the variable, for a proxy or a certificate bundle that can't be used.
    Credentials in the variables are kept secret from now on.
    """
    for name, value in environ.items():
        if name.lower().endswith("_proxy"):
            _keep_credentials(value)
    found = _variable(environ, "https") or _variable(environ, "all")
    trust = _trust(environ)
    if found:
        return Network(trust, _proxy(*found), NoProxy((_variable(environ, "no") or ("", ""))[1]))
    if sys.platform in ("win32", "darwin"):
        from urllib.request import getproxies, proxy_bypass

        if chosen := getproxies().get("https"):
            return Network(trust, _proxy("The system's proxy", chosen), lambda host, _port: bool(proxy_bypass(host)))
    return Network(trust)


def _variable(environ: Mapping[str, str], scheme: str) -> tuple[str, str] | None:
    """Return the name and value of the variable; None when it isn't there, or empty.

    As in requests (and so az), a lower-case one counts before an upper-case one, also when it is empty.
    """
    for name in (f"{scheme}_proxy", f"{scheme.upper()}_PROXY"):
        if name in environ:
            value = pasted(environ[name])
            return (name, value) if value else None
    return None


def _proxy(name: str, value: str) -> Proxy:
    scheme, with_scheme, rest = value.partition("://")
    if not with_scheme:
        scheme, rest = "http", value  # as curl, requests and az understand it
    scheme = scheme.lower()
    credentials, at, location = rest.rpartition("@")
    if _PAC.search(f"{scheme}:") or _PAC.search(location.partition("?")[0]):
        raise _unusable(
            name, "names a proxy auto-configuration file (PAC), which this tool doesn't run",
            "Name the HTTP proxy that it chooses for Azure",
        )  # fmt: skip
    if scheme.startswith("socks"):
        raise _unusable(name, "names a SOCKS proxy, which this tool can't use", "Name an HTTP proxy")
    if scheme not in ("http", "https"):
        raise _unusable(name, f"names a proxy with the scheme {scheme}, which is none of http and https", "Correct it")
    try:
        parts = urlsplit(f"//{re.split('[/?#]', location)[0]}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if not re.fullmatch(r"[\w.:%-]+", host):
        raise _unusable(
            name, "is no address of a proxy", "Write it as http://HOST:PORT or http://<user>:<password>@HOST:PORT"
        )
    where = f"[{host}]" if ":" in host else host
    headers = {}
    if at:
        user, _, password = credentials.partition(":")
        pair = f"{unquote(user)}:{unquote(password)}".encode()
        headers["Proxy-Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        keep_secret(headers["Proxy-Authorization"])
    return Proxy(f"{scheme}://{where}" + (f":{port}" if port is not None else ""), headers)


def _unusable(name: str, what: str, correction: str) -> Refusal:
    return Refusal(
        f"{name} {what}.",
        next=f"{correction} in HTTPS_PROXY, or, where Azure is reached without a proxy, take {name} out.",
        exit_code=2,
    )


def _keep_credentials(value: str) -> None:
    credentials, at, _ = value.rpartition("@")
    if not at:
        return
    credentials = credentials.partition("://")[2] or credentials
    password = credentials.partition(":")[2]
    for secret in {credentials, unquote(credentials), password, unquote(password), quote(password, safe="")}:
        keep_secret(secret)


class NoProxy:
    """Says which hosts need no proxy, by a list as NO_PROXY has it: divided by commas or blanks, in any case.

    An entry is a domain (`contoso.com`, `.contoso.com`: with all below it), a pattern (`*`, `*.contoso.com`,
    `10.1.*`), an address (`10.0.0.4`, `::1`, `[::1]`) or a network (`10.0.0.0/8`, `fd00::/8`, `[fd00::]/8`); each may
    have a port (`contoso.com:8443`, `[::1]:8443`) and then counts for this port alone. What is none of these matches
    nothing, as in curl.
    """

    def __init__(self, text: str) -> None:
        self._entries = [_Entry.of(part) for part in re.split(r"[,;\s]+", text.lower()) if part]

    def __call__(self, host: str, port: int) -> bool:
        """Return whether this host, at this port, needs no proxy."""
        name = host.lower().strip("[]").rstrip(".")
        return any(entry.matches(name, _address(name), port) for entry in self._entries)


Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class _Entry:
    name: str
    network: ipaddress.IPv4Network | ipaddress.IPv6Network | None
    port: int | None

    @staticmethod
    def of(text: str) -> _Entry:
        bracketed = re.fullmatch(r"\[([^\]]*)\](/\d+)?(?::(\d+))?", text)
        plain = re.fullmatch(r"([^:]*):(\d+)", text)  # with more colons it is an address without a port
        if bracketed:
            name, port = bracketed[1] + (bracketed[2] or ""), bracketed[3]
        else:
            name, port = (plain[1], plain[2]) if plain else (text, None)
        try:
            network = ipaddress.ip_network(name, strict=False)
        except ValueError:
            network = None
        return _Entry(name.rstrip("."), network, int(port) if port else None)

    def matches(self, host: str, address: Address | None, port: int) -> bool:
        if self.port not in (None, port):
            return False
        if "*" in self.name:
            return fnmatchcase(host, self.name)
        if address is not None:
            return self.network is not None and address in self.network
        domain = self.name.lstrip(".")
        return bool(domain) and (host == domain or host.endswith(f".{domain}"))


def _address(host: str) -> Address | None:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _is_near(host: str) -> bool:
    address = _address(host)
    if address is None:
        return host.lower() == "localhost" or host.lower().endswith(".localhost")
    return address.is_loopback or address.is_link_local


def _trust(environ: Mapping[str, str]) -> ssl.SSLContext:
    """Return who is trusted: what the variables name, else what this machine and certifi trust."""
    import certifi

    named = [(name, path) for name in BUNDLES for path in _paths(name, environ.get(name, ""))]
    if not named:
        context = ssl.create_default_context()
        context.load_verify_locations(certifi.where())
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # Authorities of companies often lack what RFC 5280 asks for; requests, curl and az take them all the same.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if key_log := environ.get("SSLKEYLOGFILE"):
            context.keylog_filename = key_log
    for name, path in named:
        try:
            context.load_verify_locations(**{"capath" if path.is_dir() else "cafile": str(path)})
        except ssl.SSLError:
            raise _bad_bundle(name, path, "it has no certificate in PEM form") from None
        except OSError as error:
            raise _bad_bundle(name, path, error.strerror or str(error)) from None
    context.set_alpn_protocols(["http/1.1"])
    return context


def _paths(name: str, value: str) -> list[Path]:
    """Return what the variable names. Of several folders those count that there are, as in OpenSSL."""
    parts = value.split(os.pathsep) if name == "SSL_CERT_DIR" else [value]
    paths = [Path(path) for part in parts if (path := pasted(part))]
    return [path for path in paths if path.exists()] or paths


def _bad_bundle(name: str, path: Path, why: str) -> Refusal:
    return Refusal(
        f"{name} names {path}, which can't be used: {why}.",
        next=f"Name a bundle of certificates in PEM form in {name}, or take the variable out.",
        exit_code=2,
    )
