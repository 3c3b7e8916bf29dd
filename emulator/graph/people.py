"""Users, the organization, and directory objects of any type by object id."""

from __future__ import annotations

from typing import Any

from emulator import seed
from emulator.graph import replicas, rights
from emulator.graph.defaults import USER_BY_DEFAULT, served
from emulator.graph.odata import body_of, caller_of, entity, listed, page, typed_of
from emulator.graph.refusals import bad, denied, malformed, not_found, required
from emulator.graph.validation import GUID
from emulator.messages import Caller, Json, Reply, Request
from emulator.router import Router
from emulator.world import World

router = Router()

KINDS = ("user", "group", "servicePrincipal", "application")
"""The kinds that `directoryObjects` finds."""
_MOST_IDS = 1000

_ORGANIZATION: Json = {
    "id": seed.TENANT,
    "deletedDateTime": None,
    "businessPhones": [],
    "countryLetterCode": "US",
    "createdDateTime": seed.SEEDED_AT,
    "displayName": seed.TENANT_NAME,
    "onPremisesSyncEnabled": None,
    "technicalNotificationMails": [],
    "tenantType": "AAD",
    "verifiedDomains": [
        {
            "capabilities": "Email, OfficeCommunicationsOnline",
            "isDefault": True,
            "isInitial": True,
            "name": seed.TENANT_DOMAIN,
            "type": "Managed",
        }
    ],
}


@router.add("GET", "/v1.0/me", latency="graph_read")
def get_me(world: World, request: Request) -> Reply:
    """Return the signed-in user; refuse (400) an application."""
    caller = caller_of(request)
    if caller.kind == "app":
        raise malformed("/me request is only valid with delegated authentication flow.")
    found = replicas.read(world, "user", caller.object_id)
    if found is None:
        raise not_found(caller.object_id)
    return entity(request, "user", found)


@router.add("GET", "/v1.0/users", latency="graph_read")
def list_users(world: World, request: Request) -> Reply:
    """List users."""
    rights.require_read(caller_of(request), "user")
    return page(request, "user", listed(world, request, "user"))


@router.add("GET", "/v1.0/users/{value}", latency="graph_read")
def get_user(world: World, request: Request, value: str) -> Reply:
    """Return a user by object id or user principal name; an e-mail address is neither (404)."""
    found = replicas.truth(world, "user", "id" if GUID.fullmatch(value) else "userPrincipalName", value)
    rights.require_read(caller_of(request), "user", found["id"] if found else "")
    if found is None:
        raise not_found(value)
    return entity(request, "user", found)


@router.add("GET", "/v1.0/organization", latency="graph_read")
def list_organization(world: World, request: Request) -> Reply:  # noqa: ARG001 - it is a constant
    """Return a list of the tenant."""
    rights.require_read(caller_of(request), "organization")
    return page(request, "organization", [_ORGANIZATION])


@router.add("GET", "/v1.0/directoryObjects/{value}", latency="graph_read")
def get_directory_object(world: World, request: Request, value: str) -> Reply:
    """Return an object of any type by its object id."""
    caller = caller_of(request)
    if not GUID.fullmatch(value):
        raise bad(f"Invalid object identifier '{value}'.")
    for kind in KINDS:
        found = replicas.read(world, kind, value)
        if found is not None:
            rights.require_read(caller, kind, value)
            return entity(request, kind, found, typed=True)
    if not any(rights.may_read(caller, kind) for kind in KINDS):
        raise denied()
    raise not_found(value)


@router.add("POST", "/v1.0/directoryObjects/getByIds", latency="graph_read")
def get_by_ids(world: World, request: Request) -> Reply:
    """Return the existing objects among up to 1000 ids, of the requested types."""
    caller = caller_of(request)
    body = body_of(request)
    ids, types = _strings(body, "ids"), [name.lower() for name in _strings(body, "types", optional=True)]
    if len(ids) > _MOST_IDS:
        raise bad("The number of ids exceeds the maximum of 1000.")
    readable = [kind for kind in KINDS if rights.may_read(caller, kind)]
    if not readable:
        raise denied()
    found = [
        body
        for identifier in dict.fromkeys(identifier.lower() for identifier in ids)
        for body in _typed(world, caller, identifier, types)
    ]
    context = f"{request.origin}/v1.0/$metadata#directoryObjects"
    return Reply(200, {"@odata.context": context, "value": found}, {"Location": request.origin})


def _typed(world: World, caller: Caller, identifier: str, types: list[str]) -> list[Json]:
    for kind in KINDS:
        if types and kind.lower() not in types and "directoryobject" not in types:
            continue
        if not rights.may_read(caller, kind, identifier):
            continue
        body = replicas.read(world, kind, identifier)
        if body is not None:
            shown = served(kind, body)
            if kind == "user":  # recorded: no more than in any list of users
                shown = {name: value for name, value in shown.items() if name in USER_BY_DEFAULT}
            return [{"@odata.type": typed_of(kind), **shown}]
    return []


def _strings(body: Json, name: str, *, optional: bool = False) -> list[str]:
    value: Any = body.get(name)
    if value is None and optional:
        return []
    if not value:
        raise required(name, "GetByIds")
    if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
        raise bad(f"Invalid value specified for property '{name}'.")
    if name == "ids":
        for part in value:
            if not GUID.fullmatch(part):
                raise bad(f"Invalid GUID: '{part}'.")
    return value
