"""What belongs to an application beside its settings: owners and federated credentials, in Microsoft Graph."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from kiota_abstractions.api_error import APIError

from cloud.clients import Azure
from cloud.errors import answer_of
from cloud.graph_replication import REPLICATION_BOUND, create_if_missing, get_or_none, ignore_missing
from cloud.waiting import Progress, poll, until_visible
from steps.step_04_app_registration.observed import FederatedCredential, Owner

Read = TypeVar("Read")


async def list_owners(azure: Azure, object_id: str) -> tuple[Owner, ...]:
    """Return an application's owners."""
    page = await azure.graph.applications.by_application_id(object_id).owners.get()
    found = []
    for owner in (page and page.value) or ():
        label = getattr(owner, "user_principal_name", None) or getattr(owner, "display_name", None)
        found.append(Owner(str(owner.id).lower(), str(label or owner.id)))
    return tuple(found)


async def add_owner(azure: Azure, object_id: str, owner: str, progress: Progress) -> None:
    """Add an owner and wait until it can be read; who is an owner already is fine.

    The request is not repeated where it may have been carried out.
    """
    from msgraph.generated.models.reference_create import ReferenceCreate

    item = azure.graph.applications.by_application_id(object_id)
    body = ReferenceCreate(odata_id=f"{azure.cloud.graph}/v1.0/directoryObjects/{owner}")

    async def add() -> None:
        try:
            await item.owners.ref.post(body)
        except APIError as error:
            answer = answer_of(error)
            if answer is None or answer.status != 400 or "already exist" not in answer.message:
                raise

    await _retry_unknown(add, progress)
    await _until_replicated(
        lambda: list_owners(azure, object_id),
        lambda now: owner in {existing.id for existing in now},
        "the owner",
        progress,
    )


async def remove_owner(azure: Azure, object_id: str, owner: str, progress: Progress) -> None:
    """Remove an owner and wait until that can be read; who is none any more is fine."""
    item = azure.graph.applications.by_application_id(object_id)
    await ignore_missing(item.owners.by_directory_object_id(owner).ref.delete)
    await _until_replicated(
        lambda: list_owners(azure, object_id),
        lambda now: owner not in {existing.id for existing in now},
        "the owner",
        progress,
    )


async def list_federated(azure: Azure, object_id: str) -> tuple[FederatedCredential, ...]:
    """Return an application's federated credentials."""
    page = await azure.graph.applications.by_application_id(object_id).federated_identity_credentials.get()
    return tuple(
        FederatedCredential(found.name or "", found.issuer or "", found.subject or "", tuple(found.audiences or ()))
        for found in (page and page.value) or ()
    )


async def write_federated(azure: Azure, object_id: str, credential: FederatedCredential, progress: Progress) -> None:
    """Create or change the credential of that name and wait until it can be read. Safe to repeat."""
    from msgraph.generated.models.federated_identity_credential import FederatedIdentityCredential

    body = FederatedIdentityCredential(
        name=credential.name,
        issuer=credential.issuer,
        subject=credential.subject,
        audiences=list(credential.audiences),
    )
    application = azure.graph.applications.by_application_id(object_id)
    item = application.federated_identity_credentials_with_name(credential.name)

    async def upsert() -> None:
        await item.patch(body, create_if_missing())

    await _retry_unknown(upsert, progress)
    await _until_replicated(
        lambda: list_federated(azure, object_id),
        lambda now: credential in now,
        "the federated credential",
        progress,
    )


async def remove_federated(azure: Azure, object_id: str, name: str, progress: Progress) -> None:
    """Remove the credential of that name and wait until that can be read; one that no longer exists is fine."""
    application = azure.graph.applications.by_application_id(object_id)
    await ignore_missing(application.federated_identity_credentials_with_name(name).delete)
    await _until_replicated(
        lambda: list_federated(azure, object_id),
        lambda now: name not in {credential.name for credential in now},
        "the federated credential",
        progress,
    )


async def _retry_unknown(request: Callable[[], Awaitable[None]], progress: Progress) -> None:
    """Make a request; a replica that doesn't know the application or the owner yet refuses it, and is asked again."""
    await until_visible(
        request,
        not_yet=lambda answer: (answer.status, answer.code) == (404, "Request_ResourceNotFound"),
        bound=REPLICATION_BOUND,
        what="waiting for the directory to replicate the application",
        progress=progress,
    )


async def _until_replicated(
    read: Callable[[], Awaitable[Read]], is_right: Callable[[Read], bool], what: str, progress: Progress
) -> None:
    progress(f"waiting for the directory to replicate {what}")

    async def read_again() -> Read | None:
        return await get_or_none(read, retry_missing=False)

    await poll(
        read_again,
        until=lambda now: now is not None and is_right(now),
        bound=REPLICATION_BOUND,
        what=f"The replication of {what}",
    )
