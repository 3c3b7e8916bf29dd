"""What becomes of an instance's tags, network access and identities. Pure.

Tags and user-assigned identities are sets that others add to as well: theirs are kept, ours are recorded, and removed
when they are no longer desired. Network access and the system-assigned identity are switches: the input decides.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from engine.change import Difference, Right
from steps.shared.event_routing import SYSTEM
from steps.shared.identities import IDENTITY_LINK, SYSTEM_IDENTITY, name_of
from steps.shared.instance import Instance
from steps.shared.tags import INSTANCE_TAG, change_tags, with_mark
from steps.step_02_instance.inputs import DesiredInstance
from steps.step_02_instance.observed import UserIdentity

TYPES = {
    (False, False): "None",
    (True, False): SYSTEM,
    (False, True): "UserAssigned",
    (True, True): f"{SYSTEM},UserAssigned",
}
"""An instance's type of identity, by whether it has the system-assigned one and user-assigned ones."""
ASSIGN = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"

Body = Mapping[str, object]
"""A part of a request's JSON body."""


@dataclass(frozen=True, kw_only=True)
class SettingsChange:
    """What becomes of the settings. `words` is empty when they are as desired."""

    words: tuple[str, ...] = ()
    patch: Body = field(default_factory=dict)
    """The changes alone, as the body of a PATCH."""
    put: Body = field(default_factory=dict)
    """All of the settings, as the body of a PUT, without the location."""
    owns: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()
    rights: tuple[Right, ...] = ()
    """What must be allowed beside writing the instance."""
    differences: tuple[Difference, ...] = ()


def compare(
    instance: Instance,
    identities: Mapping[str, UserIdentity],
    desired: DesiredInstance,
    owned: Collection[str],
    lost: frozenset[str],
    *,
    marked: bool = False,
) -> SettingsChange:
    """Compare the instance with the desired settings; `marked`: it is ours, and is to have the tag that says so.

    `identities` has those of the desired user-assigned ones that exist, by lower-cased id; `lost` is what
    `lost_identities` returned, without those that are kept after all.
    """
    parts = (
        _compare_tags(instance, desired, owned, marked=marked),
        _compare_network_access(instance, desired),
        _compare_identities(instance, identities, desired, lost),
    )
    return SettingsChange(
        words=tuple(word for part in parts for word in part.words),
        patch={name: value for part in parts for name, value in part.patch.items()},
        put={name: value for part in parts for name, value in part.put.items()},
        owns=tuple(item for part in parts for item in part.owns),
        releases=tuple(item for part in parts for item in part.releases),
        rights=tuple(right for part in parts for right in part.rights),
        differences=tuple(difference for part in parts for difference in part.differences),
    )


def close_network(
    instance: Instance, desired: DesiredInstance, *, is_created: bool
) -> tuple[DesiredInstance, SettingsChange]:
    """Return what is desired first, and what then disables public network access: a write of its own, which comes last.

    An instance into which nothing is written `is_created` closed.
    """
    if desired.public_network_access != "Disabled" or (is_created and not desired.is_filled):
        return desired, SettingsChange()
    closing = _compare_network_access(instance, desired)
    return (replace(desired, public_network_access=None) if closing.words else desired), closing


def lost_identities(instance: Instance, desired: DesiredInstance, owned: Collection[str]) -> frozenset[str]:
    """Return the identities that the instance is to lose: `SYSTEM`, or lower-cased ids.

    Of the user-assigned ones it loses only those that this tool gave it.
    """
    switched_off = {SYSTEM} & instance.principals.keys() if desired.system_identity is False else set[str]()
    if desired.user_identities is None:
        return frozenset(switched_off)
    ours = IDENTITY_LINK.names(owned) & instance.user_identities.keys()
    return frozenset(switched_off | (ours - desired.user_identities_by_id.keys()))


def links_removed_by_others(instance: Instance, desired: DesiredInstance, owned: Collection[str]) -> tuple[str, ...]:
    """Return the recorded links that are no longer desired, and that somebody removed: a later one isn't ours.

    None while something is being done with the instance: it may not show all that it has.
    """
    if desired.user_identities is None or instance.state != "Succeeded":
        return ()
    gone = IDENTITY_LINK.names(owned) - instance.user_identities.keys() - desired.user_identities_by_id.keys()
    return tuple(IDENTITY_LINK.item(low) for low in sorted(gone))


def remaining_identities(instance: Instance, desired: DesiredInstance, lost: frozenset[str]) -> dict[str, str]:
    """Return the user-assigned identities that the instance has in the end, by lower-cased id."""
    others = {low: spelling for low, spelling in instance.user_identities.items() if low not in lost}
    return {**desired.user_identities_by_id, **others}


def _compare_tags(
    instance: Instance, desired: DesiredInstance, owned: Collection[str], *, marked: bool
) -> SettingsChange:
    tags = change_tags(INSTANCE_TAG, instance.tags, desired.tags, owned)
    if marked:
        tags = with_mark(tags, desired.target.instance_id)
    body = {"tags": dict(tags.after)}
    return SettingsChange(
        words=tags.words,
        patch=body if tags.words else {},
        put=body,
        owns=tags.owns,
        releases=tags.releases,
        differences=tags.differences(instance.tags),
    )


def _compare_network_access(instance: Instance, desired: DesiredInstance) -> SettingsChange:
    access = desired.public_network_access or instance.access
    body = {"properties": {"publicNetworkAccess": access}}
    if access == instance.access:
        return SettingsChange(put=body if access else {})
    verb = "enable" if access == "Enabled" else "disable"
    differences = (Difference("public network access", instance.access, access),)
    return SettingsChange(words=(f"{verb} public network access",), patch=body, put=body, differences=differences)


def _compare_identities(
    instance: Instance, identities: Mapping[str, UserIdentity], desired: DesiredInstance, lost: frozenset[str]
) -> SettingsChange:
    before = SYSTEM in instance.principals
    system = desired.system_identity is True or (before and SYSTEM not in lost)
    added = {
        low: identity
        for low, identity in desired.user_identities_by_id.items()
        if not _is_linked(instance, identities, low)
    }
    removed = sorted(lost - {SYSTEM})
    users: dict[str, object] = {identity: {} for identity in remaining_identities(instance, desired, lost).values()}
    identity: dict[str, object] = {"type": TYPES[system, bool(users)]}
    put: Body = {}
    if users or system or instance.principals:
        put = {"identity": {**identity, "userAssignedIdentities": users} if users else identity}
    if system == before and not added and not removed:
        return SettingsChange(put=put)
    # All that it is to have, and null for what it loses: the same whether Azure merges or replaces.
    sent = {**users, **{instance.user_identities[low]: None for low in removed}}
    switched = () if system == before else (SYSTEM_IDENTITY.item(),)
    switch = (f"switch the system-assigned identity {'on' if system else 'off'}",) if switched else ()
    return SettingsChange(
        words=(
            *switch,
            *(f"add user identity {name_of(identifier)}" for identifier in added.values()),
            *(f"remove user identity {name_of(low)}" for low in removed),
        ),
        patch={"identity": {**identity, "userAssignedIdentities": sent} if users else identity},
        put=put,
        owns=(
            *(IDENTITY_LINK.item(low) for low in added if low not in instance.user_identities),
            *(switched if system else ()),
        ),
        releases=(*(IDENTITY_LINK.item(low) for low in removed), *(() if system else switched)),
        rights=tuple(Right(ASSIGN, identifier) for identifier in added.values()),
        differences=(
            *((Difference("system-assigned identity", _on(before), _on(system)),) if switched else ()),
            *(Difference("user identity", "", name_of(identifier)) for identifier in added.values()),
            *(Difference("user identity", name_of(low), "") for low in removed),
        ),
    )


def _on(switch: bool) -> str:
    return "on" if switch else "off"


def _is_linked(instance: Instance, identities: Mapping[str, UserIdentity], low: str) -> bool:
    """Whether the instance has this identity, and not a deleted one of the same name."""
    found = identities.get(low)
    return low in instance.user_identities and found is not None and found.principal == instance.principals[low]
