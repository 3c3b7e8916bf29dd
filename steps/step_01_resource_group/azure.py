"""Resource groups in Azure: read, created, tagged, and deleted once they are empty."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from cloud.clients import Polling
from cloud.errors import answer_of
from cloud.waiting import Progress, poll
from engine.refusal import Refusal
from steps.shared.tags import is_marked
from steps.step_01_resource_group.observed import Group, Resource

if TYPE_CHECKING:
    from cloud.clients import Azure

DELETION_BOUND = 30 * 60
LISTED_BOUND = 5 * 60
"""Seconds until a resource that was deleted is no longer listed in its group."""


async def read_group(azure: Azure, name: str) -> Group | None:
    """Return the group; None when there is none."""
    try:
        found = await azure.resources.resource_groups.get(name)
    except ResourceNotFoundError:
        return None
    state = (found.properties and found.properties.provisioning_state) or ""
    return Group(found.name or name, found.location, state, dict(found.tags or {}))


async def list_resources(azure: Azure, name: str, *instance_ids: str) -> tuple[Resource, ...]:
    """Return what is in the group, with whether the deployment of one of these instances created it.

    Raises ResourceNotFoundError when there is no group.
    """
    listing = azure.resources.resources.list_by_resource_group(name)
    return tuple(
        [Resource(str(found.id), any(is_marked(found.tags, one) for one in instance_ids)) async for found in listing]
    )


async def wait_until_deleted(azure: Azure, name: str) -> None:
    """Wait while the group is being deleted. TimeoutError after half an hour."""

    async def is_being_deleted() -> bool:
        group = await read_group(azure, name)
        return group is not None and group.is_being_deleted

    what = f"The deletion of resource group {name}"
    await poll(is_being_deleted, until=lambda still: not still, bound=DELETION_BOUND, what=what)


async def create_group(azure: Azure, name: str, location: str, tags: Mapping[str, str]) -> str:
    """Create the group and return its name. One that someone created meanwhile, elsewhere, is used as it is.

    A group that several deployments of a run share is created by the first of them.
    """
    return await azure.once_by(("create group", name.lower()), lambda: _create(azure, name, location, tags))


async def _create(azure: Azure, name: str, location: str, tags: Mapping[str, str]) -> str:
    try:
        created = await azure.resources.resource_groups.create_or_update(
            name, {"location": location, "tags": dict(tags)}
        )
    except HttpResponseError as error:
        answer = answer_of(error)
        if answer is None or answer.code != "InvalidResourceGroupLocation":
            raise
        found = await read_group(azure, name)
        if found is None:
            raise Refusal(f"Resource group {name} can't be created.", why=answer.message) from error
        return found.name
    return created.name or name


async def tag_group(azure: Azure, name: str, tags: Mapping[str, str]) -> None:
    """Replace the group's tags; by the first of several deployments of a run that share it, and want the same."""

    async def update() -> None:
        await azure.resources.resource_groups.update(name, {"tags": dict(tags)})

    await azure.once_by(("tag group", name.lower(), frozenset(tags.items())), update)


async def delete_empty_group(
    azure: Azure, name: str, instance_id: str, leaving: Collection[str], progress: Progress
) -> None:
    """Delete the group, once what was deleted from it is no longer listed. Refusal when anything else is in it.

    `leaving` has lower-cased ids. A group that no longer exists is fine.
    """

    async def listed() -> tuple[Resource, ...]:
        try:
            return await list_resources(azure, name, instance_id)
        except ResourceNotFoundError:
            return ()

    def is_clear(found: tuple[Resource, ...]) -> bool:
        return not found or any(resource.id.lower() not in leaving for resource in found)

    progress("making sure that nothing else is in the group")
    remaining = await poll(listed, until=is_clear, bound=LISTED_BOUND, what=f"The listing of what is in {name}")
    if remaining:
        raise Refusal(
            f"Resource group {name} is not empty: it is not deleted.",
            why="In it: " + ", ".join(resource.id for resource in remaining),
            next="Run the same command again: it is kept then. To delete it all the same: az group delete",
        )
    progress("Azure is deleting the group")
    try:
        poller = await azure.resources.resource_groups.begin_delete(name, polling=Polling())
        await poller.result()
    except ResourceNotFoundError:
        return
