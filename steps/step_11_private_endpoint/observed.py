"""What step 11 finds: private endpoints, a network, a private DNS zone and its links. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

NETWORK, PRIVATE_DNS = "2024-05-01", "2024-06-01"
"""Api-versions: of private endpoints and networks, and of private DNS zones."""
APPROVED, PENDING, REJECTED, DISCONNECTED = "Approved", "Pending", "Rejected", "Disconnected"
"""The states of a connection. Source: PrivateLinkServiceConnectionStatus in the contract of Microsoft.DigitalTwins."""
UNDER_WAY = ("Creating", "Updating", "Deleting")
"""Provisioning states that end by themselves. Source: ProvisioningState in the contracts of Microsoft.Network."""


@dataclass(frozen=True)
class PrivateEndpoint:
    """A private endpoint that exists."""

    id: str
    subnet: str = ""
    service: str = ""
    """The resource id of what it leads to."""
    state: str = APPROVED
    """Of its connection."""
    description: str = ""
    """What was said about that state."""
    provisioning: str = "Succeeded"
    tags: Mapping[str, str] = field(default_factory=dict)
    zone_groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The resource ids of the private DNS zones, by the id of the zone group."""
    under_way: tuple[str, ...] = ()
    """The ids of what is being created or changed just now: itself, its zone groups."""

    def leads(self, subnet: str, service: str) -> bool:
        """Whether it leads from the subnet to the service."""
        return self.subnet.lower() == subnet.lower() and self.service.lower() == service.lower()


@dataclass(frozen=True)
class Link:
    """A link of a private DNS zone to a network."""

    id: str
    network: str
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Zone:
    """A private DNS zone that exists."""

    id: str
    tags: Mapping[str, str]
    record_sets: int
    links: tuple[Link, ...] = ()
    under_way: tuple[str, ...] = ()
    """The ids of what is being created or changed just now: itself, its links."""


@dataclass(frozen=True)
class ObservedPrivateEndpoint:
    """What exists around the instance."""

    endpoints: tuple[PrivateEndpoint, ...] = ()
    """Those that are recorded, that have the name of ours, or that lead to the instance."""
    location: str = ""
    """The region of the desired subnet's network."""
    zones: tuple[Zone, ...] = ()
    """The desired one, where this tool would make it, and those that are recorded."""

    def zone(self, identifier: str | None) -> Zone | None:
        """Return the zone of this id."""
        return next((zone for zone in self.zones if zone.id.lower() == (identifier or "").lower()), None)
