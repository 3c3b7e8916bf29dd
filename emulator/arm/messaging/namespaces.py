"""The namespaces of Event Hubs and Service Bus: created and deleted over time, with globally unique names.

Refusals: Azure's, as quoted in the public issues terraform-provider-azurerm#12020 (a name that is taken) and
azure-service-bus#269 (a name that is not valid).
"""

from __future__ import annotations

from functools import partial

from emulator.arm.core import access_keys, groups, resources
from emulator.arm.core.errors import invalid_content
from emulator.arm.core.guards import may_act, may_delete, may_read, may_write
from emulator.arm.core.locations import refuse_moved, region_of
from emulator.arm.core.providers import require_registered
from emulator.arm.core.resources import RESOURCES
from emulator.arm.core.routes import GROUP, ROUTER, SUBSCRIPTION
from emulator.arm.core.shape import check
from emulator.arm.core.stamps import now
from emulator.arm.core.type_lists import serve_lists
from emulator.arm.messaging.buses import (
    BUSES,
    EVENT_HUBS,
    KEY_SIZE,
    RIGHTS,
    ROOT_RULE,
    Bus,
    bad_request,
    check_namespace_name,
    namespace,
    rule,
)
from emulator.messages import Json, Refused, Reply, Request
from emulator.store import public
from emulator.world import World


def get_namespace(bus: Bus, world: World, request: Request, *, subscription: str, group: str, name: str) -> Reply:
    """Return one namespace; counts as an observation of work under way."""
    may_read(world, request, f"{bus.type}/read", id_of(bus, groups.id_of(subscription, group), name))
    found = existing(world, bus, subscription, group, name)
    return Reply(body=public(found), headers=_again(world) if RESOURCES.is_busy(found) else {})


def put_namespace(bus: Bus, world: World, request: Request, *, subscription: str, group: str, name: str) -> Reply:
    """Create (201, and the work goes on after the answer) or update (200) a namespace."""
    may_write(world, request, f"{bus.type}/write", id_of(bus, groups.id_of(subscription, group), name))
    within = groups.writable(world, subscription, group)
    body = request.json()
    check(body, bus.namespace_shape)
    require_registered(world, subscription, bus.provider)
    found = RESOURCES.find(world, id_of(bus, within["id"], name))
    if found is not None:
        return _update(world, found, body)
    region = region_of(body.get("location"))
    check_namespace_name(name)
    if _taken(world, name):
        raise bad_request(
            "The specified name is not available. For more information visit https://aka.ms/eventhubsarmexceptions."
        )
    created = namespace(bus, id_of(bus, within["id"], name), region.name, now())
    _change(created, body)
    created["properties"]["status"] = "Creating"
    resources.begin_creation(world, created, "Creating", status="Active")
    root = rule(created, ROOT_RULE, list(RIGHTS))
    RESOURCES.put(world, root)
    access_keys.create(world.store, root["id"], KEY_SIZE)
    headers = _again(world) if bus is EVENT_HUBS else RESOURCES.poll(world, request, created)
    return Reply(201, public(created), headers)


def patch_namespace(bus: Bus, world: World, request: Request, *, subscription: str, group: str, name: str) -> Reply:
    """Change tags, tier or properties of a namespace."""
    may_write(world, request, f"{bus.type}/write", id_of(bus, groups.id_of(subscription, group), name))
    groups.writable(world, subscription, group)
    found = existing(world, bus, subscription, group, name)
    body = request.json()
    check(body, bus.namespace_shape)
    return _update(world, found, body)


def delete_namespace(bus: Bus, world: World, request: Request, *, subscription: str, group: str, name: str) -> Reply:
    """Begin the deletion (202 with `Location`) of the namespace and all that is in it; 204 if there is none."""
    may_delete(world, request, f"{bus.type}/delete", id_of(bus, groups.id_of(subscription, group), name))
    within = groups.existing(world, subscription, group)
    return resources.delete(world, request, id_of(bus, within["id"], name))


def check_name(bus: Bus, world: World, request: Request, subscription: str) -> Reply:
    """Say whether a name is well-formed (`InvalidName`) and free (`NameInUse`)."""
    may_act(world, request, f"{bus.provider}/checkNameAvailability/action", f"/subscriptions/{subscription}")
    name = request.json().get("name")
    if not isinstance(name, str):
        raise bad_request("The name is missing.")
    try:
        check_namespace_name(name)
    except Refused as refused:
        return Reply(body={"nameAvailable": False, "reason": "InvalidName", "message": refused.message})
    if _taken(world, name):
        message = "The specified name is not available."
        return Reply(body={"nameAvailable": False, "reason": "NameInUse", "message": message})
    return Reply(body={"nameAvailable": True, "reason": "None", "message": ""})


def id_of(bus: Bus, group: str, name: str) -> str:
    """Return the id of a namespace; `group` is the group's id."""
    return f"{group}/providers/{bus.type}/{name}"


def existing(world: World, bus: Bus, subscription: str, group: str, name: str) -> Json:
    """Return the namespace as it is now, which counts as an observation of it; refuse (404) an unknown one."""
    within = groups.existing(world, subscription, group)
    found = RESOURCES.find(world, id_of(bus, within["id"], name), observe=True)
    if found is None:
        plain = {"Content-Type": "application/json"}
        raise Refused(404, "NamespaceNotFound", f"Namespace '{name}' not found", headers=plain)
    return found


def _update(world: World, found: Json, body: Json) -> Reply:
    if body.get("location"):
        refuse_moved(found, region_of(body["location"]))
    RESOURCES.refuse_busy(found)
    _change(found, body)
    found["properties"]["updatedAt"] = now()
    RESOURCES.put(world, found)
    return Reply(200, public(found))


def _again(world: World) -> dict[str, str]:
    """Return the header of an answer that is polled at the namespace itself: Azure has none."""
    return world.lag.retry_after(None, first=False)


def _change(found: Json, body: Json) -> None:
    if body.get("tags") is not None:
        found["tags"] = body["tags"]
    if sku := body.get("sku"):
        if sku.get("tier", sku["name"]) != sku["name"]:
            raise invalid_content("The SKU's name and tier differ. Path 'sku'")
        found["sku"] = {**found["sku"], **sku, "tier": sku["name"]}
    found["properties"] |= {
        name: value
        for name, value in (body.get("properties") or {}).items()
        if value is not None and name not in ("provisioningState", "status", "serviceBusEndpoint", "metricId")
    }


def _taken(world: World, name: str) -> bool:
    everywhere = [other for bus in BUSES for other in resources.of_type(world, "", bus.type)]
    return any(other["name"].lower() == name.lower() for other in everywhere)


for _bus in BUSES:
    _path = GROUP + f"/providers/{_bus.type}/{{name}}"
    serve_lists(_bus.type, partial(resources.of_type, kind=_bus.type))
    ROUTER.add("GET", _path)(partial(get_namespace, _bus))
    ROUTER.add("PUT", _path, latency="write")(partial(put_namespace, _bus))
    ROUTER.add("PATCH", _path, latency="write")(partial(patch_namespace, _bus))
    ROUTER.add("DELETE", _path, latency="write")(partial(delete_namespace, _bus))
    ROUTER.add("POST", SUBSCRIPTION + f"/providers/{_bus.provider}/checkNameAvailability")(partial(check_name, _bus))
