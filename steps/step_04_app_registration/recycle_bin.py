"""The writes that delete our application, restore it from the directory's recycle bin, and purge it there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.change import Change, Drift
from engine.context import Context, Target
from engine.record import Kind, Record, Values
from engine.refusal import Refusal
from engine.script import Command, Variable
from steps.shared.applications import APPLICATION, unique_name
from steps.shared.az_commands import az
from steps.step_04_app_registration.observed import ObservedApplication
from steps.step_04_app_registration.secret_changes import NO_SECRET

if TYPE_CHECKING:
    from cloud.clients import Azure

DELETED = Kind("deleted-application", is_setting=True)
"""The application that this tool deleted, which is in the recycle bin."""
RECYCLED = Kind("recycled", 2, shown=False, is_setting=True)
"""Its object id and that of its service principal, by which they are restored and purged."""
PRINCIPAL = Kind("service-principal")
"""The service principal that this tool created."""

NO_APPLICATION: Values = {
    **dict.fromkeys(("app_name", "client_id", "application_object_id", "service_principal_id"), ""),
    **NO_SECRET,
}
WHO_MAY_LOOK = "An Application Administrator or Cloud Application Administrator may look into the recycle bin"


@dataclass(frozen=True)
class Ids:
    """Object ids of our deleted application and of its service principal; "" where they are not known."""

    application: str = ""
    principal: str = ""
    released: tuple[str, ...] = ()
    """What is recorded of them."""


def ids_in_bin(observed: ObservedApplication, record: Record, values: Values) -> Ids:
    """Return the ids of what may be in the recycle bin: as it was found, or as it is recorded where nobody may look."""
    recorded = RECYCLED.among(record.owned)
    last = next(iter(recorded.values()), ("", ""))
    application = values.get("application_object_id") or last[0]
    principal = values.get("service_principal_id") or last[1]
    present = observed.existing or observed.deleted
    if present:
        is_known = present.object_id == application
        return Ids(present.object_id, principal if is_known else "", (DELETED.item(), *recorded))
    if observed.bin_view == "all":
        return Ids(released=(DELETED.item(), *recorded))
    return Ids(application, principal, (DELETED.item(), *recorded))


@dataclass(frozen=True, kw_only=True)
class RestoreApplication(Change["Azure"]):
    """Restore our application from the recycle bin. By Graph its service principal stays there."""

    target: Target
    name: str
    ids: Ids
    is_seen: bool
    """It was found there. Otherwise it may have been purged, or may be somebody else's to restore: that is no error."""
    key = "restore-application"
    drift = Drift.MISSING

    @property
    def title(self) -> str:
        where = "from the recycle bin" if self.is_seen else "from the recycle bin, if it is there"
        return f"restore application {self.name}, which was deleted, {where}"

    @property
    def releases(self) -> tuple[str, ...]:
        return self.ids.released

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_04_app_registration.azure_recycle_bin import restore

        tolerated = () if self.is_seen else (403,)
        await restore(context.clients, self.ids.application, context.progress, tolerated=tolerated)
        return {"application_object_id": self.ids.application}

    def commands(self) -> tuple[Command, ...]:
        return (_restore(self.target, self.ids.application),)


@dataclass(frozen=True, kw_only=True)
class RestoreServicePrincipal(Change["Azure"]):
    """Restore its service principal, with its roles. Where that isn't possible, another is created next."""

    target: Target
    object_id: str
    key = "restore-service-principal"
    title = "restore its service principal from the recycle bin, if it is there"
    drift = Drift.MISSING

    @property
    def owns(self) -> tuple[str, ...]:
        return (PRINCIPAL.item(),)

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_04_app_registration.azure_recycle_bin import restore

        await restore(context.clients, self.object_id, context.progress, tolerated=(400, 403, 409))
        return {}


@dataclass(frozen=True, kw_only=True)
class DeleteApplication(Change["Azure"]):
    """Delete our application, and with it its service principal."""

    name: str
    object_id: str
    principal_id: str
    """"" where it has no service principal."""
    released: tuple[str, ...]
    """What is recorded of it."""
    key = "delete-application"
    drift = Drift.LEFT_OVER

    @property
    def title(self) -> str:
        return f"delete application {self.name} with its service principal"

    @property
    def owns(self) -> tuple[str, ...]:
        return (DELETED.item(), RECYCLED.item(self.object_id, self.principal_id))

    @property
    def releases(self) -> tuple[str, ...]:
        return self.released

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_04_app_registration.azure_recycle_bin import delete_application

        await delete_application(context.clients, self.object_id, context.progress)
        return NO_APPLICATION

    def commands(self) -> tuple[Command, ...]:
        return (az("ad", "app", "delete", "--id", self.object_id),)


@dataclass(frozen=True, kw_only=True)
class PurgeServicePrincipal(Change["Azure"]):
    """Delete its deleted service principal for good: it counts for the quota of the identity that created it."""

    target: Target
    object_id: str
    key = "purge-service-principal"
    title = "delete its service principal from the recycle bin too"
    drift = Drift.LEFT_OVER
    releases = (PRINCIPAL.item(),)

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_04_app_registration.azure_recycle_bin import purge

        await purge(context.clients, self.object_id, context.progress)
        return {}

    def commands(self) -> tuple[Command, ...]:
        return (az("rest", "--method", "DELETE", "--url", _in_recycle_bin(self.target, self.object_id)),)


@dataclass(frozen=True, kw_only=True)
class PurgeApplication(Change["Azure"]):
    """Delete our deleted application for good, which frees its `uniqueName`."""

    target: Target
    object_id: str
    """"" where the record doesn't tell, and the signed-in identity may not look."""
    released: tuple[str, ...]
    """What is recorded of it."""
    key = "purge-application"
    title = "delete it from the recycle bin too"
    drift = Drift.LEFT_OVER

    @property
    def releases(self) -> tuple[str, ...]:
        return (*self.released, APPLICATION.item())

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_04_app_registration.azure_recycle_bin import purge

        if not self.object_id:
            raise Refusal(
                "You may not look into the directory's recycle bin, in which the application may still be.",
                next=f"{WHO_MAY_LOOK}. Without --purge, it stays there for 30 days.",
                exit_code=3,
            )
        await purge(context.clients, self.object_id, context.progress)
        return NO_APPLICATION

    def commands(self) -> tuple[Command, ...]:
        if not self.object_id:
            return (_for_each_in_bin(self.target, "--method", "DELETE"),)
        return (az("rest", "--method", "DELETE", "--url", _in_recycle_bin(self.target, self.object_id)),)


def purges(target: Target, ids: Ids) -> tuple[Change[Azure], ...]:
    """Return the changes that purge the application and its service principal."""
    application = PurgeApplication(target=target, object_id=ids.application, released=ids.released)
    if not ids.principal:
        return (application,)
    return (PurgeServicePrincipal(target=target, object_id=ids.principal), application)


def restore_any(target: Target) -> Command:
    """Return the command that restores our application if it is in the recycle bin, for someone who may look there."""
    return _for_each_in_bin(target, "--method", "POST", tail="/restore")


def _for_each_in_bin(target: Target, *method: str, tail: str = "") -> Command:
    url = f"{target.graph}/v1.0/directory/deletedItems"
    query = f"value[?uniqueName=='{unique_name(target.instance_id)}'].id"
    found = Variable("id", az("rest", "--url", f"{url}/microsoft.graph.application?$top=999", "--query", query))
    return Command(("rest", *method, "--url", (f"{url}/", found, tail)), each=found)


def _restore(target: Target, object_id: str) -> Command:
    return az("rest", "--method", "POST", "--url", f"{_in_recycle_bin(target, object_id)}/restore")


def _in_recycle_bin(target: Target, object_id: str) -> str:
    return f"{target.graph}/v1.0/directory/deletedItems/{object_id}"
