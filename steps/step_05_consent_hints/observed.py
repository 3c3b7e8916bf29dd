"""What exists of consent for the tenant. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ObservedConsent:
    """Whether the tenant has consented."""

    is_granted: bool = False
    has_api: bool = True
    """The tenant has a service principal of the Digital Twins API: someone has used the service."""
    is_readable: bool = True
    """The signed-in identity may read grants."""
