"""What hangs on a registration beside its settings: owners, and federated credentials."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kiota_abstractions.api_error import APIError

from cloud.applications import REPLICATION_BOUND, unless_gone
from cloud.directory import create_if_missing
from cloud.errors import answer_of
from cloud.waiting import Progress, poll, until_visible

if TYPE_CHECKING:
    from msgraph.graph_service_client import GraphServiceClient


@dataclass(frozen=True)
class Owner:
    """An owner, by object id."""

    id: str
    label: str


@dataclass(frozen=True)
class Federated:
    """A federated credential."""

    name: str
    issuer: str
    subject: str
    audiences: tuple[str, ...]


async def owners(graph: GraphServiceClient, object_id: str) -> tuple[Owner, ...]:
    """Return an application's owners."""
    page: Any = await graph.applications.by_application_id(object_id).owners.get()
    found = []
    for one in (page and page.value) or ():
        label = getattr(one, "user_principal_name", None) or getattr(one, "display_name", None)
        found.append(Owner(str(one.id).lower(), str(label or one.id)))
    return tuple(found)


async def add_owner(graph: GraphServiceClient, base: str, object_id: str, owner: str, progress: Progress) -> None:
    """Add an owner; one that is there already is fine. Not repeated once it may have been carried out."""
    from msgraph.generated.models.reference_create import ReferenceCreate

    item = graph.applications.by_application_id(object_id)
    body = ReferenceCreate(odata_id=f"{base}/v1.0/directoryObjects/{owner}")

    async def add() -> None:
        try:
            await item.owners.ref.post(body)
        except APIError as error:
            answer = answer_of(error)
            if answer is None or answer.status != 400 or "already exist" not in answer.message:
                raise

    await _until_known(add, progress)
    await _seen(lambda: owners(graph, object_id), lambda now: owner in {one.id for one in now}, "the owner", progress)


async def remove_owner(graph: GraphServiceClient, object_id: str, owner: str, progress: Progress) -> None:
    """Remove an owner."""
    item = graph.applications.by_application_id(object_id)
    await unless_gone(item.owners.by_directory_object_id(owner).ref.delete)
    await _seen(
        lambda: owners(graph, object_id), lambda now: owner not in {one.id for one in now}, "the owner", progress
    )


async def federated(graph: GraphServiceClient, object_id: str) -> tuple[Federated, ...]:
    """Return an application's federated credentials."""
    page = await graph.applications.by_application_id(object_id).federated_identity_credentials.get()
    return tuple(
        Federated(one.name or "", one.issuer or "", one.subject or "", tuple(one.audiences or ()))
        for one in (page and page.value) or ()
    )


async def write_federated(graph: GraphServiceClient, object_id: str, wanted: Federated, progress: Progress) -> None:
    """Create or change the credential of that name: the same request, so that a repeat is a repeat."""
    from msgraph.generated.models.federated_identity_credential import FederatedIdentityCredential

    item = graph.applications.by_application_id(object_id).federated_identity_credentials_with_name(wanted.name)
    configuration = create_if_missing(item.FederatedIdentityCredentialsWithNameRequestBuilderPatchRequestConfiguration)
    body = FederatedIdentityCredential(
        name=wanted.name, issuer=wanted.issuer, subject=wanted.subject, audiences=list(wanted.audiences)
    )

    async def upsert() -> None:
        await item.patch(body, configuration)

    await _until_known(upsert, progress)
    await _seen(lambda: federated(graph, object_id), lambda now: wanted in now, "the federated credential", progress)


async def remove_federated(graph: GraphServiceClient, object_id: str, name: str, progress: Progress) -> None:
    """Remove the credential of that name."""
    item = graph.applications.by_application_id(object_id).federated_identity_credentials_with_name(name)
    await unless_gone(item.delete)
    await _seen(
        lambda: federated(graph, object_id),
        lambda now: name not in {one.name for one in now},
        "the federated credential",
        progress,
    )


async def _until_known(request: Callable[[], Awaitable[None]], progress: Progress) -> None:
    """Make a request that a replica refuses which doesn't know the application, or the owner, yet."""
    await until_visible(
        request,
        not_yet=lambda answer: (answer.status, answer.code) == (404, "Request_ResourceNotFound"),
        bound=REPLICATION_BOUND,
        what="waiting for the directory to replicate the application",
        progress=progress,
    )


async def _seen(
    read: Callable[[], Awaitable[tuple[Any, ...]]], until: Callable[[Any], bool], what: str, progress: Progress
) -> None:
    progress(f"waiting for the directory to replicate {what}")

    async def again() -> tuple[Any, ...] | None:
        try:
            return await read()
        except APIError as error:
            if error.response_status_code != 404:
                raise
            return None

    await poll(
        again,
        until=lambda now: now is not None and until(now),
        bound=REPLICATION_BOUND,
        what=f"The replication of {what}",
    )
