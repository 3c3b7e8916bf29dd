"""The writes of step 11: the private endpoint, its connection, its zone group; the private DNS zone and its link."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.change import Change, Drift, Right
from engine.context import Context, Target
from engine.record import Kind, Values
from engine.script import Command
from steps.shared.az_commands import az, in_query, value
from steps.shared.tags import mark_tags
from steps.step_11_private_endpoint.observed import NETWORK, PRIVATE_DNS

if TYPE_CHECKING:
    from cloud.clients import Azure

ENDPOINT = Kind("private-endpoint", 1)
ZONE_GROUP = Kind("private-dns-zone-group", 1)
ZONE = Kind("private-dns-zone", 1)
ZONE_LINK = Kind("private-dns-zone-link", 1)
"""What this tool created, by its lower-cased resource id."""
VALUE = "private_endpoint_id"
_PROVIDER = "Microsoft.Network"
Body = Mapping[str, object]


def name_of(identifier: str) -> str:
    """Return the name in a resource id."""
    return identifier.rpartition("/")[2]


def _above(identifier: str) -> str:
    """Return the scope at which a right to create the resource is needed: its group, or the resource it is in."""
    above = identifier.rpartition("/")[0].rpartition("/")[0]
    return above.partition("/providers/")[0] if above.endswith(f"/providers/{_PROVIDER}") else above


@dataclass(frozen=True, kw_only=True)
class PutResource(Change["Azure"]):
    """Create a resource of Microsoft.Network, or replace it."""

    target: Target
    id: str
    drift: Drift = Drift.MISSING

    @property
    @abstractmethod
    def kind(self) -> Kind:
        """What it is recorded as."""

    @property
    def version(self) -> str:
        """The api-version."""
        return NETWORK

    @property
    @abstractmethod
    def body(self) -> Body:
        """The body of the PUT."""

    @property
    def key(self) -> str:
        return f"create-{self.kind.name}"

    @property
    def seconds(self) -> float:
        """A published recording of Azure has 32 for an endpoint; of the others there is none."""
        return 30.0

    @property
    def owns(self) -> tuple[str, ...]:
        return (self.kind.item(self.id.lower()),)

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_11_private_endpoint.azure import put

        await put(context.clients, self.id, self.version, self.body)
        return {}

    def commands(self) -> tuple[Command, ...]:
        whole = ("--is-full-object", "--properties", json.dumps(self.body))
        return (az("resource", "create", "--id", self.id, "--api-version", self.version, *whole),)


@dataclass(frozen=True, kw_only=True)
class CreatePrivateEndpoint(PutResource):
    """Create the endpoint in the region of its network; where this identity may, its connection is approved with it."""

    subnet: str
    location: str
    kind = ENDPOINT

    @property
    def title(self) -> str:
        network, _, subnet = self.subnet.rpartition("/subnets/")
        return f"create private endpoint {name_of(self.id)} in subnet {name_of(network)}/{subnet} ({self.location})"

    @property
    def body(self) -> Body:
        settings = {"privateLinkServiceId": self.target.instance_id, "groupIds": ["API"]}
        properties = {
            "subnet": {"id": self.subnet},
            "privateLinkServiceConnections": [{"name": name_of(self.id), "properties": settings}],
        }
        return {"location": self.location, "tags": mark_tags(self.target.instance_id), "properties": properties}

    @property
    def rights(self) -> tuple[Right, ...]:
        join = Right(f"{_PROVIDER}/virtualNetworks/subnets/join/action", self.subnet)
        return (Right(f"{_PROVIDER}/privateEndpoints/write", _above(self.id)), join)

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_11_private_endpoint.azure import put_endpoint

        await put_endpoint(context.clients, self.id, self.body)
        return {VALUE: self.id}


@dataclass(frozen=True, kw_only=True)
class ApproveConnection(Change["Azure"]):
    """Approve the endpoint's connection to the instance; nothing is written where it was approved with the endpoint."""

    target: Target
    endpoint: str
    key = "approve-private-endpoint"
    drift = Drift.MISSING

    @property
    def title(self) -> str:
        return f"approve the connection of private endpoint {name_of(self.endpoint)} to the instance"

    @property
    def rights(self) -> tuple[Right, ...]:
        """Source: "Approval RBAC permissions" in the documentation of private endpoints."""
        action = "Microsoft.DigitalTwins/digitalTwinsInstances/PrivateEndpointConnectionsApproval/action"
        return (Right(action, self.target.instance_id),)

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_11_private_endpoint.azure import approve

        await approve(context.clients, self.target.resource_group, self.target.instance, self.endpoint)
        return {}

    def commands(self) -> tuple[Command, ...]:
        ends = in_query(f"/{name_of(self.endpoint)}")
        query = f"properties.privateEndpointConnections[?ends_with(properties.privateEndpoint.id, '{ends}')].id | [0]"
        connection = value("connection", self.target.instance_id, query)
        words = ("network", "private-endpoint-connection", "approve", "--id", connection)
        return (az(*words, "--description", "Approved"),)


@dataclass(frozen=True, kw_only=True)
class WriteZoneGroup(PutResource):
    """Have the endpoint's address in a private DNS zone."""

    zone: str
    kind = ZONE_GROUP

    @property
    def title(self) -> str:
        group = self.zone.split("/")[4]
        return f"put the private endpoint's address into DNS zone {name_of(self.zone)} (group {group})"

    @property
    def body(self) -> Body:
        config = {"name": name_of(self.zone).replace(".", "-"), "properties": {"privateDnsZoneId": self.zone}}
        return {"properties": {"privateDnsZoneConfigs": [config]}}

    @property
    def rights(self) -> tuple[Right, ...]:
        write = Right(f"{_PROVIDER}/privateEndpoints/privateDnsZoneGroups/write", _above(_above(self.id)))
        return (write, Right(f"{_PROVIDER}/privateDnsZones/join/action", self.zone))


@dataclass(frozen=True, kw_only=True)
class CreateZone(PutResource):
    """Create the private DNS zone."""

    kind = ZONE
    version = PRIVATE_DNS

    @property
    def title(self) -> str:
        return f"create private DNS zone {name_of(self.id)}"

    @property
    def body(self) -> Body:
        return {"location": "global", "tags": mark_tags(self.target.instance_id), "properties": {}}

    @property
    def rights(self) -> tuple[Right, ...]:
        return (Right(f"{_PROVIDER}/privateDnsZones/write", _above(self.id)),)


@dataclass(frozen=True, kw_only=True)
class LinkZone(PutResource):
    """Have a network resolve names in the private DNS zone."""

    network: str
    kind = ZONE_LINK
    version = PRIVATE_DNS

    @property
    def title(self) -> str:
        return f"link the private DNS zone to network {name_of(self.network)}"

    @property
    def body(self) -> Body:
        settings = {"virtualNetwork": {"id": self.network}, "registrationEnabled": False}
        return {"location": "global", "tags": mark_tags(self.target.instance_id), "properties": settings}

    @property
    def rights(self) -> tuple[Right, ...]:
        write = Right(f"{_PROVIDER}/privateDnsZones/virtualNetworkLinks/write", _above(_above(self.id)))
        return (write, Right(f"{_PROVIDER}/virtualNetworks/join/action", self.network))


_ACTIONS = {
    ENDPOINT.name: ("private endpoint", "privateEndpoints", NETWORK),
    ZONE_GROUP.name: ("the private endpoint's zone group", "privateEndpoints/privateDnsZoneGroups", NETWORK),
    ZONE.name: ("private DNS zone", "privateDnsZones", PRIVATE_DNS),
    ZONE_LINK.name: ("the private DNS zone's link to network", "privateDnsZones/virtualNetworkLinks", PRIVATE_DNS),
}


@dataclass(frozen=True, kw_only=True)
class AwaitResource(Change["Azure"]):
    """Wait until what an interrupted run, or somebody else, began with a resource of Microsoft.Network is done."""

    id: str
    version: str
    drift = Drift.UNDER_WAY

    @property
    def key(self) -> str:
        return f"await-resource:{name_of(self.id)}"

    @property
    def title(self) -> str:
        return f"wait for {name_of(self.id)}, which is being created or changed"

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_11_private_endpoint.azure import wait_for

        await wait_for(context.clients, self.id, self.version)
        return {}


@dataclass(frozen=True, kw_only=True)
class DeleteResource(Change["Azure"]):
    """Delete a resource that this tool created."""

    kind: Kind
    id: str
    along: tuple[str, ...] = ()
    """What is recorded of what goes with it."""
    drift = Drift.LEFT_OVER

    @property
    def key(self) -> str:
        return f"delete-{self.kind.name}:{name_of(self.id)}"

    @property
    def title(self) -> str:
        return f"delete {_ACTIONS[self.kind.name][0]} {name_of(self.id)}"

    @property
    def seconds(self) -> float:
        """Not in any recording."""
        return 20.0

    @property
    def releases(self) -> tuple[str, ...]:
        return (self.kind.item(self.id.lower()), *self.along)

    @property
    def rights(self) -> tuple[Right, ...]:
        return (Right(f"{_PROVIDER}/{_ACTIONS[self.kind.name][1]}/delete", _above(self.id)),)

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_11_private_endpoint.azure import delete

        await delete(context.clients, self.id, _ACTIONS[self.kind.name][2])
        return {VALUE: ""} if self.kind == ENDPOINT else {}

    def commands(self) -> tuple[Command, ...]:
        return (az("resource", "delete", "--ids", self.id, "--api-version", _ACTIONS[self.kind.name][2]),)
