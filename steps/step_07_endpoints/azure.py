"""Writes of endpoints: operations that go on after Azure's answer, and may end in a failure."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.digitaltwins.models import DigitalTwinsEndpointResource

from cloud.clients import Azure, Polling
from cloud.data_plane import EFFECT_BOUND
from cloud.errors import ended_badly
from cloud.waiting import poll, until_visible
from engine.context import Context
from engine.refusal import Refusal
from steps.shared.provisioning import FAILED, PASSING, WORKING, stuck

NOT_SET_UP = "Azure could not set up endpoint {}."
AGAIN = "Run the same command again: an endpoint that failed is set up again."


async def set_up(context: Context[Azure], name: str, properties: Mapping[str, object]) -> None:
    """Create or change an endpoint, and wait until that is over.

    That it ends well says nothing about an identity's role: Azure doesn't look at it (recorded twice, 2023); step 6
    does, and so does `verify`. Raises Refusal when Azure can't set it up.
    """
    body = DigitalTwinsEndpointResource.deserialize({"properties": properties})
    endpoints, instance = context.clients.twins.digital_twins_endpoint, _instance(context)

    async def put() -> DigitalTwinsEndpointResource:
        context.progress(f"Azure is setting up endpoint {name}")
        try:
            operation = await endpoints.begin_create_or_update(*instance, name, body, polling=Polling())
        except HttpResponseError as error:
            if error.status_code == 409:  # something is being done with it: this comes after that
                with suppress(ResourceNotFoundError):
                    now = await settled(context, name)
                    if now not in (*WORKING, *FAILED):
                        raise stuck(f"endpoint {name}", now) from error
            raise
        return await operation.result()

    try:
        created = await until_visible(
            put,
            not_yet=lambda answer: (answer.status, answer.code) == (409, "Conflict"),
            bound=EFFECT_BOUND,
            what=f"something else is being done with endpoint {name}",
            progress=context.progress,
        )
    except HttpResponseError as error:
        if (failed := ended_badly(error, NOT_SET_UP.format(name), AGAIN)) is not None:
            raise failed from error
        raise
    state = str(created.properties.provisioning_state)
    if state in PASSING:
        state = await settled(context, name)
    if state not in WORKING:
        raise Refusal(NOT_SET_UP.format(name), why=f"Its provisioning state is {state}.", next=AGAIN)


async def settled(context: Context[Azure], name: str) -> str:
    """Wait while an endpoint is in a state that ends by itself, and return its provisioning state then."""

    async def state() -> str:
        found = await context.clients.twins.digital_twins_endpoint.get(*_instance(context), name)
        context.progress(f"endpoint {name} is {found.properties.provisioning_state}")
        return str(found.properties.provisioning_state)

    return await poll(state, until=lambda now: now not in PASSING, bound=EFFECT_BOUND, what=f"Endpoint {name}")


async def delete(context: Context[Azure], name: str) -> None:
    """Delete an endpoint; an endpoint that no longer exists is fine."""
    context.progress(f"Azure is deleting endpoint {name}")
    endpoints = context.clients.twins.digital_twins_endpoint
    operation = await endpoints.begin_delete(*_instance(context), name, polling=Polling())
    await operation.result()


def _instance(context: Context[Azure]) -> tuple[str, str]:
    return context.target.resource_group, context.target.instance
