"""The inventory of the directory."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.graph.defaults import served
from emulator.graph.federated import FIELD
from emulator.inventory import Item
from emulator.world import World

_VOLATILE = ("createdDateTime", "deletedDateTime", "startDateTime", "endDateTime", "hint", "keyId")
_KINDS = {
    "user": "users",
    "group": "groups",
    "application": "applications",
    "servicePrincipal": "servicePrincipals",
    "deletedApplication": "deletedApplications",
    "deletedServicePrincipal": "deletedServicePrincipals",
}


def inventory(world: World) -> list[Item]:
    """List all objects, replicated or not. Owners are a property of what they own; secrets are left out."""
    return [*_objects(world), *_grants(world)]


def _objects(world: World) -> Iterator[Item]:
    names = _application_names(world)
    for kind, plural in _KINDS.items():
        for _, body in world.store.list(kind):
            name = names.get(body.get("appId", ""), body["displayName"])
            of_its_own = kind.lower().endswith("application") or body.get("servicePrincipalType") == "ManagedIdentity"
            generated = (body["id"], body["appId"]) if of_its_own else (body["id"],)
            shown = served(kind, body)
            if FIELD in body:
                shown["federatedIdentityCredentials"] = body[FIELD]
                generated += tuple(credential["id"] for credential in body[FIELD])
            if "_owners" in body:
                shown["owners"] = body["_owners"]
            if "_members" in body:
                shown["members"] = body["_members"]
            yield Item(plural, f"{kind} {name}", shown, generated, _VOLATILE)


def _application_names(world: World) -> dict[str, str]:
    """Return labels of applications and their service principals: the unique name if there is one."""
    found: dict[str, str] = {}
    for kind in ("servicePrincipal", "deletedApplication", "application"):
        for _, body in world.store.list(kind):
            found[body["appId"]] = str(body.get("uniqueName") or body["displayName"])
    return found


def _grants(world: World) -> Iterator[Item]:
    names = {body["id"]: body["displayName"] for _, body in world.store.list("servicePrincipal")}
    for _, body in world.store.list("grant"):
        label = f"grant {names.get(body['clientId'])} to {names.get(body['resourceId'])}"
        yield Item("oauth2PermissionGrants", label, body, (body["id"],), _VOLATILE)
