"""A Digital Twins instance as Azure returns it, for all steps that look at it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.record import Kind

INSTANCE = Kind("instance")
"""The instance, where this tool created it."""


@dataclass(frozen=True)
class Instance:
    """An instance that exists."""

    state: str
    """`provisioningState`."""
    location: str = ""
    name: str = ""
    id: str = ""
    host_name: str = ""
    access: str = ""
    """`publicNetworkAccess`: Enabled or Disabled."""
    tags: Mapping[str, str] = field(default_factory=dict)
    private_endpoints: tuple[str, ...] = ()
    """The resource ids of the private endpoints that lead to it, whatever the state of their connections."""
    principals: Mapping[str, str] = field(default_factory=dict)
    """The object ids of its identities, by `SYSTEM` or lower-cased resource id."""
    user_identities: Mapping[str, str] = field(default_factory=dict)
    """The resource ids of its user-assigned identities as Azure spells them, by lower-cased id."""
