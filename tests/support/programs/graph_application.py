"""An msgraph-sdk program: upserts an application, makes its principal, consents; says what it met as JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from azure.identity.aio import DefaultAzureCredential
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph.generated.applications.item.add_password.add_password_post_request_body import (
    AddPasswordPostRequestBody,
)
from msgraph.generated.models.application import Application
from msgraph.generated.models.o_auth2_permission_grant import OAuth2PermissionGrant
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.password_credential import PasswordCredential
from msgraph.generated.models.public_client_application import PublicClientApplication
from msgraph.generated.models.required_resource_access import RequiredResourceAccess
from msgraph.generated.models.resource_access import ResourceAccess
from msgraph.generated.models.service_principal import ServicePrincipal
from msgraph.graph_service_client import GraphServiceClient

TWINS = "0b07f429-9f4b-4714-9392-cc5e8e80c8b0"
SCOPE = UUID("4589bd03-58cb-4e6c-b17f-b580e39652f8")
missed: list[str] = []


async def until_replicated(call: Callable[[], Awaitable[Any]]) -> Any:
    while True:
        try:
            return await call()
        except ODataError as error:
            if error.response_status_code != 404 or len(missed) > 20:
                raise
            missed.append(str(error.error and error.error.code))


def upsert() -> RequestConfiguration[Any]:
    configuration: RequestConfiguration[Any] = RequestConfiguration()
    configuration.headers.add("Prefer", "create-if-missing")
    return configuration


async def main() -> None:
    async with DefaultAzureCredential() as credential:
        graph: Any = GraphServiceClient(credential, ["https://graph.microsoft.com/.default"])
        wanted = Application(
            display_name="Twins client",
            public_client=PublicClientApplication(redirect_uris=["http://localhost"]),
            required_resource_access=[
                RequiredResourceAccess(resource_app_id=TWINS, resource_access=[ResourceAccess(id=SCOPE, type="Scope")])
            ],
        )
        named = graph.applications_with_unique_name("twins-client")
        made = await named.patch(wanted, request_configuration=upsert())
        again = await named.patch(wanted, request_configuration=upsert())
        found = await until_replicated(named.get)
        principals = graph.service_principals
        principal = await until_replicated(lambda: principals.post(ServicePrincipal(app_id=found.app_id)))
        twins = await graph.service_principals_with_app_id(TWINS).patch(
            ServicePrincipal(), request_configuration=upsert()
        )
        grant = OAuth2PermissionGrant(
            client_id=principal.id, consent_type="AllPrincipals", resource_id=twins.id, scope="Read.Write"
        )
        await until_replicated(lambda: graph.oauth2_permission_grants.post(grant))
        body = AddPasswordPostRequestBody(password_credential=PasswordCredential(display_name="ci"))
        password = await graph.applications.by_application_id(found.id).add_password.post(body)
        guest = await graph.users.by_user_id("gustav_fabrikam.com#EXT#@contoso.onmicrosoft.com").get()
        report = {
            "same": made.app_id == found.app_id and again is None,
            "redirectUris": found.public_client.redirect_uris,
            "scope": twins.oauth2_permission_scopes[0].value,
            "missed": missed,
            "secret": bool(password.secret_text),
            "guest": guest.display_name,
        }
        print(json.dumps(report))


asyncio.run(main())
