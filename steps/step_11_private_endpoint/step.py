"""Step 11: a private way to the instance. Adopts an endpoint that leads there from the desired subnet.

Closing the public way is step 2's, and the last write of a run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.change import Drift
from engine.context import Context, Removal, Target
from engine.input import Given
from engine.record import Record, Values
from engine.step import Plan, Step
from steps.shared.names import Names
from steps.shared.provisioning import FAILED
from steps.step_11_private_endpoint.changes import (
    ENDPOINT,
    VALUE,
    ZONE,
    ZONE_GROUP,
    ZONE_LINK,
    ApproveConnection,
    AwaitResource,
    CreatePrivateEndpoint,
    CreateZone,
    DeleteResource,
    LinkZone,
    WriteZoneGroup,
    name_of,
)
from steps.step_11_private_endpoint.inputs import INPUTS, DesiredPrivateEndpoint, desired_private_endpoint
from steps.step_11_private_endpoint.observed import (
    DISCONNECTED,
    NETWORK,
    PENDING,
    PRIVATE_DNS,
    REJECTED,
    ObservedPrivateEndpoint,
    PrivateEndpoint,
    Zone,
)
from steps.step_11_private_endpoint.refusals import rejected, taken
from steps.step_11_private_endpoint.removal import Ours, removal_of

if TYPE_CHECKING:
    from cloud.clients import Azure
    from engine.change import AnyChange


class PrivateEndpointStep(Step["Azure", Names, DesiredPrivateEndpoint, ObservedPrivateEndpoint]):
    """Provides a private endpoint, and its address in a private DNS zone."""

    number, key, title = 11, "private_endpoint", "Private endpoint"
    needs = ("instance",)
    inputs = INPUTS
    kinds = (ENDPOINT, ZONE_GROUP, ZONE, ZONE_LINK)
    optional = True
    kept_next = (
        "Put this tool's tag back where somebody has changed it, or remove from the zone what others have put there, "
        "and run destroy again; or leave it to them."
    )

    def desired(self, given: Mapping[str, Given], target: Target, names: Names) -> DesiredPrivateEndpoint:
        del names
        return desired_private_endpoint(given, target)

    async def observe(self, context: Context[Azure], desired: DesiredPrivateEndpoint) -> ObservedPrivateEndpoint:
        """Read the endpoints that are recorded or lead to the instance, the subnet's network, and our zones."""
        from asyncio import gather

        from steps.shared.azure_instance import read_instance
        from steps.step_11_private_endpoint.azure import (
            read_endpoint,
            read_endpoint_of_others,
            read_location,
            read_zone,
        )

        azure, read, target = context.clients, context.read, context.target
        owned = context.record.owned | context.record.pending
        is_desired = bool(desired.subnet) and context.removal is None
        if not (owned or desired.subnet):
            return ObservedPrivateEndpoint()
        ours = {low: low for low in sorted(ENDPOINT.names(owned))}
        if desired.subnet:
            ours[desired.endpoint.lower()] = desired.endpoint
        zones = {low: low for low in sorted(ZONE.names(owned))}
        if desired.zone and desired.makes_zone:
            zones[desired.zone.lower()] = desired.zone
        instance, endpoints, found_zones, location = await gather(
            read(read_instance, azure, target.resource_group, target.instance),
            gather(*(read(read_endpoint, azure, each) for each in ours.values())),
            gather(*(read(read_zone, azure, each) for each in zones.values())),
            read(read_location, azure, desired.network, desired.subnet or "") if is_desired else _nowhere(),
        )
        # An endpoint is in the subscription of its network, which is the instance's.
        here = target.subscription_id.lower()
        leading = [each for each in instance.private_endpoints if each.lower().startswith(here)] if instance else []
        of_others = [each for each in leading if each.lower() not in ours]
        endpoints += await gather(*(read(read_endpoint_of_others, azure, each) for each in of_others))
        return ObservedPrivateEndpoint(tuple(filter(None, endpoints)), location, tuple(filter(None, found_zones)))

    def plan(
        self,
        observed: ObservedPrivateEndpoint,
        desired: DesiredPrivateEndpoint,
        record: Record,
        values: Values,
        answers: Mapping[str, bool],
    ) -> Plan:
        """Create what is missing, have the connection approved, and remove what is no longer desired.

        Zone groups of others, as policies add them, are left as they are.
        """
        del values, answers
        if desired.subnet is None:
            return Plan(reason="not desired", skipped=True)
        if not desired.subnet:
            return removal_of(observed, record, desired.target.instance_id).plan
        ours = Ours.of(observed, record, desired.target.instance_id)
        endpoint = _leading(observed, desired, ours)
        stale = [each for each in ours.endpoints if endpoint is None or each.id.lower() != endpoint.id.lower()]
        named = [each for each in observed.endpoints if each.id.lower() == desired.endpoint.lower()]
        if endpoint is None and named and named[0] not in ours.endpoints:
            raise taken(named[0])
        adoptable = ours.adoptable(endpoint, desired)
        notes: list[str] = []
        leftover = ours.without(stale, desired)
        changes = [
            *(DeleteResource(kind=ENDPOINT, id=each.id, along=ours.along(each)) for each in stale),
            *_awaited(endpoint, observed.zone(desired.zone)),
            *_zone_changes(observed, desired),
            *_endpoint_changes(endpoint, observed, desired),
            *_group_changes(endpoint, desired, ours, notes),
            *_approval(endpoint, desired),
            *leftover.changes,
        ]
        return Plan(
            tuple(changes),
            reason=f"{name_of(endpoint.id)} leads to the instance" if endpoint and not changes else "",
            notes=(*notes, *leftover.retained),
            values={VALUE: endpoint.id} if endpoint else {},
            vanished=ours.vanished,
            confirmed=ours.confirmed,
            adoptable=adoptable,
        )

    def remove(
        self,
        observed: ObservedPrivateEndpoint,
        desired: DesiredPrivateEndpoint,
        record: Record,
        values: Values,
        removal: Removal,
    ) -> Plan:
        """Delete what we created: it is beside the instance, and doesn't go with it."""
        del values, removal
        return removal_of(observed, record, desired.target.instance_id).plan


async def _nowhere() -> str:
    return ""


def _leading(observed: ObservedPrivateEndpoint, desired: DesiredPrivateEndpoint, ours: Ours) -> PrivateEndpoint | None:
    """Return the endpoint from the desired subnet to the instance: ours before others'."""
    leading = [each for each in observed.endpoints if each.leads(desired.subnet or "", desired.target.instance_id)]
    leading = [each for each in leading if not (each in ours.endpoints and each.state == DISCONNECTED)]
    return next((each for each in leading if each in ours.endpoints), leading[0] if leading else None)


def _awaited(endpoint: PrivateEndpoint | None, zone: Zone | None) -> list[AnyChange]:
    """Return what waits for what is under way: further changes would be refused until then."""
    return [
        *(AwaitResource(id=each, version=PRIVATE_DNS) for each in (zone.under_way if zone else ())),
        *(AwaitResource(id=each, version=NETWORK) for each in (endpoint.under_way if endpoint else ())),
    ]


def _zone_changes(observed: ObservedPrivateEndpoint, desired: DesiredPrivateEndpoint) -> list[AnyChange]:
    if not (desired.zone and desired.makes_zone):
        return []
    zone = observed.zone(desired.zone)
    changes: list[AnyChange] = [] if zone else [CreateZone(target=desired.target, id=desired.zone)]
    links = zone.links if zone else ()
    if not any(link.network.lower() == desired.network.lower() for link in links):
        changes.append(LinkZone(target=desired.target, id=desired.link, network=desired.network))
    return changes


def _endpoint_changes(
    endpoint: PrivateEndpoint | None, observed: ObservedPrivateEndpoint, desired: DesiredPrivateEndpoint
) -> list[AnyChange]:
    if endpoint is not None and endpoint.provisioning not in FAILED:
        return []
    identifier = endpoint.id if endpoint else desired.endpoint
    create = CreatePrivateEndpoint(
        target=desired.target, id=identifier, subnet=desired.subnet or "", location=observed.location
    )
    return [create]


def _group_changes(
    endpoint: PrivateEndpoint | None, desired: DesiredPrivateEndpoint, ours: Ours, notes: list[str]
) -> list[AnyChange]:
    """Return what becomes of the zone group; note what is left to others."""
    groups = endpoint.zone_groups if endpoint else {}
    own = [identifier for identifier in groups if identifier.lower() in ours.zone_groups]
    if desired.zone == "":
        return [DeleteResource(kind=ZONE_GROUP, id=identifier) for identifier in own]
    if desired.zone is None:
        if not groups:
            notes.append(
                "The endpoint's address is in no private DNS zone, unless a policy puts it there: until then the "
                "network doesn't resolve the instance to it. --private-dns-zone new creates a zone."
            )
        return []
    if any(desired.zone.lower() == zone.lower() for zones in groups.values() for zone in zones):
        return []
    if groups and not own:
        others = ", ".join(sorted({zone for zones in groups.values() for zone in zones}))
        notes.append(f"The endpoint's address is in a zone of others, which is left: {others}.")
        return []
    place = own[0] if own else f"{endpoint.id if endpoint else desired.endpoint}/privateDnsZoneGroups/default"
    drift = Drift.DIFFERS if own else Drift.MISSING
    return [WriteZoneGroup(target=desired.target, id=place, zone=desired.zone, drift=drift)]


def _approval(endpoint: PrivateEndpoint | None, desired: DesiredPrivateEndpoint) -> list[AnyChange]:
    if endpoint is None or endpoint.state == PENDING:
        identifier = endpoint.id if endpoint else desired.endpoint
        return [ApproveConnection(target=desired.target, endpoint=identifier)]
    if endpoint.state in (REJECTED, DISCONNECTED):
        raise rejected(endpoint)
    return []


STEP = PrivateEndpointStep()
