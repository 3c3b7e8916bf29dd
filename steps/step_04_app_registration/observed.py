"""What exists of the app registration in Entra ID, and of the files that hold its secrets. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from steps.shared.applications import ServicePrincipal

UrlKind = Literal["public", "web", "spa"]
BinView = Literal["all", "owned", "nothing"]
"""What the signed-in identity may see of the recycle bin."""
Permissions = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
"""Pairs of an API's application id and its (permission id, type) pairs."""


@dataclass(frozen=True)
class Settings:
    """An application's settings, as far as this tool sets them."""

    name: str = ""
    audience: str = ""
    public: tuple[str, ...] = ()
    web: tuple[str, ...] = ()
    spa: tuple[str, ...] = ()
    """Reply URLs, by the kind of client."""
    fallback: bool | None = None
    """`isFallbackPublicClient`."""
    access_tokens: bool = False
    id_tokens: bool = False
    """Of the implicit grant."""
    notes: str = ""
    service: str | None = None
    """`serviceManagementReference`: the id of the service, in the organisation's own catalogue, that it belongs to."""
    tags: tuple[str, ...] = ()
    permissions: Permissions = ()
    token_version: int | None = None
    """`api.requestedAccessTokenVersion`: 2 where personal accounts may sign in."""

    @property
    def reply_urls(self) -> Mapping[UrlKind, tuple[str, ...]]:
        """The reply URLs by the kind of client."""
        return {"public": self.public, "web": self.web, "spa": self.spa}


@dataclass(frozen=True)
class Password:
    """A client secret, without its value."""

    key_id: str
    name: str
    ends: datetime | None
    starts: datetime | None = None
    hint: str = ""
    """The first three characters of the value."""


@dataclass(frozen=True)
class Registration:
    """An application and its service principal."""

    client_id: str
    object_id: str
    unique_name: str
    settings: Settings
    passwords: tuple[Password, ...] = ()
    principal: ServicePrincipal | None = None


@dataclass(frozen=True)
class Owner:
    """An owner of an application, by the lower-cased object id."""

    id: str
    label: str


@dataclass(frozen=True)
class FederatedCredential:
    """Who may sign in as the application without a secret: tokens of this issuer, with this subject and audience."""

    name: str
    issuer: str
    subject: str
    audiences: tuple[str, ...]


@dataclass(frozen=True)
class SecretFiles:
    """The files that hold client secrets: the desired one, and those that the record names."""

    exists: bool = True
    """The desired file exists; a secret that is only shown needs none."""
    problem: str = ""
    """Why a secret could not be written to the desired file; "" when it could."""
    hint: str = ""
    """The first three characters of what the desired file holds; "" when it doesn't hold a secret."""
    as_written: Mapping[str, bool] = field(default_factory=dict)
    """The recorded files that exist, and whether each is still as this tool wrote it."""
    leftovers: tuple[str, ...] = ()
    """The files beside which a run that was killed left a temporary file, which may hold a secret."""


@dataclass(frozen=True)
class ObservedApplication:
    """The application that is ours or is to be adopted, and what belongs to it."""

    now: datetime
    files: SecretFiles
    existing: Registration | None = None
    deleted: Registration | None = None
    """Our application when it was deleted less than 30 days ago: until then nothing else can have its `uniqueName`."""
    bin_view: BinView = "all"
    namesakes: tuple[Registration, ...] = ()
    """Others of the same display name, looked for only where ours doesn't exist."""
    owners: tuple[Owner, ...] = ()
    federated: tuple[FederatedCredential, ...] = ()

    @property
    def passwords(self) -> tuple[Password, ...]:
        """The secrets of our application, a deleted one included."""
        application = self.existing or self.deleted
        return application.passwords if application else ()
