"""Resolves names to ids: subscriptions, groups, regions, roles. Read-only."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from cloud.clients import Azure
from cloud.data_actions import data_permissions
from cloud.identifiers import BUILT_IN_ROLES, Role, built_in_role, is_guid, region_code
from cloud.regions import PROVIDER, name_taken, offered_names
from cloud.sign_in_advice import az_login
from engine.refusal import Refusal


@dataclass(frozen=True)
class Subscription:
    """A subscription that the signed-in identity can see."""

    id: str
    name: str
    tenant: str
    usable: bool


async def subscriptions(azure: Azure) -> list[Subscription]:
    """Return every visible subscription."""
    return [_subscription(found) async for found in azure.subscriptions.subscriptions.list()]


async def subscription(azure: Azure, name_or_id: str) -> Subscription:
    """Return the subscription of this id, resource id or name; Refusal (exit 2) where none or two are visible."""
    name_or_id = re.sub(r"(?i)^/subscriptions/([^/]+)/?$", r"\1", name_or_id)
    if is_guid(name_or_id):
        try:
            return _subscription(await azure.subscriptions.subscriptions.get(name_or_id.lower()))
        except HttpResponseError as error:
            if error.status_code not in (403, 404):
                raise
    everything = await subscriptions(azure)
    same = [
        candidate for candidate in everything if name_or_id.lower() in (candidate.name.lower(), candidate.id.lower())
    ]
    if len(same) == 1:
        return same[0]
    visible = "\n".join(f"  {candidate.id}  {candidate.name}" for candidate in everything) or "  none"
    if same:
        raise Refusal(
            f"{len(same)} subscriptions are called {name_or_id}.",
            why="\n".join(f"  {candidate.id}  {candidate.name}" for candidate in same),
            next="Name one by its id with --subscription.",
            exit_code=2,
        )
    raise Refusal(
        f"The subscription {name_or_id} is not visible to this sign-in.",
        why=f"It can see:\n{visible}",
        next="Name one of these with --subscription, or sign in to the subscription's tenant: " + az_login("TENANT_ID"),
        exit_code=2,
    )


async def names_of(azure: Azure, tenant: str, subscription: str) -> tuple[str, str]:
    """Return the names of a tenant and of a subscription by their ids; "" for one that can't be read."""
    from azure.core.exceptions import AzureError

    try:
        names = {found.tenant_id: found.display_name or "" async for found in azure.subscriptions.tenants.list()}
        return names.get(tenant, ""), (await azure.subscriptions.subscriptions.get(subscription)).display_name or ""
    except AzureError:
        return "", ""


def _subscription(found: Any) -> Subscription:
    state = str(getattr(found.state, "value", found.state) or "")
    usable = state in ("Enabled", "Warned", "PastDue")
    return Subscription(found.subscription_id, found.display_name or "", found.tenant_id or "", usable)


async def tenant_id(azure: Azure, id_or_domain: str) -> str | None:
    """Return the id of a tenant given by id or by one of its domains; None when there is no such tenant.

    Entra ID's discovery knows every domain, whoever asks. Source: "OpenID Connect on the Microsoft identity platform".
    """
    if is_guid(id_or_domain):
        return id_or_domain.lower()
    if not re.fullmatch(r"[\w-]+(\.[\w-]+)+", id_or_domain):
        return None
    try:
        found = await azure.read(
            f"{azure.cloud.login}/{id_or_domain}/v2.0/.well-known/openid-configuration", openly=True
        )
    except HttpResponseError as error:
        if error.status_code not in (400, 404):
            raise
        return None
    identifier = "".join(str(found.get("issuer", "")).split("/")[3:4]).lower()  # https://LOGIN/TENANT/v2.0
    return identifier if is_guid(identifier) else None


async def groups(azure: Azure) -> dict[str, str]:
    """Return the subscription's resource groups: name to region."""
    return {str(found.name): str(found.location) async for found in azure.resources.resource_groups.list()}


async def regions(azure: Azure) -> dict[str, str]:
    """Return the regions that offer Digital Twins: code name to display name."""
    provider = await azure.resources.providers.get(PROVIDER)
    return {region_code(name): name for name in sorted(offered_names(provider))}


async def name_problem(azure: Azure, group: str, region: str, name: str) -> str | None:
    """Return why `group` can't have an instance of this name in `region`; None when it can, or when Azure won't say."""
    try:
        await azure.twins.digital_twins.get(group, name)
    except HttpResponseError:
        return await name_taken(azure, region, name) or None
    return None  # it is there, and is adopted


async def role(azure: Azure, scope: str, name_or_id: str) -> Role:
    """Return the role of this display name or definition GUID; Refusal (exit 2) when there is no such role.

    A custom role is found by name where it can be assigned: `scope` is a subscription or a resource group.
    """
    built_in = built_in_role(name_or_id)
    if built_in:
        return built_in
    definitions = azure.authorization.role_definitions
    with suppress(ResourceNotFoundError):
        if is_guid(name_or_id):
            return _role(await definitions.get(scope, name_or_id))
        quoted = name_or_id.replace("'", "''")
        async for found in definitions.list(scope, filter=f"roleName eq '{quoted}'"):
            return _role(found)
    raise Refusal(
        f"There is no role {name_or_id} that can be assigned in {scope}.",
        why=f"The usual ones are: {', '.join(BUILT_IN_ROLES)}.",
        next='az role definition list --query "[].roleName" --output tsv shows them all.',
        exit_code=2,
    )


def _role(found: Any) -> Role:
    return Role(str(found.role_name), str(found.name), data_permissions(found))


async def role_of(azure: Azure, definition: str) -> Role:
    """Return the role of a definition's id; where that can't be read, with its GUID for a name."""
    identifier = definition.rpartition("/")[2]
    known = built_in_role(identifier)
    if known:
        return known
    with suppress(HttpResponseError):
        return _role(await azure.authorization.role_definitions.get_by_id(definition))
    return Role(identifier, identifier)


async def role_name(azure: Azure, definition: str) -> str:
    """Return the display name of a role by its definition's id; that id's GUID where it can't be read."""
    return (await role_of(azure, definition)).name
