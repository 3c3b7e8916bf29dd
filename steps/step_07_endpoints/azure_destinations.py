"""What step 7 reads of destinations: whether they exist, where they are reached, their rules and keys."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from cloud.clients import Azure
from engine.context import Context
from steps.shared.azure_destinations import ask, at, look_up
from steps.shared.destinations import CONTAINER, DestinationKind, ResourceKind, parent
from steps.shared.event_routing import Endpoint


async def look_for_destinations(context: Context[Azure], endpoint: Endpoint) -> tuple[str, str]:
    """Return why the endpoint's destinations can't be used, "" where they can, and the rule whose key it would use."""
    azure, kind = context.clients, endpoint.kind
    places: list[tuple[ResourceKind, str]] = [(kind, endpoint.destination)]
    if endpoint.dead_letter:
        places.append((CONTAINER, endpoint.dead_letter))
    owners = [(kind, parent(kind, identifier)) for kind, identifier in places] if endpoint.identity is None else []
    found = await asyncio.gather(*(context.read(look_up, azure, *resource) for resource in (*places, *owners)))
    problem = next((problem for problem, _ in found if problem), "")
    if not problem:
        reasons = (
            _why_closed(kind, owner, answer.get("properties", {}))
            for (kind, owner), (_, answer) in zip(owners, found[len(places) :], strict=True)
        )
        problem = next(filter(None, reasons), "")
    if problem or not endpoint.uses_rule:
        return problem, ""
    return "", await context.read(sending_rule, azure, kind, endpoint.destination)


def _why_closed(kind: ResourceKind, owner: str, settings: object) -> str:
    """Return why no key opens what lies in `owner`, "" where keys do.

    Azure creates the endpoint all the same, and its events are lost. Source: "Disable local authentication" in the
    documentation of Event Hubs, Service Bus and Event Grid; "Prevent Shared Key authorization" in that of Storage.
    """
    assert isinstance(settings, Mapping)  # noqa: S101 - every resource has properties
    if kind is CONTAINER:
        if settings.get("allowSharedKeyAccess") is False:
            return f"{owner} has allowSharedKeyAccess false: dead letters of an endpoint with a key need a key of it."
        return ""
    return f"{owner} has disableLocalAuth true: it takes no keys." if settings.get("disableLocalAuth") else ""


async def sending_rule(azure: Azure, kind: DestinationKind, identifier: str) -> str:
    """Return the name of the destination's own authorization rule that may send, and least else; "" for none.

    Those of its namespace open more than the destination: they are left alone, as `az dt endpoint create` does.
    """
    rules = at(await ask(azure, kind, f"{identifier}/authorizationRules"), "value")
    sending = []
    for rule in rules if isinstance(rules, list) else ():
        rights = at(rule, "properties.rights")
        if isinstance(rights, list) and "Send" in rights:
            sending.append((len(rights), str(at(rule, "name"))))
    return min(sending)[1] if sending else ""


async def address(azure: Azure, kind: ResourceKind, identifier: str) -> str:
    """Return the URL at which a destination's namespace, topic or storage account is reached."""
    return str(at(await ask(azure, kind, parent(kind, identifier)), f"properties.{kind.address}"))


async def keys(azure: Azure, kind: DestinationKind, identifier: str, rule: str) -> Mapping[str, str]:
    """Return what a key-based endpoint says of the keys of a rule, or of a destination without rules."""
    owner = f"{identifier}/authorizationRules/{rule}" if kind.has_rules else identifier
    answer = await ask(azure, kind, f"{owner}/listKeys", "POST")
    return {name: str(at(answer, field)) for name, field in kind.key_properties}


async def account_key(azure: Azure, container: str) -> str:
    """Return a key of the storage account of a container."""
    account = parent(CONTAINER, container)
    return str(at(await ask(azure, CONTAINER, f"{account}/listKeys", "POST"), "keys.0.value"))
