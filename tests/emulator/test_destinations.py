"""Destinations for events in the embedded Azure: Event Hubs, Service Bus, Event Grid, storage, and their keys."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from emulator import seed, seed_destinations
from emulator.arm.digital_twins import destinations
from emulator.arm.digital_twins.destinations import Unreachable
from emulator.lag import Lag, Latency
from emulator.store import Store
from emulator.tokens import TokenAuthority
from emulator.world import World
from tests.matrix import leaks
from tests.support.arm import ASSIGNMENTS, GROUP, REGISTERED, UNREGISTERED, Arm
from tests.support.waiting import until
from tests.support.world import ROOT, Emulator

SHARED = f"{REGISTERED}/resourceGroups/shared-services/providers"
HUBS = f"{SHARED}/Microsoft.EventHub/namespaces"
HUB = f"{HUBS}/contoso-events/eventhubs/twin-events"
TOPIC = f"{SHARED}/Microsoft.ServiceBus/namespaces/contoso-messages/topics/twin-messages"
GRID = f"{SHARED}/Microsoft.EventGrid/topics/contoso-twin-topic"
ACCOUNT = f"{SHARED}/Microsoft.Storage/storageAccounts/contosodeadletters"
SENDER = "2b629674-e913-4c01-ae53-ef4638d8f975"
BLOB_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
NAMESPACE_BODY = {"location": "northeurope", "sku": {"name": "Standard"}}
ACCOUNT_BODY = {"location": "northeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arm]:
    """A new world, for tests that change nothing of what is seeded."""
    with Emulator(tmp_path_factory.mktemp("seeded") / "azure") as azure:
        arm = Arm(azure)
        arm.group()
        yield arm


@pytest.fixture
def world(seeded: Arm) -> Iterator[World]:
    """The inside of that world."""
    store = Store(seeded.azure.data / "azure.sqlite3")
    origin = seeded.azure.ready["armEndpoint"]
    yield World(store, Lag(store, Latency()), TokenAuthority(store, origin), seeded.azure.data, origin)
    store.close()


def test_unmodified_sdk_programs(azure: Emulator) -> None:
    Arm(azure).group()
    before = azure.inventory()
    command = [sys.executable, "-m", "tests.support.programs.destinations", seed.REGISTERED_SUBSCRIPTION, "my-group"]
    done = subprocess.run(command, cwd=ROOT, env=azure.env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "sync": {
            "hub": "Active",
            "connection": "Endpoint=sb://events-1.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=KEY;"
            "EntityPath=telemetry",
            "regenerated": [True, True],
            "hubs": ["telemetry"],
            "namespaces": ["events-1", "contoso-events"],
            "topic": "Active",
            "rights": ["Send"],
            "endpoint": "https://grid-1.northeurope-1.eventgrid.azure.net/api/events",
            "state": "Succeeded",
            "gridKeys": 2,
            "blob": "https://account1.blob.core.windows.net/",
            "container": "dead",
            "accountKeys": ["key1", "key2"],
            "missing": "ContainerNotFound",
        },
        "async": {
            "namespaces": ["events-1"],
            "root": "Endpoint=sb://events-1.servicebus.windows.net/;SharedAccessKeyName=RootManageSharedAccessKey;"
            "SharedAccessKey=KEY",
            "topics": ["news"],
            "grid": ["grid-1"],
            "container": "None",
            "left": [],
        },
    }
    assert azure.inventory() == before


def test_keys_are_not_in_the_inventory_the_journal_or_the_recording(azure: Emulator) -> None:
    arm = Arm(azure)
    bodies = [arm("POST", f"{rule}/listKeys").json() for rule in (f"{HUB}/authorizationRules/send", GRID, ACCOUNT)]
    known = leaks.secrets_of(azure.data)
    for body in bodies:
        assert leaks.within(json.dumps(body), known)
    text = json.dumps([azure.inventory(volatile=True), azure.requests(), azure.recorded()])
    assert leaks.within(text, known) == []
    connection = bodies[0]["primaryConnectionString"]
    arm(
        "PUT",
        f"{HUBS}/contoso-events",
        {"tags": {"note": f"https://a/b?sv=1&sig={bodies[1]['key1']}", "c": connection}},
    )
    assert leaks.within(json.dumps(azure.recorded()), known) == []


def test_keys_and_writes_need_their_rights(seeded: Arm) -> None:
    reader, contributor = Arm(seeded.azure, "reader"), Arm(seeded.azure, "contributor")
    for owner in (f"{HUB}/authorizationRules/send", f"{TOPIC}/authorizationRules/send", GRID, ACCOUNT):
        assert reader("GET", owner).status == 200
        assert reader.refused("POST", f"{owner}/listKeys") == (403, "AuthorizationFailed")
        assert contributor("POST", f"{owner}/listKeys").status == 200
    assert reader.refused("PUT", f"{HUBS}/other-events", NAMESPACE_BODY) == (403, "AuthorizationFailed")


@pytest.mark.parametrize(
    ("path", "body", "refusal"),
    [
        (f"{HUBS}/fabrikam-events", NAMESPACE_BODY, (400, "BadRequest")),
        (f"{HUBS}/contoso-messages", NAMESPACE_BODY, (400, "BadRequest")),
        (f"{HUBS}/short", NAMESPACE_BODY, (400, "BadRequest")),
        (f"{HUBS}/two--hyphens", NAMESPACE_BODY, (400, "BadRequest")),
        (f"{HUBS}/nowhere-events", {}, (400, "LocationRequired")),
        (f"{HUBS}/odd-events", {**NAMESPACE_BODY, "colour": "red"}, (400, "InvalidRequestContent")),
        (f"{HUBS}/contoso-events", {"location": "westus2"}, (409, "InvalidResourceLocation")),
        (f"{HUBS}/missing-events/eventhubs/hub", {}, (404, "NamespaceNotFound")),
        (f"{HUB}s", {"properties": {"partitionCount": 33}}, (400, "BadRequest")),
        (f"{HUB}/authorizationRules/x", {"properties": {"rights": ["Manage"]}}, (400, "BadRequest")),
        (
            f"{GROUP}/providers/Microsoft.EventGrid/topics/{GRID.rpartition('/')[2]}",
            {"location": "northeurope"},
            (409, "Conflict"),
        ),
        (f"{SHARED}/Microsoft.Storage/storageAccounts/Upper", ACCOUNT_BODY, (400, "AccountNameInvalid")),
        (
            f"{GROUP}/providers/Microsoft.Storage/storageAccounts/contosodeadletters",
            ACCOUNT_BODY,
            (409, "StorageAccountAlreadyTaken"),
        ),
        (f"{ACCOUNT}/blobServices/default/containers/No", {}, (400, "ContainerInvalidName")),
    ],
)
def test_refused(seeded: Arm, path: str, body: Any, refusal: tuple[int, str]) -> None:
    assert seeded.refused("PUT", path, body) == refusal


def test_a_provider_must_be_registered(seeded: Arm) -> None:
    group = f"{UNREGISTERED}/resourceGroups/other"
    seeded("PUT", group, {"location": "westus2"})
    for path, body in (
        ("Microsoft.EventHub/namespaces/events-1", NAMESPACE_BODY),
        ("Microsoft.ServiceBus/namespaces/events-1", NAMESPACE_BODY),
        ("Microsoft.EventGrid/topics/topic-1", {"location": "westus2"}),
        ("Microsoft.Storage/storageAccounts/account1", ACCOUNT_BODY),
    ):
        assert seeded.refused("PUT", f"{group}/providers/{path}", body) == (409, "MissingSubscriptionRegistration")


def test_another_tenants_otheris_out_of_sight(seeded: Arm, world: World) -> None:
    subscription = f"/subscriptions/{seed_destinations.FOREIGN_SUBSCRIPTION}"
    path = f"{subscription}/resourceGroups/fabrikam/providers/Microsoft.EventHub/namespaces/fabrikam-events"
    assert seeded.refused("GET", path) == (401, "InvalidAuthenticationTokenTenant")
    names = [
        body["name"] for body in seeded("GET", f"{REGISTERED}/providers/Microsoft.EventHub/namespaces").json()["value"]
    ]
    assert names == ["contoso-events"]


def test_a_deleted_group_takes_keys_and_assignments_along(azure: Emulator) -> None:
    arm = Arm(azure)
    arm.group()
    namespace = f"{GROUP}/providers/Microsoft.EventHub/namespaces/my-events"
    arm("PUT", namespace, NAMESPACE_BODY)
    assert [arm("GET", namespace).json()["properties"]["provisioningState"] for _ in range(2)] == [
        "Creating",
        "Succeeded",
    ]
    arm("PUT", f"{namespace}/eventhubs/hub", {})
    before = azure.inventory()["roleAssignments"]
    name = "11111111-1111-4111-8111-111111111111"
    created = arm.assign(name, SENDER, seed.USERS["reader"].object_id, at=f"{namespace}/eventhubs/hub")
    assert created.json()["properties"]["scope"] == f"{namespace}/eventhubs/hub"
    assert arm.assign(name, SENDER, seed.USERS["reader"].object_id, at=f"{namespace}/eventhubs/no").status == 404
    assert len(azure.inventory()["roleAssignments"]) == len(before) + 1
    listed = arm("GET", f"{GROUP}/resources").json()["value"]
    assert [other["type"] for other in listed] == ["Microsoft.EventHub/Namespaces"]
    keys = len(leaks.secrets_of(azure.data))
    arm("DELETE", GROUP)
    until(lambda: arm("HEAD", GROUP).status == 404, "the group to be deleted")
    assert (azure.inventory()["roleAssignments"], len(leaks.secrets_of(azure.data))) == (before, keys - 2)
    assert ASSIGNMENTS not in str(azure.inventory().get("namespaces"))


def test_what_an_endpoint_learns_of_a_destination(seeded: Arm, world: World) -> None:
    keys = seeded("POST", f"{HUB}/authorizationRules/send/listKeys").json()
    root = seeded("POST", f"{HUBS}/contoso-events/authorizationRules/RootManageSharedAccessKey/listKeys").json()
    seeded("PUT", f"{HUB}/authorizationRules/listen", {"properties": {"rights": ["Listen"]}})
    listen = seeded("POST", f"{HUB}/authorizationRules/listen/listKeys").json()
    good = keys["primaryConnectionString"]
    found = destinations.by_connection_string(world, "EventHub", good)
    assert found == HUB
    assert destinations.by_connection_string(
        world, "EventHub", f"{root['secondaryConnectionString']};EntityPath=twin-events"
    )
    topic = seeded("POST", f"{TOPIC}/authorizationRules/send/listKeys").json()["primaryConnectionString"]
    assert destinations.by_connection_string(world, "ServiceBus", topic) == TOPIC
    for connection, why in (
        (root["primaryConnectionString"], "malformed"),
        (good.replace(keys["primaryKey"], "AAAA"), "wrong key"),
        (good.replace("twin-events", "other"), "not found"),
        (good.replace("contoso-events", "other-events"), "not found"),
        (listen["primaryConnectionString"], "not permitted"),
    ):
        with pytest.raises(Unreachable) as caught:
            destinations.by_connection_string(world, "EventHub", connection)
        assert caught.value.why == why
        assert keys["primaryKey"] not in str(caught.value)


def test_event_grid_keys(seeded: Arm, world: World) -> None:
    endpoint = seeded("GET", GRID).json()["properties"]["endpoint"]
    key = seeded("POST", f"{GRID}/listKeys").json()["key2"]
    assert destinations.event_grid_topic(world, endpoint, key) == GRID
    assert destinations.refuses_key(world, {"endpointType": "EventGrid", "TopicEndpoint": endpoint}, "other")
