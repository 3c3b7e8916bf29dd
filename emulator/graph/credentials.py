"""Client secrets: said once when they are made, checked by the token endpoint afterwards.

What signs in is a credential that the application, or its service principal, has: as the replica that the token
endpoint asks shows it. So a new secret is refused, and a removed one accepted, a little longer.
"""

from __future__ import annotations

import secrets
import uuid
from datetime import UTC, datetime, timedelta

from emulator.graph import policies, replicas, rights
from emulator.graph.answers import body_of, caller_of
from emulator.graph.refusals import bad, invalid_value
from emulator.graph.schema import PASSWORD
from emulator.graph.validation import GUID, check
from emulator.web import Json, Reply, Request
from emulator.world import World

_LIFETIME = timedelta(days=730)


def add_password(world: World, request: Request, kind: str, found: Json) -> tuple[Reply, Json]:
    """Make a client secret; return the answer, the only one with the secret in it, and the object to keep."""
    rights.require_change(caller_of(request), found)
    asked = (body_of(request) if request.body.strip() else {}).get("passwordCredential") or {}
    if not isinstance(asked, dict):
        raise invalid_value("passwordCredential", "PasswordCredential")
    credential, secret = new_password(world, kind, found, asked)
    answer = {
        "@odata.context": f"{request.origin}/v1.0/$metadata#microsoft.graph.passwordCredential",
        **credential,
        "secretText": secret,
    }
    return Reply(200, answer), {**found, "passwordCredentials": [*found.get("passwordCredentials", []), credential]}


def remove_password(world: World, request: Request, kind: str, found: Json) -> Json:
    """Forget a client secret; return the object to keep."""
    rights.require_change(caller_of(request), found)
    key_id = str(body_of(request).get("keyId") or "")
    if not GUID.fullmatch(key_id):
        raise invalid_value("keyId", "PasswordCredential")
    # A replica that has not seen the credential yet refuses too: "No password credential found" is not proof.
    seen = replicas.read(world, kind, found["id"]) or {}
    held = [part for part in found.get("passwordCredentials", []) if part["keyId"].lower() != key_id.lower()]
    if not any(part["keyId"].lower() == key_id.lower() for part in seen.get("passwordCredentials", [])) or len(
        held
    ) == len(found.get("passwordCredentials", [])):
        raise bad(f"No password credential found with keyId {key_id}.")
    return {**found, "passwordCredentials": held}


def new_password(world: World, kind: str, holder: Json, asked: Json) -> tuple[Json, str]:
    """Make a secret of an application or service principal; return the credential to keep, and the secret itself.

    Without an end it is valid for two years (learn.microsoft.com/graph/api/application-addpassword); what the
    tenant's policy doesn't allow is refused. Secrets are remembered for ever: only credentials sign in.
    """
    wanted = check(PASSWORD, asked)
    for name in ("keyId", "secretText", "hint"):
        if wanted.get(name) is not None:
            raise bad("New password credentials must be generated using service actions.")
    started = datetime.now(UTC)
    start = _moment(wanted.get("startDateTime")) or started
    end = _moment(wanted.get("endDateTime")) or start + _LIFETIME
    if end <= start:
        raise invalid_value("endDateTime", "PasswordCredential")
    policies.check_password(world, kind, holder, end - start)
    secret = f"{secrets.token_hex(2)[:3]}8Q~{secrets.token_urlsafe(26)[:34]}"
    credential = {
        "customKeyIdentifier": None,
        "displayName": wanted.get("displayName"),
        "endDateTime": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "hint": secret[:3],
        "keyId": str(uuid.uuid4()),
        "secretText": None,
        "startDateTime": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    world.store.put("clientSecret", f"{holder['appId']}/{credential['keyId']}", {"secret": secret})
    return credential, secret


def drop_removed(found: Json, wanted: list[Json]) -> list[Json]:
    """Return the credentials that an update leaves; it may drop some but not add any."""
    keep = {str(part.get("keyId")).lower() for part in wanted}
    held = found.get("passwordCredentials", [])
    if keep - {part["keyId"].lower() for part in held}:
        # Seen by users of Bicep's applications@v1.0: secrets come from addPassword alone.
        raise bad("New password credentials must be generated using service actions.")
    return [part for part in held if part["keyId"].lower() in keep]


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
