"""Step 1: the resource group. May create it and set tags on it; deletes only one that it created, once it is empty."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from cloud.clients import Polling
from cloud.errors import Refusal, answer_of
from cloud.waiting import poll
from steps.az import az
from steps.model import MARK, Change, Context, Plan, Right, Step, Values
from steps.tags import MARK_TAG, ON_GROUP, Retagged, marked, retag
from steps.wanted import Wanted

MADE = "resource-group"
DELETION_BOUND = 30 * 60
LISTED_BOUND = 5 * 60
"""Seconds until a resource that was deleted is no longer listed in its group."""
ACTION = "Microsoft.Resources/subscriptions/resourceGroups"


@dataclass(frozen=True)
class Resource:
    """Something in the group."""

    id: str
    ours: bool
    """It carries our mark."""


@dataclass(frozen=True)
class Group:
    """The group as it is; None in `location` when there is none."""

    location: str | None
    state: str = ""
    name: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    resources: tuple[Resource, ...] = ()
    """What is in it; read only to remove it."""
    made: frozenset[str] = frozenset()
    unrecorded: bool = False
    """It is marked, nothing is known of it, and a marked instance of the wanted name is in it: a state file was lost.

    The mark alone says only that one of our deployments made it, not which one.
    """

    @property
    def ours(self) -> bool:
        """It is recorded as made by us, and marked."""
        return MADE in self.made and marked(self.tags)


async def observe(context: Context) -> Group:
    """Read the group."""
    try:
        found = await context.azure.resources.resource_groups.get(context.wanted.resource_group)
    except ResourceNotFoundError:
        return Group(None, made=context.made)
    state = (found.properties and found.properties.provisioning_state) or ""
    name = found.name or context.wanted.resource_group
    group = Group(found.location, state, name, dict(found.tags or {}), made=context.made)
    if group.ours and context.removing:
        return replace(group, resources=await _resources(context))
    if marked(group.tags) and MADE not in context.made and "resource_group" not in context.values:
        instance = context.wanted.instance_id.lower()
        there = await _resources(context)
        return replace(group, unrecorded=any(one.ours and one.id.lower() == instance for one in there))
    return group


async def _resources(context: Context) -> tuple[Resource, ...]:
    listing = context.azure.resources.resources.list_by_resource_group(context.wanted.resource_group)
    return tuple([Resource(str(found.id), marked(found.tags)) async for found in listing])


def plan(observed: Group, wanted: Wanted) -> Plan:
    """Create the group when there is none, or when the one that is there is being deleted; else put its tags right."""
    if observed.location is None or observed.state == "Deleting":
        gone = "the one of this name is being deleted and is waited for" if observed.location else ""
        title = f"create resource group {wanted.resource_group} in {wanted.location}"
        tags = retag(ON_GROUP, {}, wanted.tags, ())
        if tags.says:
            title += f": {', '.join(tags.says)}"
        return Plan(
            (
                Change(
                    "create-resource-group",
                    title,
                    gone,
                    {"wait": bool(gone), "tags": {MARK_TAG: MARK, **tags.after}},
                    (MADE, *tags.makes),
                    rights=(Right(f"{ACTION}/write", f"/subscriptions/{wanted.subscription}"),),
                ),
            )
        )
    notes: tuple[str, ...] = ()
    if observed.location != wanted.location:
        notes = (f"The group is in {observed.location}, not {wanted.location}: it is used as it is.",)
    tags = retag(ON_GROUP, observed.tags, wanted.tags, observed.made)
    return Plan(
        (_tag(observed, tags, wanted),) if tags.says else (),
        reason=f"resource group {observed.name} exists",
        notes=notes,
        values={"resource_group": observed.name},
        unrecorded=(MADE,) if observed.unrecorded else (),
    )


def _tag(observed: Group, tags: Retagged, wanted: Wanted) -> Change:
    removed = {name: value for name, value in observed.tags.items() if name not in tags.after}
    added = {name: value for name, value in tags.after.items() if observed.tags.get(name) != value}
    return Change(
        "tag-resource-group",
        f"change resource group {observed.name}: {', '.join(tags.says)}",
        body={"tags": tags.after, "added": added, "removed": removed},
        makes=tags.makes,
        unmakes=tags.unmakes,
        rights=(Right(f"{ACTION}/write", wanted.group_id),),
    )


def remove(observed: Group, wanted: Wanted) -> Plan:
    """Delete the group when we created it and nothing but what we made is in it; else only our tags are taken away."""
    if observed.location is None:
        return Plan(reason="there is no such resource group")
    if not observed.ours:
        tags = retag(ON_GROUP, observed.tags, {}, observed.made)
        why = "was there before" if MADE not in observed.made else "no longer carries our tag"
        reason = f"resource group {observed.name} {why}: kept"
        unrecorded = (MADE,) if observed.unrecorded else ()
        return Plan((_tag(observed, tags, wanted),) if tags.says else (), reason, unrecorded=unrecorded)
    going = _going(observed.resources, wanted)
    others = [one for one in observed.resources if one.id.lower() not in going]
    if others:
        left = ", ".join("/".join(one.id.split("/")[-2:]) for one in others)
        return Plan(reason=f"resource group {observed.name} is not empty: kept with {left}")
    return Plan(
        (
            Change(
                "delete-resource-group",
                f"delete resource group {observed.name}",
                body={"going": sorted(going)},
                unmakes=tuple(one for one in sorted(observed.made) if one == MADE or one.startswith(ON_GROUP)),
                rights=(Right(f"{ACTION}/delete", wanted.group_id),),
            ),
        )
    )


def _going(resources: tuple[Resource, ...], wanted: Wanted) -> set[str]:
    """Return what step 2 deletes, or has deleted, though it may still be listed: the instance, and with it our own
    identities."""
    listed = {one.id.lower(): one for one in resources}
    if not wanted.instance_goes or wanted.instance_id.lower() not in listed:
        return set()
    identities = [one.lower() for one in wanted.user_identities or ()]
    return {wanted.instance_id.lower(), *(one for one in identities if one in listed and listed[one].ours)}


async def apply(change: Change, context: Context) -> Values:
    """Create the group, after waiting for one of the same name that is being deleted; set its tags; or delete it."""
    groups, name = context.azure.resources.resource_groups, context.wanted.resource_group
    if change.key == "tag-resource-group":
        await groups.update(name, {"tags": dict(change.body["tags"])})
        return {}
    if change.key == "delete-resource-group":
        await _delete(context, frozenset(change.body["going"]))
        return {"resource_group": ""}
    assert change.key == "create-resource-group"  # noqa: S101 - the walk hands back only what plan made

    async def deleting() -> bool:
        return (await observe(context)).state == "Deleting"

    if change.body["wait"]:
        context.progress("waiting for the group of this name to be deleted")
        what = f"The deletion of resource group {name}"
        await poll(deleting, until=lambda still: not still, bound=DELETION_BOUND, what=what)
    body = {"location": context.wanted.location, "tags": dict(change.body["tags"])}
    try:
        made = await groups.create_or_update(name, body)
    except HttpResponseError as error:
        answer = answer_of(error)
        if answer is None or answer.code != "InvalidResourceGroupLocation":
            raise
        # Somebody made it meanwhile, elsewhere: that one is used, as plan would have.
        found = await observe(context)
        if found.location is None:
            raise Refusal(f"Resource group {name} can't be created.", why=answer.message) from error
        return {"resource_group": found.name}
    return {"resource_group": made.name or name}


async def _delete(context: Context, going: frozenset[str]) -> None:
    """Delete the group, once what was deleted in it is no longer listed; refuse when anything else is there."""
    name = context.wanted.resource_group

    async def listed() -> tuple[Resource, ...]:
        try:
            return await _resources(context)
        except ResourceNotFoundError:
            return ()

    def told(found: tuple[Resource, ...]) -> bool:
        return not found or any(one.id.lower() not in going for one in found)

    context.progress("making sure that nothing else is in the group")
    left = await poll(listed, until=told, bound=LISTED_BOUND, what=f"The listing of what is in {name}")
    if left:
        raise Refusal(
            f"Resource group {name} is not empty: it is not deleted.",
            why="In it: " + ", ".join(one.id for one in left),
            next="Run the same command again: it is kept then. To delete it all the same: az group delete",
        )
    context.progress("Azure is deleting the group")
    try:
        poller = await context.azure.resources.resource_groups.begin_delete(name, polling=Polling())
        await poller.result()
    except ResourceNotFoundError:
        return  # it is gone already


def hand_off(change: Change, wanted: Wanted) -> str:
    """Return the command that creates, tags or deletes the group."""
    where = ("--subscription", wanted.subscription, "--name", wanted.resource_group)
    if change.key == "delete-resource-group":
        return _delete_if_empty(wanted, az("group", "delete", *where, "--yes"))
    if change.key == "tag-resource-group":
        parts = {"Merge": change.body["added"], "Delete": change.body["removed"]}
        return " && ".join(
            az("tag", "update", "--resource-id", wanted.group_id, "--operation", operation, "--tags", *_pairs(tags))
            for operation, tags in parts.items()
            if tags
        )
    return az("group", "create", *where, "--location", wanted.location, "--tags", *_pairs(change.body["tags"]))


def _delete_if_empty(wanted: Wanted, delete: str) -> str:
    within = ("--subscription", wanted.subscription, "--resource-group", wanted.resource_group)
    listed = az("resource", "list", *within, "--query", "[].id", "--output", "tsv")
    kept = f"Resource group {wanted.resource_group} is kept: it is not empty. What was just deleted may be listed for "
    said = shlex.quote(kept + "some minutes yet: then run this again. In it:")
    return f'if left=$({listed}) && test -z "$left"; then {delete}; else echo {said} "$left" >&2; false; fi'


def _pairs(tags: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in tags.items()]


STEP = Step(1, "resource_group", "Resource group", (), observe, plan, apply, hand_off, remove)
