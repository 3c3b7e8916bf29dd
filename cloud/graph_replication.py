"""Reading and writing Microsoft Graph as it is: replicated, so a replica may not know an object for a while."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from cloud.waiting import poll

if TYPE_CHECKING:
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from kiota_abstractions.default_query_parameters import QueryParameters

REPLICATION_BOUND = 5 * 60
"""Seconds until every replica shows a write."""
RECORDED_BOUND = 3
"""Seconds to look again for what was recorded, before it is taken for deleted."""

T = TypeVar("T")


async def get_or_none(read: Callable[[], Awaitable[T | None]], *, retry_missing: bool) -> T | None:
    """Read an object; None when there is none.

    With `retry_missing`, for an object that was recorded, a replica that doesn't know it is asked again for
    RECORDED_BOUND seconds. Raises APIError for every answer but 404.
    """
    from kiota_abstractions.api_error import APIError

    async def read_once() -> T | None:
        try:
            return await read()
        except APIError as error:
            if error.response_status_code != 404:
                raise
            return None

    if not retry_missing:
        return await read_once()
    try:
        return await poll(
            read_once, until=lambda answer: answer is not None, bound=RECORDED_BOUND, what="the replication"
        )
    except TimeoutError:
        return None


async def ignore_missing(request: Callable[[], Awaitable[object]]) -> None:
    """Make a request that removes or restores an object; one that no longer exists is fine. Raises other APIErrors."""
    from kiota_abstractions.api_error import APIError

    try:
        await request()
    except APIError as error:
        if error.response_status_code != 404:
            raise


def create_if_missing() -> RequestConfiguration[QueryParameters]:
    """Return a request configuration that makes a PATCH by a key of our choosing an upsert."""
    from kiota_abstractions.base_request_configuration import RequestConfiguration

    upsert: RequestConfiguration[QueryParameters] = RequestConfiguration()
    upsert.headers.add("Prefer", "create-if-missing")
    return upsert
