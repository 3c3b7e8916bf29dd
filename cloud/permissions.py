"""What the signed-in identity may do: its permissions at a scope, and the roles that it could still activate."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cloud.role_names import ALLOWING, CONSENT, CREATE_APPLICATION, CREATE_PRINCIPAL, DIRECTORY

if TYPE_CHECKING:
    from asyncio import Future

    from cloud.clients import Azure

AUTHORIZATION = "2022-04-01"
ELIGIBILITY = "2020-10-01"
"""Api-versions of permissions and role definitions, and of eligible roles."""

_PERMISSIONS = {
    CONSENT: ("Directory.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All"),
    CREATE_APPLICATION: ("Directory.ReadWrite.All", "Application.ReadWrite.All", "Application.ReadWrite.OwnedBy"),
    CREATE_PRINCIPAL: ("Directory.ReadWrite.All", "Application.ReadWrite.All", "Application.ReadWrite.OwnedBy"),
}
"""An application's permissions that allow an action in the directory.

Source: "Create oAuth2PermissionGrant", "Create application" and "Upsert servicePrincipal" in the Microsoft Graph
reference. What an application's owners may do isn't foreseen.
"""
_SAME_AS_MEMBERS = "a0b1b346-4d3e-4e8b-98f8-753987be4970"
"""The `guestUserRoleId` of a tenant whose guests may do what members may."""


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
        found += [MissingPermission(*right) for right in await _missing_in_directory(azure, of_directory)]
    return tuple(found)


async def _missing_in_directory(azure: Azure, rights: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the rights that neither the token for Microsoft Graph tells of nor every member of the tenant has.

    None is said to be missing where the token can't be had.
    """
    from asyncio import gather

    import jwt
    from azure.core.exceptions import AzureError

    try:
        token = (await azure.credential.get_token(azure.cloud.graph_scope)).token
        claims = jwt.decode(token, options={"verify_signature": False})
    except (AzureError, jwt.PyJWTError):  # the step that needs the token tells of it
        return []
    lacking = not_told_of(claims, rights)
    is_app = claims.get("idtyp") == "app"
    if not is_app and any(action == CREATE_APPLICATION for action, _ in lacking):
        graph = f"{azure.cloud.graph}/v1.0"
        policy, me = await gather(
            _read_if_allowed(azure, f"{graph}/policies/authorizationPolicy", token),
            _read_if_allowed(azure, f"{graph}/me?$select=userType", token),
        )
        if may_register(policy, me):
            return [right for right in lacking if right[0] != CREATE_APPLICATION]
    return lacking


def not_told_of(claims: Mapping[str, Any], rights: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the rights in the directory that a token doesn't give; none where it is silent.

    A user's token names directory roles in `wids`, an application's its permissions in `roles`.
    """
    if "wids" not in claims and claims.get("idtyp") != "app":
        return []
    told = {*claims.get("wids", ()), *claims.get("roles", ())}
    known = [right for right in rights if right[0] in _PERMISSIONS]
    return [right for right in known if not told & {*_PERMISSIONS[right[0]], *ALLOWING[right[0]]}]


def may_register(policy: Mapping[str, Any], me: Mapping[str, Any]) -> bool:
    """Whether the tenant lets a user without a role register applications; True where neither tells.

    Guests may not, and can't read the policy, unless the tenant treats them as members. Sources: "Default user
    permissions" in the Microsoft Entra documentation, authorizationPolicy in the Microsoft Graph reference.
    """
    is_guest = me.get("userType") == "Guest" and policy.get("guestUserRoleId") != _SAME_AS_MEMBERS
    allowed = (policy.get("defaultUserRolePermissions") or {}).get("allowedToCreateApps")
    return not is_guest and allowed is not False


async def _read_if_allowed(azure: Azure, url: str, token: str) -> dict[str, Any]:
    from azure.core.exceptions import AzureError

    try:
        found = await azure.read(url, token)
    except AzureError:
        return {}
    return found if isinstance(found, dict) else {}


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
            whole = f"{url}?api-version={AUTHORIZATION}"
            of_subscription = _above(at) is None  # which several deployments share
            answers[at] = ensure_future(azure.once(_all, whole) if of_subscription else _all(azure, whole))
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
