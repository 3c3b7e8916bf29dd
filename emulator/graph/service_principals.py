"""Service principals: create, read, update, upsert by `appId`, delete."""

from __future__ import annotations

from emulator.graph import keys, principals, references, replicas, rights
from emulator.graph.defaults import SERVICE_PRINCIPAL_DEFAULTS, merged, with_defaults
from emulator.graph.odata import body_of, caller_of, create_if_missing, entity, listed, object_url, page
from emulator.graph.refusals import (
    bad,
    denied,
    invalid_value,
    no_application,
    not_found,
    not_local,
    required,
    same_key,
)
from emulator.graph.schema import SERVICE_PRINCIPAL
from emulator.graph.validation import GUID, check
from emulator.messages import Json, Reply, Request
from emulator.router import Router
from emulator.world import World

router = Router()


@router.add("GET", "/v1.0/servicePrincipals", latency="graph_read")
def list_principals(world: World, request: Request) -> Reply:
    """List service principals."""
    rights.require_read(caller_of(request), "servicePrincipal")
    return page(request, "servicePrincipal", listed(world, request, "servicePrincipal"))


@router.add("POST", "/v1.0/servicePrincipals", latency="graph_write")
def create_principal(world: World, request: Request) -> Reply:
    """Create the service principal of an application; a second one is refused (409)."""
    body = body_of(request)
    app_id = body.get("appId")
    if not app_id:
        raise required("appId", "ServicePrincipal")
    return _create(world, request, body, _guid(app_id))


@router.add("GET", "/v1.0/servicePrincipals/{value}", latency="graph_read")
def get_principal(world: World, request: Request, value: str, key: str = "id") -> Reply:
    """Return one service principal."""
    rights.require_read(caller_of(request), "servicePrincipal")
    return entity(request, "servicePrincipal", shown(world, key, value))


@router.add("GET", "/v1.0/servicePrincipals(appId='{value}')", latency="graph_read")
def get_by_app_id(world: World, request: Request, value: str) -> Reply:
    """Return the service principal with an app id."""
    return get_principal(world, request, _guid(value), "appId")


@router.add("PATCH", "/v1.0/servicePrincipals/{value}", latency="graph_write")
def update_principal(world: World, request: Request, value: str) -> Reply:
    """Change a service principal."""
    return _update(world, request, reached(world, "id", value))


@router.add("PATCH", "/v1.0/servicePrincipals(appId='{value}')", latency="graph_write")
def upsert_principal(world: World, request: Request, value: str) -> Reply:
    """Change the service principal with an app id; with `Prefer: create-if-missing` create it if it is missing."""
    body = body_of(request)
    if str(body.get("appId") or value).lower() != _guid(value).lower():
        raise invalid_value("appId", "ServicePrincipal")
    found = replicas.truth(world, "servicePrincipal", "appId", value)
    if found is not None:
        return _update(world, request, found)
    if not create_if_missing(request):
        raise not_found(value)
    return _create(world, request, body, value)


@router.add("DELETE", "/v1.0/servicePrincipals/{value}", latency="graph_write")
def delete_principal(world: World, request: Request, value: str, key: str = "id") -> Reply:
    """Move a service principal to the deleted items; delete the grants to it and of it."""
    found = reached(world, key, value)
    rights.require_change(caller_of(request), found)
    principals.delete(world, found)
    return Reply(204)


@router.add("DELETE", "/v1.0/servicePrincipals(appId='{value}')", latency="graph_write")
def delete_by_app_id(world: World, request: Request, value: str) -> Reply:
    """Delete the service principal with an app id."""
    return delete_principal(world, request, _guid(value), "appId")


@router.add("GET", "/v1.0/servicePrincipals/{value}/appRoleAssignedTo", latency="graph_read")
def list_role_assignments(world: World, request: Request, value: str, key: str = "id") -> Reply:
    """List the assignments of its application roles: always empty, as assigning is not emulated."""
    rights.require_read(caller_of(request), "servicePrincipal")
    shown(world, key, value)
    return page(request, "appRoleAssignment", [])


@router.add("GET", "/v1.0/servicePrincipals(appId='{value}')/appRoleAssignedTo", latency="graph_read")
def list_role_assignments_by_app_id(world: World, request: Request, value: str) -> Reply:
    """List the assignments of application roles, by app id."""
    return list_role_assignments(world, request, _guid(value), "appId")


def shown(world: World, key: str, value: str) -> Json:
    """Return the service principal with a key, as the answering replica shows it; refuse (404) an unknown one."""
    for body in replicas.select(world, "servicePrincipal", lambda body: str(body[key]).lower() == value.lower()):
        return body
    raise not_found(value)


def reached(world: World, key: str, value: str) -> Json:
    """Return the service principal that a write addresses; refuse (404) while the replica doesn't show its creation."""
    found = replicas.truth(world, "servicePrincipal", key, value)
    if found is None or replicas.unseen(world, "servicePrincipal", found["id"]):
        raise not_found(value)
    return found


def _create(world: World, request: Request, sent: Json, app_id: str) -> Reply:
    settings = check(SERVICE_PRINCIPAL, sent)
    application = _backing_application(world, request, app_id)
    if replicas.truth(world, "servicePrincipal", "appId", app_id) is not None:
        # hashicorp/terraform: Azure/reliable-web-app-pattern-java#185.
        raise same_key(
            "The service principal cannot be created, updated, or restored because the service principal name "
            f"{app_id} is already in use."
        )
    settings = with_defaults(SERVICE_PRINCIPAL_DEFAULTS, settings)
    settings["keyCredentials"] = keys.credentials(None, settings.get("keyCredentials", []))
    owners = references.first_owners(world, caller_of(request), sent)
    body = principals.create(world, application, settings, owners)
    answer = entity(request, "servicePrincipal", body, 201)
    answer.headers["Location"] = object_url(
        request, f"directoryObjects/{body['id']}/Microsoft.DirectoryServices.ServicePrincipal"
    )
    return answer


def _backing_application(world: World, request: Request, app_id: str) -> Json:
    """Return the application if the caller may create its service principal and the replica shows it; else refuse.

    A caller who may only manage their own gets another refusal of an unknown application than an administrator:
    microsoftgraph/microsoft-graph-docs#16138.
    """
    caller = caller_of(request)
    rights.require_create(caller)
    local = replicas.truth(world, "application", "appId", app_id)
    if local is not None and replicas.unseen(world, "application", local["id"]):
        local = None
    if rights.manages_all(caller):
        application = local or principals.MICROSOFT_APPLICATIONS.get(app_id.lower())
        if application is None:
            raise no_application(app_id)
        return application
    if local is None:
        raise not_local()
    if not rights.owns(caller, local):
        raise denied()
    if caller.kind != "app" and local["signInAudience"] != "AzureADMyOrg":
        # Delegated, a multi-tenant application takes an application administrator, whoever owns it:
        # learn.microsoft.com/graph/api/serviceprincipal-upsert.
        raise denied()
    return local


def _update(world: World, request: Request, found: Json) -> Reply:
    rights.require_change(caller_of(request), found)
    settings = check(SERVICE_PRINCIPAL, body_of(request))
    if str(settings.pop("appId", None) or found["appId"]).lower() != found["appId"].lower():
        raise bad("Property 'appId' is read-only and cannot be set.")
    if settings.get("keyCredentials"):
        settings["keyCredentials"] = keys.credentials(found, settings["keyCredentials"])
    body = merged(found, with_defaults(SERVICE_PRINCIPAL_DEFAULTS, settings))
    if "tags" in settings:
        application = replicas.truth(world, "application", "appId", found["appId"]) or {}
        body |= principals.all_tags(application.get("tags", ()), body["tags"])
    replicas.write(world, "servicePrincipal", found["id"], body)
    return Reply(204)


def _guid(app_id: str) -> str:
    if not GUID.fullmatch(str(app_id)):
        raise invalid_value("appId", "ServicePrincipal")
    return str(app_id)
