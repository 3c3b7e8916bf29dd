"""The blob containers of storage accounts."""

from __future__ import annotations

import re

from emulator.arm import groups, operations, resources, storage
from emulator.arm.documents import CONTAINER as TYPE
from emulator.arm.documents import CONTAINERS, container_id
from emulator.arm.documents import container as new
from emulator.arm.guards import may_delete, may_read, may_write
from emulator.arm.routes import ROUTER
from emulator.arm.shape import ANY, Shape, check
from emulator.web import Refused, Reply, Request
from emulator.world import World

_ONE = storage.ACCOUNT + CONTAINERS + "/{container}"
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


@ROUTER.add("GET", _ONE)
def get_container(world: World, request: Request, *, subscription: str, group: str, name: str, container: str) -> Reply:
    """Return one container."""
    may_read(world, request, f"{TYPE}/read", _id(subscription, group, name, container))
    parent = storage.existing(world, subscription, group, name)
    found = resources.find(world, container_id(parent["id"], container))
    if found is None:
        raise Refused(404, "ContainerNotFound", "The specified container does not exist.")
    return Reply(body=resources.served(found), headers={"ETag": found["etag"]})


@ROUTER.add("PUT", _ONE, latency="write")
def put_container(world: World, request: Request, *, subscription: str, group: str, name: str, container: str) -> Reply:
    """Create (201) or update (200) a container."""
    may_write(world, request, f"{TYPE}/write", _id(subscription, group, name, container))
    groups.writable(world, subscription, group)
    parent = storage.existing(world, subscription, group, name)
    body = request.json()
    check(body, _DEFINITION)
    resources.refuse_busy(parent)
    if not _NAME.fullmatch(container):
        raise Refused(400, "ContainerInvalidName", f"The container name '{container}' is not valid.")
    found = resources.find(world, container_id(parent["id"], container))
    made = found or new(parent["id"], container, operations.now())
    wanted = body.get("properties") or {}
    made["properties"] |= {key: value for key, value in wanted.items() if value is not None}
    resources.put(world, made)
    return Reply(200 if found else 201, resources.served(made))


@ROUTER.add("DELETE", _ONE, latency="write")
def delete_container(
    world: World, request: Request, *, subscription: str, group: str, name: str, container: str
) -> Reply:
    """Delete a container: 200, or 204 if there is none."""
    may_delete(world, request, f"{TYPE}/delete", _id(subscription, group, name, container))
    parent = storage.existing(world, subscription, group, name)
    found = resources.find(world, container_id(parent["id"], container))
    if found is None:
        return Reply(204)
    resources.remove(world, found)
    return Reply(200)


def _id(subscription: str, group: str, name: str, container: str) -> str:
    return container_id(storage.id_of(groups.id_of(subscription, group), name), container)
