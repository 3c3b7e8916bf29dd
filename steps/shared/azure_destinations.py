"""Questions to Resource Manager about destinations, their namespaces and accounts, and their keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from azure.core.exceptions import HttpResponseError

from cloud.errors import answer_of
from steps.shared.azure_resources import ask_resource
from steps.shared.destinations import ResourceKind, short_name

if TYPE_CHECKING:
    from cloud.clients import Azure


async def ask(azure: Azure, kind: ResourceKind, identifier: str, method: str = "GET") -> Mapping[str, object]:
    """Return what Resource Manager answers about a resource of this kind, its parent, its rules or its keys."""
    return await ask_resource(azure, identifier, kind.api_version, method)


def at(answer: object, path: str) -> object:
    """Return what stands in an answer at a path such as `properties.endpoint` or `keys.0.value`."""
    for name in path.split("."):
        if isinstance(answer, list):
            answer = answer[int(name)]
        elif isinstance(answer, Mapping):
            answer = answer[name]
        else:
            raise TypeError(f"there is no {path} in it")
    return answer


async def look_up(azure: Azure, kind: ResourceKind, identifier: str) -> tuple[str, Mapping[str, object]]:
    """Return why nothing can be sent there (it doesn't exist, or lies in another tenant), or "" and what it is."""
    try:
        return "", await ask(azure, kind, identifier)
    except HttpResponseError as error:
        answer = answer_of(error)
        if answer is None or (answer.status != 404 and answer.code != "InvalidAuthenticationTokenTenant"):
            raise
        words = f"{answer.code}: {answer.message}"
        if answer.status != 404:
            return f"{identifier} lies in another tenant, to which an instance can't send.\n{words}", {}
        _, _, subscription, _, group, *_ = identifier.split("/")
        where = f"it was looked for in resource group {group} of subscription {subscription}"
        return f"there is no destination {short_name(kind, identifier)} ({where}).\n{words}", {}
