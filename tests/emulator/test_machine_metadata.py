"""The metadata service of a virtual machine: tokens of its managed identities, by its rules and by azure-identity."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt
import pytest

from emulator.machine_metadata import MachineMetadata
from emulator.messages import Refused, Request
from emulator.seed_machines import MACHINES
from tests.support.arm import REGISTERED
from tests.support.world import ARM, DIGITAL_TWINS, GRAPH, Emulator

OWNER, CONTRIBUTOR = MACHINES["owner-vm"].identities
READER = MACHINES["contributor-vm"].identities[1]
TOKEN = "/metadata/identity/oauth2/token"
ASKED = {"api-version": "2018-02-01", "resource": ARM}
HEADER = {"Metadata": "true"}
CREDENTIALS = """
import asyncio, json, sys
from azure.identity import ManagedIdentityCredential
from azure.identity.aio import ManagedIdentityCredential as Async
*ways, = json.loads(sys.argv[1])
async def later(options):
    async with Async(**options) as credential:
        return (await credential.get_token(scope)).token
scope, found = sys.argv[2] + "/.default", []
for options in ways:
    with ManagedIdentityCredential(**options) as credential:
        found.append(credential.get_token(scope).token)
    found.append(asyncio.run(later(options)))
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An Azure in which the signed-in is a machine with a system-assigned identity and another."""
    with Emulator(tmp_path_factory.mktemp("machine") / "azure", "--sign-in", "owner-vm") as azure:
        yield azure


def ask(
    azure: Emulator, query: dict[str, str] | str, headers: dict[str, str], *, path: str = TOKEN, method: str = "GET"
) -> tuple[int, Any]:
    """Status and body of a request to the service."""
    host = urlsplit(azure.ready["env"]["AZURE_POD_IDENTITY_AUTHORITY_HOST"]).netloc
    asked = query if isinstance(query, str) else urlencode(query)
    with contextlib.closing(http.client.HTTPConnection(host, timeout=30)) as connection:
        connection.request(method, f"{path}?{asked}", headers=headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def claims(token: str) -> dict[str, Any]:
    decoded: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return decoded


def by_azure_identity(azure: Emulator, ways: list[dict[str, Any]], audience: str) -> list[str]:
    """The object ids for which azure-identity, unmodified, gets tokens: of each way twice, sync and async."""
    command = [sys.executable, "-c", CREDENTIALS, json.dumps(ways), audience]
    environment = {"PATH": os.environ["PATH"], **azure.ready["env"]}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-1500:]
    return [claims(token)["oid"] for token in json.loads(done.stdout)]


def test_a_token_is_answered_as_documented(machine: Emulator) -> None:
    status, body = ask(machine, {**ASKED, "resource": f"{ARM}/"}, HEADER)
    assert (status, body["resource"], body["token_type"], body["refresh_token"]) == (200, f"{ARM}/", "Bearer", "")
    assert all(isinstance(value, str) for value in body.values())
    token = claims(body["access_token"])
    assert (token["oid"], token["xms_mirid"], token["idtyp"]) == (OWNER.object_id, OWNER.id, "app")
    for selector in ({"client_id": CONTRIBUTOR.client_id}, {"object_id": CONTRIBUTOR.object_id},
                     {"msi_res_id": CONTRIBUTOR.id.upper()}):  # fmt: skip
        token = claims(ask(machine, ASKED | selector, HEADER)[1]["access_token"])
        assert (token["oid"], token["xms_mirid"]) == (CONTRIBUTOR.object_id, CONTRIBUTOR.id)


@pytest.mark.parametrize(
    ("query", "headers", "status", "code"),
    [
        (ASKED, {}, 400, "bad_request_102"),
        (ASKED, {"Metadata": "True"}, 400, "bad_request_102"),
        (ASKED, {**HEADER, "X-Forwarded-For": "203.0.113.1"}, 400, "invalid_request"),
        ({**ASKED, "client_id": READER.client_id}, HEADER, 400, "invalid_request"),
        ({**ASKED, "resource": "https://search.azure.com"}, HEADER, 400, "invalid_resource"),
        ({"api-version": "2018-02-01"}, HEADER, 400, "invalid_request"),
        (f"{urlencode(ASKED)}&resource={GRAPH}", HEADER, 400, "invalid_request"),
    ],
)
def test_what_is_refused(
    machine: Emulator, query: dict[str, str] | str, headers: dict[str, str], status: int, code: str
) -> None:
    answered, body = ask(machine, query, headers)
    assert (answered, body["error"], bool(body["error_description"])) == (status, code, True)


def test_versions_paths_and_methods(machine: Emulator) -> None:
    for version in ({}, {"api-version": "2017-12-01"}):
        status, body = ask(machine, {"resource": ARM, **version}, HEADER)
        assert (status, sorted(body)) == (400, ["error", "newest-versions"])
    assert ask(machine, ASKED, HEADER, path="/metadata/instance")[0] == 404
    assert ask(machine, ASKED, HEADER, method="POST")[0] == 405


def test_azure_identity_rides_out_an_update(machine: Emulator) -> None:
    try:
        machine.faults({"path": "^/metadata/identity", "nth": 1, "do": "status:404"})
        ways: list[dict[str, Any]] = [
            {},
            {"client_id": CONTRIBUTOR.client_id},
            {"identity_config": {"object_id": CONTRIBUTOR.object_id}},
        ]
        found = by_azure_identity(machine, ways, GRAPH)
        assert found == [OWNER.object_id] * 2 + [CONTRIBUTOR.object_id] * 4
        assert [rule["matched"] for rule in machine.control("GET", "/faults")] == [2 * len(ways) + 1]
    finally:
        machine.faults()
    for status in (404, 410, 429):
        machine.faults({"path": "^/metadata/identity", "do": f"status:{status}"})
        answered, body = ask(machine, ASKED, HEADER)
        assert (answered, sorted(body)) == (status, ["error", "error_description"])


def test_its_tokens_are_worth_what_the_identity_may(tmp_path: Path) -> None:
    with Emulator(tmp_path / "azure", "--sign-in", "contributor-vm", "--limits", "azure") as azure:
        status, body = ask(azure, ASKED, HEADER)  # two identities, and none is the machine's own
        assert (status, body["error"]) == (400, "invalid_request")

        def called(audience: str, method: str, url: str, identity: str, **more: Any) -> int:
            token = ask(azure, ASKED | {"resource": audience, "client_id": identity}, HEADER)[1]["access_token"]
            return azure.https(method, url, token=token, **more).status

        group = f"{ARM}{REGISTERED}/resourcegroups/mine?api-version=2025-04-01"
        location = {"json": {"location": "westus2"}}
        assert called(ARM, "PUT", group, READER.client_id, **location) == 403
        assert called(ARM, "PUT", group, CONTRIBUTOR.client_id, **location) == 201
        assert called(GRAPH, "GET", f"{GRAPH}/v1.0/applications", CONTRIBUTOR.client_id) == 403
        assert called(DIGITAL_TWINS, "GET", f"{ARM}{REGISTERED}?api-version=2022-12-01", READER.client_id) == 401
        azure.document("servicePrincipal", READER.object_id, None)
        assert ask(azure, ASKED | {"client_id": READER.client_id}, HEADER)[0] == 400


def test_more_requests_than_it_takes_are_throttled() -> None:
    class Limited:
        limits = True

    service, refused = MachineMetadata(MACHINES["owner-vm"]), []
    for _ in range(21):
        with pytest.raises(Refused) as caught:
            service.handle(Limited(), Request("GET", TOKEN, {}, {}, b"", "http://localhost"))  # type: ignore[arg-type]
        refused.append(caught.value.status)
    assert refused == [400] * 20 + [429]
