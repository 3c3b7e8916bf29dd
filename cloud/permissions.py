"""What the signed-in identity may do: its permissions at a scope, and the roles that it could still activate."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncio import Future

    from cloud.clients import Azure

AUTHORIZATION = "2022-04-01"
ELIGIBILITY = "2020-10-01"
"""Api-versions of permissions and role definitions, and of eligible roles."""


DIRECTORY = "the directory"
"""The scope of the next two."""
CONSENT = "microsoft.directory/oAuth2PermissionGrants/allProperties/allTasks"
"""The action, in the directory, of consenting for everybody."""
CREATE_PRINCIPAL = "microsoft.directory/servicePrincipals/create"
"""The action, in the directory, of creating the service principal of a multi-tenant application."""
_ADMINISTRATORS = (
    "62e90394-69f5-4237-9190-012177145e10",  # Global Administrator
    "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",  # Application Administrator
    "158c047a-c907-4556-b7ef-446551a6b5f7",  # Cloud Application Administrator
    "Directory.ReadWrite.All",
)
_ALLOWED = {
    CONSENT: frozenset(
        (
            *_ADMINISTRATORS,
            "e8611ab8-c189-46e8-94e1-60213ab1f814",  # Privileged Role Administrator
            "DelegatedPermissionGrant.ReadWrite.All",
        )
    ),
    CREATE_PRINCIPAL: frozenset((*_ADMINISTRATORS, "Application.ReadWrite.All", "Application.ReadWrite.OwnedBy")),
}
"""The directory roles that have an action, as a user's token names them in `wids`, and an application's permissions.

Source: "Microsoft Entra built-in roles"; "Create oAuth2PermissionGrant" and "Upsert servicePrincipal" in the Microsoft
Graph reference.
"""


@dataclass(frozen=True)
class MissingPermission:
    """An action that the signed-in identity may not do at a scope, or only under a condition."""

    action: str
    scope: str
    eligible: tuple[str, ...] = ()
    """Names of roles that would allow it: the identity is eligible for them, and has not activated them."""
    condition: str = ""
    """It may do it where this condition is fulfilled, which only Azure can tell."""


async def missing(azure: Azure, needed: Iterable[tuple[str, str]]) -> tuple[MissingPermission, ...]:
    """Return which of these actions, each with its scope, the permissions don't cover, or only under a condition.

    One request a scope.

    Where the permissions can't be read nothing is said to be missing; nor are deny assignments looked at.
    """
    from asyncio import gather

    rights = list(dict.fromkeys(needed))
    of_directory = [right for right in rights if right[1] == DIRECTORY]
    rights = [right for right in rights if right not in of_directory]
    scopes = list(dict.fromkeys(scope for _action, scope in rights))
    answers: dict[str, Future[list[Any]]] = {}
    granted_at = dict(
        zip(scopes, await gather(*(_permissions(azure, scope, answers) for scope in scopes)), strict=True)
    )
    lacking: list[tuple[str, str]] = []
    found: list[MissingPermission] = []
    for action, scope in rights:
        permissions = granted_at[scope]
        if permissions is None:
            continue
        if not allows(permissions, action):
            lacking.append((action, scope))
        elif condition := limiting(permissions, action):
            found.append(MissingPermission(action, scope, condition=condition))
    short = list(dict.fromkeys(scope for _action, scope in lacking))
    roles = dict(zip(short, await gather(*(_eligible(azure, scope) for scope in short)), strict=True))
    every = list(dict.fromkeys(role for found in roles.values() for role in found))
    read = dict(zip(every, await gather(*(_role(azure, role) for role in every)), strict=True))
    could = {scope: [read[role] for role in found] for scope, found in roles.items()}
    found += [
        MissingPermission(
            action, scope, tuple(name for name, permissions in could[scope] if allows(permissions, action))
        )
        for action, scope in lacking
    ]
    if of_directory:
        told = await _directory_rights(azure)
        short_of = [right for right in of_directory if told is not None and not told & _ALLOWED[right[0]]]
        found += [MissingPermission(*right) for right in short_of]
    return tuple(found)


async def _directory_rights(azure: Azure) -> frozenset[str] | None:
    """Return the roles and permissions that the token for Microsoft Graph tells of; None where it is silent."""
    import jwt
    from azure.core.exceptions import AzureError

    try:
        token = await azure.credential.get_token(azure.cloud.graph_scope)
        claims = jwt.decode(token.token, options={"verify_signature": False})
    except (AzureError, jwt.PyJWTError):  # the step that needs the token tells of it
        return None
    if "wids" not in claims and claims.get("idtyp") != "app":
        return None
    return frozenset((*claims.get("wids", ()), *claims.get("roles", ())))


def allows(permissions: Sequence[Any], action: str) -> bool:
    """Return whether one of the permissions, a role's each, has the action and doesn't take it out again."""
    return any(
        matches(role.get("actions") or (), action) and not matches(role.get("notActions") or (), action)
        for role in permissions
    )


def limiting(permissions: Sequence[Any], action: str) -> str:
    """Return the condition under which alone the permissions allow the action; "" where one allows it without.

    A condition on data actions alone limits no other action. Source: "What is Azure attribute-based access control".
    """
    given = [str(role.get("condition") or "") for role in permissions if allows([role], action)]
    conditions = [condition if action.lower() in condition.lower() else "" for condition in given]
    return conditions[0] if conditions and all(conditions) else ""


def matches(patterns: Iterable[str], action: str) -> bool:
    """Return whether one of the patterns, in which `*` stands for anything, covers the action."""
    return any(
        re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), action, re.IGNORECASE)
        for pattern in patterns
    )


async def _permissions(azure: Azure, scope: str, answers: dict[str, Future[list[Any]]]) -> list[Any] | None:
    """Return the permissions at the scope, or at what is to contain it while it doesn't exist; None when unreadable.

    Each scope is asked for once: `answers` has what is being asked.
    """
    from asyncio import ensure_future

    from azure.core.exceptions import AzureError, HttpResponseError

    at: str | None = scope
    while at:
        url = f"{azure.cloud.resource_manager}{at}/providers/Microsoft.Authorization/permissions"
        if at not in answers:
            answers[at] = ensure_future(_all(azure, f"{url}?api-version={AUTHORIZATION}"))
        try:
            return await answers[at]
        except HttpResponseError as error:
            if error.status_code != 404:
                return None
            at = _above(at)
        except AzureError:
            return None
    return None


def _above(scope: str) -> str | None:
    """Return the scope that contains this one; None above a subscription."""
    parts = scope.strip("/").split("/")
    if len(parts) <= 2:
        return None
    inner = len(parts) - 2
    if "providers" in (part.lower() for part in parts) and parts[inner - 2].lower() == "providers":
        inner -= 2  # a resource directly under its group
    return "/" + "/".join(parts[:inner])


async def _eligible(azure: Azure, scope: str) -> list[str]:
    """Return the ids of the roles that could be activated there; none where that can't be asked."""
    from azure.core.exceptions import AzureError

    url = f"{azure.cloud.resource_manager}{scope}/providers/Microsoft.Authorization/roleEligibilityScheduleInstances"
    try:
        instances = await _all(azure, f"{url}?api-version={ELIGIBILITY}&$filter=asTarget()")
    except AzureError:  # a tenant without Privileged Identity Management, among others
        return []
    return list(dict.fromkeys(str(instance["properties"]["roleDefinitionId"]) for instance in instances))


async def _role(azure: Azure, role: str) -> tuple[str, list[Any]]:
    """Return a role's name and its permissions; none where it can't be read."""
    from azure.core.exceptions import AzureError

    try:
        found = await azure.read(f"{azure.cloud.resource_manager}{role}?api-version={AUTHORIZATION}")
    except AzureError:
        return "", []
    properties = found.get("properties") or {}
    return str(properties.get("roleName") or ""), properties.get("permissions") or []


async def _all(azure: Azure, url: str) -> list[Any]:
    values: list[Any] = []
    while url:
        page = await azure.read(url)
        values += page.get("value", ())
        url = page.get("nextLink") or ""
    return values
