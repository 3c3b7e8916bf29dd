"""Consent for the whole tenant in Microsoft Graph: permission grants, of which there is one per client and API."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from kiota_abstractions.api_error import APIError

from cloud.clients import Azure
from cloud.errors import Answer, answer_of
from cloud.graph_replication import REPLICATION_BOUND, ignore_missing
from cloud.waiting import Progress, poll, until_visible
from engine.context import Context
from steps.shared.azure_service_principals import service_principal
from steps.shared.digital_twins_api import DIGITAL_TWINS, READ_WRITE_SCOPE
from steps.step_05_consent_hints.observed import ObservedConsent

EVERYBODY = "AllPrincipals"


@dataclass(frozen=True)
class Grant:
    """What was consented to for everybody."""

    id: str
    resource: str
    """The object id of the API's service principal."""
    scopes: tuple[str, ...]

    def has(self, scope: str) -> bool:
        """Whether the scope is among them."""
        return scope.lower() in (granted.lower() for granted in self.scopes)


async def observe(context: Context[Azure], client: str) -> ObservedConsent:
    """Read the API's service principal, and the grants to that of the client, "" where there is none yet."""
    azure = context.clients
    try:
        api, grants = await asyncio.gather(
            context.read(service_principal, azure, DIGITAL_TWINS, retry_missing=False),
            context.read(_readable_grants, azure, client),
        )
    except APIError as error:
        if error.response_status_code != 403:
            raise
        return ObservedConsent(is_readable=False)
    if api is None:
        return ObservedConsent(has_api=False)
    if grants is None:
        return ObservedConsent(is_readable=False)
    return ObservedConsent(any(grant.resource == api.id and grant.has(READ_WRITE_SCOPE) for grant in grants))


async def api_principal(azure: Azure) -> str:
    """Return the object id of the API's service principal; "" when the tenant has none."""
    found = await service_principal(azure, DIGITAL_TWINS, retry_missing=True)
    return found.id if found else ""


async def grant_consent(azure: Azure, client: str, resource: str, scope: str, progress: Progress) -> None:
    """Consent to the scope for everybody, beside what was consented to before, and wait until it can be read.

    The request is never repeated where it may have been carried out.
    """
    from msgraph.generated.models.o_auth2_permission_grant import OAuth2PermissionGrant

    async def write() -> None:
        before = _of_resource(await _readable_grants(azure, client) or (), resource)
        if before and before.has(scope):
            return
        if before:
            await _patch(azure, before.id, (*before.scopes, scope))
            return
        body = OAuth2PermissionGrant(client_id=client, resource_id=resource, consent_type=EVERYBODY, scope=scope)
        await azure.graph.oauth2_permission_grants.post(body)

    def not_yet(answer: Answer) -> bool:
        # 404: a replica that doesn't know one of the service principals. 409: one that didn't show the grant before.
        return answer.status in (404, 409) and answer.code in (
            "Request_ResourceNotFound",
            "Request_MultipleObjectsWithSameKeyValue",
        )

    waiting = "waiting for the directory to replicate the service principals"
    await until_visible(write, not_yet=not_yet, bound=REPLICATION_BOUND, what=waiting, progress=progress)
    progress("waiting for the directory to replicate the consent")
    await _wait(azure, client, resource, lambda grant: grant is not None and grant.has(scope))


async def revoke_consent(azure: Azure, client: str, resource: str, scope: str, progress: Progress) -> None:
    """Revoke the consent to the scope, leave other scopes, and wait until that can be read."""
    before = _of_resource(await _grants(azure, client), resource)
    if before is None or not before.has(scope):
        return
    rest = tuple(granted for granted in before.scopes if granted.lower() != scope.lower())
    if rest:
        await _patch(azure, before.id, rest)
    else:
        item = azure.graph.oauth2_permission_grants.by_o_auth2_permission_grant_id(before.id)
        await ignore_missing(item.delete)
    progress("waiting for the directory to replicate the consent")
    await _wait(azure, client, resource, lambda grant: grant is None or not grant.has(scope))


async def _grants(azure: Azure, client: str) -> tuple[Grant, ...]:
    """Return what was consented to for everybody for a service principal."""
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from msgraph.generated.oauth2_permission_grants.oauth2_permission_grants_request_builder import (
        Oauth2PermissionGrantsRequestBuilder,
    )

    query = Oauth2PermissionGrantsRequestBuilder.Oauth2PermissionGrantsRequestBuilderGetQueryParameters(
        filter=f"clientId eq '{client}'"
    )
    page = await azure.graph.oauth2_permission_grants.get(RequestConfiguration(query_parameters=query))
    return tuple(
        Grant(str(found.id), str(found.resource_id), tuple((found.scope or "").split()))
        for found in (page and page.value) or ()
        if found.consent_type == EVERYBODY
    )


async def _readable_grants(azure: Azure, client: str) -> tuple[Grant, ...] | None:
    """Return the grants of a service principal, none for ""; None where the signed-in identity may not read them.

    An identity that may not read will hardly be allowed to consent: the request to consent says so.
    """
    if not client:
        return ()
    try:
        return await _grants(azure, client)
    except APIError as error:
        answer = answer_of(error)
        if answer is None or answer.status != 403:
            raise
        return None


def _of_resource(grants: tuple[Grant, ...], resource: str) -> Grant | None:
    return next((grant for grant in grants if grant.resource == resource), None)


async def _wait(azure: Azure, client: str, resource: str, is_right: Callable[[Grant | None], bool]) -> None:
    async def read() -> Grant | None:
        return _of_resource(await _grants(azure, client), resource)

    await poll(read, until=is_right, bound=REPLICATION_BOUND, what="The replication of the consent")


async def _patch(azure: Azure, grant: str, scopes: tuple[str, ...]) -> None:
    from msgraph.generated.models.o_auth2_permission_grant import OAuth2PermissionGrant

    item = azure.graph.oauth2_permission_grants.by_o_auth2_permission_grant_id(grant)
    await item.patch(OAuth2PermissionGrant(scope=" ".join(scopes)))
