"""The writes of step 7. A route that uses an endpoint is deleted by the write that steps 7 and 8 share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from engine.change import Change, Difference, Drift, Right
from engine.context import Context
from engine.record import Values
from engine.script import Command
from steps.shared.destinations import CONTAINER, parent
from steps.shared.event_routing import Endpoint, FoundEndpoint, endpoint_differences
from steps.shared.provisioning import FAILED, WORKING, stuck
from steps.step_07_endpoints.az_commands import create_endpoint, delete_endpoint

if TYPE_CHECKING:
    from cloud.clients import Azure

ENDPOINTS = "Microsoft.DigitalTwins/digitalTwinsInstances/endpoints"


class Reason(Enum):
    """Why an endpoint is set up."""

    MISSING = "missing"
    REPLACED = "replaced"
    """It failed, or it is deleted right before, as it can't become what is desired."""
    DIFFERS = "differs"
    NEW_KEY = "new key"
    """The keys of its destination were regenerated, as a person says: Azure doesn't show it."""


@dataclass(frozen=True, kw_only=True)
class _SetUp(Change["Azure"]):
    """Create or change an endpoint: the same write."""

    instance_id: str
    endpoint: Endpoint
    rule: str = ""
    """The authorization rule of the destination whose key is used; "" for none."""

    @property
    def seconds(self) -> float:
        """Published recordings of Azure: 4.4 and 6.4."""
        return 6.0

    @property
    def rights(self) -> tuple[Right, ...]:
        return (Right(f"{ENDPOINTS}/write", self.instance_id), *_key_rights(self.endpoint))

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_07_endpoints.azure import set_up
        from steps.step_07_endpoints.azure_properties import endpoint_properties

        properties = await endpoint_properties(context.clients, self.endpoint, self.rule)
        await set_up(context, self.endpoint.name, properties)
        return {}

    def commands(self) -> tuple[Command, ...]:
        return create_endpoint(self.instance_id, self.endpoint, self.rule)


@dataclass(frozen=True, kw_only=True)
class SetEndpoint(_SetUp):
    """Create an endpoint, change it, or give it its keys again."""

    reason: Reason = Reason.MISSING
    before: FoundEndpoint | None = None
    """The endpoint as it exists, where it differs."""
    recorded: tuple[str, ...] = ()
    """What is recorded of it so far."""

    @property
    def key(self) -> str:
        return f"set-endpoint:{self.endpoint.name}"

    @property
    def title(self) -> str:
        name, destination = self.endpoint.name, self.endpoint.destination.rpartition("/")[2]
        where = f"{self.endpoint.type} {destination}"
        how = "by key" if self.endpoint.identity is None else "by identity"
        return {
            Reason.MISSING: f"create endpoint {name} to {where}, {how}",
            Reason.REPLACED: f"create endpoint {name} again to {where}, {how}",
            Reason.DIFFERS: f"change endpoint {name} to send to {where}, {how}",
            Reason.NEW_KEY: f"update endpoint {name} with the current key of {where}",
        }[self.reason]

    @property
    def detail(self) -> str:
        return f"dead letters to {self.endpoint.dead_letter}" if self.endpoint.dead_letter else ""

    @property
    def drift(self) -> Drift:
        return Drift.MISSING if self.reason in (Reason.MISSING, Reason.REPLACED) else Drift.DIFFERS

    @property
    def differences(self) -> tuple[Difference, ...]:
        """Of what Azure shows of an endpoint; a key-based one may differ in what is recorded only."""
        return endpoint_differences(self.before, self.endpoint) if self.before else ()

    @property
    def owns(self) -> tuple[str, ...]:
        return self.endpoint.owns

    @property
    def releases(self) -> tuple[str, ...]:
        return tuple(item for item in self.recorded if item not in self.owns)


@dataclass(frozen=True, kw_only=True)
class AwaitEndpoint(_SetUp):
    """Wait until nothing is being done with an endpoint; set it up again if that ends in a failure."""

    state: str
    """`provisioningState`."""
    drift = Drift.UNDER_WAY

    @property
    def key(self) -> str:
        return f"await-endpoint:{self.endpoint.name}"

    @property
    def title(self) -> str:
        return f"wait for endpoint {self.endpoint.name}, which is {self.state}; set it up again if that fails"

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_07_endpoints.azure import settled

        state = await settled(context, self.endpoint.name)
        if state in WORKING:
            return {}
        if state not in FAILED:
            raise stuck(f"endpoint {self.endpoint.name}", state)
        return await super().apply(context)


@dataclass(frozen=True, kw_only=True)
class DeleteEndpoint(Change["Azure"]):
    """Delete an endpoint of ours."""

    instance_id: str
    name: str
    why: str = ""
    recorded: tuple[str, ...]
    """What is recorded of it."""
    drift = Drift.LEFT_OVER

    @property
    def key(self) -> str:
        return f"delete-endpoint:{self.name}"

    @property
    def title(self) -> str:
        return f"delete endpoint {self.name}" + (f", as {self.why}" if self.why else "")

    @property
    def releases(self) -> tuple[str, ...]:
        return self.recorded

    @property
    def rights(self) -> tuple[Right, ...]:
        return (Right(f"{ENDPOINTS}/delete", self.instance_id),)

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_07_endpoints.azure import delete

        await delete(context, self.name)
        return {}

    def commands(self) -> tuple[Command, ...]:
        return (delete_endpoint(self.instance_id, self.name),)


def _key_rights(endpoint: Endpoint) -> tuple[Right, ...]:
    """Return the rights to read the keys of an endpoint's destinations."""
    if endpoint.identity is not None:
        return ()
    keys = Right(endpoint.kind.keys_action, endpoint.destination)
    if not endpoint.dead_letter:
        return (keys,)
    return (keys, Right(CONTAINER.keys_action, parent(CONTAINER, endpoint.dead_letter)))
