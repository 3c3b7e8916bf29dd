"""Roles, identities, destinations and refusals, as they were recorded."""

from __future__ import annotations

import uuid
from typing import Any

from emulator import seed
from tests.support.arm import Arm
from tests.support.replay.asking import OWNER, READER, SUBSCRIPTION, Replay
from tests.support.waiting import until
from tests.support.world import ARM, GRAPH


def roles(ask: Replay) -> None:
    """Role assignments on a group and on a storage account; definitions."""
    one, two, three, four = (str(uuid.uuid4()) for _ in range(4))
    ask.enter("role assignments and definitions", rg="roles", name="rolesaccount", guid1=one)
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/roles"
    ask.ask("PUT", group, {"location": "westus2"})
    account = f"{group}/providers/Microsoft.Storage/storageAccounts/rolesaccount"
    ask.ask("PUT", account, {"location": "westus2", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}})
    until(lambda: ask.ask("GET", account).json()["properties"]["provisioningState"] == "Succeeded", "the account")
    identities = [
        f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}" for name in ("a1b", "b2c")
    ]
    first, second = (ask.ask("PUT", path, {"location": "westus2"}).json()["properties"] for path in identities)
    ask(14, guid2=str(uuid.uuid4()), guid1=three)
    ask(13, guid2=first["principalId"])
    ask(11)
    ask(3, guid1=first["principalId"])
    ask(12, guid1=two)
    ask(1, guid1=OWNER)
    ask(2)
    ask(9)
    ask(10)
    reader = seed.USERS["reader"].object_id
    ask.arm.assign(two, READER, reader, at=group, principalType="User")
    ask(25, guid1=two, guid2=reader)
    until(lambda: ask(24, guid1=four, guid2=second["principalId"]).status == 201, "the principal")
    ask(22, guid1=four)
    ask(21, guid1=four)
    ask(23, guid1=four)
    ask(0)
    ask(4)
    ask(6)
    ask(7, guid1=str(uuid.uuid4()))
    ask(15)
    ask(16)
    ask(19, guid1=str(uuid.uuid4()))
    for number in (5, 8, 17, 18, 20):
        ask.blind(number)


def identities(ask: Replay) -> None:
    """User-assigned identities. Their federated credentials aren't played."""
    ask.enter("user-assigned identities", rg="Identities", identity="recorded", fic="fic")
    ask(4, rg="nothing")
    ask.ask("PUT", f"/subscriptions/{SUBSCRIPTION}/resourceGroups/Identities", {"location": "westus"})
    ask(3)
    ask(6)
    again = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/Identities/providers/Microsoft.ManagedIdentity"
    ask.ask("PUT", f"{again}/userAssignedIdentities/central", {"location": "westcentralus"})
    ask(5, identity="central")
    ask(2, identity="central")
    ask(0)
    ask(1)
    for number in (7, 8, 9, 10, 11, 12):
        ask.blind(number)


def destinations(ask: Replay) -> None:
    """Event Grid topics, namespaces, event hubs, topics, rules and keys."""
    ask.enter("destinations", rg="Destinations", namespace="recorded-hubs", hub="hub", rule="rule", topic="recorded")
    ask.ask("PUT", f"/subscriptions/{SUBSCRIPTION}/resourceGroups/Destinations", {"location": "westus2"})
    topic = ask(5)
    status = topic.headers["Azure-AsyncOperation"]
    ask.over(topic)
    ask(0, url=status)
    ask.blind(1)
    plain = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/Destinations/providers/Microsoft.EventGrid/topics/plain"
    ask.over(ask.ask("PUT", plain, {"location": "westus2"}))
    ask(3, topic="plain")
    ask(6)
    gone = ask(2)
    ask.over(gone)
    ask(4)
    ask(9)
    ask(11, {"location": "westus2", "sku": {"name": "Standard", "tier": "Standard"}})
    until(lambda: ask(8).json()["properties"]["provisioningState"] == "Succeeded", "the namespace")
    ask(10)
    for number in (18, 17, 21, 20, 22, 19, 16, 14, 13, 15, 12):
        ask(number)
    ask.over(ask(7))
    ask(39)
    bus = {"namespace": "recorded-bus"}
    ask(25, **bus)
    created = ask(27, **bus)
    ask.over(created)
    ask(24, **bus)
    ask(26, **bus)
    for number in (34, 33, 37, 36, 38, 35, 32, 30, 29, 31, 28):
        ask(number, **bus)
    ask.over(ask(23, **bus))


def errors(ask: Replay) -> None:
    """Refusals that any resource may meet, played with those that are served."""
    ask.enter("errors met in recordings of other services", rg="errors", name="recorded")
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/errors"
    ask.ask("PUT", group, {"location": "westus2"})
    name = ask._group

    def instead(number: int, method: str, path: str, body: Any = None, who: str = "owner") -> None:
        ask.answers[f"{name}/{number}"] = Arm(ask.azure, who)(method, path, body)

    role = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{READER}"
    assignment = {"properties": {"roleDefinitionId": role, "principalId": OWNER}}
    assignments = f"{group}/providers/Microsoft.Authorization/roleAssignments"
    instead(0, "PUT", f"{assignments}/{uuid.uuid4()}", assignment, "contributor")
    twins = f"{group}/providers/Microsoft.DigitalTwins/digitalTwinsInstances/recorded"
    instead(2, "PUT", twins, {"location": "westus2", "identity": {}})
    sandbox = f"/subscriptions/{seed.UNREGISTERED_SUBSCRIPTION}/resourceGroups/errors"
    ask.ask("PUT", sandbox, {"location": "westus2"})
    instead(
        3, "PUT", f"{sandbox}/providers/Microsoft.DigitalTwins/digitalTwinsInstances/recorded", {"location": "westus2"}
    )
    ask.ask("PUT", f"{assignments}/{uuid.uuid4()}", assignment)
    instead(4, "PUT", f"{assignments}/{uuid.uuid4()}", assignment)
    missing = f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/myIdentity"
    identity = {"type": "UserAssigned", "userAssignedIdentities": {missing: {}}}
    instead(7, "PUT", twins, {"location": "westus2", "identity": identity})
    url = f"{ARM}/subscriptions/{SUBSCRIPTION}/providers/Microsoft.DigitalTwins/locations/westus2/regionInfo"
    ask.answers[f"{name}/8"] = ask.azure.https("GET", f"{url}?api-version=2023-01-31", token=ask.azure.token())
    instead(10, "PUT", twins, {"location": "japanwest"})
    url = f"{ARM}{twins}?api-version=2018-05-01"
    ask.answers[f"{name}/11"] = ask.azure.https("GET", url, token=ask.azure.token())
    wrong = {"properties": {"roleDefinitionId": role, "principalId": "wow"}}
    instead(12, "PUT", f"{assignments}/{uuid.uuid4()}", wrong)
    graph_url = f"{GRAPH}/v1.0/applications"
    token = ask.azure.token(GRAPH, "guest")
    ask.answers[f"{name}/1"] = ask.azure.https("POST", graph_url, token=token, json={"displayName": "mine"})
    for number in (5, 6, 9, 13, 14):
        ask.blind(number)
