"""Step 1: the resource group. May create it; never changes one that exists."""

from __future__ import annotations

from dataclasses import dataclass

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from cloud.errors import Refusal, answer_of
from cloud.waiting import poll
from steps.model import MARK, Change, Context, Plan, Step, Values
from steps.wanted import Wanted

DELETION_BOUND = 30 * 60


@dataclass(frozen=True)
class Group:
    """The group as it is; None in `location` when there is none."""

    location: str | None
    state: str = ""
    name: str = ""


async def observe(context: Context) -> Group:
    """Read the group."""
    try:
        found = await context.azure.resources.resource_groups.get(context.wanted.resource_group)
    except ResourceNotFoundError:
        return Group(None)
    state = (found.properties and found.properties.provisioning_state) or ""
    return Group(found.location, state, found.name or context.wanted.resource_group)


def plan(observed: Group, wanted: Wanted) -> Plan:
    """Create the group when there is none, or when the one that is there is being deleted."""
    if observed.location is None or observed.state == "Deleting":
        gone = "the one of this name is being deleted and is waited for" if observed.location else ""
        title = f"create resource group {wanted.resource_group} in {wanted.location}"
        return Plan((Change("create-resource-group", title, gone, {"wait": bool(gone)}, ("resource-group",)),))
    notes: tuple[str, ...] = ()
    if observed.location != wanted.location:
        notes = (f"The group is in {observed.location}, not {wanted.location}: it is used as it is.",)
    return Plan(
        reason=f"resource group {observed.name} exists",
        notes=notes,
        values={"resource_group": observed.name},
    )


async def apply(change: Change, context: Context) -> Values:
    """Create the group, after waiting for one of the same name that is being deleted."""
    assert change.key == "create-resource-group"  # noqa: S101 - the walk hands back only what plan made
    wanted = context.wanted

    async def deleting() -> bool:
        return (await observe(context)).state == "Deleting"

    if change.body["wait"]:
        context.progress("waiting for the group of this name to be deleted")
        what = f"The deletion of resource group {wanted.resource_group}"
        await poll(deleting, until=lambda still: not still, bound=DELETION_BOUND, what=what)
    body = {"location": wanted.location, "tags": {"created-by": MARK}}
    try:
        made = await context.azure.resources.resource_groups.create_or_update(wanted.resource_group, body)
    except HttpResponseError as error:
        answer = answer_of(error)
        if answer is None or answer.code != "InvalidResourceGroupLocation":
            raise
        # Somebody made it meanwhile, elsewhere: that one is used, as plan would have.
        found = await observe(context)
        if found.location is None:
            raise Refusal(f"Resource group {wanted.resource_group} can't be created.", why=answer.message) from error
        return {"resource_group": found.name}
    return {"resource_group": made.name or wanted.resource_group}


def hand_off(_change: Change, wanted: Wanted) -> str:
    """Return the command that creates the group."""
    return (
        f"az group create --subscription {wanted.subscription} --name {wanted.resource_group} "
        f"--location {wanted.location} --tags created-by={MARK}"
    )


STEP = Step(1, "resource_group", "Resource group", (), observe, plan, apply, hand_off)
