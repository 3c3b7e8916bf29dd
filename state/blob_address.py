"""The address of a state that is kept in Azure Blob Storage."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

SUFFIXES = {
    "public": "core.windows.net",
    "usgovernment": "core.usgovcloudapi.net",
    "china": "core.chinacloudapi.cn",
}
"""The storage suffixes of the clouds that have a name; another cloud's is in its metadata.

Source: azure-cli-core, `cloud.py`.
"""
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
_CONTAINER = re.compile(r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*")
"""Source: "Naming and referencing containers, blobs, and metadata" in the documentation of Azure Storage."""
FORM = "https://ACCOUNT.blob.SUFFIX/CONTAINER/NAME.state.json"


@dataclass(frozen=True)
class BlobAddress:
    """A blob, by the parts of its URL."""

    account: str
    suffix: str
    container: str
    blob: str
    """Its name, which may have folders in it."""

    @classmethod
    def parse(cls, text: str) -> BlobAddress:
        """Return the address of a URL. ValueError, which says why, for what isn't one, or has a secret in it."""
        try:
            parts = urlsplit(text)
            host, port = (parts.hostname or "").lower(), parts.port
        except ValueError:
            raise ValueError(f"it is no URL; it must be {FORM}") from None
        if parts.query or parts.username or parts.password:
            raise ValueError(
                "a URL with a signature (SAS) or a password is a secret, which must not be in a flag, a variable or a "
                "settings file. Leave out what follows the name: the signed-in identity reads and writes the blob, as "
                "Storage Blob Data Contributor"
            )
        account, blob, suffix = [*host.split(".", 2), "", ""][:3]
        container, _, name = unquote(parts.path).lstrip("/").partition("/")
        if parts.scheme.lower() != "https" or port or parts.fragment or blob != "blob" or not suffix:
            raise ValueError(f"it must be {FORM}")
        if not _ACCOUNT.fullmatch(account):
            raise ValueError(f"{account} can't be a storage account: 3 to 24 lower-case letters and digits")
        if name and not _CONTAINER.fullmatch(container):
            raise ValueError(
                f"{container!r} can't be a container: 3 to 63 lower-case letters, digits and single dashes"
            )
        if not name or name.endswith(("/", ".")) or len(name) > 1024:
            raise ValueError(f"the name of the blob is missing; it must be {FORM}")
        return cls(account, suffix, container, name)

    @property
    def account_url(self) -> str:
        """The URL of the account's blob service."""
        return f"https://{self.account}.blob.{self.suffix}"

    def __str__(self) -> str:
        return f"{self.account_url}/{self.container}/{quote(self.blob)}"
