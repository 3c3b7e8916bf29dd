"""The writes that delete our application, restore it from the directory's recycle bin, and purge it there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.change import Change, Drift
from engine.context import Context, Target
from engine.record import Kind, Values
from steps.shared.applications import APPLICATION
from steps.shared.az_commands import az
from steps.step_04_app_registration.secret_changes import NO_SECRET

if TYPE_CHECKING:
    from cloud.clients import Azure

DELETED = Kind("deleted-application")
"""The application that this tool deleted, which is in the recycle bin."""

NO_APPLICATION: Values = {
    **dict.fromkeys(("app_name", "client_id", "application_object_id", "service_principal_id"), ""),
    **NO_SECRET,
}


@dataclass(frozen=True, kw_only=True)
class RestoreApplication(Change["Azure"]):
    """Restore our application from the recycle bin."""

    target: Target
    name: str
    object_id: str
    key = "restore-application"
    drift = Drift.MISSING

    @property
    def title(self) -> str:
        return f"restore application {self.name}, which was deleted, from the recycle bin"

    @property
    def releases(self) -> tuple[str, ...]:
        return (DELETED.item(),)

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_04_app_registration.azure_recycle_bin import restore_application

        await restore_application(context.clients, self.object_id)
        return {"application_object_id": self.object_id}

    def az(self) -> str:
        return az("rest", "--method", "POST", "--url", f"{_in_recycle_bin(self.target, self.object_id)}/restore")


@dataclass(frozen=True, kw_only=True)
class DeleteApplication(Change["Azure"]):
    """Delete our application, and with it its service principal."""

    name: str
    object_id: str
    released: tuple[str, ...]
    """What is recorded of it."""
    key = "delete-application"
    drift = Drift.LEFT_OVER

    @property
    def title(self) -> str:
        return f"delete application {self.name} with its service principal"

    @property
    def owns(self) -> tuple[str, ...]:
        return (DELETED.item(),)

    @property
    def releases(self) -> tuple[str, ...]:
        return self.released

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_04_app_registration.azure_recycle_bin import delete_application

        await delete_application(context.clients, self.object_id, context.progress)
        return NO_APPLICATION

    def az(self) -> str:
        return az("ad", "app", "delete", "--id", self.object_id)


@dataclass(frozen=True, kw_only=True)
class PurgeApplication(Change["Azure"]):
    """Delete our deleted application for good, which frees its `uniqueName`."""

    target: Target
    object_id: str
    key = "purge-application"
    title = "delete it from the recycle bin too"
    drift = Drift.LEFT_OVER

    @property
    def releases(self) -> tuple[str, ...]:
        return (DELETED.item(), APPLICATION.item())

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_04_app_registration.azure_recycle_bin import purge_application

        await purge_application(context.clients, self.object_id, context.progress)
        return NO_APPLICATION

    def az(self) -> str:
        return az("rest", "--method", "DELETE", "--url", _in_recycle_bin(self.target, self.object_id))


def _in_recycle_bin(target: Target, object_id: str) -> str:
    return f"{target.graph}/v1.0/directory/deletedItems/{object_id}"
