"""The portal's *Grant admin consent*, which `az ad app permission admin-consent` calls.

Not a published API: host, path and resource are those in the Azure CLI's source, the refusal is the one in
Azure/azure-cli#16422. Consent replaces earlier consent by the delegated permissions that a registration asks for;
application permissions (`Role`) are not emulated.
"""

from __future__ import annotations

import dataclasses

from emulator.graph import grants, principals, replicas, rights
from emulator.graph.odata import caller_of
from emulator.messages import Json, Refused, Reply, Request
from emulator.router import Router
from emulator.tokens import PORTAL_AUDIENCES
from emulator.world import World

HOST = "main.iam.ad.ext.azure.com"

router = Router()


def handle(world: World, request: Request) -> Reply:
    """Answer one request."""
    request = dataclasses.replace(request, caller=world.tokens.verify(request, PORTAL_AUDIENCES))
    reply = router.dispatch(world, request)
    if reply is None:
        raise Refused(404, "ResourceNotFound", "No HTTP resource was found that matches the request URI.")
    return reply


def render_refusal(refused: Refused, request: Request) -> Reply:  # noqa: ARG001 - one shape for all
    """Return the portal's error shape."""
    body = {"ClassName": "Microsoft.Portal.Framework.Exceptions.ClientException", "Message": refused.message}
    return Reply(refused.status, body, dict(refused.headers))


@router.add("POST", "/api/RegisteredApplications/{app_id}/Consent", latency="graph_write")
def consent(world: World, request: Request, app_id: str) -> Reply:
    """Consent for the whole tenant as an administrator (else 403); the application gets its service principal.

    Service principals are never served: Azure/azure-cli#15967, #29424.
    """
    replicas.next_replica(world)
    caller = caller_of(request)
    if caller.kind == "app":
        raise Refused(503, "ServiceUnavailable", "The service is unavailable.")
    try:
        rights.require_grant(caller)
    except Refused:
        raise _failed(
            403,
            "Authorization_RequestDenied",
            "This operation can only be performed by an administrator. Sign out and sign in as an administrator or "
            "contact one of your organization's administrators.",
        ) from None
    application = replicas.truth(world, "application", "appId", app_id)
    if application is None or replicas.unseen(world, "application", str(application["id"])):
        text = f"Resource '{app_id}' does not exist or one of its queried reference-property objects are not present."
        raise _failed(404, "Request_ResourceNotFound", text)
    client = _principal(world, application)
    for access in application.get("requiredResourceAccess") or []:
        known = principals.MICROSOFT_APPLICATIONS.get(str(access["resourceAppId"]).lower())
        resource = known or replicas.truth(world, "application", "appId", str(access["resourceAppId"]))
        asked = {str(part["id"]).lower() for part in access["resourceAccess"] if part["type"] == "Scope"}
        declared = ((resource or {}).get("api") or {}).get("oauth2PermissionScopes") or []
        scopes = [str(scope["value"]) for scope in declared if str(scope["id"]).lower() in asked]
        if resource is not None and scopes:
            grants.consent_for_all(world, client, _principal(world, resource), " ".join(scopes))
    return Reply(204)


def _principal(world: World, application: Json) -> str:
    found = replicas.truth(world, "servicePrincipal", "appId", str(application["appId"]))
    return str((found or principals.create(world, application, {}, ()))["id"])


def _failed(status: int, code: str, text: str) -> Refused:
    names = {403: "Forbidden", 404: "NotFound"}
    return Refused(
        status, code, f"Graph call failed with httpCode={names[status]}, errorCode={code}, errorMessage={text}"
    )
