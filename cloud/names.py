"""Azure's rules for names and reply URLs, checked before anything is asked of Azure, and the default names."""

from __future__ import annotations

import hashlib
import re
import uuid
from urllib.parse import urlsplit

DEFAULT_LOCATION = "westus2"

# Source: the published contract of Microsoft.DigitalTwins.
_INSTANCE = re.compile(r"(?!-)[A-Za-z0-9-]{3,63}(?<!-)")

# Source: "Resolve errors for reserved resource names" in the Azure Resource Manager documentation.
_RESERVED = frozenset(
    ("ACCESS", "AZURE", "BING", "BIZSPARK", "BIZTALK", "CORTANA", "DIRECTX", "DOTNET", "DYNAMICS", "EXCEL", "EXCHANGE",
     "FOREFRONT", "GROOVE", "HOLOLENS", "HYPERV", "KINECT", "LYNC", "MSDN", "O365", "OFFICE", "OFFICE365", "ONEDRIVE",
     "ONENOTE", "OUTLOOK", "POWERPOINT", "SHAREPOINT", "SKYPE", "VISIO", "VISUALSTUDIO")
)  # fmt: skip
_RESERVED_ANYWHERE = ("MICROSOFT", "WINDOWS")
_RESERVED_AT_START = ("LOGIN", "XBOX")


def default_suffix(tenant: str, subscription: str) -> str:
    """Return eight hexadecimal digits that depend on the tenant and the subscription alone."""
    return hashlib.sha256(f"{tenant}/{subscription}".lower().encode()).hexdigest()[:8]


def default_group(tenant: str, subscription: str) -> str:
    """Return the resource group proposed for a subscription."""
    return f"digital-twins-{default_suffix(tenant, subscription)}"


def default_instance(tenant: str, subscription: str) -> str:
    """Return the instance name proposed for a subscription."""
    return f"adt-{default_suffix(tenant, subscription)}"


def is_guid(text: str) -> bool:
    """Whether `text` is a GUID in its usual form."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def instance_name_problem(name: str) -> str | None:
    """Return why Azure would refuse an instance of this name, or None."""
    if not _INSTANCE.fullmatch(name):
        return "3 to 63 letters, digits and hyphens; no hyphen at either end."
    return _reserved_problem(name)


def _reserved_problem(name: str) -> str | None:
    upper = name.upper()
    if upper in _RESERVED:
        return f"{name} is a name that Azure reserves."
    for word in _RESERVED_ANYWHERE:
        if word in upper:
            return f"Azure refuses names that contain {word}."
    for word in _RESERVED_AT_START:
        if upper.startswith(word):
            return f"Azure refuses names that start with {word}."
    return None


def group_name_problem(name: str) -> str | None:
    """Return why Azure would refuse a resource group of this name, or None.

    Source: "Naming rules and restrictions for Azure resources" in the Azure Resource Manager documentation.
    """
    if not re.fullmatch(r"[\w().-]{1,90}", name) or name.endswith("."):
        return "1 to 90 letters, digits, _ - . ( ); no period at the end."
    return _reserved_problem(name)


def app_name_problem(name: str) -> str | None:
    """Return why Graph would refuse an application of this display name, or None."""
    if not name.strip() or len(name) > 256:
        return "An application name has 1 to 256 characters."
    if any(ord(character) < 32 for character in name):
        return "An application name has no control characters."
    return None


def region_problem(name: str) -> str | None:
    """Return why this can't be a region, or None. Whether the service is offered there is asked of Azure."""
    return None if re.fullmatch(r"[A-Za-z0-9 ]{2,40}", name) else f"{name} is not a region name, such as westus2."


def reply_url_problem(url: str) -> str | None:
    """Return why Entra ID would refuse this reply URL of a public client, or None.

    Source: "Redirect URI (reply URL) restrictions and limitations" in the Microsoft identity platform documentation.
    """
    if len(url) > 256:
        return "A reply URL has at most 256 characters."
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return f"{url} is not a URL."
    if not parts.scheme or not (parts.netloc or parts.path.strip("/")) or any(c.isspace() for c in url):
        return f"{url} is not an absolute URL, such as http://localhost."
    if parts.scheme in ("javascript", "data", "vbscript"):
        return f"A reply URL can't have the scheme {parts.scheme}."
    if parts.scheme == "http" and host not in ("localhost", "127.0.0.1", "::1"):
        return "A reply URL with http must be on localhost; use https elsewhere."
    if parts.scheme in ("http", "https") and not host:
        return f"{url} has no host."
    if "#" in url:
        return "A reply URL can't have a fragment (#)."
    if "*" in url:
        return "A reply URL of a public client can't have a wildcard (*)."
    return None
