"""The region in a request body, and the refusals of a wrong region and of a changed one."""

from __future__ import annotations

from collections.abc import Iterable

from emulator import regions
from emulator.arm.core.errors import location_required
from emulator.messages import Json, Refused


def region_of(
    location: str | None,
    offered: Iterable[regions.Region] | None = None,
    *,
    resource_type: str = "",
    for_groups: bool = False,
) -> regions.Region:
    """Return the region called `location`; refuse (400) a missing one and one not `offered` (None: all are offered).

    `resource_type` and `for_groups`: what the refusal names as unavailable in the region.
    """
    if not location:
        raise location_required()
    region, known = regions.find(location), list(regions.REGIONS.values() if offered is None else offered)
    if region in known:
        return region
    target = f" for resource type '{resource_type}'" if resource_type else " for resource group" * for_groups
    listed = "available regions for the resource type" if resource_type else "available regions"
    raise Refused(
        400,
        "LocationNotAvailableForResourceGroup" if for_groups else "LocationNotAvailableForResourceType",
        f"The provided location '{location}' is not available{target}. List of {listed} is "
        f"'{','.join(name.name for name in known)}'.",
    )


def refuse_moved(found: Json, region: regions.Region, group: str = "") -> None:
    """Refuse (409) to move a resource to another region. `group`: its group, if the refusal names it."""
    if region.name != found["location"]:
        place = f"'{found['location']}' in resource group '{group}'" if group else f"'{found['location']}'"
        raise Refused(
            409,
            "InvalidResourceLocation",
            f"The resource '{found['name']}' already exists in location {place}. A resource with the same name cannot "
            f"be created in location '{region.name}'. Please select a new resource name.",
        )
