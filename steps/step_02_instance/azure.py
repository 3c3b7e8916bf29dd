"""The instance, its data history connections, its provider and user-assigned identities: read, written, waited for."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, cast

from azure.core.exceptions import (
    HttpResponseError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)

from cloud.clients import Polling
from cloud.errors import answer_of, ended_badly
from cloud.identifiers import region_code
from cloud.regions import PROVIDER, offered_regions
from cloud.waiting import Progress, poll, until_visible
from engine.refusal import Refusal
from steps.shared.azure_instance import read_instance, to_instance
from steps.shared.event_routing import SYSTEM
from steps.shared.instance import Instance
from steps.shared.provisioning import FAILED, PASSING, WORKING, stuck
from steps.step_02_instance.inputs import unavailable_name
from steps.step_02_instance.observed import Contents, DataHistoryConnection, Provider, UserIdentity
from steps.step_02_instance.settings import Body

if TYPE_CHECKING:
    from azure.mgmt.digitaltwins.models import DigitalTwinsDescription, TimeSeriesDatabaseConnection
    from azure.mgmt.msi.v2024_11_30.aio.operations import UserAssignedIdentitiesOperations
    from azure.mgmt.resource.resources.models import Provider as ProviderOfAzure

    from cloud.clients import Azure

BOUND = 30 * 60
"""Seconds until an operation on an instance is over."""
FREED_BOUND = 10 * 60
"""Seconds until the name of a deleted instance is free."""
REGISTER_BOUND = 15 * 60
"""Seconds until a provider is registered."""
TAKEN = ("NameUnavailable", "AlreadyExists")
"""Azure's codes for a name that is taken."""

AGAIN = "Run the same command again: an instance that failed is created again."

T = TypeVar("T")


@dataclass(frozen=True)
class InstanceClient:
    """Writes one instance."""

    azure: Azure
    group: str
    name: str
    progress: Progress

    async def create(self, body: Body, *, was_ours: bool) -> Instance:
        """Create the instance, or create it again; with `was_ours`, wait for its name to be free.

        Refusal when the name isn't available, or the creation ends badly.
        """
        from azure.mgmt.digitaltwins.models import DigitalTwinsDescription

        twins = self.azure.twins.digital_twins

        async def create() -> DigitalTwinsDescription:
            description = DigitalTwinsDescription.deserialize(body)
            async with asyncio.timeout(BOUND):
                poller = await twins.begin_create_or_update(self.group, self.name, description, polling=Polling())
                self.progress("Azure is creating the instance")
                return await poller.result()

        try:
            created = await until_visible(
                create,
                not_yet=lambda answer: was_ours and answer.code in TAKEN,
                bound=FREED_BOUND,
                what="the name of the deleted instance is not free yet",
                progress=self.progress,
            )
        except HttpResponseError as error:
            answer = answer_of(error)
            if answer is not None and answer.code in TAKEN:
                raise unavailable_name(self.name, str(body["location"]), answer.message) from error
            if (failed := ended_badly(error, self._could_not("create"), AGAIN)) is not None:
                raise failed from error
            if answer is None or answer.status != 409:
                raise
            # Another run is creating it already, or this one, whose first answer was lost.
            settled = await self.wait_until_settled()
            if settled is None:
                raise
            return settled
        return await self._settled(created)

    async def change(self, body: Body) -> Instance:
        """Change what `body` names, and wait until it took effect."""
        from azure.mgmt.digitaltwins.models import DigitalTwinsPatchDescription

        twins = self.azure.twins.digital_twins

        async def change() -> DigitalTwinsDescription:
            description = DigitalTwinsPatchDescription.deserialize(body)
            async with asyncio.timeout(BOUND):
                poller = await twins.begin_update(self.group, self.name, description, polling=Polling())
                self.progress("Azure is changing the instance")
                return await poller.result()

        return await self._settled(await self._in_turn("change", change))

    async def delete(self) -> None:
        """Delete the instance, and wait until it is deleted. An instance that no longer exists is fine."""
        twins = self.azure.twins.digital_twins

        async def delete() -> None:
            async with asyncio.timeout(BOUND):
                poller = await twins.begin_delete(self.group, self.name, polling=Polling())
                self.progress("Azure is deleting the instance")
                await poller.result()

        await self._in_turn("delete", delete)

    async def wait_until_settled(self) -> Instance | None:
        """Wait until nothing is being done with the instance, and return it; None when there is none.

        Refusal when it ends badly, or is in a state that isn't waited for.
        """
        instance = await self._wait_until_idle()
        if instance is None or instance.state == "Deleted":
            return None
        if instance.state in FAILED:
            why = f"Its provisioning state is {instance.state}."
            raise Refusal(self._could_not("create"), why=why, next=AGAIN)
        if instance.state not in WORKING:
            raise stuck(f"instance {self.name}", instance.state)
        return instance

    async def _settled(self, found: DigitalTwinsDescription) -> Instance:
        instance = to_instance(found)
        return instance if instance.state in WORKING else await self.wait_until_settled() or instance

    async def _in_turn(self, verb: str, act: Callable[[], Awaitable[T]]) -> T:
        """Act; when Azure says that something else is being done with the instance, once more after that."""
        for last in (False, True):
            try:
                return await act()
            except HttpResponseError as error:
                if (failed := ended_badly(error, self._could_not(verb), AGAIN)) is not None:
                    raise failed from error
                if last or error.status_code != 409:
                    raise
                # Another run is at work, or this one, whose first answer was lost.
                await self._wait_until_idle()
        raise AssertionError

    async def _wait_until_idle(self) -> Instance | None:
        async def read() -> Instance | None:
            instance = await read_instance(self.azure, self.group, self.name)
            if instance:
                self.progress(f"the instance is {instance.state}")
            return instance

        def is_idle(instance: Instance | None) -> bool:
            return instance is None or instance.state not in PASSING

        return await poll(read, until=is_idle, bound=BOUND, what=f"Instance {self.name}")

    def _could_not(self, verb: str) -> str:
        return f"Azure could not {verb} instance {self.name}."


async def list_connections(azure: Azure, group: str, name: str) -> tuple[DataHistoryConnection, ...]:
    """Return the data history connections of the instance."""
    listing = azure.twins.time_series_database_connections.list(group, name)
    return tuple([DataHistoryConnection(str(found.name), _identity_of(found)) async for found in listing])


def _identity_of(connection: TimeSeriesDatabaseConnection) -> str:
    """Return the identity that a connection uses: that of the system where none is named."""
    identity = connection.properties and connection.properties.identity
    named = identity and identity.user_assigned_identity
    return named.lower() if named else SYSTEM


async def read_provider(azure: Azure) -> Provider:
    """Return the provider of instances, as the subscription has it."""

    async def ask() -> ProviderOfAzure:
        return await azure.resources.providers.get(PROVIDER)

    found = await azure.once_by(PROVIDER, ask, keep=lambda provider: provider.registration_state == "Registered")
    return Provider(found.registration_state or "", offered_regions(found))


async def count_contents(azure: Azure, host_name: str) -> Contents | None:
    """Return how many models, twins and routes there are; None where the instance doesn't tell the signed-in identity.

    Queries may lag some seconds behind what was written ("Query limitations" in the Digital Twins documentation).
    """
    if not host_name:
        return None
    client = azure.data_plane(host_name)
    try:
        models = len([model.id async for model in client.list_models()])
        twins = [int(cast(int, row["COUNT"])) async for row in client.query_twins("SELECT COUNT() FROM DIGITALTWINS")]
        routes = len([route.id async for route in client.list_event_routes()])
    except (HttpResponseError, ServiceRequestError, ServiceResponseError):
        return None
    return Contents(models, sum(twins), routes)


async def count_by_region(azure: Azure) -> Mapping[str, int]:
    """Return how many instances the subscription has in each region, by code name; nothing where that is refused.

    Those that the signed-in identity may not read don't count.
    """
    try:
        return Counter([region_code(found.location) async for found in azure.twins.digital_twins.list()])
    except HttpResponseError as error:
        if error.status_code == 403:
            return {}
        raise


async def register_provider(azure: Azure, progress: Progress) -> None:
    """Register the provider in the subscription and wait for it. TimeoutError after a quarter of an hour."""
    await azure.resources.providers.register(PROVIDER)
    progress("waiting for the provider to be registered")

    async def read_state() -> str:
        return (await azure.resources.providers.get(PROVIDER)).registration_state or ""

    what = f"The registration of {PROVIDER}"
    await poll(read_state, until=lambda state: state == "Registered", bound=REGISTER_BOUND, what=what)


async def read_identity(azure: Azure, identifier: str) -> UserIdentity | None:
    """Return the user-assigned identity; None when there is none, or no such group or subscription."""
    operations, group, name = _operations(azure, identifier)
    try:
        found = await operations.get(group, name)
    except ResourceNotFoundError:
        return None
    return UserIdentity(found.id or identifier, found.principal_id or "", dict(found.tags or {}))


async def create_identity(azure: Azure, identifier: str, location: str, tags: Mapping[str, str]) -> None:
    """Create the user-assigned identity in this region."""
    from azure.mgmt.msi.v2024_11_30.models import Identity

    operations, group, name = _operations(azure, identifier)
    await operations.create_or_update(group, name, Identity(location=location, tags=dict(tags)))


async def delete_identity(azure: Azure, identifier: str) -> None:
    """Delete the user-assigned identity. An identity that no longer exists is fine."""
    operations, group, name = _operations(azure, identifier)
    await operations.delete(group, name)


def _operations(azure: Azure, identifier: str) -> tuple[UserAssignedIdentitiesOperations, str, str]:
    parts = identifier.split("/")
    return azure.user_identities(parts[2]), parts[4], parts[-1]
