"""The directory's recycle bin: a deleted application stays there for 30 days, and keeps its `uniqueName` that long."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

from kiota_abstractions.api_error import APIError

from cloud.clients import Azure
from cloud.graph_replication import get_or_none, ignore_missing
from cloud.waiting import Progress, poll, until_visible
from steps.step_04_app_registration.azure_applications import registration
from steps.step_04_app_registration.observed import Registration

VISIBLE_BOUND = 10
"""Seconds until a deleted application is in the recycle bin, or is known to have been purged by others."""


async def deleted_application(azure: Azure, unique_name: str, *, retry_missing: bool) -> Registration | None:
    """Return the deleted application of this `uniqueName`, as restoring it brings it back; None when there is none.

    With `retry_missing`, for an application that is recorded, replicas that don't show it are asked again.
    """
    return await get_or_none(lambda: _deleted_application(azure, unique_name), retry_missing=retry_missing)


async def _deleted_application(azure: Azure, unique_name: str) -> Registration | None:
    graph = azure.graph
    # The SDK's own path names the type without its namespace, which Graph's reference does not.
    builder = graph.directory.deleted_items.graph_application
    url: str | None = f"{graph.request_adapter.base_url}/directory/deletedItems/microsoft.graph.application"
    while url:
        try:
            page = await builder.with_url(url).get()
        except APIError as error:
            if error.response_status_code != 403:
                raise
            return None
        for found in (page and page.value) or ():
            if found.unique_name == unique_name:
                return registration(found)
        url = page.odata_next_link if page else None
    return None


async def delete_application(azure: Azure, object_id: str, progress: Progress) -> None:
    """Delete an application, and wait until it is in the recycle bin and no longer elsewhere, where that can be seen.

    Otherwise a run right after this one would take it for one that still exists.
    """
    item, deleted = azure.graph.applications.by_application_id(object_id), azure.graph.directory.deleted_items
    await ignore_missing(item.delete)
    progress("waiting for the directory to replicate the deletion")

    async def moved() -> bool:
        return await _status(item.get) == 404 and await _status(deleted.by_directory_object_id(object_id).get) != 404

    with suppress(TimeoutError):
        await poll(moved, until=bool, bound=VISIBLE_BOUND, what="The replication of the deletion")


async def _status(read: Callable[[], Awaitable[object]]) -> int:
    try:
        await read()
    except APIError as error:
        return error.response_status_code or 0
    return 200


async def restore_application(azure: Azure, object_id: str) -> None:
    """Bring a deleted application back; one that another run has restored meanwhile is fine."""
    await ignore_missing(azure.graph.directory.deleted_items.by_directory_object_id(object_id).restore.post)


async def purge_application(azure: Azure, object_id: str, progress: Progress) -> None:
    """Delete a deleted application for good, which frees its `uniqueName`.

    One that can't be seen in the recycle bin yet is waited for; one that doesn't come was purged already.
    """
    item = azure.graph.directory.deleted_items.by_directory_object_id(object_id)

    waiting = "waiting for the recycle bin to show the application"
    await ignore_missing(
        lambda: until_visible(
            item.delete,
            not_yet=lambda answer: answer.status == 404,
            bound=VISIBLE_BOUND,
            what=waiting,
            progress=progress,
        )
    )
