"""Client secrets of applications: said once when they are made, checked by the token endpoint afterwards."""

from __future__ import annotations

import secrets
import uuid
from datetime import UTC, datetime, timedelta

from emulator.graph import replicas, rights
from emulator.graph.answers import body_of, caller_of
from emulator.graph.refusals import bad, invalid_value
from emulator.graph.schema import PASSWORD
from emulator.graph.validation import GUID, check
from emulator.web import Json, Reply, Request
from emulator.world import World

_LIFETIME = timedelta(days=730)


def add_password(world: World, request: Request, found: Json) -> tuple[Reply, Json]:
    """Make a client secret; return the answer, the only one with the secret in it, and the application to keep."""
    rights.require_change(caller_of(request), found)
    asked = (body_of(request) if request.body.strip() else {}).get("passwordCredential") or {}
    if not isinstance(asked, dict):
        raise invalid_value("passwordCredential", "PasswordCredential")
    credential, secret = new_password(world, found["appId"], asked)
    answer = {
        "@odata.context": f"{request.origin}/v1.0/$metadata#microsoft.graph.passwordCredential",
        **credential,
        "secretText": secret,
    }
    return Reply(200, answer), {**found, "passwordCredentials": [*found.get("passwordCredentials", []), credential]}


def remove_password(world: World, request: Request, found: Json) -> Json:
    """Forget a client secret; return the application to keep."""
    rights.require_change(caller_of(request), found)
    key_id = str(body_of(request).get("keyId") or "")
    if not GUID.fullmatch(key_id):
        raise invalid_value("keyId", "PasswordCredential")
    # A replica that has not seen the credential yet refuses too: "No password credential found" is not proof.
    seen = replicas.read(world, "application", found["id"]) or {}
    held = [part for part in found.get("passwordCredentials", []) if part["keyId"].lower() != key_id.lower()]
    if not any(part["keyId"].lower() == key_id.lower() for part in seen.get("passwordCredentials", [])) or len(
        held
    ) == len(found.get("passwordCredentials", [])):
        raise bad(f"No password credential found with keyId {key_id}.")
    world.store.delete("clientSecret", f"{found['appId']}/{key_id}")
    return {**found, "passwordCredentials": held}


def new_password(world: World, app_id: str, asked: Json) -> tuple[Json, str]:
    """Make a secret that the token endpoint accepts; return the credential as it is kept, and the secret itself."""
    wanted = check(PASSWORD, asked)
    for name in ("keyId", "secretText", "hint"):
        if wanted.get(name) is not None:
            raise bad("New password credentials must be generated using service actions.")
    started = datetime.now(UTC)
    start = _moment(wanted.get("startDateTime")) or started
    end = _moment(wanted.get("endDateTime")) or start + _LIFETIME
    if end <= start:
        raise invalid_value("endDateTime", "PasswordCredential")
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
    world.store.put("clientSecret", f"{app_id}/{credential['keyId']}", {"secret": secret})
    return credential, secret


def drop_removed(world: World, found: Json, wanted: list[Json]) -> list[Json]:
    """Return the credentials that an update leaves; it may drop some but not add any."""
    keep = {str(part.get("keyId")).lower() for part in wanted}
    held = found.get("passwordCredentials", [])
    if keep - {part["keyId"].lower() for part in held}:
        # Seen by users of Bicep's applications@v1.0: secrets come from addPassword alone.
        raise bad("New password credentials must be generated using service actions.")
    for part in held:
        if part["keyId"].lower() not in keep:
            world.store.delete("clientSecret", f"{found['appId']}/{part['keyId']}")
    return [part for part in held if part["keyId"].lower() in keep]


def take_secrets(world: World, app_id: str) -> Json:
    """Return the secrets of an application by key id and forget them: a deleted application gets no tokens."""
    kept = {key.partition("/")[2]: body["secret"] for key, body in world.store.list("clientSecret", f"{app_id}/")}
    for key_id in kept:
        world.store.delete("clientSecret", f"{app_id}/{key_id}")
    return kept


def give_back_secrets(world: World, app_id: str, kept: Json) -> None:
    """Accept the secrets of a restored application again."""
    for key_id, secret in kept.items():
        world.store.put("clientSecret", f"{app_id}/{key_id}", {"secret": secret})


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
