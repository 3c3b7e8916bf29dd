"""Virtual networks and their subnets: reading them. Those of a new world are seeded.

Shapes: recorded, azure-cli, test_private_endpoint_connection_digitaltwins.yaml, and azure-mgmt-network 28.
"""

from __future__ import annotations

from functools import partial

from emulator import rbac
from emulator.arm.core import groups, resources
from emulator.arm.core.errors import resource_not_found
from emulator.arm.core.guards import caller_of, may_read
from emulator.arm.core.resources import RESOURCES
from emulator.arm.core.routes import GROUP, ROUTER
from emulator.arm.core.type_lists import serve_lists
from emulator.messages import Json, Refused, Reply, Request
from emulator.store import public
from emulator.world import World

PROVIDER = "Microsoft.Network"
TYPE = f"{PROVIDER}/virtualNetworks"
_NETWORK = GROUP + f"/providers/{TYPE}/{{name}}"
_SUBNETS = _NETWORK + "/subnets"

serve_lists(TYPE, partial(resources.of_type, kind=TYPE))


@ROUTER.add("GET", _NETWORK)
def get_network(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Return one network with its subnets."""
    may_read(world, request, f"{TYPE}/read", id_of(groups.id_of(subscription, group), name))
    return Reply(body=public(_existing(world, subscription, group, name)))


@ROUTER.add("GET", _SUBNETS)
def list_subnets(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """List the subnets of a network."""
    may_read(world, request, f"{TYPE}/subnets/read", id_of(groups.id_of(subscription, group), name))
    return Reply(body={"value": _existing(world, subscription, group, name)["properties"]["subnets"]})


@ROUTER.add("GET", _SUBNETS + "/{subnet}")
def get_subnet(world: World, request: Request, *, subscription: str, group: str, name: str, subnet: str) -> Reply:
    """Return one subnet."""
    network = id_of(groups.id_of(subscription, group), name)
    may_read(world, request, f"{TYPE}/subnets/read", f"{network}/subnets/{subnet}")
    found = _existing(world, subscription, group, name)
    for body in found["properties"]["subnets"]:
        if body["name"].lower() == subnet.lower():
            return Reply(body=body)
    raise resource_not_found(TYPE, f"{name}/subnets/{subnet}", group)


def subnet_at(world: World, identifier: str) -> tuple[Json, Json] | None:
    """Return a network and a subnet of it by the subnet's id; None where there is none."""
    network, _, _ = identifier.partition("/subnets/")
    found = RESOURCES.find(world, network)
    subnets = found["properties"].get("subnets", ()) if found else ()
    same = [subnet for subnet in subnets if subnet["id"].lower() == identifier.lower()]
    return (found, same[0]) if found and same else None


def require_linked(world: World, request: Request, own: tuple[str, str], action: str, linked: str) -> None:
    """Refuse (403) a write (its action and scope are `own`) for want of an action on what it is linked to.

    Text: MicrosoftDocs/azure-docs#96892, Azure/azure-sdk-for-go#14306.
    """
    caller = caller_of(request)
    if rbac.allowed(world, caller.object_id, action, linked):
        return
    raise Refused(
        403,
        "LinkedAuthorizationFailed",
        f"The client '{caller.name}' with object id '{caller.object_id}' has permission to perform action '{own[0]}' "
        f"on scope '{own[1]}'; however, it does not have permission to perform action(s) '{action}' on the linked "
        f"scope(s) '{linked}' (respectively) or the linked scope(s) are invalid.",
    )


def network(identifier: str, location: str, prefix: str, subnets: dict[str, str]) -> Json:
    """Return a network with subnets: their address ranges by name."""
    return {
        "id": identifier,
        "name": identifier.rpartition("/")[2],
        "type": TYPE,
        "location": location,
        "tags": {},
        "etag": 'W/"5a6f2a34-0000-4000-8000-000000000001"',
        "properties": {
            "provisioningState": "Succeeded",
            "addressSpace": {"addressPrefixes": [prefix]},
            "subnets": [_subnet(f"{identifier}/subnets/{name}", within) for name, within in subnets.items()],
            "enableDdosProtection": False,
        },
    }


def id_of(group: str, name: str) -> str:
    """Return the id of a network; `group` is the group's id."""
    return f"{group}/providers/{TYPE}/{name}"


def _subnet(identifier: str, prefix: str) -> Json:
    return {
        "id": identifier,
        "name": identifier.rpartition("/")[2],
        "type": f"{TYPE}/subnets",
        "etag": 'W/"5a6f2a34-0000-4000-8000-000000000001"',
        "properties": {
            "provisioningState": "Succeeded",
            "addressPrefix": prefix,
            "delegations": [],
            "privateEndpointNetworkPolicies": "Disabled",
            "privateLinkServiceNetworkPolicies": "Enabled",
        },
    }


def _existing(world: World, subscription: str, group: str, name: str) -> Json:
    return RESOURCES.existing(world, groups.existing(world, subscription, group), TYPE, name)
