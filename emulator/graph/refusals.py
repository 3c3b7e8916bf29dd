"""Microsoft Graph's error shape, and the refusals that several operations share.

Codes and texts as reported of the live service; comments name the source where it isn't obvious.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from emulator.messages import Json, Refused, Reply, Request


def render_refusal(refused: Refused, request: Request) -> Reply:
    """Return Graph's error answer: `{"error": {"code", "message", "details"?, "innerError"}}`."""
    request_id = str(uuid.uuid4())
    client_id = request.headers.get("client-request-id") or request_id
    error: Json = {"code": refused.code, "message": refused.message}
    if refused.details is not None:
        error["details"] = refused.details
    error["innerError"] = {
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "request-id": request_id,
        "client-request-id": client_id,
    }
    headers = {"request-id": request_id, "client-request-id": client_id, **refused.headers}
    headers["Content-Type"] = "application/json"  # recorded: a refusal is plain JSON, without an OData-Version
    return Reply(refused.status, {"error": error}, headers, latency="graph_read")


def bad(message: str) -> Refused:
    """Return the refusal of a bad request."""
    return Refused(400, "Request_BadRequest", message)


def invalid_value(name: str, resource: str) -> Refused:
    """Return the refusal of a value that property `name` of the type `resource` can't have."""
    # Azure-Samples/ms-identity-javascript-react-spa-dotnetcore-webapi-obo#6 shows it with its details.
    text = f"Invalid value specified for property '{name}' of resource '{resource}'."
    return Refused(400, "Request_BadRequest", text, details=[{"code": "InvalidValue", "message": text, "target": name}])


def required(name: str, resource: str) -> Refused:
    """Return the refusal of a body without property `name`."""
    text = f"A value is required for property '{name}' of resource '{resource}'."
    return Refused(
        400, "Request_BadRequest", text, details=[{"code": "MissingOrEmpty", "message": text, "target": name}]
    )


def taken(name: str) -> Refused:
    """Return the refusal of a value of the unique property `name` that another object has, present or deleted."""
    # microsoftgraph/msgraph-bicep-types#137 and #202: 400, not 409, also when the holder is in the recycle bin.
    text = f"Another object with the same value for property {name} already exists."
    return Refused(
        400, "Request_BadRequest", text, details=[{"code": "ObjectConflict", "message": text, "target": name}]
    )


def same_key(message: str) -> Refused:
    """Return the refusal of a second object with the same key."""
    return Refused(409, "Request_MultipleObjectsWithSameKeyValue", message)


def not_found(key: str) -> Refused:
    """Return the refusal of an object that does not exist, or that the answering replica does not show yet."""
    text = f"Resource '{key}' does not exist or one of its queried reference-property objects are not present."
    return Refused(404, "Request_ResourceNotFound", text)


def denied() -> Refused:
    """Return the refusal of a caller without the permission."""
    return Refused(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def not_local() -> Refused:
    """Return the refusal of a service principal whose application the replica does not show in the tenant."""
    # Azure/azure-cli#28009, hashicorp/vault-plugin-secrets-azure#49: what owners get, also while the application
    # that they just made is still being replicated.
    text = (
        "When using this permission, the backing application of the service principal being created must in the "
        "local tenant"
    )
    return Refused(403, "Authorization_RequestDenied", text)


def no_application(app_id: str) -> Refused:
    """Return the refusal of a service principal of an unknown application."""
    # microsoftgraph/msgraph-sdk-powershell#846; the detail is in kubernetes-retired/kubernetes-anywhere#251.
    text = f"The appId '{app_id}' of the service principal does not reference a valid application object."
    return Refused(
        400,
        "Request_BadRequest",
        text,
        details=[{"code": "NoBackingApplicationObject", "message": text, "target": "appId"}],
    )


def unsupported_query(message: str) -> Refused:
    """Return the refusal of a query that is well formed but not supported."""
    return Refused(400, "Request_UnsupportedQuery", message)


def malformed(message: str) -> Refused:
    """Return the refusal of a request whose syntax is wrong."""
    return Refused(400, "BadRequest", message)


def interaction_required() -> Refused:
    """Return the refusal of a valid token when policy or continuous access evaluation demands a new sign-in."""
    # As Graph answered `POST /v1.0/me/revokeSignInSessions` in a published recording of 2021: the code is the usual one
    # of a refused token, the words are in the message, and the challenge for `PoP` comes before that for `Bearer`.
    # The claims are {"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}.
    claims = "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwidmFsdWUiOiIxNzAwMDAwMDAwIn19fQ=="
    where = (
        'realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", '
        'client_id="00000003-0000-0000-c000-000000000000"'
    )
    header = f'PoP {where}, nonce="", Bearer {where}, error="insufficient_claims", claims="{claims}"'
    text = (
        "Continuous access evaluation resulted in claims challenge with result: InteractionRequired and code: "
        "TokenIssuedBeforeRevocationTimestamp"
    )
    return Refused(401, "InvalidAuthenticationToken", text, headers={"WWW-Authenticate": header})
