"""Delegated permission grants: the consent of administrators."""

from __future__ import annotations

import base64
import uuid
from typing import Any

from emulator.graph import replicas, rights, service_principals
from emulator.graph.odata import body_of, caller_of, entity, listed, object_url, page
from emulator.graph.refusals import bad, invalid_value, not_found, required, same_key
from emulator.graph.schema import GRANT
from emulator.graph.validation import GUID, check
from emulator.messages import Json, Reply, Request
from emulator.router import Router
from emulator.world import World

router = Router()

_RESOURCE = "OAuth2PermissionGrant"


@router.add("GET", "/v1.0/oauth2PermissionGrants", latency="graph_read")
def list_grants(world: World, request: Request) -> Reply:
    """List grants."""
    rights.require_read(caller_of(request), "grant")
    return page(request, "grant", listed(world, request, "grant"))


@router.add("GET", "/v1.0/servicePrincipals/{value}/oauth2PermissionGrants", latency="graph_read")
def list_grants_of(world: World, request: Request, value: str, key: str = "id") -> Reply:
    """List the grants of a client."""
    rights.require_read(caller_of(request), "grant")
    client = service_principals.shown(world, key, value)["id"]
    return page(request, "grant", listed(world, request, "grant", lambda body: body["clientId"] == client))


@router.add("GET", "/v1.0/servicePrincipals(appId='{value}')/oauth2PermissionGrants", latency="graph_read")
def list_grants_by_app_id(world: World, request: Request, value: str) -> Reply:
    """List the grants of the client with an app id."""
    return list_grants_of(world, request, value, "appId")


@router.add("GET", "/v1.0/oauth2PermissionGrants/{value}", latency="graph_read")
def get_grant(world: World, request: Request, value: str) -> Reply:
    """Return one grant."""
    rights.require_read(caller_of(request), "grant")
    found = replicas.read(world, "grant", value)
    if found is None:
        raise not_found(value)
    return entity(request, "grant", found)


@router.add("POST", "/v1.0/oauth2PermissionGrants", latency="graph_write")
def create_grant(world: World, request: Request) -> Reply:
    """Consent. One grant holds all scopes of a client, resource and principal: a second one is refused (409)."""
    rights.require_grant(caller_of(request))
    body = {"principalId": None, "scope": None, **check(GRANT, body_of(request))}
    for name in ("clientId", "consentType", "resourceId"):
        if not body.get(name):
            raise required(name, _RESOURCE)
    if body["consentType"] not in ("AllPrincipals", "Principal"):
        raise invalid_value("consentType", _RESOURCE)
    if (body["principalId"] is not None) != (body["consentType"] == "Principal"):
        raise invalid_value("principalId", _RESOURCE)
    for name in ("clientId", "resourceId"):
        _check_principal(world, name, body[name])
    if body["principalId"] is not None and world.store.get("user", body["principalId"]) is None:
        raise not_found(body["principalId"])
    identifier = _identifier(body)
    if world.store.get("grant", identifier) is not None:
        # hashicorp/terraform-provider-azuread#690.
        raise same_key("Permission entry already exists.")
    kept = {"id": identifier, **body}
    replicas.write(world, "grant", identifier, kept)
    answer = entity(request, "grant", kept, 201)
    answer.headers["Location"] = object_url(request, f"oauth2PermissionGrants/{identifier}")
    return answer


@router.add("PATCH", "/v1.0/oauth2PermissionGrants/{value}", latency="graph_write")
def update_grant(world: World, request: Request, value: str) -> Reply:
    """Change the scopes of a grant, and nothing else of it."""
    rights.require_grant(caller_of(request))
    found = _reached(world, value)
    settings = check(GRANT, body_of(request))
    for name, setting in settings.items():
        if name != "scope" and setting != found[name]:
            raise bad(f"Property '{name}' is read-only and cannot be set.")
    replicas.write(world, "grant", value, {**found, **settings})
    return Reply(204)


@router.add("DELETE", "/v1.0/oauth2PermissionGrants/{value}", latency="graph_write")
def delete_grant(world: World, request: Request, value: str) -> Reply:
    """Delete a grant."""
    rights.require_grant(caller_of(request))
    _reached(world, value)
    replicas.write(world, "grant", value, None)
    return Reply(204)


def consent_for_all(world: World, client: str, resource: str, scope: str) -> None:
    """Set the scopes of the tenant-wide grant of a client to a resource."""
    body = {"clientId": client, "consentType": "AllPrincipals", "principalId": None, "resourceId": resource}
    identifier = _identifier(body)
    replicas.write(world, "grant", identifier, {"id": identifier, **body, "scope": scope})


def _reached(world: World, identifier: str) -> Json:
    found = world.store.get("grant", identifier)
    if found is None or replicas.unseen(world, "grant", identifier):
        raise not_found(identifier)
    return found


def _check_principal(world: World, name: str, object_id: Any) -> None:
    if not GUID.fullmatch(str(object_id)):
        raise invalid_value(name, _RESOURCE)
    if replicas.unseen(world, "servicePrincipal", object_id):
        raise not_found(object_id)


def _identifier(body: Json) -> str:
    # As in Graph: the object ids of client, resource and principal, concatenated.
    parts = (body["clientId"], body["resourceId"], body["principalId"])
    joined = b"".join(uuid.UUID(part).bytes_le for part in parts if part)
    return base64.urlsafe_b64encode(joined).decode().rstrip("=")
