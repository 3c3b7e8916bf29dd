"""The application's owners."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cloud.identifiers import Principal
from engine.change import Change, Drift
from engine.context import Context, Target
from engine.record import Kind, Values
from engine.refusal import BadInput
from engine.script import Command, Word
from steps.shared.az_commands import application, az
from steps.step_04_app_registration.observed import Owner
from steps.step_04_app_registration.partial_plan import PartialPlan

if TYPE_CHECKING:
    from cloud.clients import Azure

OWNER = Kind("owner", 1)
"""An owner that this tool added, by the lower-cased object id."""


@dataclass(frozen=True, kw_only=True)
class AddOwner(Change["Azure"]):
    """Make a principal an owner of the application."""

    owner: Owner
    client_id: str
    """"" while the application doesn't exist."""
    target: Target | None = None
    drift = Drift.MISSING

    @property
    def key(self) -> str:
        return f"add-owner:{self.owner.id}"

    @property
    def title(self) -> str:
        return f"add owner {self.owner.label}"

    @property
    def owns(self) -> tuple[str, ...]:
        return (OWNER.item(self.owner.id),)

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_04_app_registration.azure_links import add_owner

        object_id = context.values["application_object_id"]
        await add_owner(context.clients, object_id, self.owner.id, context.progress)
        return {}

    def commands(self) -> tuple[Command, ...]:
        if self.client_id:
            return (_az("add", self.client_id, self.owner.id),)
        return (_az("add", application(self.target), self.owner.id),) if self.target else ()


@dataclass(frozen=True, kw_only=True)
class RemoveOwner(Change["Azure"]):
    """Remove an owner that this tool added."""

    owner: Owner
    client_id: str
    """"" where `destroy` removes it."""
    drift = Drift.LEFT_OVER

    @property
    def key(self) -> str:
        return f"remove-owner:{self.owner.id}"

    @property
    def title(self) -> str:
        return f"remove owner {self.owner.label}"

    @property
    def releases(self) -> tuple[str, ...]:
        return (OWNER.item(self.owner.id),)

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_04_app_registration.azure_links import remove_owner

        object_id = context.values["application_object_id"]
        await remove_owner(context.clients, object_id, self.owner.id, context.progress)
        return {}

    def commands(self) -> tuple[Command, ...]:
        return (_az("remove", self.client_id, self.owner.id),) if self.client_id else ()


def plan_owners(
    present: tuple[Owner, ...],
    owned: Collection[str],
    desired: tuple[Principal, ...] | None,
    *,
    creator: str = "",
    client_id: str = "",
    target: Target | None = None,
) -> PartialPlan:
    """Add the desired owners and remove ours that are not desired, but never the last one. Others' are kept.

    Graph makes the `creator` of an application its owner, who stays one without a note.
    """
    if desired is None:
        return PartialPlan()
    _refuse_groups(desired)
    ours = OWNER.names(owned)
    ids = {owner.object_id.lower() for owner in desired}
    existing = {owner.id for owner in present}
    adds = [
        AddOwner(owner=Owner(owner.object_id.lower(), owner.label), client_id=client_id, target=target)
        for owner in desired
        if owner.object_id.lower() not in existing
    ]
    undesired = [owner for owner in present if owner.id in ours and owner.id not in ids]
    notes = []
    if undesired and len(undesired) == len(present) and not adds:
        notes.append(f"{undesired[0].label} stays an owner: an application without an owner is hard to manage.")
        undesired = undesired[1:]
    removals = [RemoveOwner(owner=owner, client_id=client_id) for owner in undesired]
    others = [owner.label for owner in present if owner.id not in {*ours, *ids, creator.lower()}]
    if others:
        notes.append(f"Other owners are kept: {', '.join(others)}")
    return PartialPlan(changes=(*adds, *removals), notes=tuple(notes))


def _refuse_groups(desired: tuple[Principal, ...]) -> None:
    groups = [owner.label for owner in desired if owner.kind == "Group"]
    if groups:
        raise BadInput(
            f"The group {groups[0]} can't own an application.", "Name people or service principals with --owner."
        )


def make_owner(target: Target, who: str) -> Command:
    """Return the command that makes a principal an owner of our application, or leaves it one."""
    return _az("add", application(target), who)


def _az(verb: str, client_id: Word, owner: str) -> Command:
    is_new = not isinstance(client_id, str)
    return az("ad", "app", "owner", verb, "--id", client_id, "--owner-object-id", owner, is_patient=is_new)
