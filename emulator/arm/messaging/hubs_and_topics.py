"""Event hubs and Service Bus topics, inside their namespaces."""

from __future__ import annotations

from functools import partial

from emulator.arm.core import groups, resources
from emulator.arm.core.guards import may_delete, may_read, may_write
from emulator.arm.core.resources import RESOURCES
from emulator.arm.core.routes import GROUP, ROUTER
from emulator.arm.core.shape import check
from emulator.arm.core.stamps import now
from emulator.arm.messaging import namespaces
from emulator.arm.messaging.buses import (
    BUSES,
    EVENT_HUBS,
    SERVICE_BUS,
    Bus,
    bad_request,
    check_entity_name,
    missing,
)
from emulator.arm.messaging.buses import entity as new_entity
from emulator.messages import Json, Reply, Request
from emulator.store import public
from emulator.world import World

_READ_ONLY = ("createdAt", "updatedAt", "partitionIds", "sizeInBytes", "subscriptionCount", "countDetails", "status")


def list_entities(bus: Bus, world: World, request: Request, *, subscription: str, group: str, namespace: str) -> Reply:
    """List the event hubs or topics of a namespace; `$skip` and `$top`."""
    parent = namespaces.id_of(bus, groups.id_of(subscription, group), namespace)
    may_read(world, request, f"{bus.entity_type}/read", parent)
    within = namespaces.existing(world, bus, subscription, group, namespace)
    found = [public(entity) for entity in resources.of_type(world, within["id"], bus.entity_type)]
    skip, top = (request.query.get(name, "") for name in ("$skip", "$top"))
    found = found[int(skip) if skip.isdigit() else 0 :]
    return Reply(body={"value": found[: int(top)] if top.isdigit() else found})


def get_entity(
    bus: Bus, world: World, request: Request, *, subscription: str, group: str, namespace: str, name: str
) -> Reply:
    """Return one event hub or topic."""
    may_read(world, request, f"{bus.entity_type}/read", _id(bus, subscription, group, namespace, name))
    found = existing(world, bus, subscription=subscription, group=group, namespace=namespace, name=name)
    return Reply(body=public(found))


def put_entity(
    bus: Bus, world: World, request: Request, *, subscription: str, group: str, namespace: str, name: str
) -> Reply:
    """Create or update an event hub or topic: 200 both times."""
    may_write(world, request, f"{bus.entity_type}/write", _id(bus, subscription, group, namespace, name))
    groups.writable(world, subscription, group)
    within = namespaces.existing(world, bus, subscription, group, namespace)
    body = request.json()
    check(body, bus.entity_shape)
    RESOURCES.refuse_busy(within)
    check_entity_name(bus, name)
    if bus is SERVICE_BUS and within["sku"]["name"] == "Basic":
        raise bad_request(f"SubCode=40000. The namespace '{within['name']}' of tier Basic can not have topics.")
    identifier = f"{within['id']}/{bus.entities}/{name}"
    asked = {key: value for key, value in (body.get("properties") or {}).items() if key not in _READ_ONLY}
    result = RESOURCES.find(world, identifier) or new_entity(bus, identifier, within["location"], now())
    result["properties"] |= {key: value for key, value in asked.items() if value is not None}
    if bus is EVENT_HUBS:
        _check_partitions(within, result["properties"])
    result["properties"]["updatedAt"] = now()
    RESOURCES.put(world, result)
    return Reply(200, public(result))


def delete_entity(
    bus: Bus, world: World, request: Request, *, subscription: str, group: str, namespace: str, name: str
) -> Reply:
    """Delete an event hub or topic: 200, or 204 if there is none."""
    may_delete(world, request, f"{bus.entity_type}/delete", _id(bus, subscription, group, namespace, name))
    within = namespaces.existing(world, bus, subscription, group, namespace)
    found = RESOURCES.find(world, f"{within['id']}/{bus.entities}/{name}")
    if found is None:
        return Reply(204)
    RESOURCES.remove(world, found)
    return Reply(200)


def existing(world: World, bus: Bus, *, subscription: str, group: str, namespace: str, name: str) -> Json:
    """Return the event hub or topic; refuse (404) an unknown one."""
    within = namespaces.existing(world, bus, subscription, group, namespace)
    identifier = f"{within['id']}/{bus.entities}/{name}"
    found = RESOURCES.find(world, identifier)
    if found is None:
        raise missing(identifier)
    return found


def _id(bus: Bus, subscription: str, group: str, namespace: str, name: str) -> str:
    return f"{namespaces.id_of(bus, groups.id_of(subscription, group), namespace)}/{bus.entities}/{name}"


def _check_partitions(within: Json, properties: Json) -> None:
    """Refuse (400) numbers that the tier does not allow: 1 to 32 partitions, 1 to 7 days (Basic 1, Premium 90)."""
    days = {"Basic": 1, "Premium": 90}.get(within["sku"]["name"], 7)
    if not 1 <= properties["partitionCount"] <= 32:
        raise bad_request("The value supplied for 'PartitionCount' is invalid. Valid values are from 1 to 32.")
    if within["sku"]["name"] == "Basic" and properties["messageRetentionInDays"] == 7:
        properties["messageRetentionInDays"] = 1
    if not 1 <= properties["messageRetentionInDays"] <= days:
        raise bad_request(f"The value supplied for 'MessageRetentionInDays' is invalid. Valid values are 1 to {days}.")
    properties["partitionIds"] = [str(number) for number in range(properties["partitionCount"])]


for _bus in BUSES:
    _many = GROUP + f"/providers/{_bus.type}" + "/{namespace}/" + _bus.entities
    ROUTER.add("GET", _many)(partial(list_entities, _bus))
    ROUTER.add("GET", _many + "/{name}")(partial(get_entity, _bus))
    ROUTER.add("PUT", _many + "/{name}", latency="write")(partial(put_entity, _bus))
    ROUTER.add("DELETE", _many + "/{name}", latency="write")(partial(delete_entity, _bus))
