"""What of step 11 is ours, and how it is removed. Pure.

Endpoints, zones and links carry this tool's tag, and are ours if they are recorded too. A zone group can carry none: it
is ours if it is recorded, and goes with its endpoint.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.record import Kind, Record
from engine.step import Plan
from steps.shared.tags import describe_marks, is_marked
from steps.step_11_private_endpoint.changes import ENDPOINT, ZONE, ZONE_GROUP, ZONE_LINK, DeleteResource, name_of
from steps.step_11_private_endpoint.inputs import DesiredPrivateEndpoint
from steps.step_11_private_endpoint.observed import Link, ObservedPrivateEndpoint, PrivateEndpoint, Zone

Tagged = PrivateEndpoint | Zone | Link


@dataclass(frozen=True)
class Removed:
    """What is removed, and what is kept though it is recorded, with why."""

    changes: tuple[DeleteResource, ...] = ()
    retained: tuple[str, ...] = ()
    ours: Ours | None = None

    @property
    def plan(self) -> Plan:
        """The plan that does no more than this."""
        assert self.ours is not None  # noqa: S101 - `removal_of` has it
        return Plan(
            self.changes,
            reason="" if self.changes else "nothing to remove",
            skipped=not (self.changes or self.retained),
            vanished=self.ours.vanished,
            confirmed=self.ours.confirmed,
            retained=self.retained,
        )


@dataclass(frozen=True)
class Ours:
    """What is recorded, and what became of it."""

    endpoints: tuple[PrivateEndpoint, ...]
    zones: tuple[Zone, ...]
    links: tuple[Link, ...]
    zone_groups: Mapping[str, str]
    """The resource id of the endpoint, by the lower-cased id of the group."""
    lost: tuple[str, ...] = ()
    """Of what exists, is recorded and has no tag of ours any more: why it is kept."""
    vanished: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()
    not_recorded: tuple[str, ...] = ()
    """What has our tag and isn't recorded."""

    @classmethod
    def of(cls, observed: ObservedPrivateEndpoint, record: Record, instance: str) -> Ours:
        """Return what is ours of what was observed."""
        recorded = record.owned | record.pending
        links = tuple(link for zone in observed.zones for link in zone.links)
        kinds: tuple[tuple[Kind, Iterable[Tagged]], ...] = (
            (ENDPOINT, observed.endpoints),
            (ZONE, observed.zones),
            (ZONE_LINK, links),
        )
        every = [(kind.item(each.id.lower()), each) for kind, found in kinds for each in found]
        groups = {low: each.id for each in observed.endpoints for low in map(str.lower, each.zone_groups)}
        own_groups = {low: endpoint for low, endpoint in groups.items() if ZONE_GROUP.item(low) in recorded}
        mine = [each for item, each in every if item in recorded and is_marked(each.tags, instance)]
        existing = {*(item for item, _ in every), *(ZONE_GROUP.item(low) for low in own_groups)}
        named = {item for kind in (ENDPOINT, ZONE, ZONE_LINK, ZONE_GROUP) for item in kind.among(recorded)}
        return cls(
            tuple(each for each in mine if isinstance(each, PrivateEndpoint)),
            tuple(each for each in mine if isinstance(each, Zone)),
            tuple(each for each in mine if isinstance(each, Link)),
            own_groups,
            tuple(
                f"{name_of(each.id)}: {describe_marks(each.tags, instance)}."
                for item, each in every
                if item in recorded and each not in mine
            ),
            tuple(sorted(named - existing)),
            tuple(sorted(named & existing)),
            tuple(item for item, each in every if item not in recorded and is_marked(each.tags, instance)),
        )

    def along(self, endpoint: PrivateEndpoint) -> tuple[str, ...]:
        """Return what is recorded of what goes with an endpoint."""
        return tuple(ZONE_GROUP.item(low) for low in map(str.lower, endpoint.zone_groups) if low in self.zone_groups)

    def adoptable(self, endpoint: PrivateEndpoint | None, desired: DesiredPrivateEndpoint) -> tuple[str, ...]:
        """Return what is recorded again: what is tagged, and with its endpoint a zone group that is as desired."""
        if endpoint is None or ENDPOINT.item(endpoint.id.lower()) not in self.not_recorded or not desired.zone:
            return self.not_recorded
        groups = (low for low, zones in endpoint.zone_groups.items() if desired.zone.lower() in map(str.lower, zones))
        return (*self.not_recorded, *(ZONE_GROUP.item(low.lower()) for low in groups))

    def without(self, endpoints: Iterable[PrivateEndpoint], desired: DesiredPrivateEndpoint) -> Removed:
        """Return the removal of links and zones of ours that are no longer desired, once these endpoints are gone."""
        if desired.zone is None:
            return Removed()
        going = [low for each in endpoints for low in map(str.lower, each.zone_groups)]
        going += [] if desired.makes_zone else self.zone_groups
        kept = desired.zone.lower()
        links = [
            link
            for link in self.links
            if not (kept and link.id.lower().startswith(f"{kept}/")) or link.network.lower() != desired.network.lower()
        ]
        return self.delete(links, [zone for zone in self.zones if zone.id.lower() != kept], going)

    def delete(self, links: Iterable[Link], zones: Iterable[Zone], going: Iterable[str]) -> Removed:
        """Delete links, and zones in which nothing of others is, once the zone groups `going` are gone."""
        gone = {link.id.lower() for link in links}
        records = len({*going})
        used = {
            zone.id: zone.record_sets - 1 > records or any(link.id.lower() not in gone for link in zone.links)
            for zone in zones
        }
        return Removed(
            (
                *(DeleteResource(kind=ZONE_LINK, id=link.id) for link in links),
                *(DeleteResource(kind=ZONE, id=zone) for zone, is_used in used.items() if not is_used),
            ),
            tuple(
                f"Private DNS zone {name_of(zone)} is kept: names or networks of others are in it."
                for zone, is_used in used.items()
                if is_used
            ),
        )


def removal_of(observed: ObservedPrivateEndpoint, record: Record, instance: str) -> Removed:
    """Return the removal of everything that is ours."""
    ours = Ours.of(observed, record, instance)
    endpoints = tuple(DeleteResource(kind=ENDPOINT, id=each.id, along=ours.along(each)) for each in ours.endpoints)
    inside = {item for change in endpoints for item in change.along}
    groups = tuple(
        DeleteResource(kind=ZONE_GROUP, id=low) for low in ours.zone_groups if ZONE_GROUP.item(low) not in inside
    )
    rest = ours.delete(ours.links, ours.zones, ours.zone_groups)
    return Removed((*endpoints, *groups, *rest.changes), (*ours.lost, *rest.retained), ours)
