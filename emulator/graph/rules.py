"""What Graph checks of an application beyond the types of its properties."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from emulator.graph.refusals import invalid_value, required
from emulator.graph.validation import GUID
from emulator.web import Json

_PERSONAL = frozenset({"AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount"})
_AUDIENCES = _PERSONAL | {"AzureADMyOrg", "AzureADMultipleOrgs"}
_PLATFORMS = {"publicClient": "PublicClientApplication", "spa": "SpaApplication", "web": "WebApplication"}
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_FORBIDDEN = set("!$'(),; \\<>\"{}|^`")
_LONGEST = 256


def check_application(body: Json) -> None:
    """Refuse (400) an application, as it would be stored, that breaks a rule."""
    name = body.get("displayName")
    if not name:
        raise required("displayName", "Application")
    if len(name) > _LONGEST:
        raise invalid_value("displayName", "Application")
    unique = body.get("uniqueName")
    if unique is not None and not 0 < len(unique) <= _LONGEST:
        raise invalid_value("uniqueName", "Application")
    if body.get("signInAudience") not in _AUDIENCES:
        raise invalid_value("signInAudience", "Application")
    for uri in body.get("identifierUris", []):
        if not _SCHEME.match(uri):
            raise invalid_value("identifierUris", "Application")
    personal = body["signInAudience"] in _PERSONAL
    for platform, resource in _PLATFORMS.items():
        uris = (body.get(platform) or {}).get("redirectUris") or []
        if len(uris) > (100 if personal else 256) or not all(
            _redirect_uri_allowed(uri, platform, personal=personal) for uri in uris
        ):
            raise invalid_value("redirectUris", resource)
    for access in body.get("requiredResourceAccess", []):
        _check_access(access)


def _check_access(access: Any) -> None:
    # A resource is named by its app id: `https://digitaltwins.azure.net` is refused.
    if not GUID.fullmatch(str(access.get("resourceAppId") or "")):
        raise invalid_value("resourceAppId", "RequiredResourceAccess")
    wanted = access.get("resourceAccess")
    if not wanted:
        raise invalid_value("resourceAccess", "RequiredResourceAccess")
    for part in wanted:
        if not part.get("id"):
            raise invalid_value("id", "ResourceAccess")
        if part.get("type") not in ("Scope", "Role"):
            raise invalid_value("type", "ResourceAccess")


def _redirect_uri_allowed(uri: str, platform: str, *, personal: bool) -> bool:
    """Say whether Entra ID accepts a reply URL (learn.microsoft.com/entra/identity-platform/reply-url).

    Absolute, without a fragment, a wildcard only for work accounts, `http` only for this computer (not `[::1]`),
    schemes of one's own (`app://…`) only for public clients, at most 256 characters.
    """
    if len(uri) > _LONGEST or not _SCHEME.match(uri) or "#" in uri or _FORBIDDEN & set(uri):
        return False
    try:
        parts = urlsplit(uri)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        return False
    if personal and ("*" in uri or parts.query):
        return False
    if parts.scheme == "https":
        return bool(host)
    if parts.scheme == "http":
        return host in ("localhost", "127.0.0.1")
    if parts.scheme == "urn":
        return platform != "spa" and bool(parts.path)
    return platform == "publicClient" and bool(parts.netloc)
