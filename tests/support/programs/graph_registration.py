"""An msgraph-sdk program: an application with every platform, an owner, federation and a secret that signs in."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.core.exceptions import ClientAuthenticationError
from azure.identity.aio import ClientSecretCredential, DefaultAzureCredential
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph.generated.applications.item.add_password.add_password_post_request_body import (
    AddPasswordPostRequestBody,
)
from msgraph.generated.applications.item.remove_password.remove_password_post_request_body import (
    RemovePasswordPostRequestBody,
)
from msgraph.generated.models.api_application import ApiApplication
from msgraph.generated.models.application import Application
from msgraph.generated.models.federated_identity_credential import FederatedIdentityCredential
from msgraph.generated.models.implicit_grant_settings import ImplicitGrantSettings
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.password_credential import PasswordCredential
from msgraph.generated.models.public_client_application import PublicClientApplication
from msgraph.generated.models.reference_create import ReferenceCreate
from msgraph.generated.models.service_principal import ServicePrincipal
from msgraph.generated.models.spa_application import SpaApplication
from msgraph.generated.models.web_application import WebApplication
from msgraph.graph_service_client import GraphServiceClient

TENANT = "7a1f0c52-3b7e-4d09-9d0f-5e6b2a9c1d10"
RITA = "a0000000-0000-4000-8000-000000000003"
AUDIENCES = ("https://digitaltwins.azure.net", "https://management.azure.com", "https://graph.microsoft.com")
TRIES = 10


async def replicated(call: Callable[[], Awaitable[Any]]) -> Any:
    """Repeat what meets a replica that lags behind."""
    for _ in range(TRIES):
        try:
            return await call()
        except ODataError as error:
            if error.response_status_code not in (400, 404):
                raise
    return await call()


async def sign_in(app_id: str, secret: str) -> tuple[list[str], list[str]]:
    """Return whom the tokens of a secret speak for, by audience, and the numbers of Entra ID's refusals before."""
    refused: list[str] = []
    async with ClientSecretCredential(TENANT, app_id, secret) as credential:
        for _ in range(TRIES):
            try:
                tokens = [await credential.get_token(f"{audience}/.default") for audience in AUDIENCES]
            except ClientAuthenticationError as error:
                refused.append(str(error).partition("AADSTS")[2].partition(":")[0])
            else:
                return [claims(token.token)["oid"] for token in tokens], refused
    return [], refused


def claims(token: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return found


async def main() -> None:
    async with DefaultAzureCredential() as credential:
        graph: Any = GraphServiceClient(credential, ["https://graph.microsoft.com/.default"])
        wanted = Application(
            display_name="Every platform",
            sign_in_audience="AzureADandPersonalMicrosoftAccount",
            api=ApiApplication(requested_access_token_version=2),
            spa=SpaApplication(redirect_uris=["https://twins.example/spa"]),
            web=WebApplication(
                redirect_uris=["https://twins.example/web"],
                implicit_grant_settings=ImplicitGrantSettings(
                    enable_access_token_issuance=True, enable_id_token_issuance=True
                ),
            ),
            public_client=PublicClientApplication(redirect_uris=["http://localhost"]),
            is_fallback_public_client=True,
            notes="made by a program",
            tags=["twins"],
        )
        made = await graph.applications.post(wanted)
        one = graph.applications.by_application_id(made.id)
        await replicated(one.get)
        reference = ReferenceCreate(odata_id=f"https://graph.microsoft.com/v1.0/directoryObjects/{RITA}")
        await one.owners.ref.post(reference)
        await one.owners.get()
        owners = [owner.display_name for owner in (await one.owners.get()).value]
        await one.owners.by_directory_object_id(RITA).ref.delete()

        github = FederatedIdentityCredential(
            issuer="https://token.actions.githubusercontent.com",
            subject="repo:contoso/twins:ref:refs/heads/main",
            audiences=["api://AzureADTokenExchange"],
        )
        upsert: RequestConfiguration[Any] = RequestConfiguration()
        upsert.headers.add("Prefer", "create-if-missing")
        federation = one.federated_identity_credentials_with_name("main")
        first = await federation.patch(github, request_configuration=upsert)
        again = await federation.patch(github, request_configuration=upsert)
        subject = (await replicated(federation.get)).subject

        until = datetime.now(UTC) + timedelta(days=180)
        body = AddPasswordPostRequestBody(
            password_credential=PasswordCredential(display_name="ci", end_date_time=until)
        )
        secret = await one.add_password.post(body)
        principal = await replicated(lambda: graph.service_principals.post(ServicePrincipal(app_id=made.app_id)))
        people, refused = await sign_in(made.app_id, secret.secret_text)
        second = await one.add_password.post(body)
        both = [(await sign_in(made.app_id, text))[0] for text in (secret.secret_text, second.secret_text)]
        await replicated(lambda: one.remove_password.post(RemovePasswordPostRequestBody(key_id=secret.key_id)))
        removed = [(await sign_in(made.app_id, secret.secret_text)) for _ in range(2)][-1]
        report = {
            "fallback": made.is_fallback_public_client,
            "implicit": made.web.implicit_grant_settings.enable_id_token_issuance,
            "owners": sorted(owners),
            "upsert": [first.name, again],
            "subject": subject,
            "days": round((secret.end_date_time - secret.start_date_time) / timedelta(days=1)),
            "hint": secret.secret_text.startswith(secret.hint),
            "people": set(people) == {principal.id},
            "refused": refused,
            "both": all(set(found) == {principal.id} for found in both),
            "removed": [removed[0], sorted(set(removed[1]))],
        }
        print(json.dumps(report))


asyncio.run(main())
