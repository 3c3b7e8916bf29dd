"""The embedded Azure's server: signing in, TLS, the proxy, faults, the recording, its folder and its end."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt
import pytest

from emulator import seed
from emulator.store import Store
from emulator.tokens import TokenAuthority
from tests.world import ARM, DIGITAL_TWINS, GRAPH, ROOT, Emulator

SUBSCRIPTIONS = f"{ARM}/subscriptions?api-version=2022-12-01"
PROVIDER = f"/subscriptions/{seed.REGISTERED_SUBSCRIPTION}/providers/Microsoft.DigitalTwins"
LOGIN = f"https://login.microsoftonline.com/{seed.TENANT}"
CREDENTIALS = (
    """
import asyncio, json
from azure.identity import DefaultAzureCredential
from azure.identity.aio import DefaultAzureCredential as Async
scopes = [a + "/.default" for a in ("ARM", "GRAPH", "TWINS")]
with DefaultAzureCredential() as credential:
    found = [credential.get_token(scope).token for scope in scopes]
async def main():
    async with Async() as credential:
        return [(await credential.get_token(scope)).token for scope in scopes]
print(json.dumps(found + asyncio.run(main())))
""".replace("ARM", ARM)
    .replace("GRAPH", GRAPH)
    .replace("TWINS", DIGITAL_TWINS)
)

SOMEBODY_ELSE = {
    "AZURE_CLIENT_ID": "12345678-1234-4234-8234-123456789012",
    "AZURE_TENANT_ID": "22345678-1234-4234-8234-123456789012",
    "AZURE_CLIENT_SECRET": "a-real-secret",
    "AZURE_USERNAME": "somebody@example.com",
    "AZURE_PASSWORD": "a-real-password",
    "AZURE_FEDERATED_TOKEN_FILE": "/nowhere",
    "AZURE_TOKEN_CREDENTIALS": "AzureCliCredential",
    "AZURE_AUTHORITY_HOST": "https://login.example.com",
    "IDENTITY_ENDPOINT": "http://192.0.2.1/token",
    "IDENTITY_HEADER": "real",
    "https_proxy": "http://192.0.2.1:8080",
    "no_proxy": "*",
    "SSL_CERT_FILE": "/nowhere",
}


def run(program: str, env: dict[str, str]) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", program], env=env, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def claims(token: str) -> dict[str, Any]:
    decoded: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return decoded


@pytest.mark.parametrize("name", [*seed.USERS, *seed.AUTOMATIONS])
def test_an_unmodified_credential_signs_in_with_nothing_but_the_ready_lines_environment(
    tmp_path: Path, name: str
) -> None:
    expected = seed.USERS.get(name) or seed.AUTOMATIONS[name]
    with Emulator(tmp_path / "azure", "--sign-in", name) as azure:
        bare = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
        for theirs in ({}, SOMEBODY_ELSE):
            tokens = [claims(token) for token in run(CREDENTIALS, bare | theirs | azure.ready["env"])]
            assert {token["oid"] for token in tokens} == {expected.object_id}
            assert {token["tid"] for token in tokens} == {seed.TENANT}
            assert [token["aud"] for token in tokens] == [ARM, GRAPH, DIGITAL_TWINS] * 2
        assert azure.requests()["refusedHosts"] == {}


def test_the_ready_line_is_complete_and_names_no_subscription_in_the_environment(azure: Emulator) -> None:
    keys = "armEndpoint caBundle tenantId subscriptionId clientId clientSecret proxy azLogin env"
    assert list(azure.ready) == keys.split()
    env = azure.ready["env"]
    assert not [name for name in env if "SUBSCRIPTION" in name]
    assert env["https_proxy"] == env["HTTPS_PROXY"] == azure.ready["proxy"]
    assert env["no_proxy"] == env["NO_PROXY"] == "127.0.0.1,localhost"
    assert azure.ready["clientSecret"] in azure.ready["azLogin"]


def test_users_of_other_tenants_get_tokens_for_ours(azure: Emulator) -> None:
    guest, personal = (claims(azure.token(name=name)) for name in ("guest", "msa"))
    assert guest["idp"].endswith(f"/{seed.USERS['guest'].home_tenant}/")
    assert personal["unique_name"] == "live.com#mona@outlook.com"
    assert "upn" not in guest
    assert "upn" not in personal
    assert guest["tid"] == personal["tid"] == seed.TENANT


def _foreign(azure: Emulator) -> TokenAuthority:
    store = Store(azure.data.with_suffix(".foreign"))
    try:
        return TokenAuthority(store, azure.ready["armEndpoint"])
    finally:
        store.close()


TOKENS: list[tuple[str, Callable[[Emulator], str | None]]] = [
    ("AuthenticationFailed", lambda _: None),
    ("InvalidAuthenticationToken", lambda _: "nonsense"),
    ("InvalidAuthenticationToken", lambda azure: _foreign(azure).for_user(seed.USERS["owner"], ARM).text),
    ("ExpiredAuthenticationToken", lambda azure: azure.tokens().for_user(seed.USERS["owner"], ARM, lifetime=60).text),
    ("InvalidAuthenticationTokenAudience", lambda azure: azure.token(DIGITAL_TWINS)),
    (
        "InvalidAuthenticationTokenTenant",
        lambda azure: azure.tokens().for_user(seed.USERS["owner"], ARM, tenant=seed.HOME_TENANT).text,
    ),
]


@pytest.mark.parametrize(("code", "make"), TOKENS)
def test_a_token_that_does_not_hold_is_401(azure: Emulator, code: str, make: Callable[[Emulator], str | None]) -> None:
    answer = azure.https("GET", SUBSCRIPTIONS, token=make(azure))
    assert (answer.status, answer.json()["error"]["code"]) == (401, code)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    graph = azure.https("GET", f"{GRAPH}/v1.0/me", token=make(azure))
    assert (graph.status, graph.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")


def test_a_token_that_holds_is_accepted_with_request_ids(azure: Emulator) -> None:
    answer = azure.https("GET", SUBSCRIPTIONS, token=azure.token())
    assert answer.status == 200
    assert answer.headers["x-ms-request-id"]
    assert answer.headers["x-ms-correlation-request-id"]
    assert int(answer.headers["Content-Length"]) == len(answer.content)


@pytest.mark.parametrize(
    "host", ["management.azure.com", "twins.api.weu.digitaltwins.azure.net", "127.0.0.1", "localhost"]
)
def test_every_name_has_a_certificate_that_passes_strict_checks(azure: Emulator, host: str) -> None:
    with azure.connect(host) as tls:
        assert tls.version() in ("TLSv1.2", "TLSv1.3")


def test_other_names_have_no_certificate(azure: Emulator) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        azure.connect("example.com")


@pytest.mark.skipif(os.name == "nt", reason="file modes")
def test_the_folder_and_the_key_are_private(azure: Emulator) -> None:
    assert azure.data.stat().st_mode & 0o777 == 0o700
    assert (azure.data / "ca-key.pem").stat().st_mode & 0o777 == 0o600
    assert b"PRIVATE" not in Path(azure.ready["caBundle"]).read_bytes()


@pytest.mark.parametrize(
    ("head", "host"),
    [
        ("CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n", "example.com"),
        ("CONNECT management.azure.com:22 HTTP/1.1\r\n\r\n", "management.azure.com"),
        ("GET http://169.254.169.254/metadata HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n", "169.254.169.254"),
    ],
)
def test_the_proxy_refuses_and_lists_everything_else(azure: Emulator, head: str, host: str) -> None:
    address = urlsplit(azure.ready["proxy"])
    with socket.create_connection((address.hostname, address.port or 0), timeout=30) as connection:
        connection.sendall(head.encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 403 ")
    assert azure.requests()["refusedHosts"] == {host: 1}
    assert azure.requests()["total"] == 0


def test_cloud_metadata_has_a_list_in_public_and_one_object_in_the_custom_cloud(azure: Emulator) -> None:
    public = azure.https("GET", f"{ARM}/metadata/endpoints?api-version=2022-09-01").json()
    assert [cloud["name"] for cloud in public] == ["AzureCloud", "AzureChinaCloud", "AzureUSGovernment"]
    origin = azure.ready["armEndpoint"]
    for version in ("2015-01-01", "2022-09-01"):
        own = azure.https("GET", f"{origin}/metadata/endpoints?api-version={version}").json()
        assert own["authentication"]["loginEndpoint"] == origin
        assert own["microsoftGraphResourceId"] == own["graphEndpoint"] == f"{origin}/"


def test_the_custom_cloud_signs_in_and_answers_on_one_origin(azure: Emulator) -> None:
    origin = azure.ready["armEndpoint"]
    found = azure.https("GET", f"{origin}/{seed.TENANT}/v2.0/.well-known/openid-configuration").json()
    assert found["issuer"].startswith(origin)
    for scope, url in (
        ("https://management.core.windows.net//.default", "/subscriptions?api-version=2022-12-01"),
        (f"{origin}//.default", "/v1.0//users"),
    ):
        token = _grant(azure, found["token_endpoint"], scope=scope)
        assert azure.https("GET", origin + url, token=token["access_token"]).status == 200


def _form(azure: Emulator, url: str, **form: str) -> Any:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return azure.https("POST", url, body=urlencode(form).encode(), headers=headers).json()


def _grant(azure: Emulator, url: str = f"{LOGIN}/oauth2/v2.0/token", **form: str) -> Any:
    ready = azure.ready
    usual = {"client_id": ready["clientId"], "client_secret": ready["clientSecret"], "scope": f"{ARM}/.default"}
    return _form(azure, url, **{"grant_type": "client_credentials", **usual, **form})


@pytest.mark.parametrize(
    ("number", "change"),
    [
        (7000215, {"client_secret": "wrong"}),
        (7000218, {"client_secret": ""}),
        (700016, {"client_id": "12345678-1234-4234-8234-123456789012"}),
        (500011, {"scope": "https://unknown.example.com/.default"}),
        (1002012, {"scope": f"{ARM}/user_impersonation"}),
        (900144, {"scope": ""}),
        (70003, {"grant_type": "device_code"}),
        (90002, {"url": "https://login.microsoftonline.com/nobody.example.com/oauth2/v2.0/token"}),
    ],
)
def test_entra_refuses_with_its_numbers(azure: Emulator, number: int, change: dict[str, str]) -> None:
    refused = _grant(azure, **change)
    assert refused["error_codes"] == [number]
    assert refused["error_description"].startswith(f"AADSTS{number}: ")


def test_a_password_gives_tokens_and_the_refresh_token_gives_more(azure: Emulator) -> None:
    store = Store(azure.data / "azure.sqlite3")
    user = seed.USERS["contributor"]
    kept = store.get("password", user.principal_name)
    store.close()
    assert kept
    shared = {"client_id": seed.AZURE_CLI_APP, "scope": f"{ARM}/.default openid offline_access", "client_info": "1"}
    url = f"{LOGIN}/oauth2/v2.0/token"
    wrong = _form(azure, url, grant_type="password", username=user.principal_name, password="wrong", **shared)
    assert wrong["error_codes"] == [50126]
    first = _form(azure, url, grant_type="password", username=user.principal_name, password=kept["password"], **shared)
    info = json.loads(base64.urlsafe_b64decode(first["client_info"] + "=="))
    assert info == {"uid": user.object_id, "utid": seed.TENANT}
    scope = {"scope": f"{GRAPH}/.default"}
    more = _form(azure, url, grant_type="refresh_token", refresh_token=first["refresh_token"], **(shared | scope))
    assert (claims(more["access_token"])["oid"], claims(more["access_token"])["aud"]) == (user.object_id, GRAPH)
    misused = _form(azure, url, grant_type="refresh_token", refresh_token=first["access_token"], **shared)
    assert misused["error_codes"] == [9002313]


def _cloud_shell(azure: Emulator, resource: str, headers: dict[str, str]) -> tuple[int, Any]:
    script = (
        "import json, os, requests, sys\n"
        "form, headers = {'resource': sys.argv[1]}, json.loads(sys.argv[2])\n"
        "answer = requests.post(os.environ['MSI_ENDPOINT'], data=form, headers=headers)\n"
        "print(json.dumps([answer.status_code, answer.json()]))\n"
    )
    command = [sys.executable, "-c", script, resource, json.dumps(headers)]
    done = subprocess.run(command, env=azure.env, capture_output=True, text=True, check=True, timeout=60)
    status, body = json.loads(done.stdout)
    return status, body


def test_the_cloud_shell_endpoint_echoes_and_refuses(azure: Emulator) -> None:
    status, body = _cloud_shell(azure, f"{GRAPH}/", {"Metadata": "true"})
    assert (status, body["resource"], claims(body["access_token"])["aud"]) == (200, f"{GRAPH}/", f"{GRAPH}/")
    assert _cloud_shell(azure, GRAPH, {})[0] == 400
    status, body = _cloud_shell(azure, "https://search.azure.com", {"Metadata": "true"})
    assert (status, body["error"]["code"]) == (400, "AudienceNotSupported")


def test_a_status_fault_hits_the_nth_request_in_the_services_shape(azure: Emulator) -> None:
    token = azure.token()
    rule = {"method": "GET", "path": "/subscriptions$", "nth": 2, "do": "status:429", "headers": {"Retry-After": "7"}}
    azure.faults(rule)
    answers = [azure.https("GET", SUBSCRIPTIONS, token=token) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 429, 200]
    assert answers[1].json()["error"]["code"] == "TooManyRequests"
    assert answers[1].headers["Retry-After"] == "7"
    assert azure.control("GET", "/faults") == [{**rule, "matched": 3}]
    assert [entry.get("_injected", False) for entry in azure.recorded()] == [False, True, False]


@pytest.mark.parametrize(("phase", "carried_out"), [("before", False), ("after", True)])
@pytest.mark.parametrize("do", ["status:500", "drop", "body:<html>busy</html>"])
def test_a_fault_before_or_after_the_operation(azure: Emulator, phase: str, carried_out: bool, do: str) -> None:
    azure.faults({"method": "PUT", "path": "resourcegroups/new", "phase": phase, "do": do})
    url = f"{ARM}/subscriptions/{seed.REGISTERED_SUBSCRIPTION}/resourceGroups/new?api-version=2025-04-01"
    if do == "drop":
        with pytest.raises(ConnectionResetError):
            azure.https("PUT", url, token=azure.token(), json={"location": "westeurope"})
    else:
        azure.https("PUT", url, token=azure.token(), json={"location": "westeurope"})
    assert ("new" in [group["name"] for group in azure.inventory()["resourceGroups"]]) is carried_out
    assert azure.recorded()[-1]["_injected"] is True


def test_drop_is_a_reset_through_the_proxy_too(azure: Emulator) -> None:
    azure.faults({"do": "drop"})
    address = urlsplit(azure.ready["proxy"])
    with socket.create_connection((address.hostname, address.port or 0), timeout=30) as plain:
        plain.sendall(b"CONNECT management.azure.com:443 HTTP/1.1\r\n\r\n")
        assert plain.recv(4096).startswith(b"HTTP/1.1 200 ")
        context = ssl.create_default_context(cafile=azure.ready["caBundle"])
        with context.wrap_socket(plain, server_hostname="management.azure.com") as tls:
            tls.sendall(b"GET /subscriptions HTTP/1.1\r\nHost: management.azure.com\r\n\r\n")
            with pytest.raises(ConnectionResetError):
                tls.recv(4096)


def test_a_truncated_answer_promises_more_than_it_holds(azure: Emulator) -> None:
    azure.faults({"do": "truncate"})
    with azure.connect("management.azure.com") as tls:
        tls.sendall(f"GET {SUBSCRIPTIONS.removeprefix(ARM)} HTTP/1.1\r\nHost: management.azure.com\r\n\r\n".encode())
        received = b""
        while part := tls.recv(65536):
            received += part
    head, _, content = received.partition(b"\r\n\r\n")
    promised = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    assert 0 < len(content) < promised


def test_held_requests_are_counted_until_the_client_leaves_and_do_not_delay_the_end(azure: Emulator) -> None:
    azure.faults({"path": "/subscriptions", "nth": "every", "do": "hold"})
    with azure.connect("management.azure.com") as tls:
        tls.sendall(b"GET /subscriptions HTTP/1.1\r\nHost: management.azure.com\r\n\r\n")
        while azure.requests()["held"] != 1:
            pass
        assert azure.requests()["log"][-1]["ended"] is None
    while azure.requests()["held"] != 0:
        pass
    assert azure.recorded()[-1]["response"]["status"] == 0
    with azure.connect("management.azure.com") as tls:
        tls.sendall(b"GET /subscriptions HTTP/1.1\r\nHost: management.azure.com\r\n\r\n")
        while azure.requests()["held"] != 1:
            pass
        assert azure.process
        killer = threading.Timer(5, azure.process.kill)
        killer.start()
        assert azure.stop() == 0
        killer.cancel()


def test_token_requests_are_faulted_and_a_delay_only_slows(azure: Emulator) -> None:
    azure.faults(
        {"method": "POST", "path": "/oauth2/v2.0/token", "do": "status:503"}, {"do": "delay:0.05", "nth": "every"}
    )
    assert _grant(azure)["error_codes"] == [90033]
    assert "access_token" in _grant(azure)
    assert [entry.get("_injected", False) for entry in azure.recorded()] == [True, False]
    assert azure.recorded()[1]["time"] >= 50


def test_a_status_fault_may_bring_its_own_body(azure: Emulator) -> None:
    body = {"error": {"code": "RequestDisallowedByPolicy", "message": "No."}}
    azure.faults({"do": "status:403", "body": body})
    answer = azure.https("GET", SUBSCRIPTIONS)
    assert (answer.status, answer.json()) == (403, body)


@pytest.mark.parametrize(
    "rules",
    [
        {},
        [[]],
        [{}],
        [{"do": "explode"}],
        [{"do": "status:99"}],
        [{"do": "delay:soon"}],
        [{"do": "drop", "nth": 0}],
        [{"do": "drop", "nht": 1}],
        [{"do": "drop", "path": "("}],
        [{"do": "drop", "phase": "during"}],
        [{"do": "drop", "headers": []}, {"do": "drop", "headers": [1]}],
    ],
)
def test_rules_that_mean_nothing_are_400_and_change_nothing(azure: Emulator, rules: Any) -> None:
    azure.faults({"do": "status:418", "nth": "every"})
    answer = azure.https("PUT", f"{azure.ready['armEndpoint']}/_emulator/faults", json=rules)
    assert (answer.status, answer.json()["error"]["code"]) == (400, "InvalidFaults")
    assert azure.https("GET", SUBSCRIPTIONS).status == 418


def test_control_is_never_counted_faulted_or_recorded(azure: Emulator) -> None:
    azure.faults({"do": "drop", "nth": "every"})
    assert azure.requests()["total"] == 0
    assert azure.recorded() == []
    assert azure.https("GET", f"{azure.ready['armEndpoint']}/_emulator/nothing").status == 404


def test_requests_are_counted_by_method_and_anew_after_a_delete(azure: Emulator) -> None:
    azure.https("GET", SUBSCRIPTIONS)
    azure.https("POST", f"{ARM}{PROVIDER}/register?api-version=2025-04-01")
    counts = azure.requests()
    assert (counts["total"], counts["byMethod"]) == (2, {"GET": 1, "POST": 1})
    assert counts["log"][0]["path"] == SUBSCRIPTIONS.removeprefix(ARM)
    assert azure.control("DELETE", "/requests")["total"] == 0


def test_traffic_shows_what_was_sent_and_no_credential(azure: Emulator) -> None:
    token = _grant(azure)["access_token"]
    azure.https("GET", f"{GRAPH}/v1.0//me?%24select=id", token=token)
    text = azure.traffic.read_text(encoding="utf-8")
    assert token not in text
    assert azure.ready["clientSecret"] not in text
    assert "authorization" not in text.lower().replace("authorization_", "")
    grant, me = azure.recorded()
    assert "client_secret=[removed]" in grant["request"]["postData"]["text"]
    assert f"client_id={azure.ready['clientId']}" in grant["request"]["postData"]["text"]
    assert me["request"]["url"] == f"{GRAPH}/v1.0//me?%24select=id"
    assert me["request"]["queryString"] == [{"name": "$select", "value": "id"}]


def test_a_folder_has_one_server_and_the_second_says_who_has_it(azure: Emulator) -> None:
    done = _emulate("--data", str(azure.data))
    assert azure.process
    assert (done.returncode, done.stdout) == (4, "")
    assert str(azure.process.pid) in done.stderr
    assert done.stderr.count("\n") == 1


def _emulate(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "emulator", *arguments]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL
    )


@pytest.mark.parametrize(
    ("code", "said", "arguments"),
    [
        (2, "owner", ["--sign-in", "nobody"]),
        (2, "none, azure", ["--latency", "slow"]),
        (2, "azure:0.1", ["--latency", "azure:fast"]),
        (2, "no usable faults", ["--faults", "missing.json"]),
    ],
)
def test_a_bad_argument_is_one_line(tmp_path: Path, code: int, said: str, arguments: list[str]) -> None:
    done = _emulate("--data", str(tmp_path / "azure"), *arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1)
    assert said in done.stderr
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


def test_its_memory_and_addresses_survive_kill_9(azure: Emulator) -> None:
    url = f"{ARM}/subscriptions/{seed.REGISTERED_SUBSCRIPTION}/resourceGroups/kept?api-version=2025-04-01"
    token = azure.token()
    assert azure.https("PUT", url, token=token, json={"location": "westeurope"}).status == 201
    before, ready = azure.inventory(volatile=True), azure.ready
    azure.restart()
    assert azure.inventory(volatile=True) == before
    assert azure.ready == ready
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
