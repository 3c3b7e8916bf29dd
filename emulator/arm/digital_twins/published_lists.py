"""The lists that the provider publishes beside its resources: its operations, and the private links of an instance.

Shapes: Azure's published contract. Names and actions:
https://learn.microsoft.com/azure/role-based-access-control/permissions/internet-of-things (Microsoft.DigitalTwins);
the one group of private links and its zone: https://learn.microsoft.com/azure/digital-twins/how-to-enable-private-link.
What it requires is recorded: azure-cli, test_private_endpoint_connection_digitaltwins.yaml.
"""

from __future__ import annotations

from emulator.arm.core.guards import may_read
from emulator.arm.core.providers import DIGITAL_TWINS_NAMESPACE
from emulator.arm.core.routes import INSTANCE, ROUTER
from emulator.arm.digital_twins import instances
from emulator.arm.digital_twins.private_links import GROUP
from emulator.messages import Json, Refused, Reply, Request
from emulator.world import World

_CHANGED = ("read", "write", "delete")
_OPERATIONS = {
    "": ("register/action", "unregister/action"),
    "operations": ("read",),
    "locations/checkNameAvailability": ("action",),
    "digitalTwinsInstances": _CHANGED,
    "digitalTwinsInstances/endpoints": _CHANGED,
    "digitalTwinsInstances/timeSeriesDatabaseConnections": _CHANGED,
    "digitalTwinsInstances/privateEndpointConnections": _CHANGED,
    "digitalTwinsInstances/PrivateEndpointConnectionsApproval": ("action",),
    "digitalTwinsInstances/privateLinkResources": ("read",),
}
_DATA_OPERATIONS = {
    "digitaltwins": _CHANGED,
    "digitaltwins/commands": ("action",),
    "digitaltwins/relationships": _CHANGED,
    "eventroutes": _CHANGED,
    "models": _CHANGED,
    "query": ("action",),
}


@ROUTER.add("GET", "/providers/Microsoft.DigitalTwins/operations")
def list_operations(_: World, request: Request) -> Reply:  # noqa: ARG001 - anybody may read it
    """List the operations of the provider."""
    known = [(resource, verb, False) for resource, verbs in _OPERATIONS.items() for verb in verbs]
    known += [(resource, verb, True) for resource, verbs in _DATA_OPERATIONS.items() for verb in verbs]
    return Reply(body={"value": [_operation(resource, verb, is_data=is_data) for resource, verb, is_data in known]})


@ROUTER.add("GET", INSTANCE + "/privateLinkResources")
def list_link_resources(world: World, request: Request, **path: str) -> Reply:
    """List the groups that a private endpoint of an instance can reach: one."""
    return Reply(body={"value": [_link_resource(_instance(world, request, "privateLinkResources", path))]})


@ROUTER.add("GET", INSTANCE + "/privateLinkResources/{link}")
def get_link_resource(world: World, request: Request, link: str, **path: str) -> Reply:
    """Return one group."""
    instance = _instance(world, request, "privateLinkResources", path)
    if link.lower() != GROUP.lower():
        raise Refused(404, "NotFound", f"The private link resource '{link}' was not found.")
    return Reply(body=_link_resource(instance))


def _operation(resource: str, verb: str, *, is_data: bool) -> Json:
    name = "/".join(part for part in (DIGITAL_TWINS_NAMESPACE, resource, verb) if part)
    action = verb.removesuffix("/action").capitalize()
    display = {
        "provider": "Azure Digital Twins",
        "resource": resource.rpartition("/")[2] or DIGITAL_TWINS_NAMESPACE,
        "operation": f"{action} {resource.rpartition('/')[2]}".strip(),
        "description": f"{action} of {resource or 'the provider'}",
    }
    return {"name": name, "display": display, "origin": "user,system", "isDataAction": is_data}


def _link_resource(instance: Json) -> Json:
    return {
        "id": f"{instance['id']}/privateLinkResources/{GROUP}",
        "name": GROUP,
        "type": f"{instances.TYPE}/privateLinkResources",
        "properties": {
            "groupId": GROUP,
            "requiredMembers": ["DigitalTwinsAPI"],
            "requiredZoneNames": ["privatelink.digitaltwins.azure.net"],
        },
    }


def _instance(world: World, request: Request, kind: str, path: dict[str, str]) -> Json:
    may_read(world, request, f"{instances.TYPE}/{kind}/read", instances.id_in(**path))
    return instances.existing(world, **path, observe=False)
