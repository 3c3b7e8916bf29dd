"""The user-assigned identities that step 2 creates and deletes, and what stops working when one is removed. Pure.

An identity that this tool created is deleted once it is no longer desired, if it still has our tag: whoever means to go
on using it removes that tag.
"""

from __future__ import annotations

from collections.abc import Collection

from engine.record import Record
from engine.refusal import BadInput
from engine.step import Ask
from steps.shared.event_routing import ENDPOINT, SYSTEM, FoundEndpoint
from steps.shared.identities import IDENTITY, name_of
from steps.shared.tags import describe_marks, is_marked, mark_tags
from steps.step_02_instance.identity_changes import CreateIdentity, DeleteIdentity
from steps.step_02_instance.inputs import DesiredInstance
from steps.step_02_instance.observed import ObservedInstance, UserIdentity

BREAK = "yes_break"
"""The input that answers whether what uses an identity may stop working."""
BROKEN = "it stops working until someone deletes it and creates it again"


def create_missing(observed: ObservedInstance, desired: DesiredInstance, location: str) -> tuple[CreateIdentity, ...]:
    """Return the creations of the desired identities that don't exist. BadInput when they weren't asked for."""
    missing = [
        identifier for low, identifier in desired.user_identities_by_id.items() if low not in observed.identities
    ]
    if missing and not desired.create_identities:
        raise BadInput(
            f"There is no user-assigned identity {', '.join(missing)}.",
            "Name one that exists with --user-identity, or let this tool create it with --create-identities.",
            why="Either it does not exist, or this sign-in can't see it.",
        )
    tags = {**mark_tags(desired.target.instance_id), **(desired.tags or {})}
    return tuple(CreateIdentity(id=identifier, location=location, tags=tags) for identifier in missing)


def delete_ours(
    observed: ObservedInstance, record: Record, instance_id: str, kept: Collection[str] = ()
) -> tuple[DeleteIdentity, ...]:
    """Return the deletions of the identities that are recorded and tagged as ours, without those in `kept`."""
    recorded = _recorded(observed, record, kept)
    return tuple(DeleteIdentity(id=identity.id) for identity in recorded if is_marked(identity.tags, instance_id))


def retained(
    observed: ObservedInstance, record: Record, instance_id: str, kept: Collection[str] = ()
) -> tuple[str, ...]:
    """Say of the identities that are recorded as ours, and no longer tagged as ours, why they are not deleted."""
    return tuple(
        f"User identity {name_of(identity.id)}: {describe_marks(identity.tags, instance_id)}."
        for identity in _recorded(observed, record, kept)
        if not is_marked(identity.tags, instance_id)
    )


def _recorded(observed: ObservedInstance, record: Record, kept: Collection[str]) -> list[UserIdentity]:
    ours = IDENTITY.names(record.owned)
    return [identity for low, identity in observed.identities.items() if low in ours and low not in kept]


def identities_in_use(observed: ObservedInstance, desired: DesiredInstance) -> frozenset[str]:
    """Return the identities that connections and others' endpoints use: `SYSTEM`, or lower-cased ids."""
    endpoints = {
        endpoint.identity
        for low, endpoint in observed.endpoints.items()
        if endpoint.identity and low not in (desired.endpoints or ())
    }
    return frozenset(endpoints | {connection.identity for connection in observed.connections})


def describe_breakage(
    observed: ObservedInstance, desired: DesiredInstance, record: Record, lost: Collection[str]
) -> tuple[str, ...]:
    """Return what stops working without the lost identities, a line each."""
    uses = [
        (f"endpoint {endpoint.name}", endpoint.identity, _fate(low, endpoint, desired, record))
        for low, endpoint in observed.endpoints.items()
    ]
    uses += [
        (f"data history connection {connection.name}", connection.identity, BROKEN)
        for connection in observed.connections
    ]
    return tuple(
        f"The {what} uses {_words(identity)}: {fate}." for what, identity, fate in uses if identity and identity in lost
    )


def ask_to_break(instance: str, lost: Collection[str], broken: tuple[str, ...]) -> Ask:
    """Return the question whether what uses the lost identities may stop working."""
    identities = " and ".join(_words(identity) for identity in sorted(lost))
    return Ask(BREAK, f"Remove {identities} from instance {instance}, although it is in use?", broken, required=True)


def _words(identity: str) -> str:
    return "the system-assigned identity" if identity == SYSTEM else f"user identity {name_of(identity)}"


def _fate(low: str, endpoint: FoundEndpoint, desired: DesiredInstance, record: Record) -> str:
    """Say what becomes of an endpoint. Creating it again, or deleting it, is step 7's."""
    if low in (desired.endpoints or ()):
        return "it is created again with its new settings"
    if desired.endpoints is not None and ENDPOINT.item(endpoint.name) in record.owned_by_any:
        return "it is deleted, as it is no longer desired"
    return BROKEN
