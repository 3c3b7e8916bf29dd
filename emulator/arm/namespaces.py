"""The namespaces of Event Hubs and Service Bus: created and deleted over time, their names unique in the world.

Refusals: Azure's, as quoted in the public issues terraform-provider-azurerm#12020 (a name that is taken) and
azure-service-bus#269 (a name that is not valid).
"""

from __future__ import annotations

from functools import partial

from emulator import regions
from emulator.arm import access_keys, groups, operations, resources
from emulator.arm.errors import invalid_content, listing, location_required, resource_not_found
from emulator.arm.guards import may_act, may_delete, may_read, may_write, readable
from emulator.arm.messaging import (
    BUSES,
    KEY_SIZE,
    RIGHTS,
    ROOT_RULE,
    Bus,
    bad_request,
    check_namespace_name,
    namespace,
    rule,
)
from emulator.arm.providers import require_registered
from emulator.arm.routes import GROUP, ROUTER, SUBSCRIPTION
from emulator.arm.shape import check
from emulator.web import Json, Refused, Reply, Request
from emulator.world import World


def list_in_subscription(bus: Bus, world: World, request: Request, subscription: str) -> Reply:
    """List the namespaces of a subscription."""
    scope = f"/subscriptions/{subscription}"
    found = readable(world, request, f"{bus.type}/read", scope, resources.under(world, scope, bus.type))
    return Reply(body={"value": [resources.served(one) for one in found]})


def list_in_group(bus: Bus, world: World, request: Request, subscription: str, group: str) -> Reply:
    """List the namespaces of a group."""
    scope = groups.id_of(subscription, group)
    found = readable(world, request, f"{bus.type}/read", scope, resources.under(world, scope, bus.type))
    groups.existing(world, subscription, group)
    return Reply(body={"value": [resources.served(one) for one in found]})


def get_namespace(bus: Bus, world: World, request: Request, *, subscription: str, group: str, name: str) -> Reply:
    """Return one namespace; counts as an observation of what is being done with it."""
    may_read(world, request, f"{bus.type}/read", id_of(bus, groups.id_of(subscription, group), name))
    found = existing(world, bus, subscription, group, name)
    return Reply(
        body=resources.served(found), headers=resources.retry(world, found) if resources.is_busy(found) else {}
    )


def put_namespace(bus: Bus, world: World, request: Request, *, subscription: str, group: str, name: str) -> Reply:
    """Create (201, which goes on after the answer) or update (200) a namespace."""
    may_write(world, request, f"{bus.type}/write", id_of(bus, groups.id_of(subscription, group), name))
    within = groups.writable(world, subscription, group)
    body = request.json()
    check(body, bus.namespace_shape)
    require_registered(world, subscription, bus.provider)
    found = resources.find(world, id_of(bus, within["id"], name))
    if found is not None:
        return _update(world, found, body)
    region = region_of(body)
    check_namespace_name(name)
    if _taken(world, name):
        raise bad_request(
            "The specified name is not available. For more information visit https://aka.ms/eventhubsarmexceptions."
        )
    made = namespace(bus, id_of(bus, within["id"], name), region.name, operations.now())
    _change(made, body)
    made["properties"]["status"] = "Activating"
    resources.begin(world, made, "Created", {"provisioningState": "Succeeded", "status": "Active"})
    root = rule(made, ROOT_RULE, list(RIGHTS))
    resources.put(world, root)
    access_keys.make(world.store, root["id"], KEY_SIZE)
    return Reply(201, resources.served(made), resources.retry(world, made))


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
    return delete(world, request, id_of(bus, within["id"], name))


def delete(world: World, request: Request, identifier: str) -> Reply:
    """Begin to delete a resource (202 with `Location`); 204 if there is none."""
    found = resources.find(world, identifier)
    if found is None:
        return Reply(204)
    if not resources.is_deleting(found):
        resources.refuse_busy(found)
        resources.begin(world, found, "Deleting")
    return Reply(202, headers=resources.locate(world, request, found))


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
    """Return the id of a namespace in a group, which is given by its id."""
    return f"{group}/providers/{bus.type}/{name}"


def existing(world: World, bus: Bus, subscription: str, group: str, name: str) -> Json:
    """Return the namespace as it is now, which counts as an observation of it; refuse (404) an unknown one."""
    within = groups.existing(world, subscription, group)
    found = resources.find(world, id_of(bus, within["id"], name), observe=True)
    if found is None:
        raise resource_not_found(bus.type, name, within["name"])
    return found


def region_of(body: Json) -> regions.Region:
    """Return the region that a body names; refuse (400) none and an unknown one."""
    location = body.get("location")
    if not location:
        raise location_required()
    region = regions.find(location)
    if region is None:
        raise Refused(
            400,
            "LocationNotAvailableForResourceType",
            f"The provided location '{location}' is not available. List of available regions is "
            f"'{listing(regions.REGIONS)}'.",
        )
    return region


def refuse_moved(found: Json, body: Json) -> None:
    """Refuse (409) to create in another region what exists already."""
    wanted = body.get("location") and region_of(body)
    if wanted and wanted.name != found["location"]:
        raise Refused(
            409,
            "InvalidResourceLocation",
            f"The resource '{found['name']}' already exists in location '{found['location']}'. A resource with the "
            f"same name cannot be created in location '{wanted.name}'. Please select a new resource name.",
        )


def _update(world: World, found: Json, body: Json) -> Reply:
    refuse_moved(found, body)
    resources.refuse_busy(found)
    _change(found, body)
    found["properties"]["updatedAt"] = operations.now()
    resources.put(world, found)
    return Reply(200, resources.served(found))


def _change(found: Json, body: Json) -> None:
    if body.get("tags") is not None:
        found["tags"] = body["tags"]
    if sku := body.get("sku"):
        if sku.get("tier", sku["name"]) != sku["name"]:
            raise invalid_content("The SKU's name and tier differ. Path 'sku'")
        found["sku"] = {**sku, "tier": sku["name"]}
    found["properties"] |= {
        name: value
        for name, value in (body.get("properties") or {}).items()
        if value is not None and name not in ("provisioningState", "status", "serviceBusEndpoint", "metricId")
    }


def _taken(world: World, name: str) -> bool:
    return any(one["name"].lower() == name.lower() for bus in BUSES for one in resources.everywhere(world, bus.type))


for _bus in BUSES:
    _many = f"/providers/{_bus.type}"
    _one = GROUP + _many + "/{name}"
    ROUTER.add("GET", SUBSCRIPTION + _many)(partial(list_in_subscription, _bus))
    ROUTER.add("GET", GROUP + _many)(partial(list_in_group, _bus))
    ROUTER.add("GET", _one)(partial(get_namespace, _bus))
    ROUTER.add("PUT", _one, latency="write")(partial(put_namespace, _bus))
    ROUTER.add("PATCH", _one, latency="write")(partial(patch_namespace, _bus))
    ROUTER.add("DELETE", _one, latency="write")(partial(delete_namespace, _bus))
    ROUTER.add("POST", SUBSCRIPTION + f"/providers/{_bus.provider}/checkNameAvailability")(partial(check_name, _bus))
