"""Private DNS zones and their links to virtual networks.

Shapes and statuses: Azure/azure-rest-api-specs, privatedns 2020-06-01 (PrivateZonePut, VirtualNetworkLinkPut). That a
zone with links isn't deleted: Azure/azure-cli#15010, learntocloud/networking-lab#8. Records are counted, not played.
"""

from __future__ import annotations

import uuid

from emulator.arm.core import groups, resources
from emulator.arm.core.guards import may_delete, may_read, may_write
from emulator.arm.core.providers import require_registered
from emulator.arm.core.resources import RESOURCES
from emulator.arm.core.routes import GROUP, ROUTER
from emulator.arm.core.shape import ANY, TAGS, Shape, check
from emulator.arm.core.type_lists import serve_lists
from emulator.arm.network import networks
from emulator.messages import Json, Refused, Reply, Request
from emulator.store import public
from emulator.world import World

TYPE = f"{networks.PROVIDER}/privateDnsZones"
LINK = f"{TYPE}/virtualNetworkLinks"
GROUPS_TYPE = f"{networks.PROVIDER}/privateEndpoints/privateDnsZoneGroups"
"""What puts records into a zone."""
_ZONE = GROUP + f"/providers/{TYPE}/{{name}}"
_LINK = _ZONE + "/virtualNetworkLinks/{link}"
_COMMON = {**dict.fromkeys(("id", "name", "type", "etag"), ANY), "location": str, "tags": TAGS}
_DEFINITION = Shape("PrivateZone", {**_COMMON, "properties": ANY})
_LINK_DEFINITION = Shape(
    "VirtualNetworkLink",
    {
        **_COMMON,
        "properties": Shape(
            "VirtualNetworkLinkProperties",
            {
                "virtualNetwork": Shape("SubResource", {"id": str}, required=("id",)),
                "registrationEnabled": bool,
                "resolutionPolicy": ("Default", "NxDomainRedirect"),
                **dict.fromkeys(("virtualNetworkLinkState", "provisioningState"), ANY),
            },
            required=("virtualNetwork",),
        ),
    },
    required=("properties",),
)


def _zones(world: World, scope: str) -> list[Json]:
    return [served(world, zone) for zone in resources.of_type(world, scope, TYPE)]


serve_lists(TYPE, _zones)


@ROUTER.add("GET", _ZONE)
def get_zone(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Return one zone, with the numbers of its links and record sets."""
    may_read(world, request, f"{TYPE}/read", _id(groups.id_of(subscription, group), name))
    return Reply(body=served(world, _existing(world, subscription, group, name)))


@ROUTER.add("PUT", _ZONE, latency="write")
def put_zone(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Create (202) or update (200) a zone."""
    may_write(world, request, f"{TYPE}/write", _id(groups.id_of(subscription, group), name))
    within = groups.writable(world, subscription, group)
    body = request.json()
    check(body, _DEFINITION)
    _refuse_region(body)
    require_registered(world, subscription, networks.PROVIDER)
    found = RESOURCES.find(world, _id(within["id"], name))
    return _put(world, request, found or _new(_id(within["id"], name), TYPE, {}), body, exists=bool(found))


@ROUTER.add("DELETE", _ZONE, latency="write")
def delete_zone(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Begin the deletion of a zone (202); 204 if there is none, 409 while a network is linked to it."""
    may_delete(world, request, f"{TYPE}/delete", _id(groups.id_of(subscription, group), name))
    within = groups.existing(world, subscription, group)
    found = RESOURCES.find(world, _id(within["id"], name))
    links = _links(world, found) if found else []
    if links:
        raise Refused(
            409,
            "CannotDeleteResource",
            "Cannot delete resource while nested resources exist. Some existing nested resource IDs include: "
            f"'{TYPE}/{name}/virtualNetworkLinks/{links[0]['name']}'. Please delete all nested "
            "resources before deleting this resource.",
        )
    return resources.delete(world, request, _id(within["id"], name))


@ROUTER.add("GET", _ZONE + "/virtualNetworkLinks")
def list_links(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """List the links of a zone."""
    may_read(world, request, f"{LINK}/read", _id(groups.id_of(subscription, group), name))
    return Reply(body={"value": [public(link) for link in _links(world, _existing(world, subscription, group, name))]})


@ROUTER.add("GET", _LINK)
def get_link(world: World, request: Request, *, subscription: str, group: str, name: str, link: str) -> Reply:
    """Return one link."""
    may_read(world, request, f"{LINK}/read", _id(groups.id_of(subscription, group), name))
    zone = _existing(world, subscription, group, name)
    for found in _links(world, zone):
        if found["name"].lower() == link.lower():
            return Reply(body=public(found))
    raise Refused(404, "ResourceNotFound", f"The Resource '{LINK}/{name}/{link}' was not found.")


@ROUTER.add("PUT", _LINK, latency="write")
def put_link(world: World, request: Request, *, subscription: str, group: str, name: str, link: str) -> Reply:
    """Create (202) or update (200) a link; a network has one zone of a name."""
    own = (f"{LINK}/write", f"{_id(groups.id_of(subscription, group), name)}/virtualNetworkLinks/{link}")
    may_write(world, request, *own)
    groups.writable(world, subscription, group)
    zone = _existing(world, subscription, group, name)
    body = request.json()
    check(body, _LINK_DEFINITION)
    _refuse_region(body)
    network = body["properties"]["virtualNetwork"]["id"]
    networks.require_linked(world, request, own, f"{networks.TYPE}/join/action", network)
    if RESOURCES.find(world, network) is None:
        raise Refused(400, "BadRequest", f"The virtual network '{network}' does not exist.")
    identifier = f"{zone['id']}/virtualNetworkLinks/{link}"
    found = RESOURCES.find(world, identifier)
    for other in resources.of_type(world, "", LINK):
        is_same = other["id"].lower() == identifier.lower()
        if not is_same and _network(other) == network.lower() and other["id"].split("/")[8].lower() == name.lower():
            message = f"A virtual network cannot be linked to multiple zones with overlapping namespaces: '{name}'."
            raise Refused(400, "BadRequest", message)
    settings = {"registrationEnabled": False, **body["properties"]}
    return _put(world, request, found or _new(identifier, LINK, settings), body, exists=bool(found))


@ROUTER.add("DELETE", _LINK, latency="write")
def delete_link(world: World, request: Request, *, subscription: str, group: str, name: str, link: str) -> Reply:
    """Begin the deletion of a link (202); 204 if there is none."""
    may_delete(world, request, f"{LINK}/delete", _id(groups.id_of(subscription, group), name))
    within = groups.existing(world, subscription, group)
    return resources.delete(world, request, f"{_id(within['id'], name)}/virtualNetworkLinks/{link}")


def served(world: World, zone: Json) -> Json:
    """Return a zone with the numbers of what is in it: the record of its start, and one of each zone group."""
    of_groups = resources.of_type(world, "", GROUPS_TYPE)
    every = [config["properties"] for group in of_groups for config in group["properties"]["privateDnsZoneConfigs"]]
    records = sum(config["privateDnsZoneId"].lower() == zone["id"].lower() for config in every)
    numbers = {"numberOfRecordSets": 1 + records, "numberOfVirtualNetworkLinks": len(_links(world, zone))}
    return public({**zone, "properties": {**zone["properties"], **numbers}})


def _put(world: World, request: Request, resource: Json, body: Json, *, exists: bool) -> Reply:
    resource["tags"] = body.get("tags") or {}
    if exists:
        RESOURCES.refuse_busy(resource)
        RESOURCES.put(world, resource)
        return Reply(200, public(resource))
    resources.begin_creation(world, resource, "Creating")
    return Reply(202, headers=RESOURCES.poll(world, request, resource))


def _new(identifier: str, kind: str, properties: Json) -> Json:
    limits = {"maxNumberOfRecordSets": 25000, "maxNumberOfVirtualNetworkLinks": 1000}
    more = limits if kind == TYPE else {"virtualNetworkLinkState": "Completed"}
    return {
        "id": identifier,
        "name": identifier.rpartition("/")[2],
        "type": kind,
        "etag": str(uuid.uuid4()),
        "location": "global",
        "tags": {},
        "properties": {**properties, **more, "provisioningState": "Creating"},
    }


def _refuse_region(body: Json) -> None:
    location = str(body.get("location", ""))
    if location.lower() != "global":
        text = f"The provided location '{location}' is not available for resource type '{TYPE}'. List of available "
        raise Refused(400, "LocationNotAvailableForResourceType", f"{text}regions for the resource type is 'global'.")


def _links(world: World, zone: Json) -> list[Json]:
    return resources.of_type(world, zone["id"], LINK)


def _network(link: Json) -> str:
    return str(link["properties"]["virtualNetwork"]["id"]).lower()


def _existing(world: World, subscription: str, group: str, name: str) -> Json:
    return RESOURCES.existing(world, groups.existing(world, subscription, group), TYPE, name)


def _id(group: str, name: str) -> str:
    return f"{group}/providers/{TYPE}/{name}"
