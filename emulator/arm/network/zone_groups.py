"""The DNS zone groups of private endpoints, which put the addresses into private DNS zones.

Shapes: azure-mgmt-network 28 (`PrivateDnsZoneGroup`). An endpoint has one group:
https://learn.microsoft.com/azure/private-link/private-endpoint-dns. How a second is refused: docs/azure-errors.md.
"""

from __future__ import annotations

import uuid

from emulator.arm.core import operations, resources
from emulator.arm.core.errors import resource_not_found
from emulator.arm.core.guards import may_delete, may_read, may_write
from emulator.arm.core.resources import RESOURCES
from emulator.arm.core.routes import ROUTER
from emulator.arm.core.shape import ANY, Shape, check
from emulator.arm.network import dns_zones, networks, private_endpoints
from emulator.arm.network.dns_zones import GROUPS_TYPE as TYPE
from emulator.messages import Json, Refused, Reply, Request
from emulator.store import public
from emulator.world import World

_GROUPS = private_endpoints.ENDPOINT + "/privateDnsZoneGroups"
_GROUP = _GROUPS + "/{zone_group}"
_CONFIG = Shape(
    "PrivateDnsZoneConfig",
    {
        "name": str,
        "properties": Shape(
            "PrivateDnsZonePropertiesFormat", {"privateDnsZoneId": str, "recordSets": ANY}, ("privateDnsZoneId",)
        ),
    },
    required=("name", "properties"),
)
_DEFINITION = Shape(
    "PrivateDnsZoneGroup",
    {
        **dict.fromkeys(("id", "name", "etag", "type"), ANY),
        "properties": Shape(
            "PrivateDnsZoneGroupPropertiesFormat", {"privateDnsZoneConfigs": list, "provisioningState": ANY}
        ),
    },
    required=("properties",),
)


@ROUTER.add("GET", _GROUPS)
def list_groups(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """List the zone groups of an endpoint: one at most."""
    endpoint = _readable(world, request, subscription, group, name)
    return Reply(body={"value": [public(found) for found in resources.of_type(world, endpoint["id"], TYPE)]})


@ROUTER.add("GET", _GROUP)
def get_group(world: World, request: Request, *, subscription: str, group: str, name: str, zone_group: str) -> Reply:
    """Return one zone group; counts as an observation of work under way."""
    endpoint = _readable(world, request, subscription, group, name)
    found = RESOURCES.find(world, f"{endpoint['id']}/privateDnsZoneGroups/{zone_group}", observe=True)
    if found is None:
        raise resource_not_found(TYPE, f"{name}/{zone_group}", group)
    return Reply(body=public(found))


@ROUTER.add("PUT", _GROUP, latency="write")
def put_group(world: World, request: Request, *, subscription: str, group: str, name: str, zone_group: str) -> Reply:
    """Create (201) or replace (200) the zone group of an endpoint; goes on after the answer."""
    own = (f"{TYPE}/write", f"{_endpoint_id(subscription, group, name)}/privateDnsZoneGroups/{zone_group}")
    may_write(world, request, *own)
    endpoint = private_endpoints.existing(world, subscription, group, name)
    body = request.json()
    check(body, _DEFINITION)
    RESOURCES.refuse_busy(endpoint)
    configs = body["properties"].get("privateDnsZoneConfigs") or []
    for position, config in enumerate(configs):
        check(config, _CONFIG, f"properties.privateDnsZoneConfigs[{position}]")
        zone = config["properties"]["privateDnsZoneId"]
        networks.require_linked(world, request, own, f"{dns_zones.TYPE}/join/action", zone)
        if RESOURCES.find(world, zone) is None:
            text = f"Resource {zone} referenced by resource {own[1]} was not found."
            raise Refused(400, "InvalidResourceReference", text)
    identifier = f"{endpoint['id']}/privateDnsZoneGroups/{zone_group}"
    others = resources.of_type(world, endpoint["id"], TYPE)
    if any(other["id"].lower() != identifier.lower() for other in others):
        text = f"Cannot create more than one private dns zone groups in the private endpoint {endpoint['id']}."
        raise Refused(400, "MoreThanOnePrivateDnsZoneGroupPerPrivateEndpointNotAllowed", text)
    found = RESOURCES.find(world, identifier)
    if found is not None:
        RESOURCES.refuse_busy(found)
    result = found or {"id": identifier, "name": zone_group, "type": TYPE, "etag": f'W/"{uuid.uuid4()}"'}
    result["properties"] = {"provisioningState": "Updating", "privateDnsZoneConfigs": _configs(endpoint, configs)}
    result["_then"] = {"provisioningState": "Succeeded"}
    RESOURCES.begin(world, result, "Updating", location=endpoint["location"])
    polled = operations.polled(world, request, result["_operation"])
    return Reply(200 if found else 201, public(result), polled)


@ROUTER.add("DELETE", _GROUP, latency="write")
def delete_group(world: World, request: Request, *, subscription: str, group: str, name: str, zone_group: str) -> Reply:
    """Begin the deletion of a zone group and its records (202); 204 if there is none."""
    identifier = f"{_endpoint_id(subscription, group, name)}/privateDnsZoneGroups/{zone_group}"
    may_delete(world, request, f"{TYPE}/delete", identifier)
    endpoint = private_endpoints.existing(world, subscription, group, name)
    found = RESOURCES.find(world, identifier)
    if found is None:
        return Reply(204)
    RESOURCES.refuse_busy(found)
    RESOURCES.begin(world, found, "Deleting", location=endpoint["location"])
    return Reply(202, headers=RESOURCES.poll(world, request, found))


def _configs(endpoint: Json, configs: list[Json]) -> list[Json]:
    dns = (endpoint["properties"]["customDnsConfigs"] or [{"fqdn": "", "ipAddresses": []}])[0]
    record = {
        "recordType": "A",
        "recordSetName": dns["fqdn"].removesuffix(".digitaltwins.azure.net"),
        "fqdn": dns["fqdn"].replace(".digitaltwins.", ".privatelink.digitaltwins."),
        "ttl": 10,
        "ipAddresses": dns["ipAddresses"],
    }
    return [{**each, "properties": {**each["properties"], "recordSets": [record]}} for each in configs]


def _readable(world: World, request: Request, subscription: str, group: str, name: str) -> Json:
    may_read(world, request, f"{TYPE}/read", _endpoint_id(subscription, group, name))
    return private_endpoints.existing(world, subscription, group, name)


def _endpoint_id(subscription: str, group: str, name: str) -> str:
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{private_endpoints.TYPE}/{name}"
