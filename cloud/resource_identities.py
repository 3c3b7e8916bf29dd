"""The identity of a resource: whom its code is in Azure, asked of Resource Manager. Read-only."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cloud.identifiers import Principal
from engine.refusal import Unknown

if TYPE_CHECKING:
    from cloud.clients import Azure

_RESOURCE = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/(?P<provider>[^/]+)/(?P<type>[^/]+)/(?P<name>[^/]+)"
    r"(?P<more>(/[^/]+/[^/]+)*)",
    re.IGNORECASE,
)
_API_VERSIONS = {
    # Sources: azure-mgmt-web 11, azure-mgmt-iothub 4, azure-mgmt-msi 7, which ask with them.
    "microsoft.web/sites": "2025-05-01",
    "microsoft.web/sites/slots": "2025-05-01",
    "microsoft.devices/iothubs": "2023-06-30",
    "microsoft.managedidentity/userassignedidentities": "2024-11-30",
}
"""Of the resources that set-ups of this service have most; the provider of another is asked for its newest."""


def resource_id_problem(text: str) -> str | None:
    """Return why a text that begins as a resource id isn't one of a resource, or None."""
    if _RESOURCE.fullmatch(text):
        return None
    return "it is not a resource id: /subscriptions/ID/resourceGroups/GROUP/providers/PROVIDER/TYPE/NAME."


async def identity_of(azure: Azure, resource: str) -> Principal:
    """Return the system-assigned identity of a resource, or a user-assigned identity itself.

    Raises Unknown (exit 2) for a resource that doesn't exist or has no identity of its own.
    """
    from azure.core.exceptions import ResourceNotFoundError

    from cloud.errors import answer_of

    name = resource.rpartition("/")[2]
    try:
        found = await _read(azure, resource, await _api_version(azure, resource))
    except ResourceNotFoundError as error:
        answer = answer_of(error)
        raise Unknown(
            f"There is no {resource}.",
            "Look for it: " + shlex.join(("az", "resource", "list", "--name", name, "--query", "[].id")),
            why=f"{answer.code}: {answer.message}" if answer else "",
        ) from error
    identity, properties = found.get("identity") or {}, found.get("properties") or {}
    principal = identity.get("principalId") or _own(resource, properties)
    if not principal:
        raise _without(resource, identity.get("userAssignedIdentities") or {})
    return Principal(str(principal).lower(), "ServicePrincipal", str(found.get("name") or name))


def _own(resource: str, properties: Mapping[str, Any]) -> object:
    is_identity = _type(resource) == "microsoft.managedidentity/userassignedidentities"
    return properties.get("principalId") if is_identity else None


def _without(resource: str, others: Mapping[str, Any]) -> Unknown:
    """Say that the identity is switched off, and how to switch it on. Another one, which it uses, can be named."""
    command = ("az", "resource", "update", "--ids", resource, "--set", "identity.type=SystemAssigned")
    what = f"{resource} has no identity of its own: its system-assigned identity is switched off."
    if not others:
        return Unknown(what, f"Switch it on: {shlex.join(command)}")
    return Unknown(what, "Name the identity that it uses:\n" + "\n".join(f"  {other}" for other in others))


def _type(resource: str) -> str:
    """Return the lower-cased type of a resource: the provider, a slash, and the types without the names."""
    found = _RESOURCE.fullmatch(resource)
    if not found:
        raise Unknown(f"{resource} can't be looked up: {resource_id_problem(resource)}")
    inner = found["more"].split("/")[1::2]
    return "/".join((found["provider"], found["type"], *inner)).lower()


async def _api_version(azure: Azure, resource: str) -> str:
    kind = _type(resource)
    if kind in _API_VERSIONS:
        return _API_VERSIONS[kind]
    provider, _, within = kind.partition("/")
    subscription = resource.split("/")[2]
    url = f"{azure.cloud.resource_manager}/subscriptions/{subscription}/providers/{provider}?api-version=2022-09-01"
    types = (await azure.read(url)).get("resourceTypes") or ()
    versions = [v for found in types if found["resourceType"].lower() == within for v in found["apiVersions"]]
    stable = [version for version in versions if not version.endswith("preview")]
    if not versions:
        raise Unknown(f"{resource} can't be looked up: {provider} has no resources of the type {within}.")
    return str(max(stable or versions))


async def _read(azure: Azure, resource: str, api_version: str) -> Mapping[str, Any]:
    from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

    try:
        found: Mapping[str, Any] = await azure.read(
            f"{azure.cloud.resource_manager}{resource}?api-version={api_version}"
        )
    except HttpResponseError as error:
        if error.status_code == 404:
            raise ResourceNotFoundError(response=error.response) from error
        raise
    return found
