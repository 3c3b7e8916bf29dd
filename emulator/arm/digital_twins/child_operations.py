"""The operations of an instance's children: list, read, create and delete, the same for each kind."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from emulator.arm.core import groups
from emulator.arm.core.errors import resource_not_found
from emulator.arm.core.guards import caller_of, may_delete, may_read, may_write
from emulator.arm.core.lifecycle import is_deleting, state_of
from emulator.arm.core.routes import INSTANCE, ROUTER
from emulator.arm.core.shape import Shape, check
from emulator.arm.core.stamps import now, system_data
from emulator.arm.digital_twins import children, instances
from emulator.arm.digital_twins.children import CHILDREN
from emulator.messages import Json, Refused, Reply, Request
from emulator.store import public
from emulator.world import World

_NAME = re.compile(r"(?![0-9]+$)(?!-)[a-zA-Z0-9-]{2,49}[a-zA-Z0-9]")
Make = Callable[[World, Json, Json | None, Json], tuple[Json, str | None]]


@dataclass(frozen=True)
class Collection:
    """A kind of children of an instance, with its body's shape and properties."""

    segment: str
    noun: str
    shape: Shape
    make: Make
    """(world, instance, present child or None, requested properties) -> properties as served, error message or None."""
    deletes_when_idle: bool = True
    """Whether a deletion is refused while the child is being created."""


def refused(message: str) -> Refused:
    """Return the refusal of a body that is well-formed but contradictory."""
    return Refused(400, "BadRequest", message)


def serve(of: Collection) -> None:
    """Register the operations of a collection."""
    collection, item = f"{INSTANCE}/{of.segment}", f"{INSTANCE}/{of.segment}/{{child}}"
    ROUTER.add("GET", collection)(partial(_list, of))
    ROUTER.add("GET", item)(partial(_get, of))
    ROUTER.add("PUT", item, latency="write")(partial(_put, of))
    ROUTER.add("DELETE", item, latency="write")(partial(_delete, of))


def _list(of: Collection, world: World, request: Request, **path: str) -> Reply:
    may_read(world, request, f"{_type(of)}/read", instances.id_in(**path))
    instance = instances.existing(world, **path, observe=False)
    found = CHILDREN.under(world, f"{instance['id']}/{of.segment}", observe=True)
    return Reply(body={"value": [public(child) for child in found]})


def _get(of: Collection, world: World, request: Request, child: str, **path: str) -> Reply:
    may_read(world, request, f"{_type(of)}/read", instances.id_in(**path))
    instance = instances.existing(world, **path, observe=False)
    found = CHILDREN.find(world, children.id_of(instance, of.segment, child), observe=True)
    if found is None:
        raise resource_not_found(f"{instances.TYPE}/{instance['name']}/{of.segment}", child, path["group"])
    return Reply(body=public(found))


def _put(of: Collection, world: World, request: Request, child: str, **path: str) -> Reply:
    """Create (201) or change (200) a child; the work goes on after the answer and may end `Failed`."""
    may_write(world, request, f"{_type(of)}/write", instances.id_in(**path))
    groups.writable(world, path["subscription"], path["group"])
    instance = instances.existing(world, **path, observe=False)
    body = request.json()
    check(body, of.shape)
    if not _NAME.fullmatch(child):
        raise Refused(
            400,
            "InvalidResourceName",
            f"The {of.noun} name '{child}' is invalid: 3 to 50 letters, digits and '-', not only digits, no '-' at "
            "either end.",
        )
    if state_of(instance) != "Succeeded":
        raise Refused(
            409,
            "Conflict",
            f"The instance '{instance['name']}' is in state '{state_of(instance)}': its {of.segment} cannot "
            "be changed.",
        )
    identifier = children.id_of(instance, of.segment, child)
    found = CHILDREN.find(world, identifier)
    if found:
        CHILDREN.refuse_busy(found)
    properties, error = of.make(world, instance, found, body["properties"])
    result = _new(of, identifier, found)
    if of.segment == children.ENDPOINTS:
        properties["createdTime"] = result["properties"].get("createdTime") or now("0+00:00")
    result |= {"properties": properties, "_error": error}
    result["systemData"] = system_data(caller_of(request), result.get("systemData"))
    CHILDREN.begin(world, result, "Provisioning", location=instance["location"])
    return Reply(200 if found else 201, public(result), CHILDREN.poll(world, request, result))


def _delete(of: Collection, world: World, request: Request, child: str, **path: str) -> Reply:
    """Begin the deletion (202); 204 if there is none, 202 again while it goes on."""
    may_delete(world, request, f"{_type(of)}/delete", instances.id_in(**path))
    instance = instances.existing(world, **path, observe=False)
    found = CHILDREN.find(world, children.id_of(instance, of.segment, child), observe=True)
    if found is None:
        return Reply(204)
    if not is_deleting(found):
        if of.deletes_when_idle:
            CHILDREN.refuse_busy(found)
        _refuse_routed(world, instance, found)
        CHILDREN.begin(world, found, "Deleting", location=instance["location"])
    shown = {**public(found), "systemData": None}
    return Reply(202, shown, CHILDREN.poll(world, request, found))


def _refuse_routed(world: World, instance: Json, found: Json) -> None:
    """Refuse (400) to delete an endpoint that event routes use. The message is Azure's; its code is not published.

    Source: https://github.com/hashicorp/terraform-provider-azurerm/issues/11713
    """
    routes = [route for _, route in world.store.list("eventRoute", f"{instance['id']}/")]
    used = [route["id"] for route in routes if f"/endpoints/{route['endpointName']}".lower() == _tail(found)]
    if used:
        raise refused(f"Nested endpoint routes found. Please remove following endpoint routes first: {', '.join(used)}")


def _tail(child: Json) -> str:
    return "/" + "/".join(child["id"].lower().rsplit("/", 2)[1:])


def _type(of: Collection) -> str:
    return f"{instances.TYPE}/{of.segment}"


def _new(of: Collection, identifier: str, found: Json | None) -> Json:
    return found or {
        "id": identifier,
        "name": identifier.rpartition("/")[2],
        "type": f"{instances.TYPE}/{of.segment}",
        "properties": {},
    }
