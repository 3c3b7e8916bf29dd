"""The writes of step 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.change import Change, Difference, Drift, Right
from engine.context import Context, Target
from engine.record import Kind, Values
from engine.script import Command, Variable
from steps.shared.az_commands import az
from steps.shared.tags import TagChange, drift_of
from steps.step_01_resource_group.observed import Group

if TYPE_CHECKING:
    from cloud.clients import Azure

RESOURCE_GROUP = Kind("resource-group")
"""The group, where this tool created it."""
VALUE = "resource_group"
ACTION = "Microsoft.Resources/subscriptions/resourceGroups"


@dataclass(frozen=True, kw_only=True)
class CreateGroup(Change["Azure"]):
    """Create the group, where necessary after one of the same name is deleted."""

    target: Target
    tags: TagChange
    """All that it is to have, with our own."""
    after_deletion: bool = False
    """A group of this name is being deleted."""
    key = "create-resource-group"
    drift = Drift.MISSING

    @property
    def title(self) -> str:
        tags = f": {', '.join(self.tags.words)}" if self.tags.words else ""
        return f"create resource group {self.target.resource_group} in {self.target.location}{tags}"

    @property
    def detail(self) -> str:
        return "after the group of this name is deleted" if self.after_deletion else ""

    @property
    def owns(self) -> tuple[str, ...]:
        return (RESOURCE_GROUP.item(), *self.tags.owns)

    @property
    def rights(self) -> tuple[Right, ...]:
        return (Right(f"{ACTION}/write", self.target.subscription_id),)

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_01_resource_group.azure import create_group, wait_until_deleted

        azure, target = context.clients, self.target
        if self.after_deletion:
            context.progress("waiting for the group of this name to be deleted")
            await wait_until_deleted(azure, target.resource_group)
        return {VALUE: await create_group(azure, target.resource_group, target.location, self.tags.after)}

    def commands(self) -> tuple[Command, ...]:
        where = ("--location", self.target.location, "--tags", *_pairs(self.tags.after))
        return (az("group", "create", *_group(self.target), *where),)


@dataclass(frozen=True, kw_only=True)
class TagGroup(Change["Azure"]):
    """Set tags of the group, and remove tags that this tool set."""

    target: Target
    group: Group
    tags: TagChange
    key = "tag-resource-group"

    @property
    def drift(self) -> Drift:
        return drift_of(self.group.tags, self.tags.after)

    @property
    def title(self) -> str:
        return f"change resource group {self.group.name}: {', '.join(self.tags.words)}"

    @property
    def differences(self) -> tuple[Difference, ...]:
        return self.tags.differences(self.group.tags)

    @property
    def owns(self) -> tuple[str, ...]:
        return self.tags.owns

    @property
    def releases(self) -> tuple[str, ...]:
        return self.tags.releases

    @property
    def rights(self) -> tuple[Right, ...]:
        return (Right(f"{ACTION}/write", self.target.group_id),)

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_01_resource_group.azure import tag_group

        await tag_group(context.clients, self.target.resource_group, self.tags.after)
        return {}

    def commands(self) -> tuple[Command, ...]:
        before, after = self.group.tags, self.tags.after
        operations = {
            "Merge": {name: value for name, value in after.items() if before.get(name) != value},
            "Delete": {name: value for name, value in before.items() if name not in after},
        }
        update = ("tag", "update", "--resource-id", self.target.group_id, "--operation")
        return tuple(az(*update, verb, "--tags", *_pairs(tags)) for verb, tags in operations.items() if tags)


@dataclass(frozen=True, kw_only=True)
class DeleteGroup(Change["Azure"]):
    """Delete the group, if nothing is in it but what this tool has just deleted."""

    target: Target
    group: Group
    leaving: frozenset[str]
    """The lower-cased ids of what is deleted from it, and may still be listed."""
    recorded: tuple[str, ...]
    """What is recorded of the group and its tags."""
    key = "delete-resource-group"
    drift = Drift.LEFT_OVER

    @property
    def seconds(self) -> float:
        """Published recordings of Azure: 61 to 185 with something in it."""
        return 60.0

    @property
    def title(self) -> str:
        return f"delete resource group {self.group.name}"

    @property
    def releases(self) -> tuple[str, ...]:
        return self.recorded

    @property
    def rights(self) -> tuple[Right, ...]:
        return (Right(f"{ACTION}/delete", self.target.group_id),)

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_01_resource_group.azure import delete_empty_group

        target = self.target
        await delete_empty_group(
            context.clients, target.resource_group, target.instance_id, self.leaving, context.progress
        )
        return {VALUE: ""}

    def commands(self) -> tuple[Command, ...]:
        within = ("--subscription", self.target.subscription, "--resource-group", self.target.resource_group)
        refusal = (
            f"Resource group {self.target.resource_group} is kept: it is not empty. What was just deleted may be "
            "listed for some minutes yet: then run this again. In it:"
        )
        left = Variable("left", az("resource", "list", *within, "--query", "[].id"))
        return (Command(("group", "delete", *_group(self.target), "--yes"), unless=left, refusal=refusal),)


def _group(target: Target) -> tuple[str, ...]:
    return ("--subscription", target.subscription, "--name", target.resource_group)


def _pairs(tags: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in tags.items()]
