"""Service principals in Microsoft Graph, by the client ids of their applications."""

from __future__ import annotations

from cloud.clients import Azure
from cloud.errors import Answer
from cloud.graph_replication import REPLICATION_BOUND, create_if_missing, get_or_none
from cloud.waiting import Progress, poll, until_visible
from steps.shared.applications import ServicePrincipal


async def service_principal(azure: Azure, client_id: str, *, retry_missing: bool) -> ServicePrincipal | None:
    """Return an application's service principal, None when there is none.

    With `retry_missing`, for one that is recorded, a replica that doesn't know it is asked again.
    """
    found = await get_or_none(
        lambda: azure.graph.service_principals_with_app_id(client_id).get(), retry_missing=retry_missing
    )
    return ServicePrincipal(found.id, tuple(found.tags or ())) if found and found.id else None


async def create_service_principal(
    azure: Azure, client_id: str, tags: tuple[str, ...], progress: Progress, *, bound: float
) -> str:
    """Create the service principal of an application, wait until it can be read, and return its object id.

    A replica that doesn't know the application is asked again for `bound` seconds. Safe to repeat.
    """
    from msgraph.generated.models.service_principal import ServicePrincipal as GraphServicePrincipal

    body = GraphServicePrincipal(app_id=client_id, tags=list(tags) or None)

    async def upsert() -> None:
        await azure.graph.service_principals_with_app_id(client_id).patch(body, create_if_missing())

    waiting = "waiting for the directory to replicate the application"
    await until_visible(upsert, not_yet=_is_unknown_yet, bound=bound, what=waiting, progress=progress)
    progress("waiting for the directory to replicate the service principal")

    async def read() -> str:
        found = await service_principal(azure, client_id, retry_missing=False)
        return found.id if found else ""

    return await poll(read, until=bool, bound=REPLICATION_BOUND, what="The replication of the service principal")


def _is_unknown_yet(answer: Answer) -> bool:
    """Whether a replica says that it doesn't know the application.

    To an identity that may create service principals only for applications of its own, such a replica says that the
    application is a foreign one. An identity that may create none at all is told of insufficient privileges.
    """
    foreign = "backing application" in answer.message
    return (answer.status, answer.code) in (
        (400, "Request_BadRequest"),
        (403, "Authorization_RequestDenied" if foreign else None),
        (404, "Request_ResourceNotFound"),
    )
