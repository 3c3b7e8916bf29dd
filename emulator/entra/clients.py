"""The sign-in of an application: its secret or assertion, and the service principal that the token is for.

Both are looked up in a replica of the directory. It may not show a new application (AADSTS700016), its service
principal (7000229) or its secret (7000215) yet, and still show a removed one.
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime

from emulator import seed
from emulator.entra import assertions
from emulator.entra.refusals import refusal
from emulator.graph import replicas
from emulator.messages import Json, Refused
from emulator.world import World


def signed_in(world: World, client: str, form: Json, url: str) -> tuple[Json, Json]:
    """Return application and service principal of the client that signs in at `url`; refuse (400, 401) others."""
    replicas.next_replica(world)
    application = _shown(world, "application", client)
    if application is None:
        raise refusal(
            400,
            "unauthorized_client",
            700016,
            f"Application with identifier '{client}' was not found in the directory '{seed.TENANT_NAME}'. This can "
            "happen if the application has not been installed by the administrator of the tenant or consented to by "
            "any user in the tenant. You may have sent your authentication request to the wrong tenant.",
        )
    principal = _shown(world, "servicePrincipal", client)
    if form.get("client_assertion") and not form.get("client_secret"):
        assertions.check(world, form, application, principal, url)
    else:
        _check_secret(world, application, principal, form)
    if principal is None:
        text = f"The client application {client} is missing service principal in the tenant {seed.TENANT}."
        raise refusal(401, "invalid_client", 7000229, text)
    if principal.get("accountEnabled") is False:
        text = f"The service principal named {principal['displayName']} ({client}) is disabled."
        raise refusal(401, "invalid_client", 7000112, text)
    return application, principal


def _shown(world: World, kind: str, client: str) -> Json | None:
    found = replicas.select(world, kind, lambda body: str(body["appId"]).lower() == client.lower())
    return found[0] if found else None


def _check_secret(world: World, application: Json, principal: Json | None, form: Json) -> None:
    secret = form.get("client_secret")
    if not secret:
        text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
        raise refusal(401, "invalid_client", 7000218, text)
    app_id, now = str(application["appId"]), datetime.now(UTC)
    for credential in [part for holder in (application, principal or {}) for part in _passwords(holder)]:
        kept = world.store.get("clientSecret", f"{app_id}/{credential['keyId']}")
        if kept is None or not hmac.compare_digest(str(kept["secret"]).encode(), str(secret).encode()):
            continue
        if _moment(credential.get("endDateTime"), now) < now:
            raise _expired(app_id)
        if _moment(credential.get("startDateTime"), now) <= now:
            return
    raise refusal(
        401,
        "invalid_client",
        7000215,
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not "
        f"the client secret ID, for a secret added to app '{app_id}'.",
    )


def _passwords(holder: Json) -> list[Json]:
    found: list[Json] = holder.get("passwordCredentials", [])
    return found


def _moment(text: str | None, default: datetime) -> datetime:
    return datetime.fromisoformat(text) if text else default


def _expired(app_id: str) -> Refused:
    return refusal(
        401,
        "invalid_client",
        7000222,
        f"The provided client secret keys for app '{app_id}' are expired. Visit the Azure portal to create new keys "
        "for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: "
        "https://aka.ms/certCreds.",
    )
