"""The endpoints and event routes of an instance: read, and routes written, which may have to wait for a role."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.digitaltwins import models

from cloud.clients import Azure
from cloud.data_actions import DELETE_ROUTES, READ_ROUTES
from cloud.data_plane import lacks_role, once_permitted, role_on_its_way
from cloud.identifiers import DATA_OWNER
from engine.context import Context
from engine.refusal import Refusal
from steps.shared.az_commands import line
from steps.shared.azure_instance import read_instance
from steps.shared.event_routing import SYSTEM, FoundEndpoint, Route
from steps.shared.provisioning import GOING
from steps.shared.role_assignment_changes import assign_command
from steps.shared.tags import is_marked

if TYPE_CHECKING:
    from azure.digitaltwins.core.aio import DigitalTwinsClient


async def list_endpoints(azure: Azure, group: str, instance: str) -> Mapping[str, FoundEndpoint]:
    """Return the endpoints of the instance by lower-cased name; none when there is no instance."""
    listing = azure.twins.digital_twins_endpoint.list(group, instance)
    try:
        return {str(found.name).lower(): _endpoint(found) async for found in listing}
    except ResourceNotFoundError:
        return {}


def _endpoint(found: models.DigitalTwinsEndpointResource) -> FoundEndpoint:
    properties = found.properties
    destination: tuple[str, ...] = ()
    if isinstance(properties, models.EventGrid):
        destination = _names(properties.topic_endpoint)
    elif isinstance(properties, models.EventHub | models.ServiceBus):
        destination = _names(properties.endpoint_uri, properties.entity_path)
    return FoundEndpoint(
        name=str(found.name),
        type=str(properties.endpoint_type),
        identity=_identity(properties),
        destination=destination,
        dead_letter=_names(properties.dead_letter_uri, urlsplit(properties.dead_letter_uri or "").path.strip("/")),
        state=str(properties.provisioning_state or ""),
    )


def _identity(properties: models.DigitalTwinsEndpointResourceProperties) -> str | None:
    if properties.authentication_type != "IdentityBased":
        return None
    user = properties.identity.user_assigned_identity if properties.identity else None
    return str(user).lower() if user else SYSTEM


def _names(url: str | None, *rest: str | None) -> tuple[str, ...]:
    """Return, lower-cased, the first label of the URL's host, which is the resource's name, and the rest."""
    host = urlsplit(url or "").hostname
    return tuple(str(part).lower() for part in (host.partition(".")[0], *rest)) if host else ()


async def read_routes(context: Context[Azure]) -> Mapping[str, Route] | None:
    """Return the routes of the instance by name; None where the signed-in identity may not read them, or not yet.

    There are none without an instance, and in an instance that is being deleted: its host no longer has a name.
    Refusal for an instance that is closed to public networks.
    """
    target = context.target
    instance = await context.read(read_instance, context.clients, target.resource_group, target.instance)
    if instance is None or not instance.host_name or instance.state in GOING:
        return {}
    routes = await context.read(list_routes, context.clients, instance.host_name)
    if routes is None and instance.access == "Disabled":
        await context.read(
            role_on_its_way, context.clients, target.instance_id, "look at the event routes", READ_ROUTES
        )
    return routes


async def list_routes(azure: Azure, host_name: str) -> Mapping[str, Route] | None:
    """Return the routes of the instance at this host by name; None where they may not be read, or not yet."""
    try:
        listing = azure.data_plane(host_name).list_event_routes()
        return {str(found.id): Route(str(found.id), found.endpoint_name, found.filter) async for found in listing}
    except HttpResponseError as error:
        if not lacks_role(error):
            raise
        return None


async def is_instance_marked(context: Context[Azure]) -> bool:
    """Whether the instance exists and this tool created it. Endpoints and routes carry no mark of their own."""
    target = context.target
    instance = await context.read(read_instance, context.clients, target.resource_group, target.instance)
    return instance is not None and is_marked(instance.tags, target.instance_id)


async def delete_route(context: Context[Azure], name: str, title: str) -> None:
    """Delete a route; a route that no longer exists is fine. Raises as `write_to_instance` does."""

    async def delete(client: DigitalTwinsClient) -> None:
        with suppress(ResourceNotFoundError):
            await client.delete_event_route(name)

    await write_to_instance(context, title, DELETE_ROUTES, delete)


async def write_to_instance(
    context: Context[Azure], title: str, action: str, write: Callable[[DigitalTwinsClient], Awaitable[None]]
) -> None:
    """Do a write to the instance's data plane, as soon as a new role works there.

    `title` is what is done, and `action` the data action for it. Refusal (exit code 3) where the signed-in identity
    has no role that allows it.
    """
    azure, instance_id = context.clients, context.target.instance_id
    client = azure.data_plane(context.values["host_name"])
    try:
        await once_permitted(azure, instance_id, lambda: write(client), context.progress, title, action)
    except HttpResponseError as error:
        if not lacks_role(error):
            raise
        raise await not_permitted(context, title) from error


async def not_permitted(context: Context[Azure], title: str) -> Refusal:
    """Return the refusal (exit code 3) of what the signed-in identity has no role on the instance for."""
    who = await context.clients.credential.who()
    command = assign_command(who.object_id, who.kind, DATA_OWNER, context.target.instance_id)
    return Refusal(
        f"The instance does not let the signed-in identity {title}.",
        why=f"It has no role on the instance that allows it: {DATA_OWNER} is the usual one. A role that was just "
        "assigned works after up to five minutes.",
        next=f"Someone who may assign roles can assign it; then run the same command again.\n  {line(command)}",
        exit_code=3,
    )
