"""User-assigned managed identities, by resource id: read, created, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from azure.core.exceptions import ResourceNotFoundError

if TYPE_CHECKING:
    from azure.mgmt.msi.v2024_11_30.aio.operations import UserAssignedIdentitiesOperations

    from cloud.clients import Azure


@dataclass(frozen=True)
class UserIdentity:
    """A user-assigned identity that exists."""

    id: str
    principal: str
    """The object id of its service principal."""
    tags: Mapping[str, str]


def name_of(identifier: str) -> str:
    """Return the name of the identity of this resource id."""
    return identifier.rpartition("/")[2]


async def read(azure: Azure, identifier: str) -> UserIdentity | None:
    """Return the identity; None when there is none, or its group or subscription isn't there."""
    operations, group, name = _at(azure, identifier)
    try:
        found = await operations.get(group, name)
    except ResourceNotFoundError:
        return None
    return UserIdentity(found.id or identifier, found.principal_id or "", dict(found.tags or {}))


async def create(azure: Azure, identifier: str, location: str, tags: Mapping[str, str]) -> None:
    """Create the identity in this region."""
    from azure.mgmt.msi.v2024_11_30.models import Identity

    operations, group, name = _at(azure, identifier)
    await operations.create_or_update(group, name, Identity(location=location, tags=dict(tags)))


async def delete(azure: Azure, identifier: str) -> None:
    """Delete the identity; one that is gone already is fine."""
    operations, group, name = _at(azure, identifier)
    await operations.delete(group, name)


def _at(azure: Azure, identifier: str) -> tuple[UserAssignedIdentitiesOperations, str, str]:
    parts = identifier.split("/")
    return azure.user_identities(parts[2]), parts[4], parts[-1]
