"""The blob containers of storage accounts."""

from __future__ import annotations

import re

from emulator.arm.core import groups
from emulator.arm.core.guards import may_delete, may_read, may_write
from emulator.arm.core.resource_bodies import CONTAINER as TYPE
from emulator.arm.core.resource_bodies import CONTAINERS, container_id
from emulator.arm.core.resource_bodies import container as new
from emulator.arm.core.resources import RESOURCES
from emulator.arm.core.routes import ROUTER
from emulator.arm.core.shape import ANY, Shape, check
from emulator.arm.core.stamps import now
from emulator.arm.storage import accounts
from emulator.messages import Refused, Reply, Request
from emulator.store import public
from emulator.world import World

_CONTAINER = accounts.ACCOUNT + CONTAINERS + "/{container}"
_NAME = re.compile(r"\$root|\$web|\$logs|[a-z0-9](?:[a-z0-9]|-(?!-)){1,61}[a-z0-9]")
_PROPERTIES = {
    "publicAccess": ("Blob", "Container", "None"),
    "metadata": dict,
    "defaultEncryptionScope": str,
    "denyEncryptionScopeOverride": bool,
    "enableNfsV3AllSquash": bool,
    "enableNfsV3RootSquash": bool,
    "immutableStorageWithVersioning": dict,
}
_DEFINITION = Shape(
    "BlobContainer",
    {
        **dict.fromkeys(("id", "name", "type", "etag", "systemData"), ANY),
        "properties": Shape("ContainerProperties", _PROPERTIES),
    },
)


@ROUTER.add("GET", _CONTAINER)
def get_container(world: World, request: Request, *, subscription: str, group: str, name: str, container: str) -> Reply:
    """Return one container."""
    may_read(world, request, f"{TYPE}/read", _id(subscription, group, name, container))
    parent = accounts.existing(world, subscription, group, name)
    found = RESOURCES.find(world, container_id(parent["id"], container))
    if found is None:
        raise Refused(404, "ContainerNotFound", "The specified container does not exist.")
    return Reply(body=public(found), headers={"ETag": found["etag"]})


@ROUTER.add("PUT", _CONTAINER, latency="write")
def put_container(world: World, request: Request, *, subscription: str, group: str, name: str, container: str) -> Reply:
    """Create (201) or update (200) a container."""
    may_write(world, request, f"{TYPE}/write", _id(subscription, group, name, container))
    groups.writable(world, subscription, group)
    parent = accounts.existing(world, subscription, group, name)
    body = request.json()
    check(body, _DEFINITION)
    RESOURCES.refuse_busy(parent)
    if not _NAME.fullmatch(container):
        raise Refused(400, "ContainerInvalidName", f"The container name '{container}' is not valid.")
    found = RESOURCES.find(world, container_id(parent["id"], container))
    result = found or new(parent["id"], container, now())
    asked = body.get("properties") or {}
    result["properties"] |= {key: value for key, value in asked.items() if value is not None}
    RESOURCES.put(world, result)
    return Reply(200 if found else 201, public(result))


@ROUTER.add("DELETE", _CONTAINER, latency="write")
def delete_container(
    world: World, request: Request, *, subscription: str, group: str, name: str, container: str
) -> Reply:
    """Delete a container: 200, or 204 if there is none."""
    may_delete(world, request, f"{TYPE}/delete", _id(subscription, group, name, container))
    parent = accounts.existing(world, subscription, group, name)
    found = RESOURCES.find(world, container_id(parent["id"], container))
    if found is None:
        return Reply(204)
    RESOURCES.remove(world, found)
    return Reply(200)


def _id(subscription: str, group: str, name: str, container: str) -> str:
    return container_id(accounts.id_of(groups.id_of(subscription, group), name), container)
