"""The writes of client secrets and of the files that hold them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from engine.change import Change, Drift
from engine.context import Context
from engine.record import Kind, Values
from engine.script import Command
from steps.shared.az_commands import az
from steps.shared.tags import MARK
from steps.step_04_app_registration.desired import PRINTED, Secret

if TYPE_CHECKING:
    from cloud.clients import Azure

SECRET, SECRET_FILE = Kind("secret", 2), Kind("secret-file", 3)
"""A secret by its name and number; a file that a secret was written to, by the same two and its path."""
NO_SECRET: Values = {"secret_key_id": "", "secret_expires": "", "secret_file": ""}


def label(name: str, number: int) -> str:
    """Return the display name of our NUMBERth secret of a name: it has our mark."""
    return f"{name} ({MARK})" if number == 1 else f"{name} ({MARK} {number})"


def moment(when: datetime | None) -> str:
    """Return a time as it is recorded; "" for none."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if when else ""


@dataclass(frozen=True, kw_only=True)
class CreateSecret(Change["Azure"]):
    """Create a client secret, and write it to its file or show it."""

    secret: Secret
    number: int
    ends: str
    """The date of its end, for a person who creates it."""
    replaces_lost: bool
    """An interrupted run may have created others of this name and number: they are removed."""
    is_another: bool
    """Others of its name still work."""
    replaced: tuple[str, ...]
    """What is recorded of its file, and no longer holds."""
    client_id: str
    """"" while the application doesn't exist."""
    drift = Drift.MISSING

    @property
    def key(self) -> str:
        return f"create-{self._item}"

    @property
    def title(self) -> str:
        which = "another client secret" if self.is_another else "client secret"
        where = "shown once" if self.secret.file == PRINTED else f"written to {self.secret.file}"
        return f"create {which} {self.secret.name}, for {self.secret.days} days, {where}"

    @property
    def owns(self) -> tuple[str, ...]:
        return (self._item, *self._file_items)

    @property
    def releases(self) -> tuple[str, ...]:
        return tuple(item for item in self.replaced if item not in self._file_items)

    @property
    def _item(self) -> str:
        return SECRET.item(self.secret.name, str(self.number))

    @property
    def _file_items(self) -> tuple[str, ...]:
        secret = self.secret
        return () if secret.file == PRINTED else (SECRET_FILE.item(secret.name, str(self.number), secret.file),)

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_04_app_registration.azure_secrets import NewSecret, create_secret

        name, file = label(self.secret.name, self.number), self.secret.file
        created = await create_secret(
            context.clients,
            context.values["application_object_id"],
            NewSecret(name, self.secret.days, file, self.replaces_lost),
            lambda secret: context.reveal(f"Client secret {name}", secret),
            context.progress,
        )
        return {
            "secret_key_id": created.key_id,
            "secret_expires": moment(created.ends),
            "secret_file": "" if file == PRINTED else file,
        }

    def commands(self) -> tuple[Command, ...]:
        if not self.client_id:  # whoever asks for it owns the application then, and creates it in the next run
            return ()
        display_name = label(self.secret.name, self.number)
        rest = ("--append", "--display-name", display_name, "--end-date", self.ends, "--output", "json")
        return (az("ad", "app", "credential", "reset", "--id", self.client_id, *rest),)


@dataclass(frozen=True, kw_only=True)
class RemoveSecret(Change["Azure"]):
    """Remove a client secret that this tool created."""

    name: str
    number: int
    key_id: str
    is_current: bool
    """Its values are those that `outputs` prints."""
    is_expired: bool
    client_id: str
    """"" where `destroy` removes it."""
    retired: str = ""
    """The date until which it would have worked beside the current one; "" where it isn't removed for being older."""
    drift = Drift.LEFT_OVER

    @property
    def key(self) -> str:
        return f"remove-secret:{self.key_id}"

    @property
    def title(self) -> str:
        if self.retired:
            return f"remove older client secret {self.name}, valid until {self.retired}"
        return f"remove client secret {self.name}{': it has expired' if self.is_expired else ''}"

    @property
    def releases(self) -> tuple[str, ...]:
        return (SECRET.item(self.name, str(self.number)),)

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_04_app_registration.azure_secrets import remove_secret

        await remove_secret(context.clients, context.values["application_object_id"], self.key_id)
        return NO_SECRET if self.is_current else {}

    def commands(self) -> tuple[Command, ...]:
        if not self.client_id:
            return ()
        return (az("ad", "app", "credential", "delete", "--id", self.client_id, "--key-id", self.key_id),)


@dataclass(frozen=True, kw_only=True)
class RemoveLostSecret(RemoveSecret):
    """Remove a client secret that an interrupted run may have created, and whose value nobody knows."""

    files: tuple[str, ...]
    """The recorded files of secrets: they stay recorded, those of the interrupted change too."""

    @property
    def key(self) -> str:
        return f"drop-secret:{self.key_id}"

    @property
    def title(self) -> str:
        return f"remove client secret {self.name}: its value was lost"

    @property
    def owns(self) -> tuple[str, ...]:
        return self.files


@dataclass(frozen=True, kw_only=True)
class RemoveSecretFile(Change["Azure"]):
    """Remove a file that holds a client secret which no longer exists."""

    item: str
    file: str
    drift = Drift.LEFT_OVER

    @property
    def key(self) -> str:
        return f"remove-secret-file:{self.file}"

    @property
    def title(self) -> str:
        return f"remove the file {self.file} of a client secret that no longer exists"

    @property
    def releases(self) -> tuple[str, ...]:
        return (self.item,)

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_04_app_registration.secret_files import remove_secret_file

        del context
        remove_secret_file(self.file)
        return {}


@dataclass(frozen=True, kw_only=True)
class RemoveSecretLeftovers(Change["Azure"]):
    """Remove the temporary files that a killed run left beside a file; they may hold a secret."""

    file: str
    drift = Drift.LEFT_OVER

    @property
    def key(self) -> str:
        return f"remove-secret-leftovers:{self.file}"

    @property
    def title(self) -> str:
        return f"remove the temporary file that an interrupted run left beside {self.file}"

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_04_app_registration.secret_files import remove_leftovers

        del context
        remove_leftovers(self.file)
        return {}
