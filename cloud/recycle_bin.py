"""The directory's recycle bin: a deleted application stays there for 30 days, and keeps its `uniqueName` that long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiota_abstractions.api_error import APIError

if TYPE_CHECKING:
    from msgraph.graph_service_client import GraphServiceClient


async def deleted_application(graph: GraphServiceClient, unique_name: str) -> str | None:
    """Return the object id of the deleted application of this `uniqueName`; None when there is none to be seen."""
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
                return found.id
        url = page.odata_next_link if page else None
    return None
