"""Proxies, the hosts that need none, and whom to trust, by the environment."""

from __future__ import annotations

import asyncio
import base64
import os
import ssl
import sys
from pathlib import Path

import pytest
import trustme

from cloud.azure_clouds import find_cloud
from cloud.data_plane import is_private
from cloud.network import NoProxy, read_network
from engine import refusal
from engine.refusal import Refusal, redact

ARM = "https://management.azure.com/subscriptions"


@pytest.fixture(autouse=True)
def clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusal, "_known_secrets", set())
    monkeypatch.setattr(sys, "platform", "linux")


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, None),
        ({"HTTP_PROXY": "http://proxy"}, None),  # as curl: it is for plain http alone
        ({"HTTPS_PROXY": "http://proxy:3128"}, "http://proxy:3128"),
        ({"HTTPS_PROXY": "proxy:3128"}, "http://proxy:3128"),
        ({"https_proxy": " 'proxy:3128'\r"}, "http://proxy:3128"),
        ({"HTTPS_PROXY": "https://proxy/"}, "https://proxy"),
        ({"HTTPS_PROXY": "[fd00::1]:3128"}, "http://[fd00::1]:3128"),
        ({"HTTPS_PROXY": r"corp\jane:Winter26@proxy:3128"}, "http://proxy:3128"),
        ({"HTTPS_PROXY": "http://jane:p@ss/word@proxy:3128/"}, "http://proxy:3128"),
        ({"https_proxy": "lower", "HTTPS_PROXY": "upper"}, "http://lower"),
        ({"https_proxy": "", "HTTPS_PROXY": "upper"}, None),
        ({"ALL_PROXY": "all"}, "http://all"),
        ({"HTTPS_PROXY": "http://proxy", "ALL_PROXY": "socks5://other"}, "http://proxy"),
    ],
)
def test_which_proxy(environ: dict[str, str], url: str | None) -> None:
    found = read_network(environ).proxy_for(ARM)
    assert (found.url if found else None) == url


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HTTPS_PROXY", "socks5://127.0.0.1:1080"),
        ("https_proxy", "socks5h://jane:Winter26@proxy"),
        ("ALL_PROXY", "socks://proxy:1080"),
        ("all_proxy", "socks4a://proxy:1080"),
        ("HTTPS_PROXY", "http://wpad.contoso.com/proxy.pac"),
        ("HTTPS_PROXY", "pac+https://jane:Winter26@contoso.com/x"),
        ("HTTPS_PROXY", "file:///etc/proxy.pac"),
        ("HTTPS_PROXY", "http://wpad/wpad.dat"),
        ("HTTPS_PROXY", "ftp://proxy"),
        ("HTTPS_PROXY", "http://"),
        ("HTTPS_PROXY", "http://jane:Winter26@proxy:port"),
        ("HTTPS_PROXY", "http://jane:Winter26@proxy:99999"),
        ("HTTPS_PROXY", "http://jane:Winter26@"),
        ("HTTPS_PROXY", "fd00::1:3128"),
        ("HTTPS_PROXY", "http://pro xy:3128"),
        ("REQUESTS_CA_BUNDLE", "/nowhere.pem"),
        ("CURL_CA_BUNDLE", "/nowhere.pem"),
        ("SSL_CERT_FILE", "/nowhere.pem"),
        ("SSL_CERT_DIR", "/nowhere"),
    ],
)
def test_what_cannot_be_used_is_refused_by_the_name_of_the_variable(variable: str, value: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_network({variable: value})
    assert variable in caught.value.what
    assert caught.value.exit_code == 2
    assert caught.value.next
    assert "Winter26" not in repr(caught.value)


@pytest.mark.parametrize(
    ("value", "pair"),
    [
        (r"corp\jane:Winter26@proxy", r"corp\jane:Winter26"),
        ("http://corp%5Cjane:Winter%4026@proxy", r"corp\jane:Winter@26"),
        ("http://jane:W/i@n#ter?26@proxy", "jane:W/i@n#ter?26"),
        ("http://jane@proxy", "jane:"),
        ("http://j%C3%A4ne:Grüße@proxy", "jäne:Grüße"),
    ],
)
def test_credentials_go_to_the_proxy_and_into_no_text(value: str, pair: str) -> None:
    found = read_network({"HTTPS_PROXY": value}).proxy_for(ARM)
    assert found
    assert base64.b64decode(found.headers["Proxy-Authorization"].removeprefix("Basic ")).decode() == pair
    password = pair.partition(":")[2]
    with pytest.raises(Refusal) as unusable:
        read_network({"HTTPS_PROXY": f"{value}:port"})
    assert "REDACTED" not in str(unusable.value.next)  # how to write it isn't taken for a password
    texts = [repr(found), redact(f"Cannot connect to proxy {value}"), redact(str(found.headers))]
    assert not [text for text in texts if password and password in text]
    assert redact(f"what {password} is") == "what REDACTED is" or len(password) < 5


@pytest.mark.parametrize(
    ("entries", "host", "port", "bypassed"),
    [
        ("", "a.com", 443, False),
        ("*", "a.com", 443, True),
        ("a.com", "a.com", 443, True),
        ("a.com", "x.A.com", 443, True),
        ("a.com", "xa.com", 443, False),
        (".a.com", "x.a.com", 443, True),
        (".a.com", "a.com", 443, True),
        ("*.a.com", "x.a.com", 443, True),
        ("*.a.com", "a.com", 443, False),
        ("b.com, A.COM", "a.com.", 443, True),
        ("b.com a.com", "a.com", 443, True),
        ("a.com:8443", "a.com", 443, False),
        ("a.com:8443", "x.a.com", 8443, True),
        ("10.0.0.4", "10.0.0.4", 443, True),
        ("10.0.0.0/8", "10.200.1.1", 443, True),
        ("10.0.0.0/8", "11.0.0.1", 443, False),
        ("10.0.0.0/8:8443", "10.0.0.1", 443, False),
        ("10.0.0.7/8", "10.1.1.1", 443, True),
        ("10.1.*", "10.1.2.3", 443, True),
        ("10.0.0.4", "x10.0.0.4", 443, False),
        ("fd00::/8", "fd12::1", 443, True),
        ("fd00::/8", "[fd12::1]", 443, True),
        ("[fd00::]/8", "fd12::1", 443, True),
        ("[fd00::1]:8443", "fd00::1", 443, False),
        ("[fd00::1]:8443", "fd00:0::1", 8443, True),
        ("fd00::1", "fd00::2", 443, False),
        ("10.0.0.0/8", "::ffff:10.0.0.1", 443, True),
        ("fd00::/8,10.0.0.0/8", "a.com", 443, False),
        ("[oops,a.com,1.2.3.4/99,:,.", "a.com", 443, True),
        ("[oops,1.2.3.4/99,:,.", "a.com", 443, False),
    ],
)
def test_hosts_that_need_no_proxy(entries: str, host: str, port: int, bypassed: bool) -> None:
    assert NoProxy(entries)(host, port) is bypassed


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/metadata/identity/oauth2/token",
        "http://localhost:50342/oauth2/token",
        "https://127.0.0.1:8443/",
        "https://[::1]:8443/",
        "https://localhost/",
        "https://login.contoso.com/",
        "https://login.contoso.com:8443/x",
    ],
)
def test_what_is_near_or_excepted_is_reached_directly(url: str) -> None:
    assert read_network({"https_proxy": "proxy", "NO_PROXY": ".contoso.com"}).proxy_for(url) is None


def test_lower_case_exceptions_count_first() -> None:
    found = read_network({"HTTPS_PROXY": "proxy", "no_proxy": "", "NO_PROXY": "*"})
    assert found.proxy_for(ARM)


def test_every_bundle_that_is_named_is_trusted_and_nothing_else(tmp_path: Path) -> None:
    assert len(read_network({}).trust.get_ca_certs()) > 10
    files = []
    for number in range(2):
        files.append(tmp_path / f"{number}.pem")
        trustme.CA(organization_name=f"Contoso {number}").cert_pem.write_to_path(str(files[-1]))
    one, two = (str(file) for file in files)
    for environ, count in (
        ({"REQUESTS_CA_BUNDLE": one}, 1),
        ({"CURL_CA_BUNDLE": f'"{one}"\r'}, 1),
        ({"SSL_CERT_FILE": one, "REQUESTS_CA_BUNDLE": two}, 2),
        ({"SSL_CERT_DIR": str(tmp_path)}, 0),  # a folder is read when a certificate is looked for
    ):
        trust = read_network(environ).trust
        assert len(trust.get_ca_certs()) == count
        assert trust.verify_mode is ssl.CERT_REQUIRED
        assert trust.check_hostname


def test_of_several_folders_those_count_that_there_are(tmp_path: Path) -> None:
    read_network({"SSL_CERT_DIR": os.pathsep.join(("/nowhere", str(tmp_path)))})


def test_an_endpoint_with_a_password_is_refused_before_any_request() -> None:
    with pytest.raises(Refusal) as refused:
        asyncio.run(find_cloud("https://jane:Winter26@management.azure.com", print))
    assert refused.value.exit_code == 2
    assert "Winter26" not in f"{refused.value.what}{refused.value.why}{refused.value.next}"


def test_a_bundle_that_is_no_pem_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "ca.der"
    file.write_bytes(b"\x30\x82\x01\x0a")
    with pytest.raises(Refusal) as caught:
        read_network({"SSL_CERT_FILE": str(file)})
    assert "SSL_CERT_FILE" in caught.value.what
    assert "PEM" in caught.value.what


@pytest.mark.parametrize(
    ("host", "private"),
    [("10.20.1.4", True), ("100.64.0.4", True), ("20.50.1.1", False), ("none.invalid", None)],
)
def test_where_a_name_leads_from_here(host: str, private: bool | None) -> None:
    """To a private endpoint, or to the instance's public address; a name that isn't known tells nothing."""
    assert asyncio.run(is_private(host, read_network({}))) is private
    assert asyncio.run(is_private(host, read_network({"HTTPS_PROXY": "http://proxy:3128"}))) is None
