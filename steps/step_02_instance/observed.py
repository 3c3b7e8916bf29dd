"""What step 2 knows of Azure before it plans. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from cloud.identifiers import region_code
from engine.record import Values
from steps.shared.event_routing import SYSTEM, FoundEndpoint
from steps.shared.identities import name_of
from steps.shared.instance import Instance

PRINCIPALS = ("identity_principal_id", "user_identity_principal_ids")
"""The values that only an instance with identities has."""
VALUES = ("instance", "instance_id", "host_name", "location", *PRINCIPALS)


@dataclass(frozen=True)
class UserIdentity:
    """A user-assigned identity that exists."""

    id: str
    principal: str
    """The object id of its service principal."""
    tags: Mapping[str, str]


@dataclass(frozen=True)
class DataHistoryConnection:
    """A data history connection of the instance."""

    name: str
    identity: str
    """The identity that it uses: `SYSTEM`, or the lower-cased id of a user-assigned identity."""


@dataclass(frozen=True)
class Provider:
    """The resource provider of instances, in the subscription."""

    registration: str = ""
    """`registrationState`."""
    regions: tuple[str, ...] = ()
    """Code names of the regions that offer instances."""


@dataclass(frozen=True)
class Contents:
    """How much is in the instance, and goes with it."""

    models: int
    twins: int
    routes: int


@dataclass(frozen=True)
class ObservedInstance:
    """The instance, and what is needed to create it when there is none."""

    instance: Instance | None = None
    identities: Mapping[str, UserIdentity] = field(default_factory=dict)
    """Those of the desired and of the recorded identities that exist, by lower-cased id."""
    endpoints: Mapping[str, FoundEndpoint] = field(default_factory=dict)
    """By lower-cased name; read only to delete the instance, or to take an identity from it."""
    contents: Contents | None = None
    """Read only to delete the instance; None where that can't be read."""
    connections: tuple[DataHistoryConnection, ...] = ()
    """Read only to take an identity from the instance."""
    provider: Provider = field(default_factory=Provider)
    """Read only when there is no instance."""
    others_by_region: Mapping[str, int] = field(default_factory=dict)
    """How many instances the subscription has, by code name of the region; read only with the name."""
    name_problem: str = ""
    """Why the name isn't available, in Azure's words; "" when it is, or when that can't be asked yet."""


def values_of(instance: Instance, known: Collection[str] = PRINCIPALS) -> Values:
    """Return what step 2 produces. The principals that the instance doesn't have are blanked where they are known."""
    users = sorted(
        (name_of(instance.user_identities[low]), principal)
        for low, principal in instance.principals.items()
        if low != SYSTEM
    )
    found = (instance.principals.get(SYSTEM, ""), ",".join(f"{name}={principal}" for name, principal in users))
    return {
        "instance": instance.name,
        "instance_id": instance.id,
        "host_name": instance.host_name,
        "location": region_code(instance.location),
        **{name: value for name, value in zip(PRINCIPALS, found, strict=True) if value or name in known},
    }
