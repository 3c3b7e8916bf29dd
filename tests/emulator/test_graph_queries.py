"""The embedded Azure's Microsoft Graph: queries, batches and consent."""

from __future__ import annotations

from typing import Any

import pytest

from emulator import seed
from tests.support.graph import ACCESS, DENIED, Graph, principal_of, registered
from tests.support.world import GRAPH, Emulator

EVENTUAL = {"ConsistencyLevel": "eventual"}


def query(azure: Emulator, path: str, headers: dict[str, str] | None = None) -> Any:
    """Answer the JSON of a GET as `owner`."""
    return azure.https("GET", f"{GRAPH}/v1.0{path}", token=azure.token(GRAPH), headers=headers).json()


def batch(azure: Emulator, *steps: dict[str, Any], name: str = "owner") -> tuple[int, Any]:
    """Post a batch; answer its status, and each step's (status, body) by id, or the error's text."""
    body = {"requests": list(steps)}
    answer = azure.https("POST", f"{GRAPH}/v1.0/$batch", token=azure.token(GRAPH, name), json=body)
    if answer.status != 200:
        return answer.status, answer.json()["error"]["message"]
    return 200, {part["id"]: (part["status"], part.get("body")) for part in answer.json()["responses"]}


def step(number: int, method: str, url: str, body: Any = None, **more: Any) -> dict[str, Any]:
    """One request of a batch."""
    if body is not None:
        more |= {"body": body, "headers": {"Content-Type": "application/json", **more.get("headers", {})}}
    return {"id": str(number), "method": method, "url": url, **more}


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/applications?$filter=tags/any(t:t eq 'a')", ["one"]),
        ("/applications?$filter=tags/any(t:startswith(t,'A'))", ["one", "two"]),
        ("/applications?$filter=identifierUris/any(u:startswith(u,'api://t'))&$select=displayName", ["two"]),
        ("/applications?$filter=startswith(displayName,'ON') or displayName eq 'two'", ["one", "two"]),
        ("/applications?$filter=displayName in ('one','none')&$top=1", ["one"]),
        ("/applications?$filter=endswith(displayName,'wo')&$count=true", ["two"]),
        ("/applications?$filter=not startswith(displayName,'t') and tags/any(t:t eq 'a')&$count=true", ["one"]),
        ("/applications?$filter=displayName ne 'two' and startswith(displayName,'t')&$count=true", []),
    ],
)
def test_filters(things: Emulator, path: str, names: list[str]) -> None:
    found = query(things, path.replace(" ", "%20"), EVENTUAL if "$count" in path else None)
    assert sorted(app["displayName"] for app in found["value"]) == names
    assert found.get("@odata.count") == (len(names) if "$count" in path else None)


def test_advanced_filters_need_the_header_and_the_count(things: Emulator) -> None:
    for path, headers in (
        ("/applications?$filter=displayName%20ne%20'x'&$count=true", None),
        ("/applications?$filter=endswith(displayName,'x')", EVENTUAL),
        ("/applications?$filter=not%20startswith(displayName,'x')", None),
    ):
        assert query(things, path, headers)["error"]["code"] == "Request_UnsupportedQuery"
    assert "@odata.count" not in query(things, "/applications?$count=true")


def test_consent(world: Emulator) -> None:
    graph, member = Graph(world), Graph(world, "reader")
    client = principal_of(graph, registered(graph))
    twins = graph.upsert(f"/servicePrincipals(appId='{seed.DIGITAL_TWINS_APP}')", {})[1]["id"]
    graph("GET", f"/servicePrincipals/{twins}")
    grant = {"clientId": client, "resourceId": twins, "consentType": "AllPrincipals", "scope": "Read.Write"}
    grants = "/oauth2PermissionGrants"
    for name in ("contributor", "guest", "contributor-sp"):
        assert Graph(world, name)("POST", grants, grant) == DENIED
    status, created = graph("POST", grants, grant)
    assert status == 201
    assert graph("POST", grants, grant) == (409, "Request_MultipleObjectsWithSameKeyValue")
    graph("GET", f"{grants}/{created['id']}")
    for test in (f"clientId eq '{client}'", f"clientId eq '{client}' and resourceId eq '{twins}'"):
        assert [found["scope"] for found in member.list(grants, test)] == ["Read.Write"]
    assert member("PATCH", f"{grants}/{created['id']}", {"scope": "Read.Write offline_access"}) == DENIED
    assert graph("PATCH", f"{grants}/{created['id']}", {"scope": "Read.Write offline_access"}) == (204, None)
    assert member("DELETE", f"{grants}/{created['id']}") == DENIED
    assert graph("DELETE", f"{grants}/{created['id']}") == (204, None)
    assert [len(graph.list(grants, f"resourceId eq '{twins}'")) for _ in range(2)] == [1, 0]


def test_the_portals_consent_is_for_all_that_a_registration_asks_for(azure: Emulator) -> None:
    graph, portal = Graph(azure), "74658136-14ec-4630-ad9b-26e160ff0fc6"
    application = registered(graph, requiredResourceAccess=ACCESS)
    url = f"https://main.iam.ad.ext.azure.com/api/RegisteredApplications/{application['appId']}/Consent?onBehalfOfAll=true"
    refused = azure.https("POST", url, token=azure.token(portal, "contributor"))
    assert (refused.status, "Authorization_RequestDenied" in refused.json()["Message"]) == (403, True)
    assert azure.https("POST", url, token=azure.token(GRAPH)).status == 401
    assert azure.https("POST", url.replace(application["appId"], seed.TENANT), token=azure.token(portal)).status == 404
    for _ in range(2):
        assert azure.https("POST", url, token=azure.token(portal)).status == 204
    assert [grant["scope"] for grant in azure.inventory()["oauth2PermissionGrants"]] == ["Read.Write"]


def test_a_batch_is_many_requests_with_an_answer_each(world: Emulator) -> None:
    status, answers = batch(
        world,
        step(1, "GET", "/me?$select=displayName"),
        step(3, "GET", "/users?$top=1", dependsOn=["2"]),
        step(
            2, "PATCH", "/applications(uniqueName='b')", {"displayName": "b"}, headers={"Prefer": "create-if-missing"}
        ),
        step(4, "DELETE", f"applications/{seed.TENANT}"),
        step(5, "GET", "/organization", dependsOn=["4"]),
    )
    assert status == 200
    assert {number: part[0] for number, part in answers.items()} == {"1": 200, "2": 201, "3": 200, "4": 404, "5": 424}
    assert answers["1"][1]["displayName"] == "Olivia Owner"
    assert answers["3"][1]["@odata.nextLink"].startswith(f"{GRAPH}/v1.0/users?")
    assert answers["4"][1]["error"]["code"] == "Request_ResourceNotFound"
    assert answers["5"][1]["error"]["code"] == "FailedDependency"
    assert batch(world, step(1, "GET", "/users"), name="guest")[1]["1"][0] == 403
    assert "b" in [app["displayName"] for app in world.inventory()["applications"]]


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        ([], "Invalid batch payload format."),
        ([step(1, "GET", f"{GRAPH}/v1.0/me")], "Invalid batch payload format."),
        ([step(1, "GET", "/me"), step(1, "GET", "/me")], "Invalid batch payload format."),
        ([step(1, "GET", "/me", dependsOn=["2"])], "Invalid batch payload format."),
        (
            [step(1, "GET", "/me", dependsOn=["2"]), step(2, "GET", "/me", dependsOn=["1"])],
            "Invalid batch payload format.",
        ),
        ([step(number, "GET", "/me") for number in range(21)], "exceeds the maximum value of 20"),
        ([step(1, "POST", "/applications")], "Write request id : 1 does not contain Content-Type header or body."),
    ],
)
def test_batches_that_graph_refuses(things: Emulator, steps: list[dict[str, Any]], text: str) -> None:
    status, message = batch(things, *steps)
    assert status == 400
    assert text in message


@pytest.fixture(scope="module")
def things(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One embedded Azure with two applications, for tests that only look."""
    with Emulator(tmp_path_factory.mktemp("queries") / "azure") as emulator:
        graph = Graph(emulator)
        registered(graph, displayName="one", tags=["a", "b"])
        registered(graph, displayName="two", tags=["ab"], identifierUris=["api://two"])
        yield emulator
