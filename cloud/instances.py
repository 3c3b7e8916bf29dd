"""Digital Twins instances as Azure has them: read, created, changed, deleted, and waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from cloud.clients import Polling
from cloud.errors import Refusal, answer_of
from cloud.waiting import Progress, poll, until_visible

if TYPE_CHECKING:
    from cloud.clients import Azure

BOUND = 30 * 60
FREED_BOUND = 10 * 60
TAKEN = ("NameUnavailable", "AlreadyExists")
SYSTEM = "SystemAssigned"
"""The key of the system-assigned identity, where a user-assigned one has its lower-cased resource id."""

T = TypeVar("T")


@dataclass(frozen=True)
class Instance:
    """An instance as it is."""

    state: str
    """`provisioningState`."""
    location: str = ""
    name: str = ""
    id: str = ""
    host_name: str = ""
    access: str = ""
    """`publicNetworkAccess`: Enabled or Disabled."""
    tags: Mapping[str, str] = field(default_factory=dict)
    principals: Mapping[str, str] = field(default_factory=dict)
    """The object ids of its identities, by `SYSTEM` or lower-cased resource id."""
    spelt: Mapping[str, str] = field(default_factory=dict)
    """The resource ids of the user-assigned ones as Azure spells them, by lower-cased id."""


@dataclass(frozen=True)
class Dependent:
    """What sends events as one of the instance's identities: an endpoint, or a data history connection."""

    kind: str
    """`endpoint` or `data history connection`."""
    name: str
    uses: str
    """`SYSTEM` or a lower-cased resource id."""


@dataclass(frozen=True)
class At:
    """Where an instance is or is to be, and how to reach it."""

    azure: Azure
    group: str
    name: str
    progress: Progress

    async def read(self) -> Instance | None:
        """Return the instance; None when there is none."""
        try:
            return _seen(await self.azure.twins.digital_twins.get(self.group, self.name))
        except ResourceNotFoundError:
            return None

    async def dependents(self) -> tuple[Dependent, ...]:
        """Return what uses an identity of the instance."""
        twins, where = self.azure.twins, (self.group, self.name)

        async def collect(kind: str, listing: Any) -> list[Dependent]:
            found = [(str(one.name), _used(one.properties, kind)) async for one in listing]
            return [Dependent(kind, name, used) for name, used in found if used]

        endpoints, connections = await asyncio.gather(
            collect("endpoint", twins.digital_twins_endpoint.list(*where)),
            collect("data history connection", twins.time_series_database_connections.list(*where)),
        )
        return (*endpoints, *connections)

    async def settled(self) -> Instance | None:
        """Wait until nothing is being done with the instance; None when it is gone. Refuses one that ends badly."""
        found = await self._at_rest()
        if found and found.state in ("Failed", "Canceled"):
            raise self._failed("create", f"Its provisioning state is {found.state}.")
        return found

    async def create(self, body: Mapping[str, Any], *, was_ours: bool) -> Instance:
        """Create it, or create it again; with `was_ours`, wait for its name to be free.

        Refused when the name can't be had, or the creation ends badly.
        """
        from azure.mgmt.digitaltwins.models import DigitalTwinsDescription

        twins = self.azure.twins.digital_twins

        async def create() -> Any:
            wanted = DigitalTwinsDescription.deserialize(body)
            async with asyncio.timeout(BOUND):
                poller = await twins.begin_create_or_update(self.group, self.name, wanted, polling=Polling())
                self.progress("Azure is creating the instance")
                return await poller.result()

        try:
            made = await until_visible(
                create,
                not_yet=lambda answer: was_ours and answer.code in TAKEN,
                bound=FREED_BOUND,
                what="the name of the deleted instance is not free yet",
                progress=self.progress,
            )
        except HttpResponseError as error:
            answer = answer_of(error)
            if answer is not None and answer.code in TAKEN:
                raise name_refused(self.name, str(body["location"]), answer.message) from error
            if (why := _ended_badly(error)) is not None:
                raise self._failed("create", why) from error
            if answer is None or answer.status != 409:
                raise
            # Somebody is creating it already: another run, or this one, whose first answer was lost.
            settled = await self.settled()
            if settled is None:
                raise
            return settled
        final = _seen(made)
        return final if final.state == "Succeeded" else await self.settled() or final

    async def change(self, body: Mapping[str, Any]) -> Instance:
        """Change what `body` names, and wait until it is so."""
        from azure.mgmt.digitaltwins.models import DigitalTwinsPatchDescription

        twins = self.azure.twins.digital_twins

        async def change() -> Any:
            wanted = DigitalTwinsPatchDescription.deserialize(body)
            async with asyncio.timeout(BOUND):
                poller = await twins.begin_update(self.group, self.name, wanted, polling=Polling())
                self.progress("Azure is changing the instance")
                return await poller.result()

        final = _seen(await self._in_turn("change", change))
        return final if final.state == "Succeeded" else await self.settled() or final

    async def delete(self) -> None:
        """Delete it, and wait until it is gone; one that is gone already is fine."""
        twins = self.azure.twins.digital_twins

        async def delete() -> None:
            async with asyncio.timeout(BOUND):
                poller = await twins.begin_delete(self.group, self.name, polling=Polling())
                self.progress("Azure is deleting the instance")
                await poller.result()

        await self._in_turn("delete", delete)

    async def _in_turn(self, verb: str, act: Callable[[], Awaitable[T]]) -> T:
        """Act; when Azure says that something else is being done with the instance, once more after that."""
        for last in (False, True):
            try:
                return await act()
            except HttpResponseError as error:
                if (why := _ended_badly(error)) is not None:
                    raise self._failed(verb, why) from error
                if last or error.status_code != 409:
                    raise
                # Another run is at work, or this one, whose first answer was lost.
                await self._at_rest()
        raise AssertionError

    async def _at_rest(self) -> Instance | None:
        async def seen() -> Instance | None:
            now = await self.read()
            if now:
                self.progress(f"the instance is {now.state}")
            return now

        def over(now: Instance | None) -> bool:
            return now is None or now.state in ("Succeeded", "Failed", "Canceled")

        return await poll(seen, until=over, bound=BOUND, what=f"Instance {self.name}")

    def _failed(self, verb: str, why: str) -> Refusal:
        again = "Run the same command again: an instance that failed is created again."
        return Refusal(f"Azure could not {verb} instance {self.name}.", why=why, next=again)


def name_refused(name: str, location: str, why: str) -> Refusal:
    """Return the refusal of a name that an instance in this region can't have."""
    return Refusal(
        f"The instance name {name} can't be had in {location}.",
        why=f"Names are unique per region, across all customers. Azure says: {why}",
        next="Choose another with --instance.",
        exit_code=2,
    )


def _ended_badly(error: HttpResponseError) -> str | None:
    """Return why an operation that Azure had accepted ended badly; None for one that was refused."""
    answer = answer_of(error)
    if answer is None or answer.status >= 300:
        return None
    return f"{answer.code}: {answer.message}" if answer.code else "The operation ended without success or reason."


def _seen(found: Any) -> Instance:
    identity = found.identity
    users = (identity and identity.user_assigned_identities) or {}
    principals = {key.lower(): str((one and one.principal_id) or "") for key, one in users.items()}
    if identity and identity.principal_id:
        principals[SYSTEM] = identity.principal_id
    return Instance(
        state=_text(found.provisioning_state),
        location=found.location,
        name=found.name or "",
        id=found.id or "",
        host_name=found.host_name or "",
        access=_text(found.public_network_access),
        tags=dict(found.tags or {}),
        principals=principals,
        spelt={key.lower(): key for key in users},
    )


def _used(properties: Any, kind: str) -> str:
    """Return the identity that an endpoint or connection uses; "" for none. Without a name it is the system's."""
    if kind == "endpoint" and _text(properties.authentication_type) != "IdentityBased":
        return ""
    named = properties.identity and properties.identity.user_assigned_identity
    return str(named).lower() if named else SYSTEM


def _text(value: Any) -> str:
    return str(getattr(value, "value", value) or "")
