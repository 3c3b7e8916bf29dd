"""What of an instance's tags, network access and identities differs from what is wanted; used by step 2. Pure.

Tags and user-assigned identities are sets that others add to as well: theirs are kept, ours are recorded and taken away
when they are no longer wanted. Network access and the system-assigned identity are switches: what is said holds.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from cloud.identities import UserIdentity, name_of
from cloud.instances import SYSTEM, Instance
from steps.model import Right
from steps.tags import ON_INSTANCE, retag
from steps.wanted import Wanted

SYSTEM_MADE = "system-identity"
LINK = "identity-link:"
"""`identity-link:ID`, in lower case, is recorded for each user-assigned identity that we have given the instance."""
TYPES = {
    (False, False): "None",
    (True, False): SYSTEM,
    (False, True): "UserAssigned",
    (True, True): f"{SYSTEM},UserAssigned",
}
WRITE = "Microsoft.DigitalTwins/digitalTwinsInstances/write"
ASSIGN = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"


@dataclass(frozen=True)
class Difference:
    """What has to change; `says` is empty when nothing has."""

    says: tuple[str, ...]
    patch: Mapping[str, Any]
    """The changes alone, as the body of a PATCH."""
    put: Mapping[str, Any]
    """All of the settings, as the body of a PUT, without the location."""
    makes: tuple[str, ...]
    unmakes: tuple[str, ...]
    rights: tuple[Right, ...]
    lost: frozenset[str]
    """The identities that are taken away: `SYSTEM` or lower-cased ids."""
    linked: frozenset[str]
    """The user-assigned ones, as lower-cased ids, that the instance has in the end."""


def differ(
    instance: Instance,
    identities: Mapping[str, UserIdentity | None],
    wanted: Wanted,
    made: Collection[str],
    keep: Collection[str] = (),
) -> Difference:
    """Compare. `identities` has the wanted user-assigned ones that exist; those in `keep` are not taken away."""
    tags = retag(ON_INSTANCE, instance.tags, wanted.tags, made)
    says, patch = [*tags.says], dict[str, Any]()
    put: dict[str, Any] = {"tags": dict(tags.after)}
    if tags.says:
        patch["tags"] = dict(tags.after)
    access = wanted.public_network_access
    if access not in (None, instance.access):
        says.append(f"{'enable' if access == 'Enabled' else 'disable'} public network access")
        patch["properties"] = {"publicNetworkAccess": access}
    if access or instance.access:
        put["properties"] = {"publicNetworkAccess": access or instance.access}

    before = SYSTEM in instance.principals
    system = before if wanted.system_identity is None else wanted.system_identity
    system = system or (before and SYSTEM in keep)
    wished = {one.lower(): one for one in wanted.user_identities or ()}
    added = {low: one for low, one in wished.items() if not _works(instance, identities, low)}
    ours = {low for low in instance.spelt if LINK + low in made} if wanted.user_identities is not None else set()
    stale = ours - wished.keys() - {*keep}
    after = {**wished, **{low: one for low, one in instance.spelt.items() if low not in stale}}
    identity: dict[str, Any] = {"type": TYPES[system, bool(after)]}
    users: dict[str, Any] = {one: {} for one in after.values()}
    if identity["type"] != "None" or instance.principals:
        put["identity"] = {**identity, "userAssignedIdentities": users} if users else identity
    if system != before or added or stale:
        # All that it is to have, and null for what it loses: the same whether Azure merges or replaces.
        sent = {**users, **{instance.spelt[low]: None for low in sorted(stale)}}
        patch["identity"] = {**identity, "userAssignedIdentities": sent} if users else identity
        if system != before:
            says.append(f"switch the system-assigned identity {'on' if system else 'off'}")
        says += [f"add user identity {name_of(one)}" for one in added.values()]
        says += [f"take user identity {name_of(low)} away" for low in sorted(stale)]

    links = [LINK + low for low in added if low not in instance.spelt]
    switched = () if system == before else (SYSTEM_MADE,)
    return Difference(
        tuple(says),
        patch,
        put,
        (*tags.makes, *links, *(switched if system else ())),
        (*tags.unmakes, *(LINK + low for low in sorted(stale)), *(() if system else switched)),
        (Right(WRITE, wanted.instance_id), *(Right(ASSIGN, one) for one in added.values())),
        frozenset({*stale, *(() if system or not before else (SYSTEM,))}),
        frozenset(after),
    )


def _works(instance: Instance, identities: Mapping[str, UserIdentity | None], low: str) -> bool:
    """Whether the instance has this identity, and not one of the same name that is gone."""
    found = identities.get(low)
    return low in instance.spelt and found is not None and found.principal == instance.principals[low]
