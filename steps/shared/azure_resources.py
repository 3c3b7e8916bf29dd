"""Requests to Resource Manager about resources for which no SDK is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from azure.core.rest import HttpRequest

if TYPE_CHECKING:
    from cloud.clients import Azure


async def ask_resource(azure: Azure, identifier: str, api_version: str, method: str = "GET") -> Mapping[str, object]:
    """Return what Resource Manager answers at a resource's id, or at a path below it. HttpResponseError as SDKs do."""
    request = HttpRequest(method, identifier, params={"api-version": api_version})
    response = await azure.resources.send_request(request)
    response.raise_for_status()
    answer: Mapping[str, object] = response.json()
    return answer
