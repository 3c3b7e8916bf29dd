"""Writing the endpoints of an instance: operations that go on after Azure's answer, and may end badly."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.digitaltwins.models import DigitalTwinsEndpointResource, DigitalTwinsEndpointResourceProperties

from cloud.clients import Polling
from cloud.data_plane import EFFECT_BOUND
from cloud.errors import Answer, Refusal, answer_of
from cloud.waiting import Progress, poll, until_visible

if TYPE_CHECKING:
    from cloud.clients import Azure

BUSY = ("Provisioning", "Updating", "Moving", "Suspending", "Restoring")
"""Provisioning states of an endpoint with which something is being done, other than deleting it."""


async def set_up(  # noqa: PLR0917 - where the endpoint is, what it is, and who watches
    azure: Azure, group: str, instance: str, name: str, held: DigitalTwinsEndpointResourceProperties, progress: Progress
) -> None:
    """Create or change an endpoint. One that uses an identity is tried again while a role may be on its way to work."""
    body = DigitalTwinsEndpointResource(properties=held)
    endpoints = azure.twins.digital_twins_endpoint

    async def put() -> Any:
        progress(f"Azure is setting up endpoint {name}")
        try:
            begun = await endpoints.begin_create_or_update(group, instance, name, body, polling=Polling())
        except HttpResponseError as error:
            if error.status_code == 409:  # something is being done with it: this comes after that
                with suppress(ResourceNotFoundError):
                    await settled(azure, group, instance, name, progress)
            raise
        return await begun.result()

    def not_yet(answer: Answer) -> bool:
        # Below 300 the operation was accepted, and ended badly.
        lacks_role = answer.status < 300 and held.authentication_type == "IdentityBased"
        return lacks_role or (answer.status, answer.code) == (409, "Conflict")

    try:
        made = await until_visible(
            put,
            not_yet=not_yet,
            bound=EFFECT_BOUND,
            what=f"endpoint {name} can't reach its destination yet",
            progress=progress,
        )
    except HttpResponseError as error:
        answer = answer_of(error)
        if answer is None or answer.status >= 300:
            raise
        raise _failed(name, f"{answer.code}: {answer.message}") from error
    state = str(made.properties.provisioning_state)
    if state in BUSY:
        state = await settled(azure, group, instance, name, progress)
    if state != "Succeeded":
        raise _failed(name, f"Its provisioning state is {state}.")


async def settled(azure: Azure, group: str, instance: str, name: str, progress: Progress) -> str:
    """Wait until nothing is being done with an endpoint, and return its provisioning state."""

    async def state() -> str:
        found = await azure.twins.digital_twins_endpoint.get(group, instance, name)
        progress(f"endpoint {name} is {found.properties.provisioning_state}")
        return str(found.properties.provisioning_state)

    return await poll(state, until=lambda now: now not in BUSY, bound=EFFECT_BOUND, what=f"Endpoint {name}")


async def delete(azure: Azure, group: str, instance: str, name: str, progress: Progress) -> None:
    """Delete an endpoint; one that is gone already is fine."""
    progress(f"Azure is deleting endpoint {name}")
    begun = await azure.twins.digital_twins_endpoint.begin_delete(group, instance, name, polling=Polling())
    await begun.result()


def _failed(name: str, why: str) -> Refusal:
    return Refusal(
        f"Azure could not set up endpoint {name}.",
        why=why,
        next="Run the same command again: an endpoint that failed is set up again.",
    )
