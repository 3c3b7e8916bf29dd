"""Reads the Digital Twins instance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azure.core.exceptions import ResourceNotFoundError

from steps.shared.event_routing import SYSTEM
from steps.shared.instance import Instance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.mgmt.digitaltwins.models import DigitalTwinsDescription

    from cloud.clients import Azure


async def read_instance(azure: Azure, group: str, name: str) -> Instance | None:
    """Return the instance; None when there is none."""
    try:
        return to_instance(await azure.twins.digital_twins.get(group, name))
    except ResourceNotFoundError:
        return None


def to_instance(found: DigitalTwinsDescription) -> Instance:
    """Return what the SDK's model says."""
    identity = found.identity
    users = (identity and identity.user_assigned_identities) or {}
    principals = {key.lower(): str((user and user.principal_id) or "") for key, user in users.items()}
    if identity and identity.principal_id:
        principals[SYSTEM] = identity.principal_id
    return Instance(
        state=str(found.provisioning_state or ""),
        location=found.location,
        name=found.name or "",
        id=found.id or "",
        host_name=found.host_name or "",
        access=str(found.public_network_access or ""),
        tags=dict(found.tags or {}),
        private_endpoints=tuple(_endpoints_of(found)),
        principals=principals,
        user_identities={key.lower(): key for key in users},
    )


def _endpoints_of(found: DigitalTwinsDescription) -> Iterator[str]:
    for connection in found.private_endpoint_connections or ():
        if connection.properties.private_endpoint and connection.properties.private_endpoint.id:
            yield connection.properties.private_endpoint.id
