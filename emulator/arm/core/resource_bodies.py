"""The bodies of new Event Grid topics, storage accounts and containers."""

from __future__ import annotations

import uuid

from emulator.messages import Json

EVENT_GRID = "Microsoft.EventGrid"
TOPIC = f"{EVENT_GRID}/topics"
TOPIC_KEY_SIZE = 32
STORAGE = "Microsoft.Storage"
ACCOUNT = f"{STORAGE}/storageAccounts"
ACCOUNT_KEY_SIZE = 64
CONTAINER = f"{ACCOUNT}/blobServices/containers"
CONTAINERS = "/blobServices/default/containers"
"""The path of the containers below their account."""

_PLACES = ("blob", "dfs", "file", "queue", "table", "web")


def topic(identifier: str, location: str) -> Json:
    """Return a new topic."""
    name = identifier.rpartition("/")[2]
    return {
        "id": identifier,
        "name": name,
        "type": TOPIC,
        "location": location,
        "tags": None,
        "properties": {
            "provisioningState": "Succeeded",
            "endpoint": f"https://{name.lower()}.{location}-1.eventgrid.azure.net/api/events",
            "inputSchema": "EventGridSchema",
            "publicNetworkAccess": "Enabled",
            "disableLocalAuth": False,
        },
    }


def account(identifier: str, location: str, time: str, kind: str = "StorageV2", sku: str = "Standard_LRS") -> Json:
    """Return a new account."""
    name = identifier.rpartition("/")[2]
    return {
        "id": identifier,
        "name": name,
        "type": ACCOUNT,
        "kind": kind,
        "location": location,
        "tags": {},
        "sku": {"name": sku, "tier": sku.partition("_")[0].removesuffix("V2")},
        "properties": {
            "provisioningState": "Succeeded",
            "creationTime": time,
            "keyCreationTime": {"key1": time, "key2": time},
            "primaryEndpoints": {place: f"https://{name}.{place}.core.windows.net/" for place in _PLACES},
            "primaryLocation": location,
            "statusOfPrimary": "available",
            "accessTier": "Hot",
            "allowBlobPublicAccess": False,
            "minimumTlsVersion": "TLS1_2",
            "supportsHttpsTrafficOnly": True,
            "networkAcls": {"bypass": "AzureServices", "defaultAction": "Allow", "ipRules": []},
            "privateEndpointConnections": [],
        },
    }


def container_id(account: str, name: str) -> str:
    """Return the id of a container; `account` is the account's id."""
    return f"{account}{CONTAINERS}/{name}"


def container(account: str, name: str, time: str) -> Json:
    """Return a new container; `account` is the account's id."""
    return {
        "id": container_id(account, name),
        "name": name,
        "type": CONTAINER,
        "etag": f'"0x{uuid.uuid4().hex[:15].upper()}"',
        "properties": {
            "publicAccess": "None",
            "leaseStatus": "Unlocked",
            "leaseState": "Available",
            "lastModifiedTime": time,
            "hasImmutabilityPolicy": False,
            "hasLegalHold": False,
            "defaultEncryptionScope": "$account-encryption-key",
            "denyEncryptionScopeOverride": False,
        },
    }
