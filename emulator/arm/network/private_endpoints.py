"""Private endpoints to Digital Twins instances.

Recorded: azure-cli, test_private_endpoint_connection_digitaltwins.yaml (shapes, 201 and `Updating`, 32 s). Refusals:
docs/azure-errors.md, with the source of each.
"""

from __future__ import annotations

import ipaddress
import re
import uuid
from functools import partial

from emulator.arm.core import groups, operations, resources
from emulator.arm.core.errors import invalid_content, location_required
from emulator.arm.core.guards import may_delete, may_read, may_write
from emulator.arm.core.locations import refuse_moved, region_of
from emulator.arm.core.providers import require_registered
from emulator.arm.core.resources import RESOURCES
from emulator.arm.core.routes import GROUP, ROUTER
from emulator.arm.core.shape import ANY, TAGS, Shape, check
from emulator.arm.core.type_lists import serve_lists
from emulator.arm.digital_twins import private_links
from emulator.arm.digital_twins.instances import INSTANCES
from emulator.arm.digital_twins.instances import TYPE as INSTANCE
from emulator.arm.network import networks
from emulator.messages import Json, Refused, Reply, Request
from emulator.store import public
from emulator.world import World

TYPE = private_links.ENDPOINT
ENDPOINT = GROUP + f"/providers/{TYPE}/{{name}}"
_AUTO, _MANUAL = "privateLinkServiceConnections", "manualPrivateLinkServiceConnections"
_NAME = re.compile(r"[A-Za-z0-9](?:[\w.-]{0,78}\w)?", re.ASCII)
_READ_ONLY = dict.fromkeys(("id", "etag", "type"), ANY)
_CONNECTIONS = Shape(
    "PrivateLinkServiceConnection",
    {
        **_READ_ONLY,
        "name": str,
        "properties": Shape(
            "PrivateLinkServiceConnectionProperties",
            {
                "privateLinkServiceId": str,
                "groupIds": list,
                "requestMessage": str,
                "privateLinkServiceConnectionState": ANY,
                "provisioningState": ANY,
            },
            required=("privateLinkServiceId",),
        ),
    },
    required=("name", "properties"),
)
_DEFINITION = Shape(
    "PrivateEndpoint",
    {
        **_READ_ONLY,
        "name": ANY,
        "location": str,
        "tags": TAGS,
        "extendedLocation": dict,
        "properties": Shape(
            "PrivateEndpointProperties",
            {
                "subnet": Shape("Subnet", {**_READ_ONLY, "id": str, "name": ANY, "properties": ANY}, required=("id",)),
                _AUTO: list,
                _MANUAL: list,
                "customNetworkInterfaceName": str,
                "customDnsConfigs": list,
                "ipConfigurations": list,
                "applicationSecurityGroups": list,
                "ipVersionType": ("DualStack", "IPv4", "IPv6"),
                **dict.fromkeys(("provisioningState", "networkInterfaces", "resourceGuid"), ANY),
            },
            required=("subnet",),
        ),
    },
    required=("properties",),
)


@RESOURCES.when_removed
def _disconnect(world: World, resource: Json) -> None:
    if resource["type"] == TYPE:
        private_links.forget(world, resource["id"])


@INSTANCES.when_removed
def _lose(world: World, instance: Json) -> None:
    """An endpoint outlives its instance, disconnected."""
    for endpoint in resources.of_type(world, "", TYPE):
        if private_links.service_of(endpoint).lower() == instance["id"].lower():
            private_links.set_state(endpoint, "Disconnected", "The private link service has been deleted.")
            RESOURCES.put(world, endpoint)


serve_lists(TYPE, partial(resources.of_type, kind=TYPE))


@ROUTER.add("GET", ENDPOINT)
def get_endpoint(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Return one endpoint with the state of its connection; counts as an observation of work under way."""
    may_read(world, request, f"{TYPE}/read", id_of(groups.id_of(subscription, group), name))
    return Reply(body=public(existing(world, subscription, group, name)))


@ROUTER.add("PUT", ENDPOINT, latency="write")
def put_endpoint(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Create (201) or update (200) an endpoint; goes on after the answer.

    A connection among `privateLinkServiceConnections` is approved at once, by the caller; one among the manual ones
    waits for somebody.
    """
    identifier = id_of(groups.id_of(subscription, group), name)
    may_write(world, request, f"{TYPE}/write", identifier)
    within = groups.writable(world, subscription, group)
    body = request.json()
    check(body, _DEFINITION)
    if not body.get("location"):
        raise location_required()
    require_registered(world, subscription, networks.PROVIDER)
    region = region_of(body["location"], resource_type=TYPE)
    if not _NAME.fullmatch(name):
        raise Refused(400, "InvalidResourceName", f"Resource name {name} is invalid.")
    own, properties = (f"{TYPE}/write", identifier), body["properties"]
    networks.require_linked(world, request, own, f"{networks.TYPE}/subnets/join/action", properties["subnet"]["id"])
    kind, connection = _connection(properties)
    _require_group(identifier, kind, connection)
    service = str(connection["properties"]["privateLinkServiceId"])
    if kind == _AUTO:
        networks.require_linked(world, request, own, f"{INSTANCE}/PrivateEndpointConnectionsApproval/action", service)
    place = networks.subnet_at(world, properties["subnet"]["id"])
    if place is None or place[0]["location"] != region.name:
        raise _missing(properties["subnet"]["id"], identifier)
    instance = INSTANCES.find(world, service)
    if instance is None:
        raise _missing(service, identifier)
    found = RESOURCES.find(world, id_of(within["id"], name))
    if found is not None:
        return _changed(world, request, found, region.name, body)
    created = _new(id_of(within["id"], name), region.name, kind, connection, place[1], body.get("tags"))
    address = str(ipaddress.ip_network(place[1]["properties"]["addressPrefix"])[4])
    created["_then"] = {
        "provisioningState": "Succeeded",
        "customDnsConfigs": [{"fqdn": instance["properties"]["hostName"], "ipAddresses": [address]}],
    }
    RESOURCES.begin(world, created, "Updating")
    private_links.connect(world, created)
    return Reply(201, public(created), _polled(world, request, created))


@ROUTER.add("DELETE", ENDPOINT, latency="write")
def delete_endpoint(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Begin the deletion of an endpoint and its zone groups (202); 204 if there is none."""
    may_delete(world, request, f"{TYPE}/delete", id_of(groups.id_of(subscription, group), name))
    within = groups.existing(world, subscription, group)
    return resources.delete(world, request, id_of(within["id"], name))


def existing(world: World, subscription: str, group: str, name: str) -> Json:
    """Return the endpoint as it is now, which counts as an observation of it; refuse (404) an unknown one."""
    return RESOURCES.existing(world, groups.existing(world, subscription, group), TYPE, name)


def id_of(group: str, name: str) -> str:
    """Return the id of an endpoint; `group` is the group's id."""
    return f"{group}/providers/{TYPE}/{name}"


def _connection(properties: Json) -> tuple[str, Json]:
    """Return the one connection of a body, and in which of the two lists it is."""
    every = [(kind, each) for kind in (_AUTO, _MANUAL) for each in properties.get(kind) or ()]
    if len(every) != 1:
        raise invalid_content("A private endpoint has one connection. Path 'properties'")
    check(every[0][1], _CONNECTIONS, f"properties.{every[0][0]}[0]")
    return every[0]


def _require_group(identifier: str, kind: str, connection: Json) -> None:
    """Refuse (400) other groups than an instance has. Sources: see docs/azure-errors.md."""
    groups, service = connection["properties"].get("groupIds") or [], connection["properties"]["privateLinkServiceId"]
    which = f"Private link service connection {identifier}/{kind}/{connection['name']}"
    if not groups:
        text = f"{which} is missing required parameter 'group Id'."
        raise Refused(400, "MissingParameterOnPrivateLinkServiceConnection", text)
    if len(groups) > 1:
        text = (
            f"{which} has the following group Ids: {', '.join(map(str, groups))}. Only one group Id is permitted when "
        )
        raise Refused(400, "OnlyOneGroupIdPermitted", f"{text}connecting to a first-party resource ({service}).")
    if groups != [private_links.GROUP]:
        text = f"Call to {INSTANCE} failed. Error message: The group id {groups[0]} is not supported."
        raise Refused(400, "BadRequest", text)


def _changed(world: World, request: Request, found: Json, region: str, body: Json) -> Reply:
    RESOURCES.refuse_busy(found)
    refuse_moved(found, region_of(region))
    before, after = (each["properties"]["subnet"]["id"] for each in (found, body))
    if before.lower() != after.lower():
        raise Refused(
            400,
            "CannotChangeSubnetOnExistingPrivateEndpoint",
            f"Cannot change the subnet in which the network interface for private endpoint {found['id']} is created. "
            f"Current subnet: '{before}.' Requested subnet: '{after}.'",
        )
    (kind, asked), (was, there) = _connection(body["properties"]), _connection(found["properties"])
    leads = [each["properties"]["privateLinkServiceId"].lower() for each in (asked, there)]
    if (kind, asked["name"], leads[0]) != (was, there["name"], leads[1]):
        raise Refused(
            400,
            "CannotChangePrivateLinkConnectionOnPrivateEndpoint",
            f"Cannot change the private link connection on private endpoint {found['id']}. Please ensure you are not "
            f"updating the details of existing private link connection: '{there['id']}'. That is not allowed.",
        )
    found["tags"] = body.get("tags") or {}
    found["_then"] = {"provisioningState": "Succeeded"}
    RESOURCES.begin(world, found, "Updating")
    return Reply(200, public(found), _polled(world, request, found))


def _new(identifier: str, location: str, kind: str, asked: Json, subnet: Json, tags: Json | None) -> Json:  # noqa: PLR0917
    name, etag = identifier.rpartition("/")[2], f'W/"{uuid.uuid4()}"'
    status = ("Approved", "Auto-Approved") if kind == _AUTO else ("Pending", "Awaiting Approval")
    connection = {
        "name": asked["name"],
        "id": f"{identifier}/{kind}/{asked['name']}",
        "etag": etag,
        "type": f"{TYPE}/{kind}",
        "properties": {
            **asked["properties"],
            "provisioningState": "Succeeded",
            "privateLinkServiceConnectionState": private_links.state(*status),
        },
    }
    group, _, _ = identifier.partition("/providers/")
    nic = f"{group}/providers/{networks.PROVIDER}/networkInterfaces/{name}.nic.{uuid.uuid4()}"
    return {
        "id": identifier,
        "name": name,
        "type": TYPE,
        "etag": etag,
        "location": location,
        "tags": tags or {},
        "properties": {
            "provisioningState": "Updating",
            "resourceGuid": str(uuid.uuid4()),
            _AUTO: [connection] if kind == _AUTO else [],
            _MANUAL: [connection] if kind == _MANUAL else [],
            "customNetworkInterfaceName": "",
            "subnet": {"id": subnet["id"]},
            "ipConfigurations": [],
            "networkInterfaces": [{"id": nic}],
            "customDnsConfigs": [],
        },
    }


def _polled(world: World, request: Request, endpoint: Json) -> dict[str, str]:
    """Recorded: a PUT names the status alone, and not when to ask for it."""
    polled = operations.polled(world, request, endpoint["_operation"])
    return {name: value for name, value in polled.items() if name != "Location"}


def _missing(referenced: str, by: str) -> Refused:
    return Refused(
        400,
        "InvalidResourceReference",
        f"Resource {referenced} referenced by resource {by} was not found. Please make sure that the referenced "
        "resource exists, and that both resources are in the same region.",
    )
