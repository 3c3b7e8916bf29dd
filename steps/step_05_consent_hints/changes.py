"""The writes of step 5."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cloud.role_names import CONSENT as MAY_CONSENT
from cloud.role_names import DIRECTORY
from engine.change import Change, Drift, Right
from engine.context import Context, Target
from engine.record import Values
from engine.script import Command, Word
from steps.shared.applications import CONSENT
from steps.shared.az_commands import application, az, line, upsert
from steps.shared.digital_twins_api import DIGITAL_TWINS, READ_WRITE_SCOPE

if TYPE_CHECKING:
    from cloud.clients import Azure


@dataclass(frozen=True, kw_only=True)
class CreateApiPrincipal(Change["Azure"]):
    """Create the tenant's service principal of the Digital Twins API, which consent needs."""

    target: Target
    key = "create-digital-twins-principal"
    title = "create the tenant's service principal for Azure Digital Twins"
    drift = Drift.MISSING

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.shared.azure_service_principals import create_service_principal

        await create_service_principal(context.clients, DIGITAL_TWINS, (), context.progress, bound=0)
        return {}

    def commands(self) -> tuple[Command, ...]:
        # `az ad sp create` would fail where it exists by then: Azure creates it with the first instance.
        url = f"{self.target.graph}/v1.0/servicePrincipals(appId='{DIGITAL_TWINS}')"
        return (upsert(url, json.dumps({"appId": DIGITAL_TWINS})),)


@dataclass(frozen=True, kw_only=True)
class GrantConsent(Change["Azure"]):
    """Consent to the permission for everybody in the tenant."""

    client_id: str
    """"" while the application doesn't exist."""
    target: Target
    key = "grant-consent"
    title = f"consent to Digital Twins {READ_WRITE_SCOPE} for the tenant"
    drift = Drift.MISSING

    @property
    def owns(self) -> tuple[str, ...]:
        return (CONSENT.item(),)

    @property
    def rights(self) -> tuple[Right, ...]:
        return (Right(MAY_CONSENT, DIRECTORY),)

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_05_consent_hints.azure import api_principal, grant_consent

        resource, client = await api_principal(context.clients), context.values["service_principal_id"]
        await grant_consent(context.clients, client, resource, READ_WRITE_SCOPE, context.progress)
        return {}

    def commands(self) -> tuple[Command, ...]:
        return (grant(self.client_id or application(self.target)),)


@dataclass(frozen=True, kw_only=True)
class RevokeConsent(Change["Azure"]):
    """Revoke the consent that this tool granted; other permissions keep theirs."""

    key = "withdraw-consent"
    title = f"revoke the consent to Digital Twins {READ_WRITE_SCOPE} for the tenant"
    drift = Drift.LEFT_OVER

    @property
    def releases(self) -> tuple[str, ...]:
        return (CONSENT.item(),)

    @property
    def rights(self) -> tuple[Right, ...]:
        return (Right(MAY_CONSENT, DIRECTORY),)

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_05_consent_hints.azure import api_principal, revoke_consent

        resource, client = await api_principal(context.clients), context.values["service_principal_id"]
        await revoke_consent(context.clients, client, resource, READ_WRITE_SCOPE, context.progress)
        return {}


def consent_command(client_id: str) -> str:
    """Return the same as a line."""
    return line(grant(client_id))


def grant(client_id: Word) -> Command:
    """Return the command by which an administrator consents. It replaces what was consented to of this API.

    `az ad app permission admin-consent` won't do: it fails in Cloud Shell, for service principals and in other clouds
    (Azure/azure-cli#29424, #8912). This writes the permission grant in Microsoft Graph, for everybody by default; both
    service principals have to exist.
    """
    permission = ("--api", DIGITAL_TWINS, "--scope", READ_WRITE_SCOPE)
    return az("ad", "app", "permission", "grant", "--id", client_id, *permission, is_patient=True)
