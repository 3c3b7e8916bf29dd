"""What step 11 asks Resource Manager, and writes: generic resources of Microsoft.Network, and one connection."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from cloud.errors import answer_of
from cloud.waiting import poll
from engine.refusal import BadInput, Refusal
from steps.shared.azure_resources import ask_resource
from steps.shared.provisioning import FAILED
from steps.step_11_private_endpoint.observed import NETWORK, PRIVATE_DNS, UNDER_WAY, Link, PrivateEndpoint, Zone

if TYPE_CHECKING:
    from azure.mgmt.resource.resources.models import GenericResource

    from cloud.clients import Azure

Json = Mapping[str, Any]
_LISTS = ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")
_APPROVAL = "privateendpointconnectionsapproval"
SETTLED_BOUND = 10 * 60
"""Seconds."""


async def read_endpoint(azure: Azure, identifier: str) -> PrivateEndpoint | None:
    """Return the endpoint with its zone groups; None where there is none."""
    asked = _get(azure, identifier, NETWORK), _listed(azure, f"{identifier}/privateDnsZoneGroups", NETWORK)
    found, groups = await asyncio.gather(*asked)
    if found is None:
        return None
    properties = found["properties"]
    connection: Json = next((each["properties"] for name in _LISTS for each in properties.get(name) or ()), {})
    state = connection.get("privateLinkServiceConnectionState") or {}
    return PrivateEndpoint(
        id=found["id"],
        subnet=(properties.get("subnet") or {}).get("id", ""),
        service=connection.get("privateLinkServiceId", ""),
        state=state.get("status", ""),
        description=state.get("description") or "",
        provisioning=properties.get("provisioningState", ""),
        tags=found.get("tags") or {},
        zone_groups={group["id"]: tuple(_zones_of(group)) for group in groups},
        under_way=_under_way(found, *groups),
    )


async def read_endpoint_of_others(azure: Azure, identifier: str) -> PrivateEndpoint | None:
    """Return an endpoint that leads to the instance; None also where this identity may not read it."""
    try:
        return await read_endpoint(azure, identifier)
    except HttpResponseError as error:
        answer = answer_of(error)
        if answer is None or answer.status not in (401, 403):
            raise
        return None


async def read_location(azure: Azure, network: str, subnet: str) -> str:
    """Return the region of a network; BadInput where it or the subnet doesn't exist."""
    found = await _get(azure, network, NETWORK)
    subnets = [each["name"] for each in found["properties"].get("subnets") or ()] if found else []
    name = subnet.rpartition("/")[2]
    if found and name.lower() in map(str.lower, subnets):
        return str(found["location"]).replace(" ", "").lower()
    what, has = network.rpartition("/")[2], f" It has: {', '.join(subnets) or 'none'}." if found else ""
    raise BadInput(
        f"There is no subnet {name} in network {what}.{has}" if found else f"There is no network {what}.",
        "Name another with --private-endpoint: NETWORK/SUBNET in the group, or the subnet's resource id.",
        why=f"It was looked for at {network}",
    )


async def read_zone(azure: Azure, identifier: str) -> Zone | None:
    """Return a private DNS zone with its links; None where there is none."""
    asked = _get(azure, identifier, PRIVATE_DNS), _listed(azure, f"{identifier}/virtualNetworkLinks", PRIVATE_DNS)
    found, listed = await asyncio.gather(*asked)
    if found is None:
        return None
    links = tuple(
        Link(link["id"], link["properties"]["virtualNetwork"]["id"], link.get("tags") or {}) for link in listed
    )
    records = found["properties"].get("numberOfRecordSets") or 1
    return Zone(found["id"], found.get("tags") or {}, records, links, _under_way(found, *listed))


async def wait_for(azure: Azure, identifier: str, version: str) -> None:
    """Wait until nothing is being done with a resource; Refusal when that ends in a failure."""

    async def state() -> str:
        found = await _get(azure, identifier, version)
        return _state_of(found) if found else ""

    name = identifier.rpartition("/")[2]
    ended = await poll(state, until=lambda now: now not in UNDER_WAY, bound=SETTLED_BOUND, what=name)
    if ended in FAILED:
        raise Refusal(
            f"Azure could not create or change {name}.", next="Run the same command again: it does that anew."
        )


async def put(azure: Azure, identifier: str, version: str, body: Json) -> None:
    """Create or replace a resource, and wait until that is done."""
    resources = azure.resources.resources
    poller = await resources.begin_create_or_update_by_id(identifier, _generic(body), api_version=version)
    await poller.result()


async def put_endpoint(azure: Azure, identifier: str, body: Json) -> None:
    """Create an endpoint, whose connection is approved at once where this identity may; else it waits for approval."""
    try:
        await put(azure, identifier, NETWORK, body)
    except HttpResponseError as error:
        answer = answer_of(error)
        if answer is None or answer.code != "LinkedAuthorizationFailed" or _APPROVAL not in answer.message.lower():
            raise
        auto, manual = _LISTS
        properties = {manual if name == auto else name: value for name, value in body["properties"].items()}
        await put(azure, identifier, NETWORK, {**body, "properties": properties})


async def delete(azure: Azure, identifier: str, version: str) -> None:
    """Delete a resource, and wait until that is done; one that doesn't exist is fine."""
    with suppress(ResourceNotFoundError):
        poller = await azure.resources.resources.begin_delete_by_id(identifier, api_version=version)
        await poller.result()


async def approve(azure: Azure, group: str, instance: str, endpoint: str) -> None:
    """Approve the connection of an endpoint to the instance, unless it is approved already."""
    from azure.mgmt.digitaltwins.models import ConnectionState

    operations = azure.twins.private_endpoint_connections
    listed = await operations.list(group, instance)
    for connection in listed.value or ():
        properties = connection.properties
        leads_here = properties.private_endpoint and (properties.private_endpoint.id or "").lower() == endpoint.lower()
        state = properties.private_link_service_connection_state
        if leads_here and connection.name and not (state and state.status == "Approved"):
            properties.private_link_service_connection_state = ConnectionState(
                status="Approved", description="Approved by deploy.py", actions_required="None"
            )
            poller = await operations.begin_create_or_update(group, instance, connection.name, connection)
            await poller.result()


def _generic(body: Json) -> GenericResource:
    from azure.mgmt.resource.resources.models import GenericResource

    return GenericResource(location=body.get("location"), tags=body.get("tags"), properties=body["properties"])


async def _listed(azure: Azure, address: str, version: str) -> list[Json]:
    """Return what is in a list, but for what Azure failed to create: that is created again."""
    found = await _get(azure, address, version) or {}
    return [each for each in found.get("value", ()) if _state_of(each) not in FAILED]


def _state_of(resource: Json) -> str:
    return str(resource["properties"].get("provisioningState", ""))


def _under_way(*resources: Json) -> tuple[str, ...]:
    return tuple(str(each["id"]) for each in resources if _state_of(each) in UNDER_WAY)


def _zones_of(group: Json) -> list[str]:
    configs = group["properties"].get("privateDnsZoneConfigs") or ()
    return [str(config["properties"]["privateDnsZoneId"]) for config in configs]


async def _get(azure: Azure, identifier: str, version: str) -> Json | None:
    try:
        return await ask_resource(azure, identifier, version)
    except HttpResponseError as error:
        if error.status_code == 404:
            return None
        raise
