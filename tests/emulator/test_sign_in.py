"""Signing in to the embedded Azure: credentials, Entra ID, Cloud Shell, and the tokens that services accept."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest

from emulator import seed
from emulator.graph import admin_consent
from emulator.store import Store
from emulator.tokens import PORTAL_AUDIENCES, TokenAuthority
from tests.support.world import ARM, DIGITAL_TWINS, GRAPH, Emulator

SUBSCRIPTIONS = f"{ARM}/subscriptions?api-version=2022-12-01"
TOKEN_ENDPOINT = f"https://login.microsoftonline.com/{seed.TENANT}/oauth2/v2.0/token"
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


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One for all: nothing here changes it."""
    with Emulator(tmp_path_factory.mktemp("world") / "azure") as emulator:
        yield emulator


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
def test_an_unmodified_credential_signs_in_with_the_ready_lines_environment_whatever_else_is_set(
    tmp_path: Path, name: str
) -> None:
    expected = seed.USERS.get(name) or seed.AUTOMATIONS[name]
    with Emulator(tmp_path / "azure", "--sign-in", name) as azure:
        found = run(CREDENTIALS, {"PATH": os.environ["PATH"], **SOMEBODY_ELSE, **azure.ready["env"]})
        assert {claims(token)["oid"] for token in found} == {expected.object_id}
        assert {claims(token)["tid"] for token in found} == {seed.TENANT}
        assert [claims(token)["aud"] for token in found] == [ARM, GRAPH, DIGITAL_TWINS] * 2
        assert azure.requests()["refusedHosts"] == {}


def test_an_unmodified_credential_signs_in_with_nothing_but_the_ready_lines_environment(azure: Emulator) -> None:
    found = run(CREDENTIALS, {"PATH": os.environ["PATH"], **azure.ready["env"]})
    assert {claims(token)["oid"] for token in found} == {seed.USERS["owner"].object_id}


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


def form(azure: Emulator, url: str, **fields: str) -> Any:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return azure.https("POST", url, body=urlencode(fields).encode(), headers=headers).json()


def grant(azure: Emulator, url: str = TOKEN_ENDPOINT, **fields: str) -> Any:
    ready = azure.ready
    usual = {"client_id": ready["clientId"], "client_secret": ready["clientSecret"], "scope": f"{ARM}/.default"}
    return form(azure, url, **{"grant_type": "client_credentials", **usual, **fields})


def test_the_custom_cloud_signs_in_and_answers_on_one_origin(azure: Emulator) -> None:
    origin = azure.ready["armEndpoint"]
    found = azure.https("GET", f"{origin}/{seed.TENANT}/v2.0/.well-known/openid-configuration").json()
    assert found["issuer"].startswith(origin)
    for scope, url in (
        ("https://management.core.windows.net//.default", "/subscriptions?api-version=2022-12-01"),
        (f"{origin}//.default", "/v1.0//users"),
    ):
        token = grant(azure, found["token_endpoint"], scope=scope)
        assert azure.https("GET", origin + url, token=token["access_token"]).status == 200


@pytest.mark.parametrize(
    ("number", "change"),
    [
        (7000215, {"client_secret": "wrong"}),
        (7000218, {"client_secret": ""}),
        (900144, {"client_secret": "", "client_assertion": "e30.e30.x"}),
        (700016, {"client_id": "12345678-1234-4234-8234-123456789012"}),
        (500011, {"scope": "https://unknown.example.com/.default"}),
        (1002012, {"scope": f"{ARM}/user_impersonation"}),
        (900144, {"scope": ""}),
        (70003, {"grant_type": "device_code"}),
        (90002, {"url": "https://login.microsoftonline.com/nobody.example.com/oauth2/v2.0/token"}),
    ],
)
def test_entra_refuses_with_its_numbers(azure: Emulator, number: int, change: dict[str, str]) -> None:
    refused = grant(azure, **change)
    assert refused["error_codes"] == [number]
    assert refused["error_description"].startswith(f"AADSTS{number}: ")


def test_a_password_gives_tokens_and_the_refresh_token_gives_more(azure: Emulator) -> None:
    store = Store(azure.data / "azure.sqlite3")
    user = seed.USERS["contributor"]
    kept = store.get("password", user.principal_name)
    store.close()
    assert kept
    shared = {"client_id": seed.AZURE_CLI_APP, "scope": f"{ARM}/.default openid offline_access", "client_info": "1"}
    wrong = form(azure, TOKEN_ENDPOINT, grant_type="password", username=user.principal_name, password="wrong", **shared)
    assert wrong["error_codes"] == [50126]
    first = form(
        azure, TOKEN_ENDPOINT, grant_type="password", username=user.principal_name, password=kept["password"], **shared
    )
    info = json.loads(base64.urlsafe_b64decode(first["client_info"] + "=="))
    assert info == {"uid": user.object_id, "utid": seed.TENANT}
    scope = {"scope": f"{GRAPH}/.default"}
    more = form(
        azure, TOKEN_ENDPOINT, grant_type="refresh_token", refresh_token=first["refresh_token"], **(shared | scope)
    )
    assert (claims(more["access_token"])["oid"], claims(more["access_token"])["aud"]) == (user.object_id, GRAPH)
    misused = form(azure, TOKEN_ENDPOINT, grant_type="refresh_token", refresh_token=first["access_token"], **shared)
    assert misused["error_codes"] == [9002313]


def test_a_device_code_signs_in_the_user_who_enters_it_once(azure: Emulator) -> None:
    client = {"client_id": seed.AZURE_CLI_APP}
    shown = form(azure, TOKEN_ENDPOINT.replace("/token", "/devicecode"), scope=f"{ARM}/.default", **client)
    assert shown["user_code"] in shown["message"]
    poll = {**client, "grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": shown["device_code"]}
    assert form(azure, TOKEN_ENDPOINT, **poll)["error"] == "authorization_pending"
    assert form(azure, TOKEN_ENDPOINT, **{**poll, "device_code": "other"})["error_codes"] == [70018]
    url = f"{azure.ready['armEndpoint']}/_emulator/device-codes/"
    assert azure.https("PUT", f"{url}ABCDEFGHJ", json={"signIn": "reader"}).status == 404
    assert azure.https("PUT", url + shown["user_code"], json={"signIn": "nobody"}).status == 404
    assert azure.https("PUT", url + shown["user_code"], json={"signIn": "reader"}).status == 200
    token = form(azure, TOKEN_ENDPOINT, **poll)["access_token"]
    assert (claims(token)["oid"], claims(token)["aud"]) == (seed.USERS["reader"].object_id, ARM)
    assert form(azure, TOKEN_ENDPOINT, **poll)["error_codes"] == [70018]


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
    storage = "https://storage.azure.com"  # for the states of a team, with and without a slash
    for asked in (storage, f"{storage}/"):
        status, body = _cloud_shell(azure, asked, {"Metadata": "true"})
        assert (status, claims(body["access_token"])["aud"]) == (200, asked)
    assert _cloud_shell(azure, GRAPH, {})[0] == 400
    (portal,) = PORTAL_AUDIENCES  # what `az ad app permission admin-consent` asks for
    for other in ("https://search.azure.com", portal):
        status, body = _cloud_shell(azure, other, {"Metadata": "true"})
        assert (status, body["error"]["code"]) == (400, "AudienceNotSupported")


def test_the_portals_consent_serves_no_service_principals(azure: Emulator) -> None:
    (portal,) = PORTAL_AUDIENCES
    url = f"https://{admin_consent.HOST}/api/RegisteredApplications/{seed.DIGITAL_TWINS_APP}/Consent?onBehalfOfAll=true"
    answers = [azure.https("POST", url, token=azure.token(portal, name)) for name in ("owner-sp", "reader")]
    assert [answer.status for answer in answers] == [503, 403]
