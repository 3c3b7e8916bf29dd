"""Client secrets in the embedded Azure: made, limited by policy, signing in, and what they may do then."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.matrix import leaks
from tests.support.arm import DATA_READER, HOST, INSTANCE, Arm
from tests.support.graph import BAD, Graph, principal_of, registered, secret_of, sign_in
from tests.support.waiting import until
from tests.support.world import ARM, DIGITAL_TWINS, GRAPH, Emulator


def test_secrets_live_beside_each_other(world: Emulator) -> None:
    graph = Graph(world)
    application = registered(graph)
    principal_of(graph, application)
    soon, past = datetime.now(UTC) + timedelta(days=1), "2024-01-01T00:00:00Z"
    first = secret_of(graph, application, displayName="first", endDateTime=soon.isoformat())
    second = secret_of(graph, application, displayName="second")
    old = secret_of(graph, application, displayName="old", startDateTime="2023-01-01T00:00:00Z", endDateTime=past)
    later = secret_of(graph, application, displayName="later", startDateTime=soon.isoformat())
    kept = graph("GET", f"/applications/{application['id']}")[1]["passwordCredentials"]
    kept = graph("GET", f"/applications/{application['id']}")[1]["passwordCredentials"]
    assert [part["displayName"] for part in kept] == ["first", "second", "old", "later"]
    assert {part["secretText"] for part in kept} == {None}
    for secret in (first, second):
        for audience in (ARM, GRAPH, DIGITAL_TWINS):
            for v1 in (True, False):
                assert sign_in(world, application["appId"], secret["secretText"], audience, v1=v1)["access_token"]
    assert sign_in(world, application["appId"], old["secretText"])["error_codes"] == [7000222]
    assert sign_in(world, application["appId"], later["secretText"])["error_codes"] == [7000215]
    removal = {"keyId": first["keyId"]}
    assert graph("POST", f"/applications/{application['id']}/removePassword", removal) == (204, None)
    assert graph("POST", f"/applications(appId='{application['appId']}')/removePassword", removal) == BAD
    assert sign_in(world, application["appId"], second["secretText"])["access_token"]
    assert sign_in(world, application["appId"], first["secretText"])["error_codes"] == [7000215]
    # Whoever looks for leaks knows all of them, the removed one too, and finds none of them in what is shown.
    known = leaks.secrets_of(world.data)
    assert {first["secretText"], second["secretText"], old["secretText"]} <= known.keys()
    assert leaks.within(json.dumps(world.inventory(volatile=True)) + world.traffic.read_text(), known) == []


def test_an_application_for_personal_accounts_has_two_secrets_at_most(world: Emulator) -> None:
    graph = Graph(world)
    version = {"requestedAccessTokenVersion": 2}
    application = registered(graph, signInAudience="AzureADandPersonalMicrosoftAccount", api=version)
    secret_of(graph, application)
    secret_of(graph, application)
    assert graph("POST", f"/applications/{application['id']}/addPassword", {}) == BAD


def test_a_service_principal_has_secrets_too_and_can_be_disabled(world: Emulator) -> None:
    graph = Graph(world)
    application = registered(graph)
    client = f"/servicePrincipals/{principal_of(graph, application)}"
    secret = graph("POST", f"{client}/addPassword", {"passwordCredential": {"displayName": "own"}})[1]["secretText"]
    tries = [sign_in(world, application["appId"], secret).get("error_codes") for _ in range(2)]
    assert tries == [[7000215], None]
    assert graph("PATCH", client, {"accountEnabled": False, "tags": ["twins"]}) == (204, None)
    tries = [sign_in(world, application["appId"], secret).get("error_codes") for _ in range(2)]
    assert tries == [None, [7000112]]
    assert graph("GET", f"{client}/appRoleAssignedTo")[1]["value"] == []
    assert graph("DELETE", client) == (204, None)
    assert sign_in(world, application["appId"], secret)["error_codes"] == [7000112]
    assert sign_in(world, application["appId"], secret)["error_codes"] == [7000215]  # it went with the principal


def test_the_tenant_may_limit_secrets(world: Emulator) -> None:
    graph = Graph(world)
    application = registered(graph)
    path = f"/applications/{application['id']}/addPassword"

    def policy(**restriction: Any) -> None:
        rules = {"passwordCredentials": [{"state": "enabled", **restriction}]}
        world.control(
            "PUT", "/app-management-policy", {"isEnabled": bool(restriction), "applicationRestrictions": rules}
        )

    start = datetime.now(UTC)
    days = {"startDateTime": start.isoformat(), "endDateTime": (start + timedelta(days=180)).isoformat()}
    asked = {"passwordCredential": days}
    policy(restrictionType="passwordLifetime", maxLifetime="P90D")
    for body in (asked, {}):  # without an end it is two years
        assert graph("POST", path, body) == (400, "CredentialInvalidLifetimeAsPerAppPolicy")
    policy(restrictionType="passwordLifetime", maxLifetime="P180D")
    assert graph("POST", path, asked)[0] == 200
    policy(restrictionType="passwordAddition", maxLifetime=None)
    assert graph("POST", path, asked) == (400, "CredentialTypeNotAllowedAsPerAppPolicy")
    policy(restrictionType="passwordAddition", restrictForAppsCreatedAfterDateTime="2099-01-01T00:00:00Z")
    assert graph("POST", path, asked)[0] == 200
    policy()
    assert graph("POST", path, {})[0] == 200


def test_the_data_plane_obeys_the_roles_of_the_app(world: Emulator) -> None:
    arm, graph = Arm(world), Graph(world)
    arm("PUT", INSTANCE.rpartition("/providers")[0], {"location": "westus2"})
    arm("PUT", INSTANCE, {"location": "westus2"})
    until(lambda: arm("GET", INSTANCE).json()["properties"]["provisioningState"] == "Succeeded", "the instance")
    application = registered(graph)
    client, secret = principal_of(graph, application), secret_of(graph, application)["secretText"]
    token = until(
        lambda: sign_in(world, application["appId"], secret, DIGITAL_TWINS).get("access_token"), "the secret to work"
    )

    def query() -> int:
        body = {"query": "SELECT * FROM digitaltwins"}
        url = f"https://{HOST}/query?api-version=2023-10-31"
        return world.https("POST", url, token=token, json=body).status

    assert query() == 403
    role = {
        "principalId": client,
        "principalType": "ServicePrincipal",
        "roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{DATA_READER}",
    }
    name = "0f0f0f0f-0000-4000-8000-000000000001"
    path = f"{INSTANCE}/providers/Microsoft.Authorization/roleAssignments/{name}"
    assert arm("PUT", path, {"properties": role}).status == 201
    assert [query() for _ in range(3)] == [403, 403, 200]
    assert arm("DELETE", path).status == 200
    until(lambda: query() != 200, "the role to stop working")
