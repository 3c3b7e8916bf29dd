"""App registrations in Microsoft Graph: found by a key of our choosing, a client id, a tag or a name; written.

The SDK's builders for an object by its key (`…_with_app_id`) keep the key in what all of them share, where the next one
overwrites it: each is used at once, and never again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from kiota_abstractions.api_error import APIError

from cloud.directory import create_if_missing, found
from cloud.errors import Answer, Refusal, answer_of
from cloud.waiting import Progress, poll, until_visible

if TYPE_CHECKING:
    from msgraph.generated.models.application import Application as GraphApplication
    from msgraph.graph_service_client import GraphServiceClient

REPLICATION_BOUND = 5 * 60
SEEN_BOUND = 30
"""Seconds to put up with replicas that don't know an application which another replica has shown."""

Permissions = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
"""Pairs of an API's application id and its (permission id, type) pairs."""


@dataclass(frozen=True)
class Settings:
    """What a registration says, as far as this tool sets it."""

    name: str = ""
    audience: str = ""
    public: tuple[str, ...] = ()
    web: tuple[str, ...] = ()
    spa: tuple[str, ...] = ()
    """Reply URLs, by the kind of client."""
    fallback: bool | None = None
    """`isFallbackPublicClient`."""
    access_tokens: bool = False
    id_tokens: bool = False
    """Of the implicit grant."""
    notes: str = ""
    tags: tuple[str, ...] = ()
    permissions: Permissions = ()
    token_version: int | None = None
    """`api.requestedAccessTokenVersion`: 2 where personal accounts may sign in."""


@dataclass(frozen=True)
class Password:
    """A client secret, without the secret."""

    key_id: str
    name: str
    ends: datetime | None
    starts: datetime | None = None
    hint: str = ""
    """The first three characters of the secret."""


@dataclass(frozen=True)
class Registration:
    """An application and its service principal, as they are."""

    client_id: str
    object_id: str
    unique_name: str
    settings: Settings
    passwords: tuple[Password, ...] = ()
    service_principal_id: str = ""
    principal_tags: tuple[str, ...] = field(default=())


def seen(app: GraphApplication) -> Registration:
    """Return what Graph shows of an application."""
    web = app.web
    implicit = web and web.implicit_grant_settings
    permissions = tuple(
        (str(api.resource_app_id), tuple((str(one.id), str(one.type)) for one in api.resource_access or ()))
        for api in app.required_resource_access or ()
    )
    settings = Settings(
        name=app.display_name or "",
        audience=app.sign_in_audience or "",
        public=tuple((app.public_client and app.public_client.redirect_uris) or ()),
        web=tuple((web and web.redirect_uris) or ()),
        spa=tuple((app.spa and app.spa.redirect_uris) or ()),
        fallback=app.is_fallback_public_client,
        access_tokens=bool(implicit and implicit.enable_access_token_issuance),
        id_tokens=bool(implicit and implicit.enable_id_token_issuance),
        notes=app.notes or "",
        tags=tuple(app.tags or ()),
        permissions=permissions,
        token_version=app.api.requested_access_token_version if app.api else None,
    )
    passwords = tuple(
        Password(str(one.key_id), one.display_name or "", one.end_date_time, one.start_date_time, one.hint or "")
        for one in app.password_credentials or ()
    )
    return Registration(app.app_id or "", app.id or "", app.unique_name or "", settings, passwords)


async def named(graph: GraphServiceClient, unique_name: str, *, sure: bool) -> Registration | None:
    """Return the application of a `uniqueName`; one that is expected (not `sure`) is looked for more than once."""
    app = await found(lambda: graph.applications_with_unique_name(unique_name).get(), sure=sure)
    return seen(app) if app else None


async def by_client_id(graph: GraphServiceClient, client_id: str, *, sure: bool) -> Registration | None:
    """Return the application of a client id, the same way."""
    app = await found(lambda: graph.applications_with_app_id(client_id).get(), sure=sure)
    return seen(app) if app else None


async def matching(graph: GraphServiceClient, test: str) -> tuple[Registration, ...]:
    """Return the applications that a `$filter` lets through, of the first page."""
    builder: Any = graph.applications
    configuration = builder.ApplicationsRequestBuilderGetRequestConfiguration(
        query_parameters=builder.ApplicationsRequestBuilderGetQueryParameters(filter=test)
    )
    page = await builder.get(configuration)
    return tuple(seen(app) for app in (page and page.value) or ())


async def principal(graph: GraphServiceClient, client_id: str, *, sure: bool) -> tuple[str, tuple[str, ...]]:
    """Return the object id of an application's service principal, "" when there is none, and its tags."""
    one = await found(lambda: graph.service_principals_with_app_id(client_id).get(), sure=sure)
    return ((one and one.id) or "", tuple((one and one.tags) or ()))


async def write(  # noqa: PLR0917 - one request, and what ends the wait for it
    graph: GraphServiceClient,
    target: Settings,
    unique_name: str,
    object_id: str,
    settled: Callable[[Settings], bool],
    progress: Progress,
) -> Registration:
    """Write the application of the object id, else upsert that of the `uniqueName`; return it when it can be read."""

    async def read() -> Any:
        if object_id:
            return await graph.applications.by_application_id(object_id).get()
        return await graph.applications_with_unique_name(unique_name).get()

    if object_id:
        await graph.applications.by_application_id(object_id).patch(_model(target))
    else:
        item = graph.applications_with_unique_name(unique_name)
        configuration = create_if_missing(item.ApplicationsWithUniqueNameRequestBuilderPatchRequestConfiguration)
        # The upsert is the same request whether it creates, repeats or corrects: Graph's `create-if-missing`.
        try:
            await item.patch(_model(target), configuration)
        except APIError as error:
            raise _still_held(error) or error from error
    progress("waiting for the directory to replicate the application")

    async def again() -> Registration | None:
        app = await found(read, sure=True)
        return seen(app) if app else None

    def right(now: Registration | None) -> bool:
        return now is not None and settled(now.settings)

    made = await poll(again, until=right, bound=REPLICATION_BOUND, what="The replication of the application")
    assert made is not None  # noqa: S101 - `right` holds
    return made


def _still_held(error: APIError) -> Refusal | None:
    answer = answer_of(error)
    if answer is None or not any(detail.get("code") == "ObjectConflict" for detail in answer.details):
        return None
    return Refusal(
        "The name of this instance's application is still held by one that was deleted.",
        why=f"{answer.message} Deleted applications stay for 30 days, and are not visible for the first minutes.",
        next="Run the same command again in a minute: the deleted application is then restored.",
        request_id=answer.request_id,
    )


async def create_principal(
    graph: GraphServiceClient, client_id: str, tags: tuple[str, ...], progress: Progress, *, bound: float
) -> str:
    """Create the service principal of an application, and return its object id.

    For `bound` seconds replicas that don't know the application are put up with.
    """
    from msgraph.generated.models.service_principal import ServicePrincipal

    async def upsert() -> None:
        item = graph.service_principals_with_app_id(client_id)
        configuration = create_if_missing(item.ServicePrincipalsWithAppIdRequestBuilderPatchRequestConfiguration)
        await item.patch(ServicePrincipal(app_id=client_id, tags=list(tags) or None), configuration)

    def not_yet(answer: Answer) -> bool:
        # Who may create service principals only for applications of their own is told by such a replica that this one
        # is not local; who may not at all has insufficient privileges, and waits in vain.
        foreign = "backing application" in answer.message
        return (answer.status, answer.code) in (
            (400, "Request_BadRequest"),
            (403, "Authorization_RequestDenied" if foreign else None),
            (404, "Request_ResourceNotFound"),
        )

    waiting = "waiting for the directory to replicate the application"
    await until_visible(upsert, not_yet=not_yet, bound=bound, what=waiting, progress=progress)
    progress("waiting for the directory to replicate the service principal")

    async def read() -> str:
        return (await principal(graph, client_id, sure=True))[0]

    return await poll(read, until=bool, bound=REPLICATION_BOUND, what="The replication of the service principal")


async def unless_gone(request: Callable[[], Any]) -> None:
    """Make a request that removes or restores something; what is not there any more is fine."""
    try:
        await request()
    except APIError as error:
        if error.response_status_code != 404:
            raise


def _model(target: Settings) -> GraphApplication:
    from msgraph.generated.models.api_application import ApiApplication
    from msgraph.generated.models.application import Application as GraphApplication
    from msgraph.generated.models.implicit_grant_settings import ImplicitGrantSettings
    from msgraph.generated.models.public_client_application import PublicClientApplication
    from msgraph.generated.models.required_resource_access import RequiredResourceAccess
    from msgraph.generated.models.resource_access import ResourceAccess
    from msgraph.generated.models.spa_application import SpaApplication
    from msgraph.generated.models.web_application import WebApplication

    implicit = ImplicitGrantSettings(
        enable_access_token_issuance=target.access_tokens, enable_id_token_issuance=target.id_tokens
    )
    version = target.token_version
    return GraphApplication(
        display_name=target.name,
        sign_in_audience=target.audience,
        public_client=PublicClientApplication(redirect_uris=list(target.public)),
        web=WebApplication(redirect_uris=list(target.web), implicit_grant_settings=implicit),
        spa=SpaApplication(redirect_uris=list(target.spa)),
        is_fallback_public_client=target.fallback,
        notes=target.notes,
        api=None if version is None else ApiApplication(requested_access_token_version=version),
        required_resource_access=[
            RequiredResourceAccess(
                resource_app_id=api,
                resource_access=[ResourceAccess(id=one, type=kind) for one, kind in access],  # type: ignore[arg-type]
            )
            for api, access in target.permissions
        ],
        tags=list(target.tags),
    )
