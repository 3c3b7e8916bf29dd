"""Regions: their code names (`westus2`) and display names (`West US 2`), and which offer Digital Twins."""

from __future__ import annotations

from typing import Any

INSTANCES = "digitalTwinsInstances"


def region_code(name: str) -> str:
    """Return the code name of a region given by code or display name: Azure's code is the name without spaces."""
    return name.replace(" ", "").lower()


def offered_regions(provider: Any) -> tuple[str, ...]:
    """Return the code names of the regions of the provider's instances, sorted."""
    return tuple(sorted(region_code(name) for name in offered_names(provider)))


def offered_names(provider: Any) -> tuple[str, ...]:
    """Return their display names, as the provider lists them."""
    for kind in provider.resource_types or ():
        if str(kind.resource_type).lower() == INSTANCES.lower():
            return tuple(kind.locations or ())
    return ()
