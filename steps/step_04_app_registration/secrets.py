"""What is known of the application's client secrets, and what follows for the files that hold them. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from engine.change import AnyChange
from engine.record import Record, Values
from steps.shared.tags import MARK
from steps.step_04_app_registration.observed import ObservedApplication, Password, SecretFiles
from steps.step_04_app_registration.partial_plan import PartialPlan
from steps.step_04_app_registration.secret_changes import (
    SECRET,
    SECRET_FILE,
    CreateSecret,
    RemoveSecretFile,
    RemoveSecretLeftovers,
)

_LABEL = re.compile(rf"(?P<name>.+) \({MARK}(?: (?P<number>\d+))?\)")


@dataclass(frozen=True)
class OurSecret:
    """A client secret that has our mark."""

    password: Password
    name: str
    number: int

    @property
    def key_id(self) -> str:
        """Its id."""
        return self.password.key_id

    @property
    def item(self) -> str:
        """The secret as it is recorded."""
        return SECRET.item(self.name, str(self.number))

    def is_expired(self, now: datetime) -> bool:
        """Whether it no longer works."""
        return self.password.ends is not None and self.password.ends <= now


@dataclass(frozen=True)
class Secrets:
    """What is known of the application's client secrets."""

    ours: tuple[OurSecret, ...]
    """Those that have our mark, without the lost ones."""
    lost: tuple[OurSecret, ...]
    """Those that an interrupted run may have created, or was removing, without anybody having learned the value."""
    owned: frozenset[str]
    """The recorded secrets and files."""
    in_progress: str
    key_id: str
    """The recorded id of the current secret."""
    file: str
    """The recorded file of the current secret."""
    files: SecretFiles
    now: datetime
    client_id: str
    """"" for no commands."""

    @property
    def recorded(self) -> tuple[OurSecret, ...]:
        """Those that are recorded as ours."""
        return tuple(secret for secret in self.ours if secret.item in self.owned)

    @property
    def recorded_files(self) -> Mapping[str, tuple[str, str]]:
        """The recorded files, by item: the path, and the secret that it holds."""
        found = SECRET_FILE.among(self.owned)
        return {item: (path, SECRET.item(name, number)) for item, (name, number, path) in found.items()}


def secrets_of(observed: ObservedApplication, record: Record, values: Values, client_id: str = "") -> Secrets:
    """Return what is known of the client secrets."""
    marked = [secret for password in observed.passwords if (secret := _our_secret(password))]
    lost = [
        secret for secret in marked if record.in_progress in (f"create-{secret.item}", f"drop-secret:{secret.key_id}")
    ]
    return Secrets(
        ours=tuple(secret for secret in marked if secret not in lost),
        lost=tuple(lost),
        owned=frozenset((*SECRET.among(record.owned), *recorded_files(record))),
        in_progress=record.in_progress,
        key_id=values.get("secret_key_id", ""),
        file=values.get("secret_file", ""),
        files=observed.files,
        now=observed.now,
        client_id=client_id,
    )


def recorded_files(record: Record) -> dict[str, str]:
    """Return the paths of the recorded files, by item. Files of an interrupted change count: only we write them."""
    found = SECRET_FILE.among(record.owned | record.pending)
    return {item: path for item, (_name, _number, path) in found.items()}


def plan_files(secrets: Secrets, staying: Collection[str] = (), rewritten: str = "") -> PartialPlan:
    """Remove the files of secrets that aren't `staying`, except a file that is about to be `rewritten`.

    A file that was changed since it was written may hold something else, and is kept.
    """
    changes: list[AnyChange] = []
    vanished, notes = [], []
    recorded, files = secrets.recorded_files, secrets.files
    in_use = {path for path, secret in recorded.values() if secret in staying}
    for item, (path, secret) in recorded.items():
        if secret in staying or path == rewritten:
            continue
        if files.as_written.get(path) and path not in in_use:
            changes.append(RemoveSecretFile(item=item, file=path))
            in_use.add(path)
            continue
        vanished.append(item)
        if path in files.as_written and path not in in_use:
            notes.append(
                f"The file {path} of a client secret that no longer exists was changed since it was written: it is "
                "kept."
            )
    return PartialPlan(changes=tuple(changes), notes=tuple(notes), vanished=tuple(vanished))


def with_leftovers(plan: PartialPlan, files: SecretFiles) -> PartialPlan:
    """Return the plan with removals of what killed runs left, where no other change removes it."""
    handled = {change.secret.file for change in (*plan.first, *plan.changes) if isinstance(change, CreateSecret)}
    handled |= {change.file for change in plan.changes if isinstance(change, RemoveSecretFile)}
    removals = tuple(RemoveSecretLeftovers(file=file) for file in files.leftovers if file not in handled)
    return replace(plan, changes=(*plan.changes, *removals))


def _our_secret(password: Password) -> OurSecret | None:
    match = _LABEL.fullmatch(password.name)
    return OurSecret(password, match["name"], int(match["number"] or 1)) if match else None
