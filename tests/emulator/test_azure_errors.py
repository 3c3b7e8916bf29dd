"""docs/azure-errors.md: each of its rows is provoked in the embedded Azure and compared with what comes."""

from __future__ import annotations

import http.client
import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from emulator import seed
from tests.emulator.test_data_plane import uploaded
from tests.support import arm as arm_support
from tests.support.arm import DATA_OWNER, GROUP, HOST, INSTANCE, INSTANCES, REGISTERED, UNREGISTERED, Arm
from tests.support.graph import ACCESS, Graph, principal_of, registered, secret_of
from tests.support.network import REFUSED
from tests.support.world import ARM, DIGITAL_TWINS, GRAPH, ROOT, Answer, Emulator

HERE: dict[str, Any] = {"location": "westus2"}
ONE, TWO = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
RITA = seed.USERS["reader"].object_id
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/one"


@dataclass(frozen=True)
class Row:
    """A row of the page."""

    when: str
    status: str
    code: str
    message: str
    more: tuple[str, ...]
    published: str
    here: str


def rows() -> list[Row]:
    found = []
    for line in (ROOT / "docs/azure-errors.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("| ") else []
        if len(cells) == 8 and cells[1].isdigit():
            when, status, code, message, more, published, here, _ = cells
            parts = tuple(re.findall(r"`([^`]+)`", more))
            found.append(Row(when, status, code.strip("`"), message, parts, published, here.strip("`")))
    return found


def graph(azure: Emulator, method: str, path: str, body: Any = None, name: str = "owner") -> Answer:
    return azure.https(method, f"{GRAPH}/v1.0{path}", token=azure.token(GRAPH, name), json=body)


def token(azure: Emulator, tenant: str = seed.TENANT, **form: str) -> Answer:
    usual = {"grant_type": "client_credentials", "client_id": azure.ready["clientId"], "scope": f"{ARM}/.default"}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    url = f"https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"
    return azure.https("POST", url, body=urlencode(usual | form).encode(), headers=headers)


def route(azure: Emulator, **body: str) -> Answer:
    url = f"https://{HOST}/eventroutes/one?api-version=2023-10-31"
    return azure.https("PUT", url, token=azure.token(DIGITAL_TWINS), json={"endpointName": "events", **body})


def unallowed(azure: Emulator, **settings: Any) -> Answer:
    Arm(azure).instance(**settings)
    return route(azure, filter="true")


def routed(azure: Emulator, *, endpoint: bool) -> Answer:
    """Put an event route with a filter that is none, as somebody whose role works by then."""
    arm = Arm(azure)
    arm.instance()
    arm.assign(ONE, DATA_OWNER, seed.USERS["owner"].object_id)
    assert [route(azure, filter="type =").status for _ in range(2)] == [403, 403]
    if endpoint:
        where = arm("GET", TOPIC).json()["properties"]["endpoint"]
        key = arm("POST", f"{TOPIC}/listKeys").json()["key1"]
        properties = {"endpointType": "EventGrid", "TopicEndpoint": where, "accessKey1": key}
        begun = arm("PUT", f"{INSTANCE}/endpoints/events", {"properties": properties})
        assert arm.states(begun.headers["Azure-AsyncOperation"])[-1] == "Succeeded"
    return route(azure, filter="type =")


def grouped(azure: Emulator) -> Arm:
    arm = Arm(azure)
    arm.group()
    return arm


def linked(azure: Emulator) -> Answer:
    arm = Arm(azure)
    arm.instance()
    arm("PUT", IDENTITY, HERE)
    arm.assign(ONE, seed.CONTRIBUTOR, RITA)
    body = {"identity": {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: {}}}}
    return Arm(azure, "reader")("PATCH", INSTANCE, body)


def locked(azure: Emulator) -> Answer:
    arm = grouped(azure)
    azure.document("lock", GROUP, {"level": "ReadOnly"})
    return arm("PATCH", GROUP, {"tags": {}})


def forbidden(azure: Emulator) -> Answer:
    azure.document("policy", REGISTERED, {"name": "allowed-regions"})
    return Arm(azure)("PUT", GROUP, HERE)


def disabled(azure: Emulator) -> Answer:
    body = Arm(azure)("GET", UNREGISTERED).json() | {"state": "Disabled"}
    azure.document("subscription", seed.UNREGISTERED_SUBSCRIPTION, body)
    return Arm(azure)("PUT", f"{UNREGISTERED}/resourceGroups/other", HERE)


def expired(azure: Emulator) -> Answer:
    old = azure.tokens().for_user(seed.USERS["owner"], ARM, lifetime=60).text
    return azure.https("GET", f"{ARM}/subscriptions?api-version=2022-12-01", token=old)


def throttled(azure: Emulator) -> Answer:
    azure.faults({"path": "/resourceGroups", "do": "status:429", "headers": {"Retry-After": "7"}})
    return Arm(azure)("GET", GROUP)


def deleted(azure: Emulator) -> Answer:
    grouped(azure)("DELETE", GROUP)
    return Arm(azure)("PUT", INSTANCE, HERE)


def unregistered(azure: Emulator) -> Answer:
    group = f"{UNREGISTERED}/resourceGroups/other"
    Arm(azure)("PUT", group, HERE)
    return Arm(azure)("PUT", f"{group}/{INSTANCES}/my-twins", HERE)


def busy(azure: Emulator) -> Answer:
    grouped(azure)("PUT", INSTANCE, HERE)
    return Arm(azure)("PATCH", INSTANCE, {"tags": {"a": "b"}})


def unreachable(azure: Emulator) -> Answer:
    arm = Arm(azure)
    arm.instance()
    properties = {"endpointType": "EventGrid", "TopicEndpoint": "https://none.example", "accessKey1": "x"}
    begun = arm("PUT", f"{INSTANCE}/endpoints/events", {"properties": properties})
    url = begun.headers["Azure-AsyncOperation"]
    assert arm.states(url)[-1] == "Failed"
    return azure.https("GET", url, token=arm.token)


def unseen(azure: Emulator) -> Answer:
    Arm(azure).group()
    principal = principal_of(Graph(azure), registered(Graph(azure)))
    return Arm(azure).assign(ONE, seed.READER, principal, at=GROUP)


def assigned(azure: Emulator, name: str, role: str) -> Answer:
    Arm(azure).group()
    assert Arm(azure).assign(ONE, seed.READER, RITA, at=GROUP).status == 201
    return Arm(azure).assign(name, role, RITA, at=GROUP)


def held(azure: Emulator) -> Answer:
    registered(Graph(azure), uniqueName="twins")
    return graph(azure, "POST", "/applications", {"displayName": "other", "uniqueName": "twins"})


def no_secret(azure: Emulator) -> Answer:
    app = registered(Graph(azure))
    return graph(azure, "POST", f"/applications/{app['id']}/removePassword", {"keyId": ONE})


def consented(azure: Emulator) -> Answer:
    client = principal_of(Graph(azure), registered(Graph(azure), requiredResourceAccess=ACCESS))
    resource = principal_of(Graph(azure), {"appId": seed.DIGITAL_TWINS_APP})
    body = {"clientId": client, "resourceId": resource, "consentType": "AllPrincipals", "scope": "Read.Write"}
    assert graph(azure, "POST", "/oauth2PermissionGrants", body).status == 201
    return graph(azure, "POST", "/oauth2PermissionGrants", body)


def policy(azure: Emulator, restriction: str) -> Answer:
    app = registered(Graph(azure))
    secret_of(Graph(azure), app)
    rule = {"restrictionType": restriction, "maxLifetime": "P30D", "state": "enabled"}
    restrictions = {"passwordCredentials": [rule]}
    azure.control("PUT", "/app-management-policy", {"isEnabled": True, "applicationRestrictions": restrictions})
    graph(azure, "GET", f"/applications/{app['id']}")
    return graph(azure, "POST", f"/applications/{app['id']}/addPassword", {"passwordCredential": {}})


def demanded(azure: Emulator, by: str) -> Answer:
    azure.document("conditionalAccess", by, {"enabled": True})
    return graph(azure, "GET", "/me") if by == "graph" else Arm(azure)("PUT", GROUP, HERE)


def cloud_shell(azure: Emulator) -> Answer:
    parts = urlsplit(azure.ready["env"]["MSI_ENDPOINT"])
    headers = {"Metadata": "true", "Content-Type": "application/x-www-form-urlencoded"}
    with closing(http.client.HTTPConnection(parts.netloc)) as connection:
        connection.request("POST", parts.path, "resource=https://search.azure.com", headers)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())


TOPIC = f"{REGISTERED}/resourceGroups/shared-services/providers/Microsoft.EventGrid/topics/contoso-twin-topic"
TAKEN = f"{GROUP}/{INSTANCES}/{seed.TAKEN_INSTANCE[1]}"
FOREIGN = "/subscriptions/f1c0ffee-0000-4000-8000-000000000001"
PROVOKE: dict[str, Callable[[Emulator], Answer]] = {
    "a role is missing": lambda azure: Arm(azure, "reader")("PUT", GROUP, HERE),
    "the condition of a role isn't met": lambda azure: arm_support.assigned_under_a_condition(azure, ONE, TWO, RITA),
    "a role is missing on an identity that is attached": linked,
    "a policy forbids it": forbidden,
    "a user writes without a second factor": lambda azure: demanded(azure, "resourceManager"),
    "a lock forbids it": locked,
    "the subscription is disabled": disabled,
    "the subscription is another tenant's": lambda azure: Arm(azure)("GET", FOREIGN),
    "there is no such subscription": lambda azure: Arm(azure)("GET", f"/subscriptions/{ONE}"),
    "what is named is no subscription's id": lambda azure: Arm(azure)("GET", "/subscriptions/production"),
    "the token is over": expired,
    "too many requests": throttled,
    "the region has no Digital Twins": lambda azure: grouped(azure)("PUT", INSTANCE, {"location": "westindia"}),
    "the region has no groups": lambda azure: Arm(azure)("PUT", GROUP, {"location": "nowhere"}),
    "the group is in another region": lambda azure: grouped(azure)("PUT", GROUP, {"location": "eastus"}),
    "there is no such group": lambda azure: Arm(azure)("GET", GROUP),
    "there is no such resource": lambda azure: grouped(azure)("GET", INSTANCE),
    "the group is being deleted": deleted,
    "the provider is not registered": unregistered,
    "the instance's name is taken": lambda azure: grouped(azure)("PUT", TAKEN, HERE),
    "something is being done with it": busy,
    "the destination of an endpoint refuses its key": unreachable,
    "a principal can't be seen yet": unseen,
    "the role is assigned under another name": lambda azure: assigned(azure, TWO, seed.READER),
    "the name stands for another assignment": lambda azure: assigned(azure, ONE, seed.CONTRIBUTOR),
    "a custom role is for another place": lambda azure: grouped(azure).assign(ONE, seed.CUSTOM_ROLE, RITA, at=GROUP),
    **REFUSED,
    "somebody may not": lambda azure: graph(azure, "POST", "/applications", {"displayName": "x"}, "guest"),
    "an object is not there, or not yet": lambda azure: graph(azure, "GET", f"/applications/{ONE}"),
    "a unique name is held": held,
    "the application of a service principal is not there yet": lambda azure: graph(
        azure, "POST", "/servicePrincipals", {"appId": ONE}
    ),
    "a client secret is not there, or not yet": no_secret,
    "the consent is there already": consented,
    "the policy wants a shorter lifetime": lambda azure: policy(azure, "passwordLifetime"),
    "the policy wants no client secret": lambda azure: policy(azure, "passwordAddition"),
    "a fresh sign-in is demanded": lambda azure: demanded(azure, "graph"),
    "the client secret is wrong": lambda azure: token(azure, client_secret="wrong"),
    "the application is unknown": lambda azure: token(azure, client_id=ONE, client_secret="wrong"),
    "the tenant is unknown": lambda azure: token(azure, "nobody.example", client_secret="wrong"),
    "Cloud Shell has no token for a service": cloud_shell,
    "the token is refused": lambda azure: azure.https(
        "GET", f"https://{HOST}/eventroutes?api-version=2023-10-31", token="no-token"
    ),
    "a role is missing, or does not work yet": unallowed,
    "the instance is closed to public networks": lambda azure: unallowed(
        azure, properties={"publicNetworkAccess": "Disabled"}
    ),
    "the filter of an event route is wrong": lambda azure: routed(azure, endpoint=True),
    "the endpoint of an event route is not there": lambda azure: routed(azure, endpoint=False),
    "a model of the id exists": lambda azure: uploaded(azure, "dtmi:test:known;1"),
    "a model is wrong": lambda azure: uploaded(azure, "no-id"),
    "too many models at once": lambda azure: uploaded(azure, *(f"dtmi:test:m{number};1" for number in range(251))),
}


def test_every_row_is_provoked_and_every_error_that_the_tool_knows_has_one() -> None:
    assert [row.when for row in rows()] == list(PROVOKE)
    known = re.findall(r'^    "(\w+)": _\w+', (ROOT / "cloud/error_codes.py").read_text(), re.MULTILINE)
    assert len(known) > 10
    assert set(known) <= {*re.findall(r"`(\w+)`", (ROOT / "docs/azure-errors.md").read_text(encoding="utf-8"))}


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.when)
def test_the_embedded_azure_answers_as_the_row_says(azure: Emulator, row: Row) -> None:
    answer = PROVOKE[row.when](azure)
    assert answer.status == int(row.status)
    body = answer.json() if row.code else {}
    assert row.code or not answer.content or row.status == "401"
    error = body.get("error")
    code, text = (error, body.get("error_description"))
    if isinstance(error, dict):
        code, text = error["code"], error["message"]
    assert (code or "") == row.code
    assert re.fullmatch(re.escape(row.message).replace("…", ".*"), text or "", re.DOTALL), text
    for more in row.more:
        path, _, value = more.partition("=")
        part: Any = {**body, **(error if isinstance(error, dict) else {}), **answer.headers}
        for step in path.split("."):
            part = part[int(step)] if step.isdigit() else part[step]
        assert part, more
        assert value in ("", str(part))
    assert row.published
    said = (ROOT / row.here).read_text(encoding="utf-8")
    assert f'"{row.code}"' in said or row.code in ("", "Request_BadRequest", *re.findall(r"\w+", said)), row.here
