"""Step 1: the resource group. May create it and set tags on it; deletes only one that it created, once it is empty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cloud.identifiers import region_code
from engine.context import Context, Removal, Target
from engine.input import Given, Value
from engine.record import Record, Values
from engine.step import Plan, Step
from steps.shared.names import Names
from steps.shared.tags import (
    GROUP_TAG,
    TagChange,
    change_tags,
    describe_marks,
    is_marked_group,
    mark_tags,
    taken_over,
    with_mark,
)
from steps.step_01_resource_group.changes import RESOURCE_GROUP, VALUE, CreateGroup, DeleteGroup, TagGroup
from steps.step_01_resource_group.inputs import INPUTS, DesiredGroup, desired_group
from steps.step_01_resource_group.observed import Group, ObservedGroup, Resource

if TYPE_CHECKING:
    from cloud.clients import Azure


class ResourceGroupStep(Step["Azure", Names, DesiredGroup, ObservedGroup]):
    """Provides the resource group that the instance is in."""

    number, key, title = 1, "resource_group", "Resource group"
    inputs = INPUTS
    kinds = (RESOURCE_GROUP, GROUP_TAG)

    def desired(self, given: Mapping[str, Given], target: Target, names: Names) -> DesiredGroup:
        del names
        return desired_group(given, target)

    def settled(self, desired: DesiredGroup) -> Mapping[str, Value]:
        return {"resource_group": desired.target.resource_group, "location": desired.target.location}

    async def observe(self, context: Context[Azure], desired: DesiredGroup) -> ObservedGroup:
        """Read the group, and where it matters what is in it."""
        from steps.step_01_resource_group.azure import list_resources, read_group

        azure, name = context.clients, desired.target.resource_group
        group = await context.read(read_group, azure, name)
        if group is None or not is_marked_group(group.tags):
            return ObservedGroup(group)
        recorded = RESOURCE_GROUP.item() in context.record.owned
        if (recorded and context.removal is not None) or (not recorded and VALUE not in context.values):
            owners = (desired.target.instance_id, *desired.going)
            return ObservedGroup(group, await context.read(list_resources, azure, name, *owners))
        return ObservedGroup(group)

    def plan(
        self,
        observed: ObservedGroup,
        desired: DesiredGroup,
        record: Record,
        values: Values,
        answers: Mapping[str, bool],
    ) -> Plan:
        """Create the group when there is none, or when it is being deleted; otherwise correct its tags."""
        del answers
        group, target = observed.group, desired.target
        if group is None or group.is_being_deleted:
            tags = change_tags(GROUP_TAG, mark_tags(target.instance_id), desired.tags, ())
            return Plan((CreateGroup(target=target, tags=tags, after_deletion=group is not None),))
        notes: tuple[str, ...] = ()
        if region_code(group.location) != target.location:
            notes = (f"The group is in {group.location}, not {target.location}: it is used as it is.",)
        adoptable = _adoptable(observed, target, record, values)
        if desired.created_by_others and is_marked_group(group.tags) and RESOURCE_GROUP.item() not in record.owned:
            adoptable = (RESOURCE_GROUP.item(),)  # it goes with the last of those that share it
        tags = change_tags(GROUP_TAG, group.tags, desired.tags, record.owned)
        if RESOURCE_GROUP.item() in (*record.owned, *adoptable):
            tags = with_mark(tags, target.instance_id)
        return Plan(
            _tag(group, target, tags),
            reason=f"resource group {group.name} exists",
            notes=notes,
            values={VALUE: group.name},
            adoptable=adoptable,
        )

    def remove(
        self, observed: ObservedGroup, desired: DesiredGroup, record: Record, values: Values, removal: Removal
    ) -> Plan:
        """Delete the group when we created it and nothing else is in it; otherwise remove only our tags."""
        group, target = observed.group, desired.target
        if group is None:
            return Plan(reason="there is no such resource group")
        recorded = RESOURCE_GROUP.item() in record.owned
        items = (RESOURCE_GROUP.item(), *GROUP_TAG.among(record.owned))
        if recorded and desired.kept_for:
            return Plan(reason=f"resource group {group.name} is kept: {desired.kept_for} is in it", vanished=items)
        if not (recorded and is_marked_group(group.tags)):
            tag = describe_marks(group.tags, target.instance_id)
            kept = (f"Resource group {group.name}: {tag}.",) if recorded else ()
            why = "no longer has this tool's tag" if recorded else "existed before"
            theirs = taken_over(GROUP_TAG, group.tags, desired.tags, record.owned)
            change = change_tags(GROUP_TAG, group.tags, {}, record.owned - theirs)
            return Plan(
                () if desired.shared else _tag(group, target, change),
                reason=f"resource group {group.name} {why}: kept",
                vanished=tuple(GROUP_TAG.among(record.owned)) if desired.shared else tuple(sorted(theirs)),
                adoptable=_adoptable(observed, target, record, values),
                retained=kept,
            )
        leaving = _leaving(observed.resources, desired, removal)
        others = [resource.id for resource in observed.resources if resource.id.lower() not in leaving]
        if others:
            listed = ", ".join("/".join(other.split("/")[-2:]) for other in others)
            return Plan(reason=f"resource group {group.name} is not empty: kept with {listed}")
        return Plan((DeleteGroup(target=target, group=group, leaving=leaving, recorded=items),))


def _tag(group: Group, target: Target, tags: TagChange) -> tuple[TagGroup, ...]:
    return (TagGroup(target=target, group=group, tags=tags),) if tags.words else ()


def _adoptable(observed: ObservedGroup, target: Target, record: Record, values: Values) -> tuple[str, ...]:
    """Return the group where nothing is known of it, and it and the instance in it have our tag: a state file was lost.

    The tag alone says only that a deployment of this tool created the group, not which one.
    """
    group, item = observed.group, RESOURCE_GROUP.item()
    if group is None or not is_marked_group(group.tags) or item in record.owned or VALUE in values:
        return ()
    instance = target.instance_id.lower()
    found = any(resource.marked and resource.id.lower() == instance for resource in observed.resources)
    return (item,) if found else ()


def _leaving(resources: tuple[Resource, ...], desired: DesiredGroup, removal: Removal) -> frozenset[str]:
    """Return the lower-cased ids of what step 2 deletes, or has deleted and Azure still lists.

    That is the instance, and with it those of its identities that have our tag; and all of a deployment that is removed
    before this one.
    """
    listed = {resource.id.lower(): resource for resource in resources}
    instance = desired.target.instance_id.lower()
    before = {low.lower() for low in desired.going}.intersection(listed)
    if before:
        before |= {low for low, resource in listed.items() if resource.marked and low != instance}
    if not removal.instance_goes or instance not in listed:
        return frozenset(before)
    identities = {identity.lower() for identity in desired.user_identities}
    return frozenset({instance, *before, *(low for low in identities if low in listed and listed[low].marked)})


STEP = ResourceGroupStep()
