"""Where instances can be: regions by code (`westus2`) and display name (`West US 2`), and whether a name is free."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloud.identifiers import region_code

if TYPE_CHECKING:
    from cloud.clients import Azure

PROVIDER = "Microsoft.DigitalTwins"
INSTANCES = "digitalTwinsInstances"


def offered_regions(provider: Any) -> tuple[str, ...]:
    """Return the code names of the regions of the provider's instances, sorted."""
    return tuple(sorted(region_code(name) for name in offered_names(provider)))


def offered_names(provider: Any) -> tuple[str, ...]:
    """Return their display names, as the provider lists them."""
    for kind in provider.resource_types or ():
        if str(kind.resource_type).lower() == INSTANCES.lower():
            return tuple(kind.locations or ())
    return ()


async def name_taken(azure: Azure, region: str, name: str) -> str:
    """Return why a new instance in `region` can't have this name, in Azure's words; "" when it can, or can't be asked.

    The question needs rights on the whole subscription and a registered provider; creating the instance does not wait
    for the answer, as Azure checks the name again.
    """
    from azure.core.exceptions import HttpResponseError
    from azure.mgmt.digitaltwins.models import CheckNameRequest

    try:
        check = await azure.twins.digital_twins.check_name_availability(region, CheckNameRequest(name=name))
    except HttpResponseError as error:
        if error.status_code not in (403, 409):
            raise
        return ""
    return "" if check.name_available is not False else check.message or str(check.reason)
