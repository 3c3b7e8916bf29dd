"""Private endpoints as Resource Manager is asked for them, and what it refuses of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emulator import seed
from emulator.roles import NETWORK_CONTRIBUTOR
from emulator.seed_network import NETWORK, OTHER_SUBNET, SUBNET
from tests.support.arm import GROUP, INSTANCE, REGISTERED, Arm
from tests.support.world import Answer, Emulator

PLACE = f"{GROUP}/providers/Microsoft.Network"
ENDPOINT = f"{PLACE}/privateEndpoints/one"
ZONE = f"{PLACE}/privateDnsZones/privatelink.digitaltwins.azure.net"
RITA = seed.USERS["reader"].object_id
GLOBAL: dict[str, Any] = {"location": "global"}


def endpoint(*groups: str, subnet: str = SUBNET, service: str = INSTANCE, manual: bool = False) -> dict[str, Any]:
    """The body of a private endpoint."""
    asked = {"name": "twins", "properties": {"privateLinkServiceId": service, "groupIds": groups or ("API",)}}
    kind = "manualPrivateLinkServiceConnections" if manual else "privateLinkServiceConnections"
    return {"location": "northeurope", "properties": {"subnet": {"id": subnet}, kind: [asked]}}


def zone_group(zone: str = ZONE) -> dict[str, Any]:
    """The body of a zone group."""
    return {"properties": {"privateDnsZoneConfigs": [{"name": "twins", "properties": {"privateDnsZoneId": zone}}]}}


def finished(arm: Arm, path: str, body: dict[str, Any]) -> Answer:
    """Have a resource, and wait until it is there."""
    begun = arm("PUT", path, body)
    assert begun.status < 300, begun.content
    if status := begun.headers["Azure-AsyncOperation"]:
        assert arm.states(status)[-1] == "Succeeded"
    return begun


def connected(azure: Emulator, **settings: Any) -> Arm:
    """Resource Manager with an instance, and an endpoint to it."""
    arm = Arm(azure)
    arm.instance(**settings)
    finished(arm, ENDPOINT, endpoint())
    return arm


def networker(azure: Emulator) -> Arm:
    """Resource Manager for a person with the right to create endpoints, and not to approve their connections."""
    assert Arm(azure).assign(RITA, NETWORK_CONTRIBUTOR, RITA, at=REGISTERED, principalType="User").status == 201
    return Arm(azure, "reader")


def set_connections(arm: Arm, status: str, instance: str = INSTANCE) -> Answer:
    """Approve or reject every connection of an instance; return the last answer."""
    for one in arm("GET", f"{instance}/privateEndpointConnections").json()["value"]:
        state = {"status": status, "description": "by somebody"}
        properties = {"privateEndpoint": one["properties"]["privateEndpoint"], "groupIds": ["API"]}
        answer = arm("PUT", one["id"], {"properties": {**properties, "privateLinkServiceConnectionState": state}})
    return answer


def _asked(azure: Emulator, body: dict[str, Any]) -> Answer:
    arm = Arm(azure)
    arm.instance()
    return arm("PUT", ENDPOINT, body)


def _without_approval(azure: Emulator) -> Answer:
    Arm(azure).instance()
    return networker(azure)("PUT", ENDPOINT, endpoint())


def _without_group(azure: Emulator) -> Answer:
    body = endpoint()
    del body["properties"]["privateLinkServiceConnections"][0]["properties"]["groupIds"]
    return _asked(azure, body)


def _elsewhere(azure: Emulator) -> Answer:
    arm, other = connected(azure), f"{INSTANCE}-2"
    finished(arm, other, {"location": "westus2"})
    return arm("PUT", ENDPOINT, endpoint(service=other))


def _second_group(azure: Emulator) -> Answer:
    arm = connected(azure)
    finished(arm, ZONE, GLOBAL)
    finished(arm, f"{ENDPOINT}/privateDnsZoneGroups/default", zone_group())
    return arm("PUT", f"{ENDPOINT}/privateDnsZoneGroups/second", zone_group())


def _rejected(azure: Emulator) -> Answer:
    arm = connected(azure)
    assert set_connections(arm, "Rejected").status == 202
    return set_connections(arm, "Approved")


def _linked(azure: Emulator) -> Answer:
    arm = Arm(azure)
    arm.group()
    finished(arm, ZONE, GLOBAL)
    properties = {"virtualNetwork": {"id": NETWORK}, "registrationEnabled": False}
    finished(arm, f"{ZONE}/virtualNetworkLinks/net", {**GLOBAL, "properties": properties})
    return arm("DELETE", ZONE)


REFUSED: dict[str, Callable[[Emulator], Answer]] = {
    "the connection of a private endpoint may not be approved": _without_approval,
    "the subnet of a private endpoint isn't there": lambda azure: _asked(azure, endpoint(subnet=f"{SUBNET}-2")),
    "a private endpoint is to move to another subnet": lambda azure: connected(azure)(
        "PUT", ENDPOINT, endpoint(subnet=OTHER_SUBNET)
    ),
    "a private endpoint is to lead elsewhere": _elsewhere,
    "a private endpoint names no group": _without_group,
    "a private endpoint names two groups": lambda azure: _asked(azure, endpoint("API", "api")),
    "a private endpoint names another group": lambda azure: _asked(azure, endpoint("sites")),
    "a private endpoint has a zone group already": _second_group,
    "a rejected connection is to be approved": _rejected,
    "a private DNS zone has links": _linked,
}
"""How what docs/azure-errors.md has of private endpoints is provoked, by its row."""
