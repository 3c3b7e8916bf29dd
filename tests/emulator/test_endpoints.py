"""Endpoints and data history of an instance in the embedded Azure, and what they need of its identities."""

from __future__ import annotations

from typing import Any

import pytest

from emulator import seed
from tests.support.arm import DATA_OWNER, GROUP, INSTANCE, Arm, document
from tests.support.world import Emulator

ENDPOINT, HISTORY = f"{INSTANCE}/endpoints/events", f"{INSTANCE}/timeSeriesDatabaseConnections/history"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/one"
HUB = f"{GROUP}/providers/Microsoft.EventHub/namespaces/contoso-hubs/eventhubs/twins"
TOPIC = f"{GROUP}/providers/Microsoft.ServiceBus/namespaces/contoso-bus/topics/twins"
GRID = f"{GROUP}/providers/Microsoft.EventGrid/topics/contoso-topic"
GRID_URL = "https://contoso-topic.westus2-1.eventgrid.azure.net/api/events"
SENDER, BUS_SENDER = "2b629674-e913-4c01-ae53-ef4638d8f975", "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39"
NAME, OTHER = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
KEY = "c2VjcmV0"

BY_IDENTITY = {
    "endpointType": "EventHub",
    "authenticationType": "IdentityBased",
    "identity": {"type": "SystemAssigned"},
    "endpointUri": "sb://contoso-hubs.servicebus.windows.net",
    "entityPath": "twins",
}
TO_GRID = {"endpointType": "EventGrid", "TopicEndpoint": GRID_URL, "accessKey1": KEY}
TO_ADX = {
    "connectionType": "AzureDataExplorer",
    "identity": {"type": "SystemAssigned"},
    "adxDatabaseName": "twins",
    "adxEndpointUri": "https://contoso.westus2.kusto.windows.net",
    "adxResourceId": f"{GROUP}/providers/Microsoft.Kusto/clusters/contoso",
    "eventHubEndpointUri": "sb://contoso-hubs.servicebus.windows.net",
    "eventHubEntityPath": "twins",
    "eventHubNamespaceResourceId": HUB.partition("/eventhubs/")[0],
}


def connection(host: str = "contoso-hubs", rule: str = "sender", key: str = KEY, entity: str = "twins") -> str:
    """A connection string."""
    where = f"Endpoint=sb://{host}.servicebus.windows.net/"
    return f"{where};SharedAccessKeyName={rule};SharedAccessKey={key};EntityPath={entity}"


def by_key(**parts: str) -> dict[str, str]:
    """A key-based endpoint to the hub."""
    return {"endpointType": "EventHub", "connectionStringPrimaryKey": connection(**parts)}


def destinations(azure: Emulator) -> None:
    """Have a hub, a Service Bus topic and an Event Grid topic, with keys."""

    def resource(identifier: str, kind: str, **properties: Any) -> None:
        name = identifier.rpartition("/")[2]
        body = {"id": identifier, "name": name, "type": kind, "location": "westus2", "properties": properties}
        document(azure, "resource", identifier, body)

    for entity, provider in ((HUB, "EventHub"), (TOPIC, "ServiceBus")):
        namespace, kind, _ = entity.rsplit("/", 2)
        resource(namespace, f"Microsoft.{provider}/namespaces")
        resource(entity, f"Microsoft.{provider}/namespaces/{kind}")
        for rule, right in (("sender", "Send"), ("listener", "Listen")):
            name = f"{entity}/authorizationRules/{rule}"
            resource(name, f"Microsoft.{provider}/namespaces/{kind}/authorizationRules", rights=[right])
            document(azure, "accessKey", f"{name}/primary", {"secret": KEY})
    resource(GRID, "Microsoft.EventGrid/topics", endpoint=GRID_URL)
    document(azure, "accessKey", f"{GRID}/primary", {"secret": KEY})


@pytest.fixture
def arm(azure: Emulator) -> Arm:
    """`INSTANCE` with both kinds of identity, which may send to the hub and the topic."""
    found = Arm(azure)
    found.group()
    identity = found("PUT", IDENTITY, {"location": "westus2"}).json()
    destinations(azure)
    both = {"type": "SystemAssigned,UserAssigned", "userAssignedIdentities": {IDENTITY: {}}}
    instance = found.instance(identity=both)
    system = {"principalType": "ServicePrincipal", "principal": instance["identity"]["principalId"]}
    assert found.assign(NAME, SENDER, at=HUB, **system).status == 201
    own = {"principalType": "ServicePrincipal", "principal": identity["properties"]["principalId"]}
    assert found.assign(OTHER, BUS_SENDER, at=TOPIC.rpartition("/topics/")[0], **own).status == 201
    return found


def put(arm: Arm, properties: Any, path: str = ENDPOINT) -> tuple[str, Any]:
    """Put an endpoint or a connection and wait: how the operation ended, and what there is."""
    answer = arm("PUT", path, {"properties": properties})
    assert answer.status in (200, 201), answer.content
    assert answer.json()["properties"]["provisioningState"] == "Provisioning"
    states = arm.states(answer.headers["Azure-AsyncOperation"])
    assert states[:-1] == ["Running", "Running"]
    return states[-1], arm("GET", path).json()


def delete(arm: Arm, path: str = ENDPOINT) -> None:
    """Delete an endpoint or a connection, and wait."""
    answer = arm("DELETE", path)
    assert (answer.status, answer.json()["properties"]["provisioningState"]) == (202, "Deleting")
    assert arm("DELETE", path).status == 202
    assert arm.states(answer.headers["Azure-AsyncOperation"])[-1] == "Succeeded"
    assert arm("DELETE", path).status == 204
    assert arm.refused("GET", path) == (404, "ResourceNotFound")


def test_an_endpoint_by_key(arm: Arm) -> None:
    state, found = put(arm, by_key() | {"connectionStringSecondaryKey": connection()})
    properties = found["properties"]
    assert (state, found["id"], properties["provisioningState"]) == ("Succeeded", ENDPOINT, "Succeeded")
    assert (properties["endpointType"], properties["authenticationType"]) == ("EventHub", "KeyBased")
    assert KEY not in str(arm("GET", ENDPOINT).json()) + str(arm.azure.inventory(volatile=True))
    assert [endpoint["name"] for endpoint in arm("GET", f"{INSTANCE}/endpoints").json()["value"]] == ["events"]
    again = arm("PUT", ENDPOINT.upper(), {"properties": by_key()})
    assert (again.status, again.json()["id"]) == (200, ENDPOINT)
    assert arm.refused("PUT", ENDPOINT, {"properties": by_key()}) == (409, "Conflict")
    assert arm.refused("DELETE", ENDPOINT) == (409, "Conflict")
    assert arm.states(again.headers["Azure-AsyncOperation"])[-1] == "Succeeded"
    for other in (BY_IDENTITY, TO_GRID):
        assert arm.refused("PUT", ENDPOINT, {"properties": other}) == (400, "BadRequest")
    delete(arm)
    state, found = put(arm, TO_GRID | {"deadLetterSecret": "https://a.blob.core.windows.net/containerName?sasToken"})
    assert (state, found["properties"]["TopicEndpoint"]) == ("Succeeded", GRID_URL)


@pytest.mark.parametrize(
    ("properties", "why"),
    [
        (by_key(key="b3RoZXI="), "refused by 'twins'"),
        (by_key(rule="missing"), "refused by 'twins'"),
        (by_key(rule="listener"), "right Send"),
        (by_key(host="elsewhere"), "does not exist"),
        (by_key(entity="missing"), "does not exist"),
        (TO_GRID | {"accessKey1": "b3RoZXI="}, "refused the key"),
        (TO_GRID | {"TopicEndpoint": GRID_URL.replace("contoso", "other")}, "does not exist"),
    ],
)
def test_what_cannot_send_ends_failed(arm: Arm, properties: Any, why: str) -> None:
    answer = arm("PUT", ENDPOINT, {"properties": properties})
    status = answer.headers["Azure-AsyncOperation"]
    assert arm.states(status)[-1] == "Failed"
    assert why in arm.azure.https("GET", status, token=arm.token).json()["error"]["message"]
    assert arm("GET", ENDPOINT).json()["properties"]["provisioningState"] == "Failed"
    delete(arm)


def test_by_identity_it_succeeds_whatever_is_there(arm: Arm) -> None:
    # As recorded: nobody looks at the role, or at the destination.
    assert put(arm, BY_IDENTITY | {"entityPath": "missing"})[0] == "Succeeded"
    bus = {"endpointUri": "sb://contoso-bus.servicebus.windows.net/", "endpointType": "ServiceBus"}
    own = {"identity": {"type": "UserAssigned", "userAssignedIdentity": IDENTITY.upper()}}
    bus |= {"deadLetterUri": "https://contoso.blob.core.windows.net/dead-letters"}
    path = f"{INSTANCE}/endpoints/topic"
    assert put(arm, BY_IDENTITY | bus | own, path)[0] == "Succeeded"
    assert arm("GET", path).json()["properties"]["deadLetterUri"] == bus["deadLetterUri"]
    assert arm("DELETE", f"{HUB}/providers/Microsoft.Authorization/roleAssignments/{NAME}").status == 200
    assert put(arm, BY_IDENTITY)[0] == "Succeeded"


@pytest.mark.parametrize(
    ("name", "properties", "code"),
    [
        ("12345", TO_GRID, "InvalidResourceName"),
        ("-events", TO_GRID, "InvalidResourceName"),
        ("ab", TO_GRID, "InvalidResourceName"),
        ("events", {}, "InvalidRequestContent"),
        ("events", TO_GRID | {"colour": "red"}, "InvalidRequestContent"),
        ("events", TO_GRID | {"authenticationType": "IdentityBased"}, "BadRequest"),
        ("events", TO_GRID | {"entityPath": "x"}, "BadRequest"),
        ("events", TO_GRID | {"deadLetterSecret": "https://a.blob.core.windows.net/b"}, "BadRequest"),
        ("events", TO_GRID | {"deadLetterUri": "https://a.blob.core.windows.net/b"}, "BadRequest"),
        ("events", {"endpointType": "EventHub"}, "BadRequest"),
        ("events", by_key() | {"identity": {"type": "SystemAssigned"}, "authenticationType": "KeyBased"}, "BadRequest"),
        ("events", by_key(entity=""), "BadRequest"),
        ("events", BY_IDENTITY | {"endpointUri": "contoso-hubs.servicebus.windows.net"}, "BadRequest"),
        ("events", BY_IDENTITY | {"connectionStringPrimaryKey": connection()}, "BadRequest"),
        ("events", BY_IDENTITY | {"identity": {"type": "UserAssigned"}}, "BadRequest"),
        (
            "events",
            BY_IDENTITY | {"identity": {"type": "UserAssigned", "userAssignedIdentity": f"{IDENTITY}2"}},
            "BadRequest",
        ),
    ],
)
def test_endpoints_refused(endpoints: Arm, name: str, properties: Any, code: str) -> None:
    path = f"{INSTANCE}/endpoints/{name}"
    assert endpoints.refused("PUT", path, {"properties": properties}) == (400, code)


@pytest.fixture(scope="module")
def endpoints(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A world with `INSTANCE` that has a system-assigned identity, for tests that change nothing."""
    with Emulator(tmp_path_factory.mktemp("endpoints") / "azure") as azure:
        arm = Arm(azure)
        arm.instance(identity={"type": "SystemAssigned"})
        yield arm


def test_an_endpoint_needs_the_right_and_the_instance(arm: Arm) -> None:
    body = {"properties": TO_GRID}
    assert Arm(arm.azure, "reader").refused("PUT", ENDPOINT, body) == (403, "AuthorizationFailed")
    nowhere = ENDPOINT.replace("my-twins", "your-twins")
    assert arm.refused("PUT", nowhere, body) == (404, "ResourceNotFound")
    arm("PATCH", INSTANCE, {"identity": {"type": "None"}})
    assert arm.refused("PUT", ENDPOINT, body) == (409, "Conflict")
    arm("GET", INSTANCE)
    arm("GET", INSTANCE)
    assert arm.refused("PUT", ENDPOINT, {"properties": BY_IDENTITY}) == (400, "BadRequest")


def test_a_connection_can_be_deleted_while_it_is_created(arm: Arm) -> None:
    created = arm("PUT", HISTORY, {"properties": TO_ADX})
    assert (created.status, arm("DELETE", HISTORY).status) == (201, 202)
    assert arm.states(created.headers["Azure-AsyncOperation"])[-1] == "Succeeded"
    assert [arm("GET", HISTORY).status for _ in range(3)][-1] == 404


def test_what_uses_an_identity_fails_some_time_after_it_is_gone(arm: Arm) -> None:
    assert put(arm, TO_ADX, HISTORY)[0] == "Succeeded"
    assert put(arm, BY_IDENTITY)[0] == "Succeeded"
    keyed = f"{INSTANCE}/endpoints/keyed"
    assert put(arm, by_key(), keyed)[0] == "Succeeded"
    for identity in ({"type": "None"}, {"type": "SystemAssigned"}):
        patched = arm("PATCH", INSTANCE, {"identity": identity})
        assert arm.states(patched.headers["Azure-AsyncOperation"])[-1] == "Succeeded"
    inventory = arm.azure.inventory()
    assert [endpoint["properties"]["provisioningState"] for endpoint in inventory["endpoints"]] == [
        "Failed",
        "Succeeded",
    ]

    def states(path: str) -> list[str]:
        return [arm("GET", path).json()["properties"]["provisioningState"] for _ in range(2)]

    for path in (ENDPOINT, HISTORY):
        assert states(path) == ["Succeeded", "Failed"]
    assert states(keyed) == ["Succeeded", "Succeeded"]
    assert arm.azure.inventory() == inventory
    # A new identity is another one: nothing but deleting and creating again helps.
    assert put(arm, TO_ADX, HISTORY)[0] == "Failed"
    delete(arm, HISTORY)
    assert put(arm, TO_ADX, HISTORY)[0] == "Succeeded"


def test_a_deleted_identity_fails_what_uses_it(arm: Arm) -> None:
    own = {"identity": {"type": "UserAssigned", "userAssignedIdentity": IDENTITY}}
    assert put(arm, TO_ADX | own, HISTORY)[0] == "Succeeded"
    assert arm("DELETE", IDENTITY).status == 200
    states = [arm("GET", HISTORY).json()["properties"]["provisioningState"] for _ in range(2)]
    assert states == ["Succeeded", "Failed"]
    assert IDENTITY.lower() in map(str.lower, arm("GET", INSTANCE).json()["identity"]["userAssignedIdentities"])


def test_everything_goes_with_the_instance(arm: Arm) -> None:
    put(arm, TO_ADX, HISTORY)
    assert arm("PUT", ENDPOINT, {"properties": TO_GRID}).status == 201
    assert arm.assign("33333333-3333-4333-8333-333333333333", DATA_OWNER, seed.USERS["owner"].object_id).status == 201
    deleted = arm("DELETE", INSTANCE)
    assert arm.states(deleted.headers["Azure-AsyncOperation"])[-1] == "Succeeded"
    inventory = arm.azure.inventory()
    assert not {"endpoints", "timeSeriesDatabaseConnections", "digitalTwinsInstances"} & set(inventory)
    arm.states(arm("PUT", INSTANCE.replace("my-t", "new-t"), {"location": "westus2"}).headers["Azure-AsyncOperation"])
    assert arm("GET", f"{INSTANCE.replace('my-t', 'new-t')}/endpoints").json()["value"] == []
