"""The writes of step 2 to user-assigned identities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.change import Change, Drift, Right
from engine.context import Context
from engine.record import Values
from engine.script import Command
from steps.shared.az_commands import az
from steps.shared.identities import IDENTITY, name_of

if TYPE_CHECKING:
    from cloud.clients import Azure

IDENTITY_ACTION = "Microsoft.ManagedIdentity/userAssignedIdentities"


@dataclass(frozen=True, kw_only=True)
class CreateIdentity(Change["Azure"]):
    """Create a user-assigned identity."""

    id: str
    """Its resource id, as the user spells it."""
    location: str
    tags: Mapping[str, str]
    """All that it is to have, with our own."""
    drift = Drift.MISSING

    @property
    def key(self) -> str:
        return f"create-identity:{self.id.lower()}"

    @property
    def title(self) -> str:
        return f"create user-assigned identity {name_of(self.id)} in {self.location}"

    @property
    def owns(self) -> tuple[str, ...]:
        return (IDENTITY.item(self.id.lower()),)

    @property
    def rights(self) -> tuple[Right, ...]:
        return (Right(f"{IDENTITY_ACTION}/write", self.id),)

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_02_instance.azure import create_identity

        await create_identity(context.clients, self.id, self.location, self.tags)
        return {}

    def commands(self) -> tuple[Command, ...]:
        parts = self.id.split("/")
        where = ("--subscription", parts[2], "--resource-group", parts[4], "--name", parts[-1])
        tags = (f"{name}={value}" for name, value in self.tags.items())
        return (az("identity", "create", *where, "--location", self.location, "--tags", *tags),)


@dataclass(frozen=True, kw_only=True)
class DeleteIdentity(Change["Azure"]):
    """Delete a user-assigned identity that this tool created."""

    id: str
    drift = Drift.LEFT_OVER

    @property
    def key(self) -> str:
        return f"delete-identity:{self.id.lower()}"

    @property
    def title(self) -> str:
        return f"delete user-assigned identity {name_of(self.id)}"

    @property
    def releases(self) -> tuple[str, ...]:
        return (IDENTITY.item(self.id.lower()),)

    @property
    def rights(self) -> tuple[Right, ...]:
        return (Right(f"{IDENTITY_ACTION}/delete", self.id),)

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_02_instance.azure import delete_identity

        await delete_identity(context.clients, self.id)
        return {}

    def commands(self) -> tuple[Command, ...]:
        return (az("identity", "delete", "--ids", self.id),)
