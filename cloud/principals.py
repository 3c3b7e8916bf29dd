"""Resolves names of people, groups, applications and identities to object ids. Read-only."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from kiota_abstractions.api_error import APIError

from cloud.answers import answer_of
from cloud.clients import Azure
from cloud.identifiers import Principal, PrincipalKind, is_guid
from cloud.resource_identities import identity_of
from engine.refusal import Refusal, Unknown


async def label_of(azure: Azure, object_id: str) -> str:
    """Return how a principal is called; the id of one that is gone, or that may not be read."""
    with suppress(APIError):
        return next((candidate.label for candidate in await _by_id(azure, object_id)), object_id)
    return object_id


async def principal(azure: Azure, name: str, kind: str = "") -> Principal:
    """Return who `name` is: by object id, client id, user principal name, e-mail address or exact display name.

    A resource id stands for the resource's identity. With its `kind`, User, ServicePrincipal or Group, an object id is
    taken as it is, and the directory isn't asked. Raises Unknown (exit 2) when nobody is found, and Refusal (exit 2)
    when more than one is, and when the directory may not be read.
    """
    if name.startswith("/"):
        return await identity_of(azure, name)
    if kind and is_guid(name):
        return Principal(name.lower(), kind, name.lower())  # type: ignore[arg-type]  # one of the three
    try:
        everyone = await (_by_id(azure, name) if is_guid(name) else _by_name(azure, name))
        found = [candidate for candidate in everyone if kind in ("", candidate.kind)]
        near = () if found or is_guid(name) else await _near(azure, name)
    except APIError as error:
        if error.response_status_code != 403:
            raise
        answer = answer_of(error)
        raise Refusal(
            f"This sign-in may not look {name} up in the directory.",
            why=f"{answer.code}: {answer.message}" if answer else "",
            next="Give the object id, and say what it is with --assignee-type User|ServicePrincipal|Group, or in "
            "--access with type=: then the directory isn't asked.",
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
    raise nobody(
        name,
        "A user principal name, an e-mail address, the exact name of a person, a group or an application's service "
        f"principal, an object id or a client id is needed.{like}",
    )


def nobody(name: str, why: str) -> Unknown:
    """Say that a name stands for nobody."""
    how = "Guests and personal accounts are surest found by object id: az ad signed-in-user show --query id"
    return Unknown(f"Nobody called {name} is in this directory.", how, why=why)


async def absent(azure: Azure, object_ids: Sequence[str]) -> frozenset[str]:
    """Return which of the principals the directory no longer knows; none where it may not be read. One request."""
    from msgraph.generated.directory_objects.get_by_ids.get_by_ids_post_request_body import GetByIdsPostRequestBody

    try:
        found = await azure.graph.directory_objects.get_by_ids.post(GetByIdsPostRequestBody(ids=list(object_ids)))
    except APIError as error:
        if error.response_status_code != 403:
            raise
        return frozenset()
    known = {str(one.id).lower() for one in (found.value if found else None) or ()}
    return frozenset(object_ids) - known


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
