"""Consent for the whole tenant: delegated permission grants, of which there is one for a client and a resource."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kiota_abstractions.api_error import APIError

from cloud.applications import REPLICATION_BOUND, unless_gone
from cloud.errors import Answer, answer_of
from cloud.waiting import Progress, poll, until_visible

if TYPE_CHECKING:
    from msgraph.graph_service_client import GraphServiceClient

EVERYBODY = "AllPrincipals"


@dataclass(frozen=True)
class Grant:
    """What was consented to for everybody."""

    id: str
    resource: str
    scopes: tuple[str, ...]

    def has(self, scope: str) -> bool:
        """Whether the scope is among them."""
        return scope.lower() in (one.lower() for one in self.scopes)


async def grants_of(graph: GraphServiceClient, client: str) -> tuple[Grant, ...]:
    """Return what was consented to for everybody for a service principal."""
    builder: Any = graph.oauth2_permission_grants
    configuration = builder.Oauth2PermissionGrantsRequestBuilderGetRequestConfiguration(
        query_parameters=builder.Oauth2PermissionGrantsRequestBuilderGetQueryParameters(
            filter=f"clientId eq '{client}'"
        )
    )
    page = await builder.get(configuration)
    return tuple(
        Grant(str(one.id), str(one.resource_id), tuple((one.scope or "").split()))
        for one in (page and page.value) or ()
        if one.consent_type == EVERYBODY
    )


async def grant_of(graph: GraphServiceClient, client: str, resource: str) -> Grant | None:
    """Return what was consented to for everybody between two service principals."""
    return next((grant for grant in await grants_of(graph, client) if grant.resource == resource), None)


async def consent(graph: GraphServiceClient, client: str, resource: str, scope: str, progress: Progress) -> None:
    """Consent to the scope for everybody, beside what was consented to before. Never repeated blindly."""
    from msgraph.generated.models.o_auth2_permission_grant import OAuth2PermissionGrant

    async def write() -> None:
        before = await _readable(graph, client, resource)
        if before and before.has(scope):
            return
        if before:
            await _patch(graph, before.id, (*before.scopes, scope))
            return
        body = OAuth2PermissionGrant(client_id=client, resource_id=resource, consent_type=EVERYBODY, scope=scope)
        await graph.oauth2_permission_grants.post(body)

    def not_yet(answer: Answer) -> bool:
        # 404: a replica that doesn't know one of the service principals. 409: one that didn't show the grant before.
        return answer.status in (404, 409) and answer.code in (
            "Request_ResourceNotFound",
            "Request_MultipleObjectsWithSameKeyValue",
        )

    waiting = "waiting for the directory to replicate the service principals"
    await until_visible(write, not_yet=not_yet, bound=REPLICATION_BOUND, what=waiting, progress=progress)
    progress("waiting for the directory to replicate the consent")
    await _seen(graph, client, resource, lambda grant: grant is not None and grant.has(scope))


async def withdraw(graph: GraphServiceClient, client: str, resource: str, scope: str, progress: Progress) -> None:
    """Take the consent to the scope back, and leave other scopes."""
    before = await grant_of(graph, client, resource)
    if before is None or not before.has(scope):
        return
    rest = tuple(one for one in before.scopes if one.lower() != scope.lower())
    if rest:
        await _patch(graph, before.id, rest)
    else:
        await unless_gone(graph.oauth2_permission_grants.by_o_auth2_permission_grant_id(before.id).delete)
    progress("waiting for the directory to replicate the consent")
    await _seen(graph, client, resource, lambda grant: grant is None or not grant.has(scope))


async def _seen(graph: GraphServiceClient, client: str, resource: str, until: Callable[[Grant | None], bool]) -> None:
    async def read() -> Grant | None:
        return await grant_of(graph, client, resource)

    await poll(read, until=until, bound=REPLICATION_BOUND, what="The replication of the consent")


async def _readable(graph: GraphServiceClient, client: str, resource: str) -> Grant | None:
    try:
        return await grant_of(graph, client, resource)
    except APIError as error:
        answer = answer_of(error)
        if answer is None or answer.status != 403:
            raise
        return None  # whoever may not look will hardly be allowed to consent: the request says so


async def _patch(graph: GraphServiceClient, grant: str, scopes: tuple[str, ...]) -> None:
    from msgraph.generated.models.o_auth2_permission_grant import OAuth2PermissionGrant

    item = graph.oauth2_permission_grants.by_o_auth2_permission_grant_id(grant)
    await item.patch(OAuth2PermissionGrant(scope=" ".join(scopes)))
