"""The directory's recycle bin: a deleted application stays there for 30 days, and keeps its `uniqueName` that long."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kiota_abstractions.api_error import APIError

from cloud.clients import Azure
from cloud.graph_replication import get_or_none, ignore_missing
from cloud.waiting import Progress, poll, until_visible
from steps.step_04_app_registration.azure_applications import registration
from steps.step_04_app_registration.observed import BinView, Registration

if TYPE_CHECKING:
    from msgraph.generated.models.application_collection_response import ApplicationCollectionResponse

VISIBLE_BOUND = 10
"""Seconds until a deleted application is in the recycle bin, or is known to have been purged by others."""


@dataclass(frozen=True)
class RecycleBin:
    """What was found in the recycle bin."""

    application: Registration | None = None
    view: BinView = "all"


async def look_into_bin(azure: Azure, unique_name: str, owner: str, *, retry_missing: bool) -> RecycleBin:
    """Return the deleted application of this `uniqueName`, as restoring it brings it back.

    Only some administrators may list the bin; others may ask for what they own in it: `owner` is the object id of
    the signed-in identity. With `retry_missing`, for an application that is recorded, replicas that don't show it are
    asked again. Source: "List deletedItems" and "List deleted items owned by a user" in the Microsoft Graph reference.
    """
    try:
        found = await get_or_none(lambda: _deleted_application(azure, unique_name), retry_missing=retry_missing)
        return RecycleBin(found)
    except APIError as error:
        if error.response_status_code != 403:
            raise
    try:
        owned = await get_or_none(lambda: _owned(azure, unique_name, owner), retry_missing=retry_missing)
    except APIError as error:
        if error.response_status_code not in (400, 403):
            raise
        return RecycleBin(view="nothing")
    return RecycleBin(owned, view="owned")


async def _deleted_application(azure: Azure, unique_name: str) -> Registration | None:
    graph = azure.graph
    # The SDK's own path names the type without its namespace, which Graph's reference does not.
    builder = graph.directory.deleted_items.graph_application
    url: str | None = f"{graph.request_adapter.base_url}/directory/deletedItems/microsoft.graph.application"
    while url:
        page = await builder.with_url(url).get()
        if found := _of_name(page, unique_name):
            return found
        url = page.odata_next_link if page else None
    return None


async def _owned(azure: Azure, unique_name: str, owner: str) -> Registration | None:
    """Return the deleted application among those that the user owns; Graph answers with a single page of 1,000."""
    from kiota_abstractions.method import Method
    from kiota_abstractions.request_information import RequestInformation
    from msgraph.generated.models.application_collection_response import ApplicationCollectionResponse
    from msgraph.generated.models.o_data_errors.o_data_error import ODataError

    adapter = azure.graph.request_adapter
    request = RequestInformation(Method.POST)
    request.url = f"{adapter.base_url}/directory/deletedItems/getUserOwnedObjects"  # the SDK has no builder of it
    request.headers.try_add("Accept", "application/json")
    body = json.dumps({"userId": owner, "type": "Application"})
    request.set_stream_content(body.encode(), "application/json")
    page = await adapter.send_async(request, ApplicationCollectionResponse, {"XXX": ODataError})
    return _of_name(page, unique_name)


def _of_name(page: ApplicationCollectionResponse | None, unique_name: str) -> Registration | None:
    return next((registration(one) for one in (page and page.value) or () if one.unique_name == unique_name), None)


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


async def restore(azure: Azure, object_id: str, progress: Progress, *, tolerated: Collection[int] = ()) -> None:
    """Bring a deleted object back; one that isn't in the bin, as another run has restored it meanwhile, is fine.

    So are refusals with the statuses that are `tolerated`. Raises APIError for others.
    """
    item = azure.graph.directory.deleted_items.by_directory_object_id(object_id)
    try:
        await _once_visible(item.restore.post, progress)
    except APIError as error:
        if error.response_status_code not in tolerated:
            raise


async def purge(azure: Azure, object_id: str, progress: Progress) -> None:
    """Delete a deleted object for good, which frees its `uniqueName`; one that isn't in the bin was purged already."""
    await _once_visible(azure.graph.directory.deleted_items.by_directory_object_id(object_id).delete, progress)


async def _once_visible(request: Callable[[], Awaitable[object]], progress: Progress) -> None:
    """Make a request of a deleted object. One that can't be seen in the recycle bin yet is waited for."""

    async def make() -> None:
        await request()

    waiting = "waiting for the recycle bin to show it"
    await ignore_missing(
        lambda: until_visible(
            make, not_yet=lambda answer: answer.status == 404, bound=VISIBLE_BOUND, what=waiting, progress=progress
        )
    )
