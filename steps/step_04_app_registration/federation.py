"""The application's federated credentials: who may sign in as it without a secret."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.change import Change, Drift
from engine.context import Context, Target
from engine.record import Kind, Values
from engine.refusal import BadInput
from engine.script import Command
from steps.shared.az_commands import application, az, upsert
from steps.step_04_app_registration.desired import GITHUB, IDS_OF_REPOSITORY
from steps.step_04_app_registration.observed import FederatedCredential
from steps.step_04_app_registration.partial_plan import PartialPlan

if TYPE_CHECKING:
    from cloud.clients import Azure

MOST = 20
"""Federated credentials of an application.

Source: "federatedIdentityCredential resource type" in the Microsoft Graph reference.
"""
_NAMED_ONLY = re.compile(r"repo:[^@:]+:")
FEDERATED = Kind("federated", 1)
"""A credential that this tool wrote, by its name."""


@dataclass(frozen=True, kw_only=True)
class WriteFederated(Change["Azure"]):
    """Create or change a federated credential."""

    credential: FederatedCredential
    exists: bool
    """One of this name exists, and is changed."""
    client_id: str
    """"" while the application doesn't exist."""
    target: Target | None = None

    @property
    def key(self) -> str:
        return f"write-federated:{self.credential.name}"

    @property
    def title(self) -> str:
        verb = "change" if self.exists else "add"
        return f"{verb} federated credential {self.credential.name} for {self.credential.subject}"

    @property
    def detail(self) -> str:
        return f"issuer {self.credential.issuer}"

    @property
    def drift(self) -> Drift:
        return Drift.DIFFERS if self.exists else Drift.MISSING

    @property
    def owns(self) -> tuple[str, ...]:
        return (FEDERATED.item(self.credential.name),)

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_04_app_registration.azure_links import write_federated

        object_id = context.values["application_object_id"]
        await write_federated(context.clients, object_id, self.credential, context.progress)
        return {}

    def commands(self) -> tuple[Command, ...]:
        credential = self.credential
        parameters = {
            "name": credential.name,
            "issuer": credential.issuer,
            "subject": credential.subject,
            "audiences": list(credential.audiences),
        }
        if self.client_id:
            verb = ["update", "--federated-credential-id", credential.name] if self.exists else ["create"]
            rest = ["--id", self.client_id, "--parameters", json.dumps(parameters)]
            return (az("ad", "app", "federated-credential", *verb, *rest),)
        if self.target is None:
            return ()
        item = f"')/federatedIdentityCredentials(name='{credential.name}')"
        url = (f"{self.target.graph}/v1.0/applications(appId='", application(self.target), item)
        return (upsert(url, json.dumps(parameters), is_patient=True),)


@dataclass(frozen=True, kw_only=True)
class RemoveFederated(Change["Azure"]):
    """Remove a federated credential that this tool wrote."""

    name: str
    client_id: str
    """"" where `destroy` removes it."""
    drift = Drift.LEFT_OVER

    @property
    def key(self) -> str:
        return f"remove-federated:{self.name}"

    @property
    def title(self) -> str:
        return f"remove federated credential {self.name}"

    @property
    def releases(self) -> tuple[str, ...]:
        return (FEDERATED.item(self.name),)

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_04_app_registration.azure_links import remove_federated

        object_id = context.values["application_object_id"]
        await remove_federated(context.clients, object_id, self.name, context.progress)
        return {}

    def commands(self) -> tuple[Command, ...]:
        if not self.client_id:
            return ()
        rest = ("--id", self.client_id, "--federated-credential-id", self.name)
        return (az("ad", "app", "federated-credential", "delete", *rest),)


def plan_federated(
    present: tuple[FederatedCredential, ...],
    owned: Collection[str],
    desired: tuple[FederatedCredential, ...] | None,
    *,
    is_adopted: bool,
    client_id: str = "",
    target: Target | None = None,
) -> PartialPlan:
    """Add and change the desired credentials, and remove ours that are not desired. Others' are kept.

    Of an adopted application others' credentials are never changed. Raises BadInput for what Entra ID would refuse.
    """
    ours, names = FEDERATED.names(owned), {credential.name for credential in desired or ()}
    existing = {credential.name: credential for credential in present}
    removed = [name for name in existing if name in ours - names] if desired is not None else []
    removals = [RemoveFederated(name=name, client_id=client_id) for name in removed]
    staying = tuple(credential for credential in present if credential.name not in removed)
    writes: list[WriteFederated] = []
    notes: list[str] = []
    for credential in desired or ():
        before = existing.get(credential.name)
        if before == credential:
            continue
        if before and is_adopted and credential.name not in ours:
            raise _refusal(credential, f"Someone else created a credential of that name, for {before.subject}.")
        same = _same_subject(credential, staying)
        if same:
            notes.append(f"Federated credential {credential.name} exists as {same.name}.")
        else:
            write = WriteFederated(credential=credential, exists=before is not None, client_id=client_id, target=target)
            writes.append(write)
    if any(write.credential.issuer == GITHUB and _NAMED_ONLY.match(write.credential.subject) for write in writes):
        notes.append(
            "The tokens of a GitHub repository that was created, renamed or moved since 15 July 2026 name ids too: if "
            f"it is such a repository, use github=OWNER@ID/REPOSITORY@ID with the ids of {IDS_OF_REPOSITORY}"
        )
    others = [name for name in existing if name not in names | ours]
    if others:
        notes.append(f"Other federated credentials are kept: {', '.join(others)}")
    if len(staying) + sum(not write.exists for write in writes) > MOST:
        raise BadInput(
            f"An application can't have more than {MOST} federated credentials.",
            "Name fewer of them, or remove some of the others in the portal.",
        )
    return PartialPlan(changes=(*removals, *writes), notes=tuple(notes))


def _same_subject(
    credential: FederatedCredential, staying: tuple[FederatedCredential, ...]
) -> FederatedCredential | None:
    """Return the credential of another name with the same issuer and subject; BadInput for another audience."""
    for other in staying:
        if other.name == credential.name or (other.issuer, other.subject) != (credential.issuer, credential.subject):
            continue
        if other.audiences != credential.audiences:
            raise _refusal(credential, f"{other.name} has the same issuer and subject, which Entra ID allows once.")
        return other
    return None


def _refusal(credential: FederatedCredential, why: str) -> BadInput:
    return BadInput(
        f"Federated credential {credential.name} can't be added.",
        "Choose another name or subject, or remove the other one.",
        why=why,
    )
