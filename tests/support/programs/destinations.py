"""Programs of azure-mgmt-eventhub, -servicebus, -eventgrid and -storage, sync and then async: make, find, read keys."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from azure.core.exceptions import HttpResponseError
from azure.identity import DefaultAzureCredential
from azure.identity.aio import DefaultAzureCredential as AsyncCredential
from azure.mgmt.eventgrid import EventGridManagementClient
from azure.mgmt.eventgrid.aio import EventGridManagementClient as AsyncEventGrid
from azure.mgmt.eventhub import EventHubManagementClient
from azure.mgmt.eventhub.aio import EventHubManagementClient as AsyncEventHub
from azure.mgmt.servicebus import ServiceBusManagementClient
from azure.mgmt.servicebus.aio import ServiceBusManagementClient as AsyncServiceBus
from azure.mgmt.storage import StorageManagementClient
from azure.mgmt.storage.aio import StorageManagementClient as AsyncStorage

SUBSCRIPTION, GROUP = sys.argv[1:]
PLACE: dict[str, Any] = {"location": "northeurope"}
STANDARD: dict[str, Any] = {**PLACE, "sku": {"name": "Standard"}}
ACCOUNT: dict[str, Any] = {**PLACE, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
RULE: dict[str, Any] = {"properties": {"rights": ["Send"]}}
NOW = {"polling_interval": 0}


def sync() -> dict[str, Any]:
    with DefaultAzureCredential() as credential:
        found: dict[str, Any] = {}
        hubs: Any = EventHubManagementClient(credential, SUBSCRIPTION)
        found["hub"] = hubs.namespaces.begin_create_or_update(GROUP, "events-1", STANDARD, **NOW).result().status
        hubs.event_hubs.create_or_update(GROUP, "events-1", "telemetry", {"properties": {"partitionCount": 2}})
        hubs.event_hubs.create_or_update_authorization_rule(GROUP, "events-1", "telemetry", "send", RULE)
        keys = hubs.event_hubs.list_keys(GROUP, "events-1", "telemetry", "send")
        found["connection"] = keys.primary_connection_string.replace(keys.primary_key, "KEY")
        new = hubs.event_hubs.regenerate_keys(GROUP, "events-1", "telemetry", "send", {"keyType": "PrimaryKey"})
        found["regenerated"] = (new.primary_key != keys.primary_key, new.secondary_key == keys.secondary_key)
        found["hubs"] = [hub.name for hub in hubs.event_hubs.list_by_namespace(GROUP, "events-1")]
        found["namespaces"] = [namespace.name for namespace in hubs.namespaces.list()]
        bus: Any = ServiceBusManagementClient(credential, SUBSCRIPTION)
        bus.namespaces.begin_create_or_update(GROUP, "messages-1", STANDARD, **NOW).result()
        found["topic"] = bus.topics.create_or_update(GROUP, "messages-1", "news", {}).properties.status
        bus.topics.create_or_update_authorization_rule(GROUP, "messages-1", "news", "send", RULE)
        found["rights"] = bus.topics.get_authorization_rule(GROUP, "messages-1", "news", "send").properties.rights
        grid: Any = EventGridManagementClient(credential, SUBSCRIPTION)
        topic = grid.topics.begin_create_or_update(GROUP, "grid-1", PLACE, **NOW).result()
        found["endpoint"], found["state"] = topic.endpoint, topic.provisioning_state
        found["gridKeys"] = len(vars(grid.topics.list_shared_access_keys(GROUP, "grid-1")).keys() & {"key1", "key2"})
        storage: Any = StorageManagementClient(credential, SUBSCRIPTION)
        account = storage.storage_accounts.begin_create(GROUP, "account1", ACCOUNT, **NOW).result()
        found["blob"] = account.properties.primary_endpoints.blob
        found["container"] = storage.blob_containers.create(GROUP, "account1", "dead", {}).name
        found["accountKeys"] = [
            key.key_name for key in storage.storage_accounts.list_keys(GROUP, "account1").keys_property
        ]
        try:
            storage.blob_containers.get(GROUP, "account1", "missing")
        except HttpResponseError as error:
            found["missing"] = error.error.code if error.error else None
        return found


async def main() -> dict[str, Any]:
    """Find all of it again, asynchronously, and delete it."""
    found: dict[str, Any] = {}
    async with (
        AsyncCredential() as credential,
        AsyncEventHub(credential, SUBSCRIPTION) as hubs_client,
        AsyncServiceBus(credential, SUBSCRIPTION) as bus_client,
        AsyncEventGrid(credential, SUBSCRIPTION) as grid_client,
        AsyncStorage(credential, SUBSCRIPTION) as storage_client,
    ):
        hubs: Any = hubs_client
        bus: Any = bus_client
        grid: Any = grid_client
        storage: Any = storage_client
        found["namespaces"] = [one.name async for one in hubs.namespaces.list_by_resource_group(GROUP)]
        root = await hubs.namespaces.list_keys(GROUP, "events-1", "RootManageSharedAccessKey")
        found["root"] = root.primary_connection_string.replace(root.primary_key, "KEY")
        found["topics"] = [one.name async for one in bus.topics.list_by_namespace(GROUP, "messages-1")]
        found["grid"] = [one.name async for one in grid.topics.list_by_resource_group(GROUP)]
        found["container"] = (await storage.blob_containers.get(GROUP, "account1", "dead")).public_access
        await hubs.event_hubs.delete(GROUP, "events-1", "telemetry")
        await (await hubs.namespaces.begin_delete(GROUP, "events-1", **NOW)).result()
        await (await bus.namespaces.begin_delete(GROUP, "messages-1", **NOW)).result()
        await (await grid.topics.begin_delete(GROUP, "grid-1", **NOW)).result()
        await storage.blob_containers.delete(GROUP, "account1", "dead")
        await storage.storage_accounts.delete(GROUP, "account1")
        found["left"] = [one.name async for one in hubs.namespaces.list_by_resource_group(GROUP)]
        found["left"] += [one.name async for one in storage.storage_accounts.list_by_resource_group(GROUP)]
    return found


print(json.dumps({"sync": sync(), "async": asyncio.run(main())}))
