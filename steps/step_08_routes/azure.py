"""Sets event routes on the instance's data plane."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from azure.core.exceptions import ResourceNotFoundError
from azure.digitaltwins.core import DigitalTwinsEventRoute

from cloud.clients import Azure
from cloud.data_actions import WRITE_ROUTES
from engine.context import Context
from engine.refusal import Refusal
from steps.shared.azure_event_routing import write_to_instance
from steps.shared.event_routing import Route

if TYPE_CHECKING:
    from azure.digitaltwins.core.aio import DigitalTwinsClient


async def set_route(context: Context[Azure], route: Route, title: str, foreign: Refusal | None) -> None:
    """Create or change a route. Raises as `write_to_instance` does.

    Raises `foreign`, unless it is None, where there is a route of this name with other settings.
    """

    async def write(client: DigitalTwinsClient) -> None:
        if foreign is not None:
            with suppress(ResourceNotFoundError):
                found = await client.get_event_route(route.name)
                if not route.agrees_with(Route(route.name, found.endpoint_name, found.filter)):
                    raise foreign
        body = DigitalTwinsEventRoute(endpoint_name=route.endpoint, filter=route.filter)
        await client.upsert_event_route(route.name, body)

    await write_to_instance(context, title, WRITE_ROUTES, write)
