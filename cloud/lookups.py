"""Resolves names to ids: subscriptions, groups, regions, roles, people. Read-only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from kiota_abstractions.api_error import APIError

from cloud.clients import Azure
from cloud.identifiers import BUILT_IN_ROLES, Principal, PrincipalKind, Role, built_in_role, is_guid, region_code
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
    """Return the subscription of this id or name; Refusal (exit 2) when it isn't visible, or two have the name."""
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
            found = await definitions.get(scope, name_or_id)
            return Role(str(found.role_name), str(found.name))
        quoted = name_or_id.replace("'", "''")
        async for found in definitions.list(scope, filter=f"roleName eq '{quoted}'"):
            return Role(str(found.role_name), str(found.name))
    raise Refusal(
        f"There is no role {name_or_id} that can be assigned in {scope}.",
        why=f"The usual ones are: {', '.join(BUILT_IN_ROLES)}.",
        next='az role definition list --query "[].roleName" --output tsv shows them all.',
        exit_code=2,
    )


async def role_name(azure: Azure, definition: str) -> str:
    """Return the display name of a role by its definition's id; that id's GUID where it can't be read."""
    identifier = definition.rpartition("/")[2]
    names = [name for name, built_in in BUILT_IN_ROLES.items() if built_in == identifier.lower()]
    with suppress(HttpResponseError):
        return names[0] if names else str((await azure.authorization.role_definitions.get_by_id(definition)).role_name)
    return identifier


async def label_of(azure: Azure, object_id: str) -> str:
    """Return how a principal is called; the id of one that is gone, or that may not be read."""
    with suppress(APIError):
        return next((candidate.label for candidate in await _by_id(azure, object_id)), object_id)
    return object_id


async def principal(azure: Azure, name: str, kind: str = "") -> Principal:
    """Return who `name` is: by object id, client id, user principal name, e-mail address or exact display name.

    With its `kind`, User, ServicePrincipal or Group, an object id is taken as it is, and the directory isn't asked.
    Raises Refusal (exit 2) when nobody, or more than one, is found, and when the directory may not be read.
    """
    if kind and is_guid(name):
        return Principal(name.lower(), kind, name.lower())  # type: ignore[arg-type]  # one of the three
    try:
        everyone = await (_by_id(azure, name) if is_guid(name) else _by_name(azure, name))
        found = [candidate for candidate in everyone if kind in ("", candidate.kind)]
        near = () if found or is_guid(name) else await _near(azure, name)
    except APIError as error:
        if error.response_status_code != 403:
            raise
        raise Refusal(
            f"This sign-in may not look {name} up in the directory.",
            why=f"Microsoft Graph refuses it: {error.message}",
            next="Give the object id, and say with --assignee-type User|ServicePrincipal|Group what it is: then the "
            "directory isn't asked.",
            exit_code=2,
        ) from error
    if len(found) == 1:
        return found[0]
    if found:
        raise Refusal(
            f"{len(found)} people, groups or applications match {name}.",
            why=_listed(found),
            next="Name one by its object id.",
            exit_code=2,
        )
    like = f"\nNames like it:\n{_listed(near)}" if near else ""
    raise Refusal(
        f"Nobody called {name} is in this directory.",
        why="A user principal name, an e-mail address, the exact name of a person, a group or an application's service "
        f"principal, an object id or a client id is needed.{like}",
        next="Guests and personal accounts are surest found by object id: az ad signed-in-user show --query id",
        exit_code=2,
    )


def _listed(candidates: Sequence[Principal]) -> str:
    return "\n".join(f"  {candidate.object_id}  {candidate.kind}  {candidate.label}" for candidate in candidates)


_KINDS: dict[str, PrincipalKind] = {
    "#microsoft.graph.user": "User",
    "#microsoft.graph.serviceprincipal": "ServicePrincipal",
    "#microsoft.graph.group": "Group",
}


async def _by_id(azure: Azure, identifier: str) -> Sequence[Principal]:
    graph = azure.graph
    found: Any = await _get(graph.directory_objects.by_directory_object_id(identifier))
    kind = str(found and found.odata_type).lower()
    if found is None or kind == "#microsoft.graph.application":
        # A client id, or an application's own object id: roles are for its service principal.
        client_id = found.app_id if found is not None and getattr(found, "app_id", None) else identifier
        found = await _get(graph.service_principals_with_app_id(client_id))
        kind = "#microsoft.graph.serviceprincipal"
    if found is None or kind not in _KINDS:
        return ()
    return (_principal(found, _KINDS[kind]),)


async def _by_name(azure: Azure, name: str) -> Sequence[Principal]:
    if "@" in name:
        user = await _get(azure.graph.users.by_user_id(name))
        if user is not None and user.id:
            return (_principal(user, "User"),)
        mail = _quoted(name)
        by_mail = await _users(azure, f"mail eq {mail} or otherMails/any(c:c eq {mail})")
        if by_mail:
            return [_principal(found, "User") for found in by_mail]
    return [candidate for _, candidate in await _all_kinds(azure, f"displayName eq {_quoted(name)}")]


async def _near(azure: Azure, name: str) -> Sequence[Principal]:
    """Return up to five whose display names are like this, the nearest first. They are only proposed."""
    from difflib import get_close_matches

    found = await _all_kinds(azure, f"startswith(displayName,{_quoted(name[:3])})")
    labels = get_close_matches(name.lower(), {label.lower() for label, _ in found}, n=5)
    return [candidate for near in labels for label, candidate in found if label.lower() == near]


async def _all_kinds(azure: Azure, condition: str) -> list[tuple[str, Principal]]:
    """Return the users, groups and service principals that the filter lets pass, with their display names."""
    from asyncio import gather

    users, groups, services = await gather(
        _users(azure, condition), _groups(azure, condition), _service_principals(azure, condition)
    )
    by_kind: tuple[tuple[PrincipalKind, Sequence[Any]], ...]
    by_kind = (("User", users), ("Group", groups), ("ServicePrincipal", services))
    return [(str(found.display_name or ""), _principal(found, kind)) for kind, every in by_kind for found in every]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


async def _users(azure: Azure, condition: str) -> Sequence[Any]:
    builder: Any = azure.graph.users
    query = builder.UsersRequestBuilderGetQueryParameters(filter=condition)
    page = await builder.get(builder.UsersRequestBuilderGetRequestConfiguration(query_parameters=query))
    return page.value or ()


async def _groups(azure: Azure, condition: str) -> Sequence[Any]:
    builder: Any = azure.graph.groups
    query = builder.GroupsRequestBuilderGetQueryParameters(filter=condition)
    page = await builder.get(builder.GroupsRequestBuilderGetRequestConfiguration(query_parameters=query))
    return page.value or ()


async def _service_principals(azure: Azure, condition: str) -> Sequence[Any]:
    builder: Any = azure.graph.service_principals
    query = builder.ServicePrincipalsRequestBuilderGetQueryParameters(filter=condition)
    page = await builder.get(builder.ServicePrincipalsRequestBuilderGetRequestConfiguration(query_parameters=query))
    return page.value or ()


async def _get(item: Any) -> Any:
    try:
        return await item.get()
    except APIError as error:
        if error.response_status_code not in (400, 404):
            raise
        return None


def _principal(found: Any, kind: PrincipalKind) -> Principal:
    label = getattr(found, "user_principal_name", None) or getattr(found, "display_name", None) or found.id
    return Principal(found.id, kind, label)
