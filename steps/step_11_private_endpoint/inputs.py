"""The inputs of private access, and the private endpoint that they ask for. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from engine.context import Target
from engine.input import Given, Input, text_of, told
from engine.refusal import BadInput

ZONE_NAME = "privatelink.digitaltwins.azure.net"
"""Source: "Azure Private Endpoint private DNS zone values" in the Azure documentation."""
NETWORKS = "/providers/Microsoft.Network/virtualNetworks/"
_NONE, _NEW = "none", "new"
_SUBNET = re.compile(r"/subscriptions/([^/]+)/resourceGroups/[^/]+" + NETWORKS + r"[^/]+/subnets/[^/]+", re.IGNORECASE)
_ZONE = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.Network/privateDnsZones/([^/]+)", re.IGNORECASE
)


def _subnet_problem(value: str) -> str | None:
    if value == _NONE or re.fullmatch(r"[^/]+/[^/]+", value) or _SUBNET.fullmatch(value):
        return None
    return "it is NETWORK/SUBNET in the resource group, the resource id of a subnet, or none."


def _zone_problem(value: str) -> str | None:
    if value in (_NONE, _NEW):
        return None
    match = _ZONE.fullmatch(value)
    if match is None:
        return "it is new, the resource id of a private DNS zone, or none."
    return None if match[1].lower() == ZONE_NAME else f"the zone of instances is {ZONE_NAME}."


INPUTS = (
    Input(
        "private_endpoint",
        "Subnet for a private endpoint to the instance: in the group, or by id; none for none.",
        "NETWORK/SUBNET|ID",
        _subnet_problem,
        group="Private access",
    ),
    Input(
        "private_dns_zone",
        "Private DNS zone for its address: new, an existing one by id, or none.",
        "new|ID",
        _zone_problem,
        group="Private access",
    ),
)


@dataclass(frozen=True)
class DesiredPrivateEndpoint:
    """None: not mentioned, left as it is. Empty: what this tool created is removed."""

    target: Target
    subnet: str | None = None
    """The subnet's resource id."""
    zone: str | None = None
    """The zone's resource id."""
    makes_zone: bool = False
    """The zone is created where it is missing, and linked to the subnet's network."""

    @property
    def endpoint(self) -> str:
        """The resource id of the endpoint that is created, in the group of the instance."""
        return f"{self.target.group_id}/providers/Microsoft.Network/privateEndpoints/{self.target.instance}-private"

    @property
    def network(self) -> str:
        """The resource id of the subnet's network."""
        return (self.subnet or "").rpartition("/subnets/")[0]

    @property
    def link(self) -> str:
        """The resource id of the zone's link to the network."""
        return f"{self.zone}/virtualNetworkLinks/{self.network.rpartition('/')[2]}"


def desired_private_endpoint(given: Mapping[str, Given], target: Target) -> DesiredPrivateEndpoint:
    """Return what is asked for. BadInput for a zone without an endpoint, and for a subnet in another subscription.

    Source of the latter: "What is a private endpoint?" in the Azure documentation.
    """
    subnet, zone = text_of(given, "private_endpoint"), text_of(given, "private_dns_zone")
    if subnet is None:
        if zone not in (None, _NONE):
            raise BadInput(
                f"The private DNS zone {told(given, 'private_dns_zone')} is for a private endpoint, and none is given.",
                "Name the endpoint's subnet with --private-endpoint.",
            )
        return DesiredPrivateEndpoint(target)
    if subnet == _NONE:
        return DesiredPrivateEndpoint(target, "", "")
    if not subnet.startswith("/"):
        network, _, name = subnet.partition("/")
        subnet = f"{target.group_id}{NETWORKS}{network}/subnets/{name}"
    match = _SUBNET.fullmatch(subnet)
    if match and match[1].lower() != target.subscription.lower():
        raise BadInput(
            f"The subnet {subnet} (from {given['private_endpoint'].source}) is in another subscription.",
            "Name a subnet in the instance's subscription with --private-endpoint.",
            why="A private endpoint is in the region and the subscription of its virtual network.",
        )
    if zone == _NEW:
        made = f"{target.group_id}/providers/Microsoft.Network/privateDnsZones/{ZONE_NAME}"
        return DesiredPrivateEndpoint(target, subnet, made, makes_zone=True)
    return DesiredPrivateEndpoint(target, subnet, "" if zone == _NONE else zone)
