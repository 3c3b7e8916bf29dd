"""Client secrets in Microsoft Graph: created once, and shown once."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from kiota_abstractions.api_error import APIError

from cloud.clients import Azure
from cloud.clock import azure_now
from cloud.errors import Answer
from cloud.graph_replication import REPLICATION_BOUND
from cloud.waiting import Progress, poll, until_visible
from engine.refusal import Refusal
from steps.step_04_app_registration.azure_applications import read_passwords
from steps.step_04_app_registration.desired import PRINTED
from steps.step_04_app_registration.observed import Password
from steps.step_04_app_registration.secret_files import SecretFile

if TYPE_CHECKING:
    from msgraph.generated.models.password_credential import PasswordCredential

REMOVAL_BOUND = 30
"""Seconds until no replica shows a removed secret any more."""


@dataclass(frozen=True)
class NewSecret:
    """A secret to be created."""

    label: str
    """Its display name."""
    days: int
    file: str
    """The file that it is written to, or PRINTED."""
    replaces_lost: bool
    """Others of its display name are removed: an earlier attempt, whose answer was lost, may have created them."""


async def create_secret(
    azure: Azure, object_id: str, new: NewSecret, show: Callable[[str], None], progress: Progress
) -> Password:
    """Create a client secret, write it to the file or show it, and wait until it can be read.

    The request is never repeated where it may have been carried out. A secret that can't be written is removed again.
    """
    if new.replaces_lost:
        await _remove_others(azure, object_id, new.label, "")
    if new.file == PRINTED:
        created = await _add_password(azure, object_id, new, progress)
        show(str(created.secret_text))
    else:
        with SecretFile(new.file) as file:
            created = await _add_password(azure, object_id, new, progress)
            try:
                file.keep(str(created.secret_text))
            except Refusal:
                await remove_secret(azure, object_id, str(created.key_id))
                raise
    key_id = str(created.key_id)
    progress("waiting for the directory to replicate the client secret")

    async def is_visible() -> bool:
        return any(password.key_id == key_id for password in await read_passwords(azure, object_id))

    await poll(is_visible, until=bool, bound=REPLICATION_BOUND, what="The replication of the client secret")
    if new.replaces_lost:
        await _remove_others(azure, object_id, new.label, key_id)
    return Password(key_id, new.label, created.end_date_time)


async def remove_secret(azure: Azure, object_id: str, key_id: str) -> None:
    """Remove a client secret and wait until no replica shows it; one that no longer exists is fine."""
    from msgraph.generated.applications.item.remove_password.remove_password_post_request_body import (
        RemovePasswordPostRequestBody,
    )

    item = azure.graph.applications.by_application_id(object_id)

    async def remove() -> None:
        await item.remove_password.post(RemovePasswordPostRequestBody(key_id=uuid.UUID(key_id)))

    async def is_removed() -> bool:
        return all(password.key_id != key_id for password in await read_passwords(azure, object_id))

    def is_unknown(answer: Answer) -> bool:
        # "No password credential found": the replica doesn't know it yet, or it no longer exists.
        return answer.status == 400

    try:
        await until_visible(remove, not_yet=is_unknown, bound=2, what="", progress=_tell_nobody)
    except APIError as error:
        status = error.response_status_code
        if status != 404 and not (status == 400 and await is_removed()):
            raise
    await poll(is_removed, until=bool, bound=REMOVAL_BOUND, what="The removal of the client secret")


async def _add_password(azure: Azure, object_id: str, new: NewSecret, progress: Progress) -> PasswordCredential:
    from msgraph.generated.applications.item.add_password.add_password_post_request_body import (
        AddPasswordPostRequestBody,
    )
    from msgraph.generated.models.password_credential import PasswordCredential

    item = azure.graph.applications.by_application_id(object_id)
    start = azure_now().replace(microsecond=0)
    credential = PasswordCredential(
        display_name=new.label, start_date_time=start, end_date_time=start + timedelta(days=new.days)
    )

    async def add() -> PasswordCredential | None:
        return await item.add_password.post(AddPasswordPostRequestBody(password_credential=credential))

    def not_yet(answer: Answer) -> bool:
        return (answer.status, answer.code) == (404, "Request_ResourceNotFound")  # refused, so nothing was created

    waiting = "waiting for the directory to replicate the application"
    created = await until_visible(add, not_yet=not_yet, bound=REPLICATION_BOUND, what=waiting, progress=progress)
    assert created is not None  # noqa: S101 - Graph answers with the secret
    return created


async def _remove_others(azure: Azure, object_id: str, label: str, key_id: str) -> None:
    for password in await read_passwords(azure, object_id):
        if password.name == label and password.key_id != key_id:
            await remove_secret(azure, object_id, password.key_id)


def _tell_nobody(_what: str) -> None:
    pass
