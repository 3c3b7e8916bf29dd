"""The embedded Azure's server: ready line, TLS, proxy, cloud metadata, folder, arguments and end."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from emulator import seed
from tests.support import processes
from tests.support.world import ARM, ROOT, Emulator


def test_the_ready_line_is_complete_and_names_no_subscription_in_the_environment(azure: Emulator) -> None:
    keys = "armEndpoint caBundle tenantId subscriptionId subscriptions clientId clientSecret proxy azLogin env"
    assert list(azure.ready) == keys.split()
    env = azure.ready["env"]
    assert not [name for name, text in env.items() if "SUBSCRIPTION" in name and text]
    assert env["https_proxy"] == env["HTTPS_PROXY"] == azure.ready["proxy"]
    assert env["NODE_EXTRA_CA_CERTS"] == azure.ready["caBundle"]
    assert env["NODE_USE_ENV_PROXY"] == "1"
    assert env["no_proxy"] == env["NO_PROXY"] == "127.0.0.1,localhost"
    assert azure.ready["clientSecret"] in azure.ready["azLogin"]


def test_every_name_has_a_certificate_that_passes_strict_checks(azure: Emulator) -> None:
    for host in ("management.azure.com", "twins.api.weu.digitaltwins.azure.net", "127.0.0.1", "localhost"):
        with azure.connect(host) as tls:
            assert tls.version() in ("TLSv1.2", "TLSv1.3")
    with pytest.raises(ssl.SSLCertVerificationError):
        azure.connect("example.com")


@pytest.mark.skipif(os.name == "nt", reason="file modes")
def test_the_folder_and_the_key_are_private(azure: Emulator) -> None:
    assert azure.data.stat().st_mode & 0o777 == 0o700
    assert (azure.data / "ca-key.pem").stat().st_mode & 0o777 == 0o600
    assert b"PRIVATE" not in Path(azure.ready["caBundle"]).read_bytes()


def test_the_proxy_refuses_and_lists_everything_else(azure: Emulator) -> None:
    address = urlsplit(azure.ready["proxy"])
    for head in (
        "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n",
        "CONNECT management.azure.com:22 HTTP/1.1\r\n\r\n",
        "GET http://169.254.169.254/metadata HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n",
    ):
        with socket.create_connection((address.hostname, address.port or 0), timeout=30) as connection:
            connection.sendall(head.encode())
            assert connection.recv(4096).startswith(b"HTTP/1.1 403 ")
    assert azure.requests()["refusedHosts"] == {"169.254.169.254": 1, "example.com": 1, "management.azure.com": 1}
    assert azure.requests()["total"] == 0


def test_another_program_plays_a_host(azure: Emulator, tmp_path: Path) -> None:
    """The proxy leads there, with a certificate that the emulator's clients trust."""
    host, pem = "contoso.blob.core.windows.net", tmp_path / "front.pem"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = {"port": listener.getsockname()[1]}
        pem.write_text(azure.control("PUT", f"/fronts/{host}", port)["pem"])
        own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        own.load_cert_chain(pem)

        def answer() -> None:
            with own.wrap_socket(listener.accept()[0], server_side=True) as connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

        front = threading.Thread(target=answer, daemon=True)
        front.start()
        address = urlsplit(azure.ready["proxy"])
        trusted = ssl.create_default_context(cafile=azure.ready["caBundle"])
        tunnel = http.client.HTTPSConnection(address.hostname or "", address.port, context=trusted, timeout=30)
        tunnel.set_tunnel(host, 443)
        tunnel.request("GET", "/")
        assert tunnel.getresponse().status == 204
        tunnel.close()
        front.join(30)
    for name, body in (("management.azure.com", port), (host, {})):
        url = f"{azure.ready['armEndpoint']}/_emulator/fronts/{name}"
        assert azure.https("PUT", url, json=body).status == 400


def test_cloud_metadata_has_a_list_in_public_and_one_object_in_the_custom_cloud(azure: Emulator) -> None:
    public = azure.https("GET", f"{ARM}/metadata/endpoints?api-version=2022-09-01").json()
    assert [cloud["name"] for cloud in public] == ["AzureCloud", "AzureChinaCloud", "AzureUSGovernment"]
    origin = azure.ready["armEndpoint"]
    for version in ("2015-01-01", "2022-09-01"):
        own = azure.https("GET", f"{origin}/metadata/endpoints?api-version={version}").json()
        assert own["authentication"]["loginEndpoint"] == origin
        assert own["microsoftGraphResourceId"] == own["graphEndpoint"] == f"{origin}/"


def test_a_folder_has_one_server_and_the_second_says_who_has_it(tmp_path: Path) -> None:
    """Who has it is the process that the server ends with: here, this one."""
    folder = ("--data", str(tmp_path / "azure"))
    command = [sys.executable, "-m", "emulator", "--until-stdin-closes", *folder]
    server = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, process_group=0
    )
    processes.until_line(server, "armEndpoint")
    done = _emulate(*folder)
    server.communicate(timeout=60)
    assert (done.returncode, done.stdout) == (4, "")
    assert f"in use by process {os.getpid()}." in done.stderr
    assert done.stderr.count("\n") == 1


def _emulate(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "emulator", *arguments]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL
    )


@pytest.mark.parametrize(
    ("code", "sentence", "arguments"),
    [
        (2, "owner", ["--sign-in", "nobody"]),
        (2, "none, azure", ["--latency", "slow"]),
        (2, "azure:0.1", ["--latency", "azure:fast"]),
        (2, "no usable faults", ["--faults", "missing.json"]),
    ],
)
def test_a_bad_argument_is_one_line(tmp_path: Path, code: int, sentence: str, arguments: list[str]) -> None:
    done = _emulate("--data", str(tmp_path / "azure"), *arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1)
    assert sentence in done.stderr
    assert not (tmp_path / "azure").exists()


def test_a_latency_file_with_an_unknown_row_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "latency.toml"
    file.write_text("scale = 0.1\n[table]\nraed = 1\n", encoding="utf-8")
    done = _emulate("--data", str(tmp_path / "azure"), "--latency", str(file))
    assert done.returncode == 2
    assert "raed" in done.stderr


def test_a_busy_port_is_one_line(azure: Emulator, tmp_path: Path) -> None:
    port = urlsplit(azure.ready["armEndpoint"]).port
    done = _emulate("--data", str(tmp_path / "other"), "--port", str(port))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert str(port) in done.stderr


def test_its_memory_and_keys_survive_kill_9(azure: Emulator) -> None:
    url = f"{ARM}/subscriptions/{seed.REGISTERED_SUBSCRIPTION}/resourceGroups/kept?api-version=2025-04-01"
    token = azure.token()
    assert azure.https("PUT", url, token=token, json={"location": "westeurope"}).status == 201
    before, secret = azure.inventory(volatile=True), azure.ready["clientSecret"]
    azure.restart()
    assert azure.inventory(volatile=True) == before
    assert azure.ready["clientSecret"] == secret
    assert azure.https("GET", url, token=token).status == 200


def test_it_ends_with_its_starters_stdin(azure: Emulator) -> None:
    assert azure.process
    assert azure.process.stdin
    azure.process.stdin.close()
    assert azure.process.wait(30) == 0


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_interrupting_is_130_and_quiet(azure: Emulator) -> None:
    assert azure.process
    azure.process.send_signal(signal.SIGINT)
    assert azure.process.wait(30) == 130
    assert azure.errors() == ""
