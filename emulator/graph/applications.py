"""Application registrations: create, read, update, upsert by `uniqueName`, delete."""

from __future__ import annotations

import uuid

from emulator.graph import authorization_policy, keys, principals, references, replicas, rights
from emulator.graph.application_rules import check_application
from emulator.graph.credentials import drop_removed, new_password
from emulator.graph.defaults import APPLICATION_DEFAULTS, merged, with_defaults
from emulator.graph.odata import body_of, caller_of, create_if_missing, entity, listed, now, object_url, page
from emulator.graph.refusals import bad, invalid_value, not_found, taken
from emulator.graph.schema import APPLICATION
from emulator.graph.validation import GUID, check
from emulator.messages import Json, Reply, Request
from emulator.router import Router
from emulator.world import World

router = Router()


@router.add("GET", "/v1.0/applications", latency="graph_read")
def list_applications(world: World, request: Request) -> Reply:
    """List applications."""
    rights.require_read(caller_of(request), "application")
    return page(request, "application", listed(world, request, "application"))


@router.add("POST", "/v1.0/applications", latency="graph_write")
def create_application(world: World, request: Request) -> Reply:
    """Register an application; its display name need not be unique."""
    return _create(world, request, body_of(request))


@router.add("GET", "/v1.0/applications/{value}", latency="graph_read")
def get_application(world: World, request: Request, value: str, key: str = "id") -> Reply:
    """Return one application."""
    rights.require_read(caller_of(request), "application")
    return entity(request, "application", shown(world, key, value))


@router.add("GET", "/v1.0/applications(appId='{value}')", latency="graph_read")
def get_by_app_id(world: World, request: Request, value: str) -> Reply:
    """Return the application with an app id."""
    return get_application(world, request, value, "appId")


@router.add("GET", "/v1.0/applications(uniqueName='{value}')", latency="graph_read")
def get_by_unique_name(world: World, request: Request, value: str) -> Reply:
    """Return the application with a unique name."""
    return get_application(world, request, value, "uniqueName")


@router.add("PATCH", "/v1.0/applications/{value}", latency="graph_write")
def update_application(world: World, request: Request, value: str) -> Reply:
    """Change an application named by its object id."""
    return _update(world, request, reached(world, "id", value))


@router.add("PATCH", "/v1.0/applications(appId='{value}')", latency="graph_write")
def update_by_app_id(world: World, request: Request, value: str) -> Reply:
    """Change an application named by its app id."""
    return _update(world, request, reached(world, "appId", value))


@router.add("PATCH", "/v1.0/applications(uniqueName='{value}')", latency="graph_write")
def upsert_application(world: World, request: Request, value: str) -> Reply:
    """Change the application with a unique name, or with `Prefer: create-if-missing` create it.

    Repeated or concurrent, it never creates two (learn.microsoft.com/graph/api/application-upsert).
    """
    body = body_of(request)
    if str(body.get("uniqueName") or value).lower() != value.lower():
        raise invalid_value("uniqueName", "Application")
    found = replicas.truth(world, "application", "uniqueName", value)
    if found is not None:
        return _update(world, request, found)
    if not create_if_missing(request):
        raise not_found(value)
    return _create(world, request, {**body, "uniqueName": value})


@router.add("DELETE", "/v1.0/applications/{value}", latency="graph_write")
def delete_application(world: World, request: Request, value: str, key: str = "id") -> Reply:
    """Move an application and its service principal to the deleted items, where it keeps its unique names."""
    found = reached(world, key, value)
    rights.require_change(caller_of(request), found)
    principal = replicas.truth(world, "servicePrincipal", "appId", found["appId"])
    if principal is not None:
        principals.delete(world, principal)
    replicas.write(world, "application", found["id"], None)
    replicas.write(world, "deletedApplication", found["id"], {**found, "deletedDateTime": now()})
    return Reply(204)


@router.add("DELETE", "/v1.0/applications(appId='{value}')", latency="graph_write")
def delete_by_app_id(world: World, request: Request, value: str) -> Reply:
    """Delete the application with an app id."""
    return delete_application(world, request, value, "appId")


@router.add("DELETE", "/v1.0/applications(uniqueName='{value}')", latency="graph_write")
def delete_by_unique_name(world: World, request: Request, value: str) -> Reply:
    """Delete the application with a unique name."""
    return delete_application(world, request, value, "uniqueName")


def shown(world: World, key: str, value: str) -> Json:
    """Return the application with a key, as the answering replica shows it; refuse (404) an unknown one."""
    _check_key(key, value)
    for body in replicas.select(world, "application", lambda body: _has(body, key, value)):
        return body
    raise not_found(value)


def reached(world: World, key: str, value: str) -> Json:
    """Return the application that a write addresses; refuse (404) while the replica does not show its creation."""
    _check_key(key, value)
    found = replicas.truth(world, "application", key, value)
    if found is None or replicas.unseen(world, "application", found["id"]):
        raise not_found(value)
    return found


def store_application(world: World, body: Json) -> None:
    """Store a changed application and update its service principal."""
    replicas.write(world, "application", body["id"], body)
    principals.follow(world, body)


def _create(world: World, request: Request, sent: Json) -> Reply:
    caller = caller_of(request)
    rights.require_register(caller, authorization_policy.policy(world))
    settings = check(APPLICATION, sent)
    passwords = settings.pop("passwordCredentials", [])
    if settings.get("keyCredentials"):
        settings["keyCredentials"] = keys.credentials(None, settings["keyCredentials"])
    body = {
        "id": str(uuid.uuid4()),
        "appId": str(uuid.uuid4()),
        "createdDateTime": now(),
        **merged(APPLICATION_DEFAULTS, with_defaults(APPLICATION_DEFAULTS, settings)),
        "_owners": references.first_owners(world, caller, sent),
    }
    check_application(body)
    _check_unique(world, body)
    secrets = []
    for asked in passwords:
        credential, secret = new_password(world, "application", body, asked)
        body["passwordCredentials"].append(credential)
        secrets.append(secret)
    store_application(world, body)
    answer = entity(request, "application", body, 201)
    assert isinstance(answer.body, dict)  # noqa: S101 - an entity is an object
    for credential, secret in zip(answer.body["passwordCredentials"], secrets, strict=True):
        credential["secretText"] = secret
    answer.headers["Location"] = object_url(
        request, f"directoryObjects/{body['id']}/Microsoft.DirectoryServices.Application"
    )
    return answer


def _update(world: World, request: Request, found: Json) -> Reply:
    rights.require_change(caller_of(request), found)
    settings = check(APPLICATION, body_of(request))
    unique_name = found.get("uniqueName")
    named = settings.pop("uniqueName", unique_name) if unique_name else None
    if unique_name and str(named or "").lower() != str(unique_name).lower():
        raise bad("Property 'uniqueName' is immutable and cannot be changed once it is set.")
    if "passwordCredentials" in settings:
        settings["passwordCredentials"] = drop_removed(found, settings["passwordCredentials"])
    if settings.get("keyCredentials"):
        settings["keyCredentials"] = keys.credentials(found, settings["keyCredentials"])
    body = merged(merged(APPLICATION_DEFAULTS, found), with_defaults(APPLICATION_DEFAULTS, settings))
    check_application(body)
    _check_unique(world, body)
    store_application(world, body)
    return Reply(204)


def _check_unique(world: World, body: Json) -> None:
    uris = {str(uri).lower() for uri in body.get("identifierUris", [])}
    for kind in ("application", "deletedApplication"):
        for _, other in world.store.list(kind):
            if other["id"] == body["id"]:
                continue
            if body.get("uniqueName") and _has(other, "uniqueName", body["uniqueName"]):
                raise taken("uniqueName")
            if uris & {str(uri).lower() for uri in other.get("identifierUris", [])}:
                raise taken("identifierUris")


def _check_key(key: str, value: str) -> None:
    if key == "appId" and not GUID.fullmatch(value):
        raise invalid_value("appId", "Application")


def _has(body: Json, key: str, value: str) -> bool:
    return str(body.get(key) or "").lower() == value.lower()
