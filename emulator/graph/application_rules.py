"""Rules for applications beyond the types of their properties."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from emulator import seed
from emulator.graph.refusals import bad, invalid_value, required
from emulator.graph.validation import GUID
from emulator.messages import Json, Refused

PERSONAL = frozenset({"AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount"})
"""Audiences with personal Microsoft accounts."""
_AUDIENCES = PERSONAL | {"AzureADMyOrg", "AzureADMultipleOrgs"}
_PLATFORMS = {"publicClient": "PublicClientApplication", "spa": "SpaApplication", "web": "WebApplication"}
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_FORBIDDEN = set("!$'(),; \\<>\"{}|^`")
_LONGEST = 256
_LONGEST_NOTE = 1024
_MOST_APIS, _MOST_PERMISSIONS = 50, 400


def check_application(body: Json) -> None:
    """Refuse (400) an application that breaks a rule. `body` is the application as it would be stored."""
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
    for text in ("notes", "description"):
        if len(body.get(text) or "") > _LONGEST_NOTE:
            raise invalid_value(text, "Application")
    if not all(0 < len(tag) <= _LONGEST for tag in body.get("tags", [])):
        raise invalid_value("tags", "Application")
    for uri in body.get("identifierUris", []):
        _check_identifier(uri)
    _check_audience(body)
    _check_redirects(body, personal=body["signInAudience"] in PERSONAL)
    accesses = body.get("requiredResourceAccess", [])
    for access in accesses:
        _check_access(access)
    if len(accesses) > _MOST_APIS or sum(len(part["resourceAccess"]) for part in accesses) > _MOST_PERMISSIONS:
        raise invalid_value("requiredResourceAccess", "Application")


def _check_identifier(uri: str) -> None:
    if not _SCHEME.match(uri):
        raise invalid_value("identifierUris", "Application")
    parts = urlsplit(uri)
    host = parts.hostname or ""
    if parts.scheme in ("http", "https") and not f".{host}".endswith(f".{seed.TENANT_DOMAIN}"):
        # OfficeDev/microsoft-365-agents-toolkit names the code.
        text = (
            "Values of identifierUris property must use a verified domain of the organization or its subdomain: "
            f"'{uri}'"
        )
        raise Refused(400, "HostNameNotOnVerifiedDomain", text)


def _check_audience(body: Json) -> None:
    version = (body.get("api") or {}).get("requestedAccessTokenVersion")
    # microsoftgraph/microsoft-graph-docs#21685; the code in azure-ad-b2c/Scripts#2.
    if version not in (None, 1, 2) or (body["signInAudience"] in PERSONAL and version != 2):
        raise Refused(400, "InvalidAccessTokenVersion", "Property api.requestedAccessTokenVersion is invalid.")


def _check_redirects(body: Json, *, personal: bool) -> None:
    everywhere: list[str] = []
    for platform, resource in _PLATFORMS.items():
        uris = (body.get(platform) or {}).get("redirectUris") or []
        if not all(_redirect_uri_allowed(uri, platform, personal=personal) for uri in uris):
            raise invalid_value("redirectUris", resource)
        everywhere += uris
    if len(everywhere) > (100 if personal else 256):  # of all platforms together
        raise invalid_value("redirectUris", "Application")
    if len(set(everywhere)) < len(everywhere):
        # MicrosoftDocs/azure-docs#89929: not in two platforms either.
        raise bad("Redirect URIs must have distinct values.")
    logout = (body.get("web") or {}).get("logoutUrl")
    if logout and not _logout_url_allowed(logout, personal=personal):
        raise invalid_value("logoutUrl", "WebApplication")


def _logout_url_allowed(url: str, *, personal: bool) -> bool:
    # learn.microsoft.com/entra/identity-platform/supported-accounts-validation, "Front-channel logout URL".
    parts = urlsplit(url)
    local = parts.scheme == "http" and parts.hostname == "localhost" and not personal
    return len(url) < _LONGEST and bool(parts.hostname) and (parts.scheme == "https" or local)


def _check_access(access: Any) -> None:
    # A resource is named by its app id: `https://digitaltwins.azure.net` is refused.
    if not GUID.fullmatch(str(access.get("resourceAppId") or "")):
        raise invalid_value("resourceAppId", "RequiredResourceAccess")
    permissions = access.get("resourceAccess")
    if not permissions:
        raise invalid_value("resourceAccess", "RequiredResourceAccess")
    for part in permissions:
        if not part.get("id"):
            raise invalid_value("id", "ResourceAccess")
        if part.get("type") not in ("Scope", "Role"):
            raise invalid_value("type", "ResourceAccess")


def _redirect_uri_allowed(uri: str, platform: str, *, personal: bool) -> bool:
    """Say whether Entra ID accepts a reply URL (learn.microsoft.com/entra/identity-platform/reply-url).

    Absolute, without a fragment, a wildcard only for work accounts, `http` only for this computer (not `[::1]`),
    custom schemes (`app://…`) only for public clients, at most 256 characters.
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
