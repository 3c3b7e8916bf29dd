"""Client secrets: returned once, at their creation; then checked by the token endpoint.

The token endpoint reads the credentials of an application and its service principal from a replica. So a new secret
is refused, and a removed one accepted, a little longer.
"""

from __future__ import annotations

import secrets
import uuid
from datetime import UTC, datetime, timedelta

from emulator.graph import policies, replicas, rights
from emulator.graph.application_rules import PERSONAL
from emulator.graph.odata import body_of, caller_of
from emulator.graph.refusals import bad, invalid_value
from emulator.graph.schema import PASSWORD
from emulator.graph.validation import GUID, check
from emulator.messages import Json, Reply, Request
from emulator.world import World

_LIFETIME = timedelta(days=730)
MOST_PERSONAL = 2
"""Secrets of an application for personal accounts.

Source: https://learn.microsoft.com/entra/identity-platform/supported-accounts-validation
"""


def add_password(world: World, request: Request, kind: str, found: Json) -> tuple[Reply, Json]:
    """Create a client secret; return the answer, the only one with the secret in it, and the object to store."""
    rights.require_change(caller_of(request), found)
    asked = (body_of(request) if request.body.strip() else {}).get("passwordCredential") or {}
    if not isinstance(asked, dict):
        raise invalid_value("passwordCredential", "PasswordCredential")
    count = len(found.get("passwordCredentials", [])) + 1
    if found.get("signInAudience") in PERSONAL and count > MOST_PERSONAL:
        # The text: microsoft/coe-starter-kit#3695; that it is a Request_BadRequest is unconfirmed.
        limit = f"You can only add a maximum of {MOST_PERSONAL} passwords."
        raise bad(f"Not allowed to add {count} passwords. {limit}")
    credential, secret = new_password(world, kind, found, asked)
    answer = {
        "@odata.context": f"{request.origin}/v1.0/$metadata#microsoft.graph.passwordCredential",
        **credential,
        "secretText": secret,
    }
    headers = {"Location": request.origin}
    return Reply(200, answer, headers), {
        **found,
        "passwordCredentials": [*found.get("passwordCredentials", []), credential],
    }


def remove_password(world: World, request: Request, kind: str, found: Json) -> Json:
    """Remove a client secret; return the object to store."""
    rights.require_change(caller_of(request), found)
    key_id = str(body_of(request).get("keyId") or "")
    if not GUID.fullmatch(key_id):
        raise invalid_value("keyId", "PasswordCredential")
    # A replica that does not show the credential yet refuses too.
    shown = replicas.read(world, kind, found["id"]) or {}
    remaining = [part for part in found.get("passwordCredentials", []) if part["keyId"].lower() != key_id.lower()]
    if not any(part["keyId"].lower() == key_id.lower() for part in shown.get("passwordCredentials", [])) or len(
        remaining
    ) == len(found.get("passwordCredentials", [])):
        raise bad(f"No password credential found with keyId {key_id}.")
    return {**found, "passwordCredentials": remaining}


def new_password(world: World, kind: str, holder: Json, asked: Json) -> tuple[Json, str]:
    """Create a secret of an application or service principal; return the credential to store, and the secret.

    Without an end it is valid for two years (learn.microsoft.com/graph/api/application-addpassword). The tenant's
    policy may refuse it. Secrets are never deleted: a secret without its credential does not sign in.
    """
    settings = check(PASSWORD, asked)
    for name in ("keyId", "secretText", "hint"):
        if settings.get(name) is not None:
            raise bad("New password credentials must be generated using service actions.")
    started = datetime.now(UTC)
    start = _moment(settings.get("startDateTime")) or started
    end = _moment(settings.get("endDateTime")) or start + _LIFETIME
    if end <= start:
        raise invalid_value("endDateTime", "PasswordCredential")
    policies.check_password(world, kind, holder, end - start)
    secret = f"{secrets.token_hex(2)[:3]}8Q~{secrets.token_urlsafe(26)[:34]}"
    credential = {
        "customKeyIdentifier": None,
        "displayName": settings.get("displayName"),
        "endDateTime": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "hint": secret[:3] if kind == "application" else None,  # recorded
        "keyId": str(uuid.uuid4()),
        "secretText": None,
        "startDateTime": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    world.store.put("clientSecret", f"{holder['appId']}/{credential['keyId']}", {"secret": secret})
    return credential, secret


def drop_removed(found: Json, requested: list[Json]) -> list[Json]:
    """Return the credentials after an update, which may remove credentials but not add any."""
    keep = {str(part.get("keyId")).lower() for part in requested}
    present = found.get("passwordCredentials", [])
    if keep - {part["keyId"].lower() for part in present}:
        # Users of Bicep's applications@v1.0 reported it: only addPassword creates secrets.
        raise bad("New password credentials must be generated using service actions.")
    return [part for part in present if part["keyId"].lower() in keep]


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
