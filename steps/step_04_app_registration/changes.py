"""The writes of the application itself and of its service principal."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cloud.role_names import CREATE_APPLICATION, CREATE_PRINCIPAL, DIRECTORY, UPDATE_APPLICATION
from engine.change import Change, Difference, Drift, Right
from engine.context import Context, Target
from engine.record import Values
from engine.refusal import Refusal
from engine.script import Command
from steps.shared.applications import ADOPTED, APPLICATION, unique_name
from steps.shared.az_commands import application, az, upsert
from steps.shared.tags import MARK
from steps.step_04_app_registration.desired import SINGLE
from steps.step_04_app_registration.observed import BinView, Settings
from steps.step_04_app_registration.owners import make_owner
from steps.step_04_app_registration.recycle_bin import NO_APPLICATION, PRINCIPAL, WHO_MAY_LOOK, restore_any
from steps.step_04_app_registration.settings import Rules, differences, graph_json, ownership, target_settings
from steps.step_04_app_registration.switches import switch_ownership

if TYPE_CHECKING:
    from cloud.clients import Azure

KNOWN_BOUND = 30
"""Seconds in which replicas may not know an application yet that another replica has shown."""


@dataclass(frozen=True, kw_only=True)
class WriteApplication(Change["Azure"]):
    """Write the application's settings."""

    target: Target
    before: Settings
    after: Settings
    rules: Rules
    object_id: str = ""
    """Of an adopted application; our own is written by its `uniqueName`."""

    @property
    def drift(self) -> Drift:
        return Drift.DIFFERS

    @property
    def owns(self) -> tuple[str, ...]:
        owns, _releases = ownership(self.before, self.after)
        return (*owns, *self._switches[0])

    @property
    def releases(self) -> tuple[str, ...]:
        _owns, releases = ownership(self.before, self.after)
        return (*releases, *self._switches[1])

    @property
    def rights(self) -> tuple[Right, ...]:
        return (Right(UPDATE_APPLICATION, DIRECTORY),)

    @property
    def _switches(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        is_adopted = bool(self.rules.adoption_tag)
        return switch_ownership(self.before, self.after, self.rules.owned) if is_adopted else ((), ())

    def is_settled(self, now: Settings) -> bool:
        """Whether settings that were read show the write."""
        return target_settings(now, self.rules) == now

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_04_app_registration.azure_applications import ApplicationKey, NameTaken, write_application

        key = ApplicationKey(unique_name(self.target.instance_id), self.object_id)
        try:
            written = await write_application(context.clients, self.after, key, self.is_settled, context.progress)
        except NameTaken as error:
            raise self.name_taken(str(error), error.request_id) from error
        return {
            "app_name": written.settings.name,
            "client_id": written.client_id,
            "application_object_id": written.object_id,
        }

    def name_taken(self, message: str, request_id: str) -> Refusal:
        """Return the refusal of a write whose `uniqueName` a deleted application has. The message is Graph's."""
        return Refusal(
            "The name of this instance's application is still taken by one that was deleted.",
            why=f"{message} Deleted applications stay for 30 days, and are not visible for the first minutes.",
            next="Run the same command again in a minute: the deleted application is then restored.",
            request_id=request_id,
        )

    def commands(self) -> tuple[Command, ...]:
        body, url = json.dumps(graph_json(self.after)), f"{self.target.graph}/v1.0/applications"
        if not self.object_id:
            return (upsert(f"{url}(uniqueName='{unique_name(self.target.instance_id)}')", body),)
        headers = ("--headers", "Content-Type=application/json")
        return (az("rest", "--method", "PATCH", "--url", f"{url}/{self.object_id}", *headers, "--body", body),)


@dataclass(frozen=True, kw_only=True)
class CreateApplication(WriteApplication):
    """Create our own application; complete one that was just restored."""

    is_restored: bool
    bin_view: BinView = "all"

    @property
    def key(self) -> str:
        return "create-application"

    def name_taken(self, message: str, request_id: str) -> Refusal:
        if self.bin_view == "all":
            return super().name_taken(message, request_id)
        return Refusal(
            "The name of this instance's application is taken by one that was deleted, and you may not restore it.",
            why=f"{message} You may not look into the directory's recycle bin, and own no such application there.",
            next=f"{WHO_MAY_LOOK}, and restore it. Then run the same command again.",
            request_id=request_id,
            exit_code=3,
        )

    def commands(self) -> tuple[Command, ...]:
        restore = () if self.bin_view == "all" else (restore_any(self.target),)
        # By Graph the creator is an owner; where someone else creates it, that is whoever asked for it.
        owner = self.rules.desired.signed_in
        return (*restore, *super().commands(), *((make_owner(self.target, owner),) if owner else ()))

    @property
    def title(self) -> str:
        return f"register application {self.after.name}"

    @property
    def detail(self) -> str:
        before = self.before if self.is_restored else Settings(name=self.after.name, audience=SINGLE)
        return "; ".join(found.words for found in differences(before, self.after) if not found.implied)

    @property
    def drift(self) -> Drift:
        return Drift.MISSING

    @property
    def rights(self) -> tuple[Right, ...]:
        return (Right(CREATE_APPLICATION, DIRECTORY),)

    @property
    def owns(self) -> tuple[str, ...]:
        return (APPLICATION.item(), *super().owns)


@dataclass(frozen=True, kw_only=True)
class UpdateApplication(WriteApplication):
    """Change an application that is ours or adopted."""

    @property
    def key(self) -> str:
        return "update-application"

    @property
    def title(self) -> str:
        return f"update application {self.before.name}: {_words(self.before, self.after)}"

    @property
    def differences(self) -> tuple[Difference, ...]:
        return differences(self.before, self.after)


@dataclass(frozen=True, kw_only=True)
class AdoptApplication(WriteApplication):
    """Adopt an application that exists: tag it, and add what is missing."""

    client_id: str

    @property
    def key(self) -> str:
        return "adopt-application"

    @property
    def title(self) -> str:
        return f"adopt application {self.before.name} ({self.client_id}): {_words(self.before, self.after)}"

    @property
    def owns(self) -> tuple[str, ...]:
        return (ADOPTED.item(), *super().owns)


@dataclass(frozen=True, kw_only=True)
class ReleaseApplication(WriteApplication):
    """Remove from an adopted application what this tool added."""

    released: tuple[str, ...]
    """What is recorded of it."""

    @property
    def key(self) -> str:
        return "release-application"

    @property
    def title(self) -> str:
        words = _words(self.before, self.after)
        return f"release application {self.before.name}, which was adopted{f': {words}' if words else ''}"

    @property
    def drift(self) -> Drift:
        return Drift.LEFT_OVER

    @property
    def owns(self) -> tuple[str, ...]:
        return ()

    @property
    def releases(self) -> tuple[str, ...]:
        return self.released

    def is_settled(self, now: Settings) -> bool:
        return now == self.after

    async def apply(self, context: Context[Azure]) -> Values:
        await super().apply(context)
        return NO_APPLICATION


@dataclass(frozen=True, kw_only=True)
class CreateServicePrincipal(Change["Azure"]):
    """Create the application's service principal."""

    target: Target
    client_id: str
    """"" while the application doesn't exist."""
    is_multi_tenant: bool
    key = "create-service-principal"
    title = "create its service principal"
    drift = Drift.MISSING

    @property
    def detail(self) -> str:
        return "" if self.client_id else "its client id is known once the application exists"

    @property
    def owns(self) -> tuple[str, ...]:
        return (PRINCIPAL.item(),)

    @property
    def rights(self) -> tuple[Right, ...]:
        return (Right(CREATE_PRINCIPAL if self.is_multi_tenant else UPDATE_APPLICATION, DIRECTORY),)

    async def apply(self, context: Context[Azure]) -> Values:
        from cloud.graph_replication import REPLICATION_BOUND
        from steps.shared.azure_service_principals import create_service_principal

        bound, client_id = KNOWN_BOUND if self.client_id else REPLICATION_BOUND, context.values["client_id"]
        created = await create_service_principal(context.clients, client_id, (MARK,), context.progress, bound=bound)
        return {"service_principal_id": created}

    def commands(self) -> tuple[Command, ...]:
        client_id = self.client_id or application(self.target)
        url = (f"{self.target.graph}/v1.0/servicePrincipals(appId='", client_id, "')")
        return (upsert(url, json.dumps({"tags": [MARK]}), is_patient=True),)


@dataclass(frozen=True, kw_only=True)
class DeleteServicePrincipal(Change["Azure"]):
    """Delete the service principal that this tool created for an adopted application."""

    name: str
    object_id: str
    key = "delete-service-principal"
    drift = Drift.LEFT_OVER

    @property
    def title(self) -> str:
        return f"delete the service principal created for application {self.name}"

    @property
    def releases(self) -> tuple[str, ...]:
        return (PRINCIPAL.item(),)

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_04_app_registration.azure_applications import delete_service_principal

        await delete_service_principal(context.clients, self.object_id)
        return {"service_principal_id": ""}


def _words(before: Settings, after: Settings) -> str:
    return ", ".join(found.words for found in differences(before, after))
