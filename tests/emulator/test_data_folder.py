"""A data folder of an earlier version opens, and what was under way in it goes on.

`data/store-9b4e301.jsonl` is the store of a world of commit 9b4e301 as `[kind, key, body]` a line, without its signing
key and ports. A topic, an endpoint, an instance and a deletion of a group are under way in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.store import Store
from tests.support.arm import GROUP, HOST, INSTANCE, INSTANCES, REGISTERED, Arm, query_twins
from tests.support.graph import Graph
from tests.support.world import Emulator

DUMP = Path(__file__).parent / "data/store-9b4e301.jsonl"
BUSY, LEAVING = f"{REGISTERED}/resourceGroups/busy", f"{REGISTERED}/resourceGroups/leaving"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    data = tmp_path / "azure"
    data.mkdir()
    store = Store(data / "azure.sqlite3")
    with store.transaction():
        for line in DUMP.read_text(encoding="utf-8").splitlines():
            store.put(*json.loads(line))
    store.close()
    return data


@pytest.fixture
def old(folder: Path) -> Iterator[Emulator]:
    with Emulator(folder) as azure:
        yield azure


def test_everything_is_there(old: Emulator) -> None:
    found = {kind: len(items) for kind, items in old.inventory().items()}
    assert found == {
        "applications": 4, "authorizationRules": 4, "containers": 1, "digitalTwins": 1, "digitalTwinsInstances": 3,
        "endpoints": 3, "eventRoutes": 1, "eventhubs": 1, "groups": 1, "iothubs": 1, "models": 1, "namespaces": 2,
        "providers": 16, "resourceGroups": 4, "roleAssignments": 18, "servicePrincipals": 10, "sites": 3,
        "storageAccounts": 1, "topics": 3,
        "userAssignedIdentities": 2, "users": 6, "virtualNetworks": 1,
    }  # fmt: skip


def test_it_is_served(old: Emulator) -> None:
    arm = Arm(old)
    instance = arm("GET", INSTANCE).json()
    assert instance["properties"]["provisioningState"] == "Succeeded"
    assert instance["properties"]["hostName"] == HOST
    assert instance["tags"] == {"team": "twins"}
    states = {
        child["name"]: child["properties"]["provisioningState"]
        for child in arm("GET", f"{INSTANCE}/endpoints").json()["value"]
    }
    assert states == {"events": "Succeeded", "grid": "Succeeded", "late": "Provisioning"}
    assert arm("DELETE", GROUP).status == 409  # locked
    assert query_twins(old).json()["value"][0]["$dtId"] == "kitchen"
    graph = Graph(old)
    applications = [graph.list("/applications", "displayName eq 'Twins client'") for _ in range(3)]  # replicas catch up
    assert [len(application["passwordCredentials"]) for (application,) in applications] == [0, 1, 1]


def test_what_was_under_way_goes_on(old: Emulator) -> None:
    arm = Arm(old)
    young = f"{BUSY}/{INSTANCES}/young-twins"
    for path in (young, f"{BUSY}/providers/Microsoft.EventGrid/topics/young-topic", f"{INSTANCE}/endpoints/late"):
        states = [arm("GET", path).json()["properties"]["provisioningState"] for _ in range(4)]
        assert states[0] in ("Provisioning", "Creating"), path
        assert states[-1] == "Succeeded", path
    assert arm("GET", LEAVING).json()["properties"]["provisioningState"] == "Deleting"
    assert arm("GET", LEAVING).status == 404
    assert arm("GET", f"{LEAVING}/{INSTANCES}/old-twins").status == 404
    assert len(old.inventory()["digitalTwinsInstances"]) == 2
    assert len(old.inventory()["userAssignedIdentities"]) == 1


def test_operations_that_were_begun_can_be_polled(old: Emulator, folder: Path) -> None:
    store = Store(folder / "azure.sqlite3")
    begun = {operation: record for operation, record in store.list("operation") if "status" not in record}
    store.close()
    assert {record["kind"] for record in begun.values()} == {
        "instance", "digitalTwinsChild", "resource", "groupDeletion",
    }  # fmt: skip
    arm = Arm(old)
    for operation, record in begun.items():
        if record["kind"] == "groupDeletion":
            url = f"{REGISTERED}/operationresults/{operation}"
            codes = [arm("GET", url).status for _ in range(3)]
            assert (codes[0], codes[-1]) == (202, 200)
            continue
        provider = record["target"].split("/providers/")[1].split("/")[0]
        url = f"{REGISTERED}/providers/{provider}/locations/{record['location']}/operationsStatuses/{operation}"
        states = [arm("GET", url).json()["status"] for _ in range(4)]
        working = "Running" if provider == "Microsoft.DigitalTwins" else "InProgress"
        assert (states[0], states[-1]) == (working, "Succeeded"), record
