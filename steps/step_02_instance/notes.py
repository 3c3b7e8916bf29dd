"""What step 2's plan notes of an instance, beside its changes. Pure."""

from __future__ import annotations

from cloud.identifiers import region_code
from steps.shared.event_routing import ENDPOINT
from steps.shared.identities import name_of
from steps.shared.instance import Instance
from steps.step_02_instance.inputs import DesiredInstance
from steps.step_02_instance.observed import Contents, ObservedInstance
from steps.step_02_instance.settings import remaining_identities

CLOSED = (
    "Once public network access is disabled, models, twins and routes can be reached over a private endpoint only: "
    "from elsewhere event routes can't be set up or checked any more."
)
MOST_IN_A_REGION = 10
"""Instances of a subscription in a region, unless support raised it, up to 50.

Source: https://learn.microsoft.com/azure/digital-twins/reference-service-limits
"""


CREATED_BY_OTHERS = (
    "An earlier run found this instance, which somebody else had created, and now there is none: this run creates one "
    "of its own, which destroy deletes. If it is Bicep's or Terraform's, let that create it again first."
)


def notes_of_creation(observed: ObservedInstance, desired: DesiredInstance, *, was_adopted: bool) -> tuple[str, ...]:
    """Return what to know before the instance is created; `was_adopted`: an earlier run used one of others."""
    region = desired.target.location
    count = observed.others_by_region.get(region, 0)
    notes = [CREATED_BY_OTHERS] if was_adopted else []
    notes += [CLOSED] if desired.public_network_access == "Disabled" else []
    if count >= MOST_IN_A_REGION:
        notes.append(
            f"The subscription has {count} instances in {region} already. Azure's limit is {MOST_IN_A_REGION} unless "
            "support raised it: it may refuse this one. Another region helps, or a support request for a higher quota."
        )
    return tuple(notes)


def notes_of_existing(instance: Instance, desired: DesiredInstance, lost: frozenset[str]) -> tuple[str, ...]:
    """Return what differs from what may be expected, and is left as it is."""
    notes = []
    if region_code(instance.location) != desired.target.location:
        notes.append(f"The instance is in {instance.location}, not {desired.target.location}: it is used as it is.")
    if instance.state == "Warning":
        notes.append(f"Azure says Warning of instance {instance.name}: see its resource health in the portal.")
    if instance.access != "Disabled" and desired.public_network_access == "Disabled":
        notes.append(CLOSED)
    if instance.access == "Disabled" and desired.public_network_access is None:
        notes.append("Public network access to the instance is disabled: that is kept.")
    others = remaining_identities(instance, desired, lost).keys() - desired.user_identities_by_id.keys()
    if others and desired.user_identities is not None:
        names = sorted(name_of(instance.user_identities[low]) for low in others)
        notes.append(f"Other user identities are kept: {', '.join(names)}")
    return tuple(notes)


def deleted_along(observed: ObservedInstance, inside: list[str]) -> str:
    """Say what is deleted with the instance, though this tool isn't known to have created it; "" for nothing."""
    names = {endpoint.name for endpoint in observed.endpoints.values()} - ENDPOINT.names(inside)
    others = f"So are endpoints that this tool didn't record: {', '.join(sorted(names))}." if names else ""
    return " ".join(filter(None, (_what_is_in(observed.contents), others)))


def _what_is_in(contents: Contents | None) -> str:
    if contents is None:
        return "Models, twins and routes in the instance are deleted with it."
    counts = ((contents.models, "model"), (contents.twins, "twin"), (contents.routes, "route"))
    found = [f"{count:,} {what}{'' if count == 1 else 's'}" for count, what in counts if count]
    if not found:
        return ""
    words = " and ".join((", ".join(found[:-1]), found[-1])) if len(found) > 1 else found[0]
    is_single = len(found) == 1 and found[0].startswith("1 ")
    return f"{words} in the instance {'is' if is_single else 'are'} deleted with it."
