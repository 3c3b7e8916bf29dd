"""Where events go: event hubs, topics and containers, by resource id or as people name them, and questions to them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import HttpResponseError

from cloud.errors import answer_of

if TYPE_CHECKING:
    from cloud.clients import Azure

_KINDS = {
    "EventHub": ("Microsoft.EventHub/namespaces/{0}/eventhubs/{1}", "NAMESPACE/HUB"),
    "ServiceBus": ("Microsoft.ServiceBus/namespaces/{0}/topics/{1}", "NAMESPACE/TOPIC"),
    "EventGrid": ("Microsoft.EventGrid/topics/{0}", "TOPIC"),
    "DeadLetter": (
        "Microsoft.Storage/storageAccounts/{0}/blobServices/default/containers/{1}",
        "ACCOUNT/CONTAINER",
    ),
    "UserIdentity": ("Microsoft.ManagedIdentity/userAssignedIdentities/{0}", "NAME"),
}


VERSIONS = {
    "EventHub": "2024-01-01",
    "ServiceBus": "2024-01-01",
    "EventGrid": "2025-02-15",
    "DeadLetter": "2025-06-01",
}
"""The api-versions of the resource providers."""


def resource_id(kind: str, named: str, group_id: str) -> str | None:
    """Return the resource id of a destination, given by id or by its short name in the group; None for neither.

    `kind` is EventHub, ServiceBus, EventGrid, DeadLetter (a storage container) or UserIdentity.
    """
    template, _form = _KINDS[kind]
    if named.startswith("/"):
        pattern = re.escape(template).replace(r"\{0\}", "[^/]+").replace(r"\{1\}", "[^/]+")
        whole = rf"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/{pattern}"
        return named if re.fullmatch(whole, named, re.IGNORECASE) else None
    parts = named.split("/")
    if len(parts) != template.count("{") or not all(re.fullmatch(r"[\w.-]+", part) for part in parts):
        return None
    return f"{group_id}/providers/{template.format(*parts)}"


def form(kind: str) -> str:
    """Return how a destination of this kind is named in short."""
    return _KINDS[kind][1]


def names(kind: str, identifier: str) -> tuple[str, ...]:
    """Return the names in a destination's id: of the namespace and the event hub, of the topic, and so on."""
    template, _form = _KINDS[kind]
    pattern = re.escape(template).replace(r"\{0\}", "([^/]+)").replace(r"\{1\}", "([^/]+)")
    found = re.search(f"/providers/{pattern}$", identifier, re.IGNORECASE)
    assert found is not None  # noqa: S101 - inputs are checked by resource_id
    return found.groups()


def parent(kind: str, identifier: str) -> str:
    """Return the id of the namespace or storage account of a destination."""
    if kind == "DeadLetter":
        return re.split("/blobServices/", identifier, flags=re.IGNORECASE)[0]
    return identifier.rsplit("/", 2)[0]


async def ask(azure: Azure, kind: str, identifier: str, method: str = "GET") -> Any:
    """Return what Resource Manager answers about a destination or its namespace, account, rules or keys."""
    from azure.core.rest import HttpRequest

    request = HttpRequest(method, identifier, params={"api-version": VERSIONS[kind]})
    response = await azure.resources.send_request(request)
    response.raise_for_status()
    return response.json()


async def why_absent(azure: Azure, kind: str, identifier: str) -> str:
    """Return why nothing can be sent there: it doesn't exist, or lies in another tenant; "" when it is there."""
    try:
        await ask(azure, kind, identifier)
    except HttpResponseError as error:
        answer = answer_of(error)
        if answer is None or (answer.status != 404 and answer.code != "InvalidAuthenticationTokenTenant"):
            raise
        said = f"{answer.code}: {answer.message}"
        if answer.status != 404:
            return f"{identifier} lies in another tenant, to which an instance can't send.\n{said}"
        _, _, subscription, _, group, *_ = identifier.split("/")
        where = f"it was looked for in resource group {group} of subscription {subscription}"
        return f"there is no destination {'/'.join(names(kind, identifier))} ({where}).\n{said}"
    return ""
