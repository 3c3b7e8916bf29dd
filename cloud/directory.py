"""Reading and writing Microsoft Graph as it is: replicated, so that what is there may be missed for a while."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from kiota_abstractions.api_error import APIError

from cloud.waiting import poll

RECORDED_BOUND = 3
"""Seconds to look again for what was recorded, before it is taken for deleted."""


async def found(read: Callable[[], Awaitable[Any]], *, sure: bool) -> Any:
    """Read an object; None when there is none. What we recorded is missed by lagging replicas: look more than once."""

    async def once() -> Any:
        try:
            return await read()
        except APIError as error:
            if error.response_status_code != 404:
                raise
            return None

    if sure:
        return await once()
    try:
        return await poll(once, until=lambda found: found is not None, bound=RECORDED_BOUND, what="the replication")
    except TimeoutError:
        return None


def create_if_missing(configuration: type[Any]) -> Any:
    """Return a request configuration that makes a PATCH by a key of our choosing an upsert."""
    made = configuration()
    made.headers.add("Prefer", "create-if-missing")
    return made
