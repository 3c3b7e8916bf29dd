"""The documents of service principals: created from their application, updated with it, removed with their grants."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from emulator import seed
from emulator.graph import replicas
from emulator.graph.defaults import APPLICATION_DEFAULTS, SERVICE_PRINCIPAL_DEFAULTS, merged
from emulator.graph.odata import now
from emulator.messages import Json
from emulator.world import World

OWN_TAGS = "_tags"
"""The field of a service principal's document with the tags that its application doesn't have to have."""
MICROSOFT_TENANT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
"""The tenant that owns Microsoft's applications."""

_DIGITAL_TWINS: Json = {
    "appId": seed.DIGITAL_TWINS_APP,
    "displayName": "Azure Digital Twins",
    "identifierUris": ["https://digitaltwins.azure.net"],
    "signInAudience": "AzureADMultipleOrgs",
    "api": {
        "oauth2PermissionScopes": [
            {
                "adminConsentDescription": "Allows the app to use Azure Digital Twins on behalf of the user.",
                "adminConsentDisplayName": "Read/Write Access",
                "id": seed.DIGITAL_TWINS_SCOPE,
                "isEnabled": True,
                "type": "User",
                "userConsentDescription": "Allows the app to use Azure Digital Twins on your behalf.",
                "userConsentDisplayName": "Read/Write Access",
                "value": "Read.Write",
            }
        ]
    },
}
_GRAPH: Json = {
    "appId": seed.GRAPH_APP,
    "displayName": "Microsoft Graph",
    "identifierUris": ["https://graph.microsoft.com"],
    "signInAudience": "AzureADMultipleOrgs",
}
MICROSOFT_APPLICATIONS = {body["appId"]: body for body in (_DIGITAL_TWINS, _GRAPH)}
"""Microsoft's applications that a tenant can have a service principal of."""


def create(world: World, application: Json, settings: Json, owners: Iterable[str]) -> Json:
    """Create the service principal of an application. Replicas and Resource Manager see it later."""
    local = "id" in application
    body = {
        "id": str(uuid.uuid4()),
        **merged(SERVICE_PRINCIPAL_DEFAULTS, settings),
        **_mirrored(application, settings.get("tags", ())),
        "appOwnerOrganizationId": seed.TENANT if local else MICROSOFT_TENANT,
        "_owners": list(owners),
    }
    replicas.write(world, "servicePrincipal", body["id"], body)
    world.lag.begin(f"principal/{body['id']}", "principal")
    return body


def follow(world: World, application: Json) -> None:
    """Update the service principal of an application of this tenant."""
    principal = replicas.truth(world, "servicePrincipal", "appId", application["appId"])
    if principal is None:
        return
    changed = {**principal, **_mirrored(application, principal.get(OWN_TAGS) or ())}
    if changed != principal:
        replicas.write(world, "servicePrincipal", principal["id"], changed)


def delete(world: World, principal: Json) -> None:
    """Move a service principal to the deleted items; delete the grants to it and of it."""
    remove(world, principal)
    replicas.write(world, "deletedServicePrincipal", principal["id"], {**principal, "deletedDateTime": now()})


def remove(world: World, principal: Json) -> None:
    """Remove a service principal, and the grants to it and of it."""
    for key, grant in world.store.list("grant"):
        if principal["id"] in (grant["clientId"], grant["resourceId"]):
            replicas.write(world, "grant", key, None)
    replicas.write(world, "servicePrincipal", principal["id"], None)
    world.lag.end(f"principal/{principal['id']}")


def ensure_digital_twins_principal(world: World) -> None:
    """Create the service principal of Azure Digital Twins, as the first use of the service in a tenant does."""
    if replicas.truth(world, "servicePrincipal", "appId", seed.DIGITAL_TWINS_APP) is None:
        create(world, _DIGITAL_TWINS, {}, ())


def _mirrored(application: Json, tags: Iterable[str]) -> Json:
    full = merged(APPLICATION_DEFAULTS, application)
    platforms = ("web", "spa", "publicClient")
    return {
        "appId": full["appId"],
        "appDisplayName": full["displayName"],
        "displayName": full["displayName"],
        "appDescription": full["description"],
        "appRoles": full["appRoles"],
        "homepage": full["web"]["homePageUrl"],
        "logoutUrl": full["web"]["logoutUrl"],
        "info": full["info"],
        "oauth2PermissionScopes": full["api"]["oauth2PermissionScopes"],
        "replyUrls": [uri for platform in platforms for uri in full[platform]["redirectUris"]],
        "servicePrincipalNames": [full["appId"], *full["identifierUris"]],
        "signInAudience": full["signInAudience"],
        **all_tags(full["tags"], tags),
    }


def all_tags(of_application: Iterable[str], own: Iterable[str]) -> Json:
    """Return the tags that a service principal shows, and its own of them.

    An application's tags appear on its service principals: learn.microsoft.com/graph/api/resources/application.
    """
    return {"tags": list(dict.fromkeys((*own, *of_application))), OWN_TAGS: list(own)}
