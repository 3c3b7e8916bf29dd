"""The embedded Azure's application registrations in full: platforms, owners, federation, recycle bin."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator import seed
from tests.support.graph import BAD, DENIED, MISSING, Graph, principal_of, registered, secret_of, sign_in
from tests.support.waiting import until
from tests.support.world import GRAPH, ROOT, Emulator

RITA = seed.USERS["reader"].object_id
GITHUB = {
    "name": "main",
    "issuer": "https://token.actions.githubusercontent.com",
    "subject": "repo:contoso/twins:ref:refs/heads/main",
    "audiences": ["api://AzureADTokenExchange"],
}


def test_an_sdk_program_registers_everything_and_signs_in_as_it(azure: Emulator) -> None:
    program = ROOT / "tests/support/programs/graph_registration.py"
    done = subprocess.run(
        [sys.executable, program], env=azure.env, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "fallback": True,
        "implicit": True,
        "owners": ["Olivia Owner", "Rita Reader"],
        "upsert": ["main", None],
        "subject": GITHUB["subject"],
        "days": 180,
        "hint": True,
        "people": True,
        "refused": ["7000215"],
        "both": True,
        "removed": [[], ["7000215"]],
    }


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"web": {"redirectUris": ["http://a.example"]}}, "Request_BadRequest"),
        ({"spa": {"redirectUris": ["http://a.example"]}}, "Request_BadRequest"),
        ({"spa": {"redirectUris": ["my.app://auth"]}}, "Request_BadRequest"),
        ({"web": {"redirectUris": ["my.app://auth"]}}, "Request_BadRequest"),
        ({"spa": {"redirectUris": ["https://a.example/#b"]}}, "Request_BadRequest"),
        ({"web": {"redirectUris": [f"https://a.example/{'x' * 250}"]}}, "Request_BadRequest"),
        (
            {"web": {"redirectUris": ["https://a.example"]}, "spa": {"redirectUris": ["https://a.example"]}},
            "Request_BadRequest",
        ),
        (
            {
                "web": {"redirectUris": [f"https://a.example/{number}" for number in range(200)]},
                "publicClient": {"redirectUris": [f"https://b.example/{number}" for number in range(57)]},
            },
            "Request_BadRequest",
        ),
        ({"web": {"logoutUrl": "http://a.example"}}, "Request_BadRequest"),
        ({"signInAudience": "AzureADandPersonalMicrosoftAccount"}, "InvalidAccessTokenVersion"),
        ({"api": {"requestedAccessTokenVersion": 3}}, "InvalidAccessTokenVersion"),
        ({"identifierUris": ["https://elsewhere.example/x"]}, "HostNameNotOnVerifiedDomain"),
        ({"notes": "x" * 1025}, "Request_BadRequest"),
        ({"tags": [""]}, "Request_BadRequest"),
    ],
)
def test_what_an_application_may_not_have(shared_world: Emulator, settings: dict[str, Any], code: str) -> None:
    graph = Graph(shared_world)
    assert graph("POST", "/applications", {"displayName": "x", **settings}) == (400, code)
    path = f"/applications/{seed.AUTOMATIONS['owner-sp'].application_object_id}"
    assert graph("PATCH", path, settings) == (400, code)


def test_an_application_changes_platform_by_platform(world: Emulator) -> None:
    graph = Graph(world)
    web = {"redirectUris": ["https://a.example"], "implicitGrantSettings": {"enableIdTokenIssuance": True}}
    application = registered(graph, web=web, identifierUris=[f"https://{seed.TENANT_DOMAIN}/twins"])
    path = f"/applications/{application['id']}"
    personal = {"signInAudience": "AzureADandPersonalMicrosoftAccount", "api": {"requestedAccessTokenVersion": 2}}
    assert graph("PATCH", path, {**personal, "spa": {"redirectUris": ["http://localhost:4200"]}}) == (204, None)
    graph("GET", path)
    found = graph("GET", path)[1]
    assert found["web"]["redirectUris"] == ["https://a.example"]
    assert found["web"]["implicitGrantSettings"] == {
        "enableAccessTokenIssuance": False,
        "enableIdTokenIssuance": True,
    }
    assert graph("PATCH", path, {"web": {"redirectUris": ["https://*.a.example"]}}) == BAD
    assert graph("PATCH", path, {"web": {"redirectUris": []}, "signInAudience": "AzureADMyOrg"}) == (204, None)


def test_owners(world: Emulator) -> None:
    graph, rita = Graph(world), Graph(world, "reader")
    application = registered(graph)
    path = f"/applications/{application['id']}/owners"

    def owners() -> list[str]:
        graph("GET", path)
        return sorted(owner["displayName"] for owner in graph("GET", path)[1]["value"])

    assert owners() == ["Olivia Owner"]
    assert rita("PATCH", f"/applications/{application['id']}", {"notes": "mine"}) == DENIED
    reference = {"@odata.id": f"{GRAPH}/v1.0/directoryObjects/{RITA}"}
    assert rita("POST", f"{path}/$ref", reference) == DENIED
    assert graph("POST", f"{path}/$ref", reference) == (204, None)
    assert graph("POST", f"{path}/$ref", reference) == BAD
    assert graph("POST", f"{path}/$ref", {"@odata.id": f"{GRAPH}/v1.0/groups/{seed.TWINS_GROUP}"}) == BAD
    assert graph("POST", f"{path}/$ref", {"@odata.id": f"{GRAPH}/v1.0/users/{seed.TENANT}"}) == MISSING
    assert owners() == ["Olivia Owner", "Rita Reader"]
    assert [found["id"] for found in rita("GET", "/me/ownedObjects")[1]["value"]] == [application["id"]]
    assert rita("PATCH", f"/applications/{application['id']}", {"notes": "mine"}) == (204, None)
    for owner, status in ((RITA, 204), (RITA, 404), (seed.USERS["owner"].object_id, 204)):
        assert graph("DELETE", f"{path}/{owner}/$ref")[0] == status
    assert owners() == []
    client = principal_of(graph, application)
    assert graph("POST", f"/servicePrincipals/{client}/owners/$ref", reference) == (204, None)
    # An application that manages every application does not become the owner of what it makes.
    assert Graph(world, "owner-sp")("POST", "/applications", {"displayName": "by a pipeline"})[0] == 201
    bound = {"displayName": "given", "owners@odata.bind": [reference["@odata.id"]]}
    assert graph("POST", "/applications", bound)[0] == 201
    left = {app["displayName"]: app.get("owners") for app in world.inventory()["applications"]}
    assert left["by a pipeline"] == []
    assert left["given"] == ["<user Olivia Owner>", "<user Rita Reader>"]


def test_federated_credentials(world: Emulator) -> None:
    graph = Graph(world)
    application = registered(graph)
    path = f"/applications/{application['id']}/federatedIdentityCredentials"
    assert Graph(world, "reader")("POST", path, GITHUB) == DENIED
    status, main = graph("POST", path, GITHUB)
    assert status == 201
    assert graph("POST", path, GITHUB) == (400, "InvalidFederatedIdentityCredentialValue")
    pulls = {**GITHUB, "subject": "repo:contoso/twins:pull_request"}
    assert graph("POST", path, pulls) == (409, "Request_MultipleObjectsWithSameKeyValue")
    for wrong in (
        {"name": "not/friendly"},
        {"audiences": ["a", "b"]},
        {"issuer": "http://a.example"},
        {"subject": "x" * 601},
    ):
        assert graph("POST", path, {**pulls, "name": "pulls", **wrong}) == BAD, wrong
    assert graph("POST", path, {"name": "pulls"}) == BAD
    assert graph.upsert(f"{path}(name='main')", pulls) == (204, None)
    assert graph("PATCH", f"{path}/{main['id']}", {"name": "other"}) == BAD
    for number in range(19):
        assert graph.upsert(f"{path}(name='n-{number}')", {**GITHUB, "subject": str(number)})[0] == 201
    assert graph("POST", path, {**GITHUB, "name": "one-too-many", "subject": "more"}) == BAD
    assert graph("DELETE", f"{path}(name='n-1')") == (204, None)
    graph("GET", path)
    named = graph.list(path, "name eq 'main'")
    assert [(part["id"], part["subject"]) for part in named] == [(main["id"], pulls["subject"])]
    assert graph("GET", f"{path}/n-1") == MISSING
    assert (
        len(graph("GET", f"/applications(appId='{application['appId']}')/federatedIdentityCredentials")[1]["value"])
        == 19
    )


def test_the_recycle_bin_keeps_the_application_whole(world: Emulator) -> None:
    graph = Graph(world)
    application = registered(graph, uniqueName="twins-client")
    client = principal_of(graph, application)
    secret = secret_of(graph, application, displayName="ci")["secretText"]
    graph("POST", f"/applications/{application['id']}/federatedIdentityCredentials", GITHUB)
    before = world.inventory()
    assert graph("DELETE", f"/applications/{application['id']}") == (204, None)
    assert graph.upsert() == BAD  # the name is held
    assert graph("POST", "/servicePrincipals", {"appId": application["appId"]}) == BAD
    bin_ = f"/directory/deletedItems/{application['id']}"
    assert [graph("GET", bin_)[0] for _ in range(2)] == [404, 200]
    assert [sign_in(world, application["appId"], secret).get("error_codes") for _ in range(2)][-1] == [700016]
    assert graph("POST", f"{bin_}/restore")[0] == 200
    assert [graph("POST", f"/directory/deletedItems/{client}/restore")[0] for _ in range(2)] == [404, 200]
    assert world.inventory() == before
    until(lambda: graph("GET", f"/servicePrincipals/{client}")[0] != 404, "the service principal")
    until(lambda: "access_token" in sign_in(world, application["appId"], secret), "the secret to work")


def test_the_inventory_is_the_same_whatever_the_way(tmp_path: Path) -> None:
    ends = []
    for way in (0, 1):
        with Emulator(tmp_path / f"azure{way}") as azure:
            graph = Graph(azure)
            application = registered(graph, uniqueName="twins-client")
            principal_of(graph, application)
            path = f"/applications/{application['id']}"
            if way:
                lost = secret_of(graph, application, displayName="ci")
                graph("GET", path)
                assert graph("POST", f"{path}/removePassword", {"keyId": lost["keyId"]}) == (204, None)
                graph("POST", f"{path}/federatedIdentityCredentials", {**GITHUB, "subject": "typo"})
            secret_of(graph, application, displayName="ci", endDateTime=f"20{30 + way}-01-01T00:00:00Z")
            graph.upsert(f"{path}/federatedIdentityCredentials(name='main')", GITHUB)
            ends.append(azure.inventory())
    assert ends[0] == ends[1]
    (app,) = [app for app in ends[0]["applications"] if app["uniqueName"] == "twins-client"]
    assert [part["displayName"] for part in app["passwordCredentials"]] == ["ci"]
    assert [part["name"] for part in app["federatedIdentityCredentials"]] == ["main"]


@pytest.fixture(scope="module")
def shared_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One embedded Azure for requests that are all refused."""
    with Emulator(tmp_path_factory.mktemp("registration") / "azure") as emulator:
        yield emulator
