"""Where events go: the resource ids of event hubs, topics and containers, from how people name them."""

from __future__ import annotations

import re

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
