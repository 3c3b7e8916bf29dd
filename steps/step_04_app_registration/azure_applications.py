"""App registrations in Microsoft Graph: found by a key of our choosing, a client id, a tag or a name; written.

The SDK's builders for an object by its key (`…_with_app_id`) keep the key where all of them share it, and the next one
overwrites it: each is used at once, and never again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kiota_abstractions.api_error import APIError

from cloud.clients import Azure
from cloud.errors import Answer, answer_of
from cloud.graph_replication import REPLICATION_BOUND, create_if_missing, get_or_none, ignore_missing
from cloud.waiting import Progress, poll
from steps.step_04_app_registration.observed import Password, Registration, Settings
from steps.step_04_app_registration.settings import graph_json

if TYPE_CHECKING:
    from msgraph.generated.models.application import Application as GraphApplication


class NameTaken(Exception):
    """A deleted application has the `uniqueName`. The message is Graph's."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.message)
        self.request_id = answer.request_id


@dataclass(frozen=True)
class ApplicationKey:
    """By what an application is written: its object id, or else its `uniqueName`, under which it is created too."""

    unique_name: str
    object_id: str = ""


async def by_unique_name(azure: Azure, unique_name: str, *, retry_missing: bool) -> Registration | None:
    """Return the application of a `uniqueName`; with `retry_missing` replicas that don't know it are asked again."""
    found = await get_or_none(
        lambda: azure.graph.applications_with_unique_name(unique_name).get(), retry_missing=retry_missing
    )
    return registration(found) if found else None


async def by_client_id(azure: Azure, client_id: str, *, retry_missing: bool) -> Registration | None:
    """Return the application of a client id, the same way."""
    found = await get_or_none(
        lambda: azure.graph.applications_with_app_id(client_id).get(), retry_missing=retry_missing
    )
    return registration(found) if found else None


async def matching(azure: Azure, condition: str) -> tuple[Registration, ...]:
    """Return the applications that meet the condition of a `$filter`, of the first page."""
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from msgraph.generated.applications.applications_request_builder import ApplicationsRequestBuilder

    query = ApplicationsRequestBuilder.ApplicationsRequestBuilderGetQueryParameters(filter=condition)
    page = await azure.graph.applications.get(RequestConfiguration(query_parameters=query))
    return tuple(registration(found) for found in (page and page.value) or ())


async def read_passwords(azure: Azure, object_id: str) -> tuple[Password, ...]:
    """Return the client secrets of the application of this object id; none when it doesn't exist."""
    found = await get_or_none(lambda: azure.graph.applications.by_application_id(object_id).get(), retry_missing=False)
    return registration(found).passwords if found else ()


async def write_application(
    azure: Azure,
    settings: Settings,
    key: ApplicationKey,
    is_settled: Callable[[Settings], bool],
    progress: Progress,
) -> Registration:
    """Write an application and return it once it can be read with settings that are as desired. Safe to repeat.

    Raises NameTaken while a deleted application has its `uniqueName`.
    """
    body = _model(settings)
    if key.object_id:
        await azure.graph.applications.by_application_id(key.object_id).patch(body)
    else:
        # The upsert is the same request whether it creates, repeats or corrects.
        try:
            await azure.graph.applications_with_unique_name(key.unique_name).patch(body, create_if_missing())
        except APIError as error:
            raise _name_is_taken(error) or error from error
    progress("waiting for the directory to replicate the application")

    async def read_graph() -> GraphApplication | None:
        if key.object_id:
            return await azure.graph.applications.by_application_id(key.object_id).get()
        return await azure.graph.applications_with_unique_name(key.unique_name).get()

    async def read() -> Registration | None:
        found = await get_or_none(read_graph, retry_missing=False)
        return registration(found) if found else None

    def is_right(now: Registration | None) -> bool:
        return now is not None and is_settled(now.settings)

    written = await poll(read, until=is_right, bound=REPLICATION_BOUND, what="The replication of the application")
    assert written is not None  # noqa: S101 - `is_right` holds
    return written


async def delete_service_principal(azure: Azure, object_id: str) -> None:
    """Delete a service principal; one that no longer exists is fine."""
    await ignore_missing(azure.graph.service_principals.by_service_principal_id(object_id).delete)


def registration(found: GraphApplication) -> Registration:
    """Return what Graph shows of an application."""
    web = found.web
    implicit = web and web.implicit_grant_settings
    permissions = tuple(
        (str(api.resource_app_id), tuple((str(access.id), str(access.type)) for access in api.resource_access or ()))
        for api in found.required_resource_access or ()
    )
    settings = Settings(
        name=found.display_name or "",
        audience=found.sign_in_audience or "",
        public=tuple((found.public_client and found.public_client.redirect_uris) or ()),
        web=tuple((web and web.redirect_uris) or ()),
        spa=tuple((found.spa and found.spa.redirect_uris) or ()),
        fallback=found.is_fallback_public_client,
        access_tokens=bool(implicit and implicit.enable_access_token_issuance),
        id_tokens=bool(implicit and implicit.enable_id_token_issuance),
        notes=found.notes or "",
        service=found.service_management_reference,
        tags=tuple(found.tags or ()),
        permissions=permissions,
        token_version=found.api.requested_access_token_version if found.api else None,
    )
    passwords = tuple(
        Password(
            str(password.key_id),
            password.display_name or "",
            password.end_date_time,
            password.start_date_time,
            password.hint or "",
        )
        for password in found.password_credentials or ()
    )
    return Registration(found.app_id or "", found.id or "", found.unique_name or "", settings, passwords)


def _model(settings: Settings) -> GraphApplication:
    from kiota_serialization_json.json_parse_node import JsonParseNode
    from msgraph.generated.models.application import Application as GraphApplication

    model = JsonParseNode(graph_json(settings)).get_object_value(GraphApplication)
    assert model is not None  # noqa: S101 - the JSON is an object
    return model


def _name_is_taken(error: APIError) -> NameTaken | None:
    answer = answer_of(error)
    if answer is None or not any(detail.get("code") == "ObjectConflict" for detail in answer.details):
        return None
    return NameTaken(answer)
