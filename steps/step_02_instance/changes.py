"""The writes of step 2."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from cloud.regions import PROVIDER
from engine.change import Change, Difference, Drift, Right
from engine.context import Context, Target
from engine.record import Values
from engine.script import Command
from steps.shared.az_commands import VERSION, az, delete, settled
from steps.shared.instance import INSTANCE, Instance
from steps.shared.provisioning import GOING
from steps.shared.tags import drift_of
from steps.step_02_instance.observed import VALUES, values_of
from steps.step_02_instance.settings import Body, SettingsChange

if TYPE_CHECKING:
    from cloud.clients import Azure
    from steps.step_02_instance.azure import InstanceClient

INSTANCE_ACTION = "Microsoft.DigitalTwins/digitalTwinsInstances"


@dataclass(frozen=True, kw_only=True)
class RegisterProvider(Change["Azure"]):
    """Register the resource provider of instances in the subscription."""

    target: Target
    key = "register-provider"
    title = f"register the provider {PROVIDER} in the subscription"
    drift = Drift.MISSING

    @property
    def seconds(self) -> float:
        """Not in any recording: seconds to minutes."""
        return 20.0

    @property
    def rights(self) -> tuple[Right, ...]:
        return (Right(f"{PROVIDER}/register/action", self.target.subscription_id),)

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_02_instance.azure import register_provider

        await register_provider(context.clients, context.progress)
        return {}

    def commands(self) -> tuple[Command, ...]:
        where = ("--subscription", self.target.subscription, "--namespace", PROVIDER)
        return (az("provider", "register", *where, "--wait"),)


@dataclass(frozen=True, kw_only=True)
class CreateInstance(Change["Azure"]):
    """Create the instance, where necessary after one of the same name is deleted."""

    target: Target
    location: str
    settings: SettingsChange
    after_deletion: bool = False
    """The instance of this name is being deleted."""
    was_ours: bool = False
    """An earlier run created or adopted it, so a name that is still taken is about to be free."""
    key = "create-instance"
    drift = Drift.MISSING

    @property
    def seconds(self) -> float:
        """Published recordings of Azure: 9, 29, 65 and 99."""
        return 45.0

    @property
    def title(self) -> str:
        after = ", after the one of this name is deleted" if self.after_deletion else ""
        words = f": {', '.join(self.settings.words)}" if self.settings.words else ""
        return f"create instance {self.target.instance} in {self.location}{after}{words}"

    @property
    def owns(self) -> tuple[str, ...]:
        return (INSTANCE.item(), *self.settings.owns)

    @property
    def releases(self) -> tuple[str, ...]:
        return self.settings.releases

    @property
    def rights(self) -> tuple[Right, ...]:
        return (Right(f"{INSTANCE_ACTION}/write", self.target.group_id), *self.settings.rights)

    @property
    def body(self) -> Body:
        """The body of the PUT."""
        return {"location": self.location, **self.settings.put}

    async def apply(self, context: Context[Azure]) -> Values:
        client = _client(context)
        if self.after_deletion:
            context.progress("waiting for the instance of this name to be deleted")
            await client.wait_until_settled()
        return values_of(await client.create(self.body, was_ours=self.was_ours))

    def commands(self) -> tuple[Command, ...]:
        whole = ("--is-full-object", "--properties", json.dumps(self.body))
        return (az("resource", "create", "--id", self.target.instance_id, "--api-version", VERSION, *whole),)


@dataclass(frozen=True, kw_only=True)
class RecreateInstance(CreateInstance):
    """Create the instance again, as its creation failed. It is ours afterwards only if it was before."""

    @property
    def title(self) -> str:
        return f"create instance {self.target.instance} again, as its creation failed"

    @property
    def owns(self) -> tuple[str, ...]:
        return self.settings.owns


@dataclass(frozen=True, kw_only=True)
class AwaitInstance(Change["Azure"]):
    """Wait until what is being done with the instance is done."""

    target: Target
    state: str
    key = "await-instance"
    drift = Drift.UNDER_WAY

    @property
    def title(self) -> str:
        return f"wait for instance {self.target.instance}, which is {self.state}"

    async def apply(self, context: Context[Azure]) -> Values:
        settled_instance = await _client(context).wait_until_settled()
        return values_of(settled_instance) if settled_instance else {}


@dataclass(frozen=True, kw_only=True)
class ChangeInstance(Change["Azure"]):
    """Change tags, network access and identities of the instance."""

    target: Target
    instance: Instance
    settings: SettingsChange
    key = "change-instance"

    @property
    def drift(self) -> Drift:
        patch = self.settings.patch
        if patch.keys() != {"tags"}:
            return Drift.DIFFERS
        return drift_of(self.instance.tags, cast("Mapping[str, str]", patch["tags"]))

    @property
    def title(self) -> str:
        return f"change instance {self.instance.name}: {', '.join(self.settings.words)}"

    @property
    def differences(self) -> tuple[Difference, ...]:
        return self.settings.differences

    @property
    def owns(self) -> tuple[str, ...]:
        return self.settings.owns

    @property
    def releases(self) -> tuple[str, ...]:
        return self.settings.releases

    @property
    def rights(self) -> tuple[Right, ...]:
        return (Right(f"{INSTANCE_ACTION}/write", self.target.instance_id), *self.settings.rights)

    async def apply(self, context: Context[Azure]) -> Values:
        return values_of(await _client(context).change(self.settings.patch))

    def commands(self) -> tuple[Command, ...]:
        instance, body = self.target.instance_id, json.dumps(self.settings.patch)
        patch = az("rest", "--method", "patch", "--url", f"{instance}?api-version={VERSION}", "--body", body)
        return (patch, settled(instance, "updated"))


@dataclass(frozen=True, kw_only=True)
class CloseNetwork(ChangeInstance):
    """Disable public network access: from outside nothing in the instance can be read or written any more."""

    key = "close-network"

    @property
    def last(self) -> bool:
        return True

    @property
    def requires(self) -> tuple[str, ...]:
        """What is written from outside, and the only way in that is left."""
        return ("routes", "models", "private_endpoint")


@dataclass(frozen=True, kw_only=True)
class DeleteInstance(Change["Azure"]):
    """Delete the instance and everything in it, or wait until it is deleted."""

    target: Target
    instance: Instance
    recorded: tuple[str, ...]
    """What is recorded of the instance, and of what other steps created in it."""
    key = "delete-instance"
    drift = Drift.LEFT_OVER

    @property
    def seconds(self) -> float:
        """A published recording of Azure."""
        return 39.0

    @property
    def title(self) -> str:
        if self.instance.state in GOING:
            return f"wait until instance {self.instance.name} is deleted"
        return f"delete instance {self.instance.name} and everything in it"

    @property
    def releases(self) -> tuple[str, ...]:
        return self.recorded

    @property
    def rights(self) -> tuple[Right, ...]:
        return (Right(f"{INSTANCE_ACTION}/delete", self.target.instance_id),)

    async def apply(self, context: Context[Azure]) -> Values:
        await _client(context).delete()
        return dict.fromkeys(VALUES, "")

    def commands(self) -> tuple[Command, ...]:
        return (delete(self.target.instance_id),)


def _client(context: Context[Azure]) -> InstanceClient:
    from steps.step_02_instance.azure import InstanceClient

    target = context.target
    return InstanceClient(context.clients, target.resource_group, target.instance, context.progress)
