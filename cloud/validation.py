"""Azure's rules for names and reply URLs, checked before anything is asked of Azure."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from cloud.identifiers import is_guid

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
    problem, parts = _url_problem(url)
    if problem or parts is None:
        return problem
    if parts.scheme in ("javascript", "data", "vbscript"):
        return f"A reply URL can't have the scheme {parts.scheme}."
    if "*" in url:
        return "A reply URL of a public client can't have a wildcard (*)."
    return None


def web_reply_url_problem(url: str) -> str | None:
    """Return why Entra ID would refuse this reply URL of a web or single-page application. Source: as above."""
    problem, parts = _url_problem(url)
    if problem or parts is None:
        return problem
    if parts.scheme not in ("http", "https"):
        return "A reply URL of a web or single-page application is https, or http on localhost."
    return None


def _url_problem(url: str) -> tuple[str | None, SplitResult | None]:
    if len(url) > 256:
        return "A reply URL has at most 256 characters.", None
    try:
        parts = urlsplit(url)
        host, user = parts.hostname or "", parts.username
    except ValueError:
        return f"{url} is not a URL.", None
    if not parts.scheme or not (parts.netloc or parts.path.strip("/")) or any(c.isspace() for c in url):
        return f"{url} is not an absolute URL, such as http://localhost.", None
    if parts.scheme == "http" and host not in ("localhost", "127.0.0.1"):  # [::1] is refused
        return "A reply URL with http must be on localhost; use https elsewhere.", None
    if parts.scheme in ("http", "https") and not host:
        return f"{url} has no host.", None
    if user is not None:
        return "A reply URL can't have a user name in it.", None
    if "#" in url:
        return "A reply URL can't have a fragment (#).", None
    if any(character in url for character in "!$'(),;"):
        return "A reply URL can't have any of the characters ! $ ' ( ) , ;", None
    return None, parts


def endpoint_name_problem(name: str) -> str | None:
    """Return why Azure would refuse an endpoint or a route of this name, or None. Source: the published contract."""
    if re.fullmatch(r"(?![0-9]+$)(?!-)[A-Za-z0-9-]{2,49}[A-Za-z0-9]", name) and len(name) < 50:
        return None
    return "3 to 49 letters, digits and hyphens, not digits alone; no hyphen at either end."


def credential_name_problem(name: str) -> str | None:
    """Return why this can't be the name of a secret, which its file has too, or None."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,89}", name):
        return None
    return "1 to 90 letters, digits, _ - and periods, with a letter or digit first."


def federated_name_problem(name: str) -> str | None:
    """Return why Entra ID would refuse a federated credential of this name, or None.

    Source: "Important considerations and restrictions for federated identity credentials" in the Microsoft Entra
    documentation.
    """
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{2,119}", name):
        return None
    return "3 to 120 letters, digits, _ and -, with a letter or digit first."


def issuer_problem(url: str) -> str | None:
    """Return why Entra ID would refuse this issuer of a federated credential, or None."""
    return None if re.fullmatch(r"https://[^\s/]+\S*", url) else "An issuer is a URL with https."


def guid_problem(text: str) -> str | None:
    """Return why this can't be an id, or None."""
    return None if is_guid(text) else "it is not a GUID, such as 00000000-0000-0000-0000-000000000000."


def days_problem(text: str) -> str | None:
    """Return why a secret can't live so many days, or None."""
    return None if text.isdecimal() and 1 <= int(text) <= 730 else "1 to 730 days: Entra ID allows two years at most."


def tag_name_problem(name: str) -> str | None:
    """Return why Azure would refuse a tag of this name, or None.

    Source: "Use tags to organize your Azure resources" in the Azure Resource Manager documentation.
    """
    if not 1 <= len(name) <= 512 or re.search(r"[<>%&\\?/]", name):
        return "1 to 512 characters, without < > % & \\ ? /."
    if name.lower().startswith(("microsoft", "azure", "windows")):
        return "names that begin with microsoft, azure or windows are Azure's own."
    if name.lower() == "created-by":
        return "earlier versions of this tool marked with it what they created."
    return None


def app_tag_problem(tag: str) -> str | None:
    """Return why Graph would refuse this tag of an application, or None."""
    return None if 1 <= len(tag) <= 256 else "1 to 256 characters."


def service_reference_problem(text: str) -> str | None:
    """Return why this can't be an application's `serviceManagementReference`, or None."""
    return None if 1 <= len(text.strip()) <= 256 else "1 to 256 characters."


def notes_problem(text: str) -> str | None:
    """Return why Graph would refuse these notes, or None."""
    return None if len(text) <= 1024 else "at most 1024 characters."
