"""The embedded Azure's Microsoft Graph, over HTTPS: what it accepts, refuses, and shows late."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any
from urllib.parse import urlencode

import pytest

from emulator import seed
from emulator.store import Store
from tests.support.graph import ACCESS, CLIENT, NAMED, Graph
from tests.support.world import GRAPH, ROOT, Emulator


def test_an_sdk_program_registers_an_application(azure: Emulator) -> None:
    program = ROOT / "tests/support/programs/graph_application.py"
    done = subprocess.run(
        [sys.executable, program], env=azure.env, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "same": True,
        "redirectUris": ["http://localhost"],
        "scope": "Read.Write",
        "missed": ["Request_ResourceNotFound"] * 3,  # the application, and both principals of the grant
        "secret": True,
        "guest": "Gustav Guest",
    }
    found = azure.inventory()
    assert len([app for app in found["applications"] if app["uniqueName"] == "twins-client"]) == 1
    assert [grant["scope"] for grant in found["oauth2PermissionGrants"]] == ["Read.Write"]


def test_an_upsert_never_makes_two(azure: Emulator) -> None:
    graph = Graph(azure)
    assert graph("PATCH", NAMED, CLIENT) == (404, "Request_ResourceNotFound")
    status, application = graph.upsert()
    assert status == 201
    assert application["web"]["redirectUris"] == application["tags"] == application["passwordCredentials"] == []
    assert graph.upsert("/applications(uniqueName='TWINS-Client')") == (204, None)
    assert graph.upsert(body={**CLIENT, "uniqueName": "other"})[0] == 400
    assert graph("PATCH", NAMED, {"uniqueName": "other"}) == (400, "Request_BadRequest")
    assert graph("POST", "/applications", {**CLIENT, "uniqueName": "twins-client"}) == (400, "Request_BadRequest")
    assert len(azure.inventory()["applications"]) == 4


def test_reads_show_writes_late(azure: Emulator) -> None:
    graph = Graph(azure)
    _, application = graph.upsert()
    assert graph.list("/applications", "displayName eq 'something else'") == []
    assert graph.list("/applications", "uniqueName eq 'twins-client'") == []
    assert [app["id"] for app in graph.list("/applications", "uniqueName eq 'twins-client'")] == [application["id"]]
    path = f"/applications/{application['id']}"
    assert graph("PATCH", path, {"displayName": "Renamed"}) == (204, None)
    assert [graph("GET", path)[1]["displayName"] for _ in range(2)] == ["Twins client", "Renamed"]
    assert graph("DELETE", path) == (204, None)
    assert [graph("GET", path)[0] for _ in range(2)] == [200, 404]


def test_a_new_application_is_not_ready_for_dependent_writes(azure: Emulator) -> None:
    graph, member = Graph(azure), Graph(azure, "contributor")
    first = graph("POST", "/applications", {"displayName": "one"})[1]
    assert graph("POST", f"/applications/{first['id']}/addPassword", {}) == (404, "Request_ResourceNotFound")
    assert graph("POST", f"/applications/{first['id']}/addPassword", {})[0] == 200
    second = graph("POST", "/applications", {"displayName": "two"})[1]
    principal = {"appId": second["appId"], "servicePrincipalType": "Application"}
    assert graph("POST", "/servicePrincipals", principal) == (400, "Request_BadRequest")
    assert graph("POST", "/servicePrincipals", principal)[0] == 201
    assert graph("POST", "/servicePrincipals", principal) == (409, "Request_MultipleObjectsWithSameKeyValue")
    assert graph.upsert(f"/servicePrincipals(appId='{second['appId']}')", {}) == (204, None)
    # Whoever only manages what they own is refused in other words.
    third = member("POST", "/applications", {"displayName": "three"})[1]
    assert member("POST", "/servicePrincipals", {"appId": third["appId"]}) == (403, "Authorization_RequestDenied")
    assert member("POST", "/servicePrincipals", {"appId": third["appId"]})[0] == 201


def test_a_deleted_application_keeps_its_name(azure: Emulator) -> None:
    graph = Graph(azure)
    _, application = graph.upsert()
    graph("GET", NAMED)
    client = graph.upsert(f"/servicePrincipals(appId='{application['appId']}')", {})[1]["id"]
    assert graph("DELETE", f"/applications/{application['id']}") == (204, None)
    assert graph.upsert() == (400, "Request_BadRequest")
    bin_ = "/directory/deletedItems"
    assert [len(graph.list(f"{bin_}/microsoft.graph.application", "")) for _ in range(2)] == [0, 1]
    assert graph("POST", f"{bin_}/{application['id']}/restore")[1]["@odata.type"] == "#microsoft.graph.application"
    clients = f"/servicePrincipals(appId='{application['appId']}')"
    assert [graph("GET", clients)[0] for _ in range(2)][-1] == 404  # it stays in the bin
    assert [graph("POST", f"{bin_}/{client}/restore")[0] for _ in range(2)] == [404, 200]
    assert [graph("GET", clients)[0] for _ in range(2)] == [404, 200]
    assert graph.upsert() == (204, None)
    assert graph("DELETE", f"/applications/{application['id']}") == (204, None)
    assert [graph("DELETE", f"{bin_}/{application['id']}")[0] for _ in range(2)] == [204, 404]
    assert graph.upsert()[0] == 201


def test_a_secret_is_said_once_and_works(azure: Emulator) -> None:
    graph = Graph(azure)
    path = f"/applications/{seed.AUTOMATIONS['contributor-sp'].application_object_id}"
    secret = graph("POST", f"{path}/addPassword", {"passwordCredential": {"displayName": "ci"}})[1]
    graph("GET", path)
    kept = [part for part in graph("GET", path)[1]["passwordCredentials"] if part["keyId"] == secret["keyId"]]
    assert kept == [{**kept[0], "displayName": "ci", "secretText": None, "hint": secret["secretText"][:3]}]
    form = {
        "grant_type": "client_credentials",
        "client_id": seed.AUTOMATIONS["contributor-sp"].app_id,
        "client_secret": secret["secretText"],
        "scope": f"{GRAPH}/.default",
    }

    def sign_in() -> int:
        url = f"https://login.microsoftonline.com/{seed.TENANT}/oauth2/v2.0/token"
        return azure.https("POST", url, body=urlencode(form).encode()).status

    assert sign_in() == 200
    assert graph("POST", f"{path}/removePassword", {"keyId": secret["keyId"]}) == (204, None)
    assert [sign_in(), sign_in()] == [200, 401]
    assert graph("PATCH", path, {"passwordCredentials": [{"displayName": "mine"}]}) == (400, "Request_BadRequest")


BAD_APPLICATIONS: list[dict[str, Any]] = [
    {},
    {"displayName": ""},
    {"displayName": "x" * 257},
    {"displayName": 3},
    {"displayName": "x", "colour": "red"},
    {"displayName": "x", "appId": seed.TENANT},
    {"displayName": "x", "signInAudience": "everybody"},
    {"displayName": "x", "tags": None},
    {"displayName": "x", "publicClient": {"redirectUri": ["http://localhost"]}},
    {"displayName": "x", "requiredResourceAccess": [None]},
    {
        "displayName": "x",
        "requiredResourceAccess": [{**ACCESS[0], "resourceAppId": "https://digitaltwins.azure.net"}],
    },
    {"displayName": "x", "requiredResourceAccess": [{"resourceAppId": seed.DIGITAL_TWINS_APP}]},
]
GOOD_URIS = [
    "http://localhost",
    "http://localhost:8400/x",
    "http://127.0.0.1:1/",
    "https://a.example/b",
    "my.app://auth",
]
BAD_URIS = [
    "",
    "a",
    "/a",
    "localhost:80",
    "http://a.example",
    "http://[::1]/",
    "https://",
    "https://a.example/#b",
    "a b",
]


def test_applications_are_checked(azure: Emulator) -> None:
    graph = Graph(azure)
    for body in BAD_APPLICATIONS:
        assert graph("POST", "/applications", body) == (400, "Request_BadRequest"), body
    for uri, status in [*((uri, 201) for uri in GOOD_URIS), *((uri, 400) for uri in BAD_URIS)]:
        body = {"displayName": "x", "publicClient": {"redirectUris": [uri]}}
        assert graph("POST", "/applications", body)[0] == status, uri
    for audience, status in (("AzureADMyOrg", 201), ("AzureADandPersonalMicrosoftAccount", 400)):
        body = {"displayName": "x", "signInAudience": audience, "web": {"redirectUris": ["https://*.a.example"]}}
        body["api"] = {"requestedAccessTokenVersion": 2}
        assert graph("POST", "/applications", body)[0] == status


def test_the_policy_decides_whether_members_register_applications(azure: Emulator) -> None:
    path, denied = "/policies/authorizationPolicy", (403, "Authorization_RequestDenied")
    owner, member = Graph(azure), Graph(azure, "reader")
    assert owner("GET", path)[1]["defaultUserRolePermissions"]["allowedToCreateApps"] is True
    shut = {"defaultUserRolePermissions": {"allowedToCreateApps": False}}
    for name in ("guest", "contributor-sp"):
        assert Graph(azure, name)("GET", path) == denied
    assert member("PATCH", path, shut) == denied
    for wrong in ({"nonsense": 1}, {"defaultUserRolePermissions": {"nonsense": 1}}, {"defaultUserRolePermissions": 1}):
        assert owner("PATCH", path, wrong)[0] == 400
    assert owner("PATCH", path, shut) == (204, None)
    now = member("GET", path)[1]
    assert now["defaultUserRolePermissions"]["allowedToCreateApps"] is False
    assert now["defaultUserRolePermissions"]["allowedToReadOtherUsers"] is True
    assert member("POST", "/applications", CLIENT) == member.upsert() == denied
    assert owner.upsert()[0] == 201


def test_who_may_do_what(azure: Emulator) -> None:
    denied = (403, "Authorization_RequestDenied")
    application = Graph(azure).upsert()[1]
    for name in ("guest", "contributor-sp"):
        somebody = Graph(azure, name)
        assert somebody("POST", "/applications", CLIENT) == somebody.upsert() == denied
        assert somebody("GET", "/users") == denied
    assert Graph(azure, "guest")("GET", "/me")[1]["id"] == seed.USERS["guest"].object_id
    member = Graph(azure, "reader")
    assert member.upsert() == denied
    assert member.upsert("/applications(uniqueName='mine')")[0] == 201
    assert member.upsert("/applications(uniqueName='mine')") == (204, None)
    assert member.upsert(f"/servicePrincipals(appId='{seed.DIGITAL_TWINS_APP}')", {}) == denied
    pipeline = Graph(azure, "owner-sp")
    assert pipeline("GET", "/me") == (400, "BadRequest")
    assert pipeline.upsert() == (204, None)
    client = pipeline.upsert(f"/servicePrincipals(appId='{application['appId']}')", {})
    twins = pipeline.upsert(f"/servicePrincipals(appId='{seed.DIGITAL_TWINS_APP}')", {})
    assert (client[0], twins[0]) == (400, 201)
    client = pipeline.upsert(f"/servicePrincipals(appId='{application['appId']}')", {})
    grant = {
        "clientId": client[1]["id"],
        "resourceId": twins[1]["id"],
        "consentType": "AllPrincipals",
        "scope": "Read.Write",
    }
    assert member("POST", "/oauth2PermissionGrants", grant) == denied
    assert [pipeline("POST", "/oauth2PermissionGrants", grant)[0] for _ in range(4)] == [404, 404, 201, 409]


def test_people_are_found_by_what_they_are_called_here(azure: Emulator) -> None:
    graph, guest = Graph(azure), seed.USERS["guest"]
    assert graph("GET", f"/users/{guest.principal_name}")[1]["id"] == guest.object_id
    assert graph("GET", f"/users/{guest.mail}") == (404, "Request_ResourceNotFound")
    for test in (f"mail eq '{guest.mail}'", f"otherMails/any(c:c eq '{guest.mail}')"):
        assert [user["id"] for user in graph.list("/users", test)] == [guest.object_id]
    assert graph("GET", f"/directoryObjects/{seed.TWINS_GROUP}")[1]["@odata.type"] == "#microsoft.graph.group"
    ids = {"ids": [guest.object_id, seed.TENANT, seed.TWINS_GROUP], "types": ["user"]}
    assert [found["id"] for found in graph("POST", "/directoryObjects/getByIds", ids)[1]["value"]] == [guest.object_id]


@pytest.mark.parametrize(
    ("query", "refused"),
    [
        ({"$filter": "displayName ne 'x'"}, "Request_UnsupportedQuery"),
        ({"$filter": "notes eq 'x'"}, "Request_UnsupportedQuery"),
        ({"$filter": "displayName is 'x'"}, "BadRequest"),
        ({"$filter": "displayName eq 'x"}, "BadRequest"),
        ({"$select": "colour"}, "BadRequest"),
        ({"$top": "1000"}, "Request_UnsupportedQuery"),
        ({"$search": '"displayName:x"'}, "Request_UnsupportedQuery"),
    ],
)
def test_queries_that_graph_refuses(shared: Emulator, query: dict[str, str], refused: str) -> None:
    assert Graph(shared)("GET", "/applications", query=query) == (400, refused)


def test_pages_follow_each_other(shared: Emulator) -> None:
    found, url = [], f"{GRAPH}/v1.0/users?$top=4&$select=id"
    while url:
        page = shared.https("GET", url, token=shared.token(GRAPH)).json()
        found.append([user["id"] for user in page["value"]])
        url = page.get("@odata.nextLink", "")
        assert len(found) < 10
    assert [len(ids) for ids in found] == [4, 2]
    assert sorted(part for ids in found for part in ids) == sorted(user.object_id for user in seed.USERS.values())


def test_policy_can_demand_a_new_sign_in(azure: Emulator) -> None:
    store = Store(azure.data / "azure.sqlite3")
    store.put("conditionalAccess", "graph", {})
    store.close()
    answer = azure.https("GET", f"{GRAPH}/v1.0/me", token=azure.token(GRAPH))
    assert (answer.status, answer.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")
    header = answer.headers["WWW-Authenticate"]
    assert header.startswith("PoP ")
    assert 'error="insufficient_claims", claims="' in header


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One embedded Azure for tests that write nothing."""
    with Emulator(tmp_path_factory.mktemp("graph") / "azure") as emulator:
        yield emulator
