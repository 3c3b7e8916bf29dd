"""Digital Twins instances: the operations of Microsoft.DigitalTwins."""

from __future__ import annotations

import re

from emulator import regions
from emulator.arm import groups, identities, instances, operations
from emulator.arm.errors import listing, location_required, resource_not_found
from emulator.arm.guards import caller_of, may_act, may_delete, may_read, may_write, readable
from emulator.arm.providers import DIGITAL_TWINS_NAMESPACE, require_registered
from emulator.arm.routes import GROUP, INSTANCE, INSTANCES, ROUTER, SUBSCRIPTION
from emulator.arm.shape import ANY, TAGS, Shape, check
from emulator.graph import ensure_digital_twins_principal
from emulator.web import Json, Refused, Reply, Request
from emulator.world import World

_ACTION = "Microsoft.DigitalTwins/digitalTwinsInstances"
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


@ROUTER.add("GET", SUBSCRIPTION + INSTANCES)
def list_in_subscription(world: World, request: Request, subscription: str) -> Reply:
    """List the instances of a subscription."""
    scope = f"/subscriptions/{subscription}"
    found = readable(world, request, f"{_ACTION}/read", scope, instances.under(world, scope))
    return Reply(body={"value": [instances.served(instance) for instance in found]})


@ROUTER.add("GET", GROUP + INSTANCES)
def list_in_group(world: World, request: Request, subscription: str, group: str) -> Reply:
    """List the instances of a group."""
    scope = groups.id_of(subscription, group)
    found = readable(world, request, f"{_ACTION}/read", scope, instances.under(world, scope))
    groups.existing(world, subscription, group)
    return Reply(body={"value": [instances.served(instance) for instance in found]})


@ROUTER.add("GET", INSTANCE)
def get_instance(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Return one instance; counts as an observation of what is being done with it."""
    may_read(world, request, f"{_ACTION}/read", _id(subscription, group, name))
    return Reply(body=instances.served(_existing(world, subscription, group, name)))


@ROUTER.add("PUT", INSTANCE, latency="write")
def put_instance(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Create (201) or update (200) an instance; both go on after the answer (`Azure-AsyncOperation`, `Retry-After`)."""
    may_write(world, request, f"{_ACTION}/write", _id(subscription, group, name))
    within = groups.writable(world, subscription, group)
    body = request.json()
    check(body, _DEFINITION)
    if not body.get("location"):
        raise location_required()
    require_registered(world, subscription, DIGITAL_TWINS_NAMESPACE)
    region = _offering(body["location"])
    if not _NAME.fullmatch(name):
        raise _invalid_name(name)
    identifier = instances.id_of(within, name)
    found = instances.find(world, identifier)
    if found is None:
        return _create(world, request, identifier, region, body)
    _refuse_busy(found)
    if found["location"] != region.name:
        raise Refused(
            409,
            "InvalidResourceLocation",
            f"The resource '{found['name']}' already exists in location '{found['location']}' in resource group "
            f"'{within['name']}'. A resource with the same name cannot be created in location '{region.name}'. "
            "Please select a "
            "new resource name.",
        )
    found["tags"] = body.get("tags") or {}
    _change(world, request, found, body)
    if instances.state_of(found) == "Failed":
        found["_fails"] = instances.script_failure(world)
        headers = instances.begin(world, request, found, "Provisioning")
        return Reply(201, instances.served(found), headers)
    headers = instances.begin(world, request, found, "Updating")
    return Reply(200, instances.served(found), headers)


@ROUTER.add("PATCH", INSTANCE, latency="write")
def patch_instance(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Change tags, identity or `publicNetworkAccess` (202); goes on after the answer."""
    may_write(world, request, f"{_ACTION}/write", _id(subscription, group, name))
    groups.writable(world, subscription, group)
    found = _existing(world, subscription, group, name)
    body = request.json()
    check(body, _PATCH)
    _refuse_busy(found)
    if "tags" in body:
        found["tags"] = body["tags"] or {}
    _change(world, request, found, body)
    found["_fails"] = instances.state_of(found) == "Failed"  # a change does not mend it
    headers = instances.begin(world, request, found, "Updating")
    return Reply(202, instances.served(found), headers)


@ROUTER.add("DELETE", INSTANCE, latency="write")
def delete_instance(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Begin the deletion (202); 204 when there is nothing to delete, 202 again while it goes on."""
    may_delete(world, request, f"{_ACTION}/delete", _id(subscription, group, name))
    within = groups.existing(world, subscription, group)
    found = instances.find(world, instances.id_of(within, name), observe=True)
    if found is None:
        return Reply(204)
    if instances.state_of(found) == "Deleting":
        return Reply(202, instances.served(found), instances.poll(world, request, found))
    _refuse_busy(found)
    headers = instances.begin(world, request, found, "Deleting")
    return Reply(202, instances.served(found), headers)


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
    return Reply(body={"nameAvailable": True})


def _create(world: World, request: Request, identifier: str, region: regions.Region, body: Json) -> Reply:
    name, time = identifier.rpartition("/")[2], operations.now()
    if instances.name_taken(world, region, name):
        raise _taken(name, region)
    created: Json = {
        "id": identifier,
        "name": name,
        "type": instances.TYPE,
        "location": region.name,
        "tags": body.get("tags") or {},
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
    headers = instances.begin(world, request, created, "Provisioning")
    return Reply(201, instances.served(created), headers)


def _change(world: World, request: Request, instance: Json, body: Json) -> None:
    """Carry over what a PUT or PATCH says about identity and network access; what it leaves out stays."""
    if identity := body.get("identity"):
        wanted = identities.wanted(world, caller_of(request), instance, identity, patch=request.method == "PATCH")
        instances.set_identity(world, instance, wanted)
    if access := (body.get("properties") or {}).get("publicNetworkAccess"):
        instance["properties"]["publicNetworkAccess"] = access
    instance["systemData"] = instances.touched(caller_of(request), instance.get("systemData"))


def _id(subscription: str, group: str, name: str) -> str:
    return f"{groups.id_of(subscription, group)}/providers/{instances.TYPE}/{name}"


def _existing(world: World, subscription: str, group: str, name: str) -> Json:
    within = groups.existing(world, subscription, group)
    found = instances.find(world, instances.id_of(within, name), observe=True)
    if found is None:
        raise resource_not_found(instances.TYPE, name, within["name"])
    return found


def _offering(location: str) -> regions.Region:
    region = regions.find(location)
    if region and region.code:
        return region
    offered = listing(found.name for found in regions.with_digital_twins())
    raise Refused(
        400,
        "LocationNotAvailableForResourceType",
        f"The provided location '{location}' is not available for resource type '{instances.TYPE}'. List of "
        "available regions "
        f"for the resource type is '{offered}'.",
    )


def _refuse_busy(instance: Json) -> None:
    if instances.is_busy(instance):
        raise Refused(
            409,
            "Conflict",
            f"The resource '{instance['name']}' is in state '{instances.state_of(instance)}' and another operation "
            "is in "
            "progress. Try again when it has finished.",
        )


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
