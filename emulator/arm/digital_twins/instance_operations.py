"""Digital Twins instances: the operations of Microsoft.DigitalTwins."""

from __future__ import annotations

import re

from emulator import regions
from emulator.arm.authorization import identities
from emulator.arm.core import groups
from emulator.arm.core.errors import location_required
from emulator.arm.core.guards import caller_of, may_act, may_delete, may_read, may_write
from emulator.arm.core.lifecycle import is_deleting, state_of
from emulator.arm.core.locations import refuse_moved, region_of
from emulator.arm.core.providers import DIGITAL_TWINS_NAMESPACE, require_registered
from emulator.arm.core.routes import INSTANCE, ROUTER, SUBSCRIPTION
from emulator.arm.core.shape import ANY, TAGS, Shape, check
from emulator.arm.core.stamps import now, system_data
from emulator.arm.core.type_lists import serve_lists
from emulator.arm.digital_twins import children, instances
from emulator.arm.digital_twins.instances import INSTANCES
from emulator.graph import ensure_digital_twins_principal
from emulator.messages import Json, Refused, Reply, Request
from emulator.world import World

_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{3,63}(?<!-)")
_ACCESS = ("Enabled", "Disabled")
_IDENTITY = Shape(
    "ManagedServiceIdentity",
    {
        "type": ("None", "SystemAssigned", "UserAssigned", "SystemAssigned,UserAssigned"),
        "principalId": ANY,
        "tenantId": ANY,
        "userAssignedIdentities": Shape(
            "UserAssignedIdentities",
            open=True,
            values=Shape("UserAssignedIdentity", dict.fromkeys(("principalId", "clientId"), ANY)),
        ),
    },
    required=("type",),
)
_READ_ONLY = dict.fromkeys(
    ("createdTime", "lastUpdatedTime", "provisioningState", "hostName", "privateEndpointConnections"), ANY
)
_DEFINITION = Shape(
    "ResourceDefinition",
    {
        **dict.fromkeys(("id", "name", "type", "systemData"), ANY),
        "location": str,
        "tags": TAGS,
        "identity": _IDENTITY,
        "properties": Shape("DigitalTwinsProperties", {**_READ_ONLY, "publicNetworkAccess": _ACCESS}),
    },
)
_PATCH = Shape(
    "DigitalTwinsPatchDescription",
    {
        "tags": TAGS,
        "identity": _IDENTITY,
        "properties": Shape("DigitalTwinsPatchProperties", {"publicNetworkAccess": _ACCESS}),
    },
)
_NAME_CHECK = Shape("CheckNameRequest", {"name": str, "type": (instances.TYPE,)}, required=("name", "type"))


serve_lists(instances.TYPE, INSTANCES.under, instances.served)


@ROUTER.add("GET", INSTANCE)
def get_instance(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Return one instance; counts as an observation of work under way."""
    may_read(world, request, f"{instances.TYPE}/read", instances.id_in(subscription, group, name))
    return Reply(body=instances.served(instances.existing(world, subscription, group, name)))


@ROUTER.add("PUT", INSTANCE, latency="write")
def put_instance(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Create (201) or update (200) an instance; both go on after the answer."""
    may_write(world, request, f"{instances.TYPE}/write", instances.id_in(subscription, group, name))
    within = groups.writable(world, subscription, group)
    body = request.json()
    check(body, _DEFINITION)
    if not body.get("location"):
        raise location_required()
    require_registered(world, subscription, DIGITAL_TWINS_NAMESPACE)
    region = _offering(body["location"])
    if not _NAME.fullmatch(name):
        raise _invalid_name(name)
    identifier = f"{within['id']}/providers/{instances.TYPE}/{name}"
    found = INSTANCES.find(world, identifier)
    if found is None:
        return _create(world, request, identifier, region, body)
    INSTANCES.refuse_busy(found)
    refuse_moved(found, region, within["name"])
    found["tags"] = body.get("tags")
    _change(world, request, found, body)
    if state_of(found) == "Failed":
        found["_fails"] = instances.script_failure(world)
        INSTANCES.begin(world, found, "Provisioning")
        return Reply(201, instances.served(found), INSTANCES.poll(world, request, found))
    INSTANCES.begin(world, found, "Updating")
    return Reply(200, instances.served(found), INSTANCES.poll(world, request, found))


@ROUTER.add("PATCH", INSTANCE, latency="write")
def patch_instance(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Change tags, identity or `publicNetworkAccess` (202); goes on after the answer."""
    may_write(world, request, f"{instances.TYPE}/write", instances.id_in(subscription, group, name))
    groups.writable(world, subscription, group)
    found = instances.existing(world, subscription, group, name)
    body = request.json()
    check(body, _PATCH)
    INSTANCES.refuse_busy(found)
    if "tags" in body:
        found["_tags"] = body["tags"] or {}  # the answer still shows those from before
    _change(world, request, found, body)
    found["_fails"] = state_of(found) == "Failed"  # a change does not repair it
    INSTANCES.begin(world, found, "Updating")
    return Reply(202, instances.served(found), INSTANCES.poll(world, request, found))


@ROUTER.add("DELETE", INSTANCE, latency="write")
def delete_instance(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Begin the deletion (202); 204 if there is none, 202 again while it goes on."""
    may_delete(world, request, f"{instances.TYPE}/delete", instances.id_in(subscription, group, name))
    within = groups.existing(world, subscription, group)
    found = INSTANCES.find(world, f"{within['id']}/providers/{instances.TYPE}/{name}", observe=True)
    if found is None:
        return Reply(204)
    if not is_deleting(found):
        INSTANCES.refuse_busy(found)
        INSTANCES.begin(world, found, "Deleting")
    return Reply(202, instances.served(found), INSTANCES.poll(world, request, found))


@ROUTER.add("POST", SUBSCRIPTION + "/providers/Microsoft.DigitalTwins/locations/{location}/checkNameAvailability")
def check_name_availability(world: World, request: Request, subscription: str, location: str) -> Reply:
    """Say whether a name is well-formed (`Invalid`) and free (`AlreadyExists`) in a region."""
    action = "Microsoft.DigitalTwins/locations/checkNameAvailability/action"
    may_act(world, request, action, f"/subscriptions/{subscription}")
    require_registered(world, subscription, DIGITAL_TWINS_NAMESPACE)
    region = _offering(location)
    body = request.json()
    check(body, _NAME_CHECK)
    name = body["name"]
    if not _NAME.fullmatch(name):
        return _unavailable("Invalid", _invalid_name(name).message)
    if instances.name_taken(world, region, name):
        return _unavailable("AlreadyExists", _taken(name, region).message)
    return Reply(body={"nameAvailable": True, "message": f"'{name}' is available."})


def _create(world: World, request: Request, identifier: str, region: regions.Region, body: Json) -> Reply:
    name, time = identifier.rpartition("/")[2], now()
    if instances.name_taken(world, region, name):
        raise _taken(name, region)
    created: Json = {
        "id": identifier,
        "name": name,
        "type": instances.TYPE,
        "location": region.name,
        "tags": body.get("tags"),
        "properties": {
            "hostName": instances.host_of(region, name),
            "createdTime": time,
            "lastUpdatedTime": time,
            "provisioningState": "Provisioning",
            "publicNetworkAccess": "Enabled",
            "privateEndpointConnections": [],
        },
        "_fails": instances.script_failure(world),
    }
    _change(world, request, created, body)
    ensure_digital_twins_principal(world)
    INSTANCES.begin(world, created, "Provisioning")
    return Reply(201, instances.served(created), INSTANCES.poll(world, request, created))


def _change(world: World, request: Request, instance: Json, body: Json) -> None:
    """Apply identity and network access of a PUT or PATCH. What it leaves out stays as it is."""
    if identity := body.get("identity"):
        requested = identities.requested(world, caller_of(request), instance, identity, patch=request.method == "PATCH")
        children.change_identity(world, instance, requested)
    if access := (body.get("properties") or {}).get("publicNetworkAccess"):
        instance["properties"]["publicNetworkAccess"] = access
    instance["systemData"] = system_data(caller_of(request), instance.get("systemData"))


def _offering(location: str) -> regions.Region:
    return region_of(location, regions.with_digital_twins(), resource_type=instances.TYPE)


def _invalid_name(name: str) -> Refused:
    return Refused(
        400,
        "InvalidResourceName",
        f"The resource name '{name}' is invalid. It must be 3 to 63 letters, digits or hyphens, and begin and end "
        "with a letter "
        "or digit.",
    )


def _taken(name: str, region: regions.Region) -> Refused:
    return Refused(409, "NameUnavailable", f"The name '{name}' is already in use in location '{region.name}'.")


def _unavailable(reason: str, message: str) -> Reply:
    return Reply(body={"nameAvailable": False, "reason": reason, "message": message})
