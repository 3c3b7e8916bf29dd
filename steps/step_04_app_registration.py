"""Step 4: the app registration. May create or complete the application and its service principal, and only ours.

Ours is the application whose `uniqueName` derives from the instance: display names are not unique, and two runs that
search by one make two applications.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kiota_abstractions.api_error import APIError

from cloud.directory import create_if_missing, found
from cloud.errors import Refusal, answer_of
from cloud.recycle_bin import deleted_application
from cloud.waiting import poll, until_visible
from steps.model import DIGITAL_TWINS, MARK, READ_WRITE, Change, Context, Plan, Step, Values
from steps.wanted import Application, Wanted

if TYPE_CHECKING:
    from msgraph.generated.models.application import Application as GraphApplication

AUDIENCE = "AzureADMyOrg"
REPLICATION_BOUND = 5 * 60
SEEN_BOUND = 30
"""Seconds to put up with replicas that don't know an application which another replica has shown."""


@dataclass(frozen=True)
class Observed:
    """Our application and its service principal, as far as they exist."""

    client_id: str = ""
    object_id: str = ""
    display_name: str = ""
    audience: str = ""
    public_redirect_uris: tuple[str, ...] = ()
    permissions: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    """Pairs of an API's application id and its (permission id, type) pairs."""
    tags: tuple[str, ...] = ()
    service_principal_id: str = ""
    deleted_object_id: str = ""
    """Our application when somebody deleted it less than 30 days ago: it is restored, as nothing else can be made."""


def unique_name(instance_id: str) -> str:
    """Return the `uniqueName` of an instance's application: a function of its lower-cased resource id alone."""
    return f"digital-twins-{hashlib.sha256(instance_id.lower().encode()).hexdigest()[:32]}"


async def observe(context: Context) -> Observed:
    """Read our application by its `uniqueName`, and its service principal."""
    if not context.wanted.app:
        return Observed()
    graph = context.azure.graph
    name = unique_name(context.wanted.instance_id)
    recorded = context.values.get("client_id", "")
    app = await found(lambda: graph.applications_with_unique_name(name).get(), sure=not recorded)
    if app is None:
        deleted = await found(lambda: deleted_application(graph, name), sure=not recorded)
        return Observed(deleted_object_id=deleted or "")
    principal = await found(
        lambda: graph.service_principals_with_app_id(app.app_id or "").get(),
        sure="service_principal_id" not in context.values,
    )
    return _seen(app, (principal and principal.id) or "")


def _seen(app: GraphApplication, service_principal_id: str) -> Observed:
    permissions = tuple(
        (str(api.resource_app_id), tuple((str(one.id), str(one.type)) for one in api.resource_access or ()))
        for api in app.required_resource_access or ()
    )
    return Observed(
        client_id=app.app_id or "",
        object_id=app.id or "",
        display_name=app.display_name or "",
        audience=app.sign_in_audience or "",
        public_redirect_uris=tuple((app.public_client and app.public_client.redirect_uris) or ()),
        permissions=permissions,
        tags=tuple(app.tags or ()),
        service_principal_id=service_principal_id,
    )


def plan(observed: Observed, wanted: Wanted) -> Plan:
    """Create what is missing; complete what is incomplete. Foreign reply URLs, permissions and tags are kept."""
    if not wanted.app:
        return Plan(reason="not wanted (--no-app)", skipped=True)
    principal = Change(
        "create-service-principal",
        "create its service principal",
        "client id known after apply",
        {"fresh": True},
        ("service-principal",),
    )
    body = {"redirect_uris": wanted.app.reply_urls, "permissions": ((DIGITAL_TWINS, ((READ_WRITE, "Scope"),)),)}
    if not observed.client_id:
        create = Change(
            "create-application",
            f"register application {wanted.app.name}",
            body={**body, "tags": (MARK,)},
            makes=("application",),
        )
        if observed.deleted_object_id:
            title = f"restore application {wanted.app.name}, which was deleted, from the recycle bin"
            return Plan(
                (Change("restore-application", title, body={"id": observed.deleted_object_id}), create, principal)
            )
        return Plan((create, principal))
    changes: list[Change] = []
    wrong = _differences(observed, wanted.app)
    if wrong:
        merged = {
            "redirect_uris": _with(observed.public_redirect_uris, *wanted.app.reply_urls),
            "permissions": _with_read_write(observed.permissions),
            "tags": _with(observed.tags, MARK),
        }
        title = f"correct application {observed.display_name}: {', '.join(wrong)}"
        changes.append(Change("update-application", title, body=merged))
    if not observed.service_principal_id:
        changes.append(
            Change(
                "create-service-principal",
                "create its service principal",
                body={"fresh": False},
                makes=("service-principal",),
            )
        )
    reason = f"application {observed.display_name} is registered"
    return Plan(tuple(changes), reason, _kept(observed, wanted.app), _values(observed))


def _kept(observed: Observed, app: Application) -> tuple[str, ...]:
    """Say what somebody else added and is left alone."""
    urls = [url for url in observed.public_redirect_uris if url not in app.reply_urls]
    apis = [api for api, _access in observed.permissions if api != DIGITAL_TWINS]
    notes = [f"Other reply URLs are kept: {', '.join(urls)}"] if urls else []
    return (*notes, *([f"Permissions for other APIs are kept: {', '.join(apis)}"] if apis else []))


def _differences(observed: Observed, app: Application) -> list[str]:
    wrong = []
    if observed.display_name != app.name:
        wrong.append(f"name it {app.name}")
    if observed.audience != AUDIENCE:
        wrong.append("make it single-tenant")
    missing = [url for url in app.reply_urls if url not in observed.public_redirect_uris]
    wrong += [f"add reply URL {url}" for url in missing]
    if observed.permissions != _with_read_write(observed.permissions):
        wrong.append("ask for Digital Twins Read.Write")
    if MARK not in observed.tags:
        wrong.append("mark it as ours")
    return wrong


def _with(present: tuple[str, ...], *added: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*present, *added)))


def _with_read_write(permissions: tuple[Any, ...]) -> tuple[Any, ...]:
    scope = (READ_WRITE, "Scope")
    others = tuple(api for api in permissions if api[0] != DIGITAL_TWINS)
    for api, access in permissions:
        if api == DIGITAL_TWINS:
            if scope in access:
                return permissions
            return (*others, (api, (*access, scope)))
    return (*others, (DIGITAL_TWINS, (scope,)))


async def apply(change: Change, context: Context) -> Values:
    """Write the application or its service principal by its own key, and wait until it can be read back."""
    if change.key == "create-service-principal":
        return await _create_service_principal(context, fresh=change.body["fresh"])
    if change.key == "restore-application":
        return await _restore(change.body["id"], context)
    return await _write_application(change, context)


async def _restore(object_id: str, context: Context) -> Values:
    try:
        await context.azure.graph.directory.deleted_items.by_directory_object_id(object_id).restore.post()
    except APIError as error:
        if error.response_status_code != 404:  # not there any more: another run has restored it
            raise
    return {"application_object_id": object_id}


async def _write_application(change: Change, context: Context) -> Values:
    wanted, app = context.wanted, context.wanted.app
    assert app is not None  # noqa: S101 - there are no changes without it
    item = context.azure.graph.applications_with_unique_name(unique_name(wanted.instance_id))
    configuration = create_if_missing(item.ApplicationsWithUniqueNameRequestBuilderPatchRequestConfiguration)
    # The upsert is the same request whether it creates, repeats or corrects: Graph's `create-if-missing`.
    try:
        await item.patch(_body(change, app), configuration)
    except APIError as error:
        answer = answer_of(error)
        if answer is None or not any(detail.get("code") == "ObjectConflict" for detail in answer.details):
            raise
        raise Refusal(
            "The name of this instance's application is still held by one that was deleted.",
            why=f"{answer.message} Deleted applications stay for 30 days, and are not visible for the first minutes.",
            next="Run the same command again in a minute: the deleted application is then restored.",
            request_id=answer.request_id,
        ) from error
    context.progress("waiting for the directory to replicate the application")

    async def read() -> Observed | None:
        app_now = await found(item.get, sure=True)
        return None if app_now is None else _seen(app_now, "")

    def right(seen: Observed | None) -> bool:
        return seen is not None and not _differences(seen, app)

    seen = await poll(read, until=right, bound=REPLICATION_BOUND, what="The replication of the application")
    assert seen is not None  # noqa: S101 - `right` holds
    return {key: value for key, value in _values(seen).items() if key != "service_principal_id"}


async def _create_service_principal(context: Context, *, fresh: bool) -> Values:
    from msgraph.generated.models.service_principal import ServicePrincipal

    client_id = context.values["client_id"]
    item = context.azure.graph.service_principals_with_app_id(client_id)
    configuration = create_if_missing(item.ServicePrincipalsWithAppIdRequestBuilderPatchRequestConfiguration)

    async def write() -> None:
        await item.patch(ServicePrincipal(app_id=client_id, tags=[MARK]), configuration)

    def not_yet(status: int, code: str) -> bool:
        # The application was made a moment ago, and the replica asked here may not know it yet.
        return (status, code) in (
            (400, "Request_BadRequest"),
            (403, "Authorization_RequestDenied"),
            (404, "Request_ResourceNotFound"),
        )

    waiting = "waiting for the directory to replicate the application"
    bound = REPLICATION_BOUND if fresh else SEEN_BOUND
    await until_visible(write, not_yet=not_yet, bound=bound, what=waiting, progress=context.progress)
    context.progress("waiting for the directory to replicate the service principal")

    async def read() -> str:
        principal = await found(item.get, sure=True)
        return (principal and principal.id) or ""

    made = await poll(read, until=bool, bound=REPLICATION_BOUND, what="The replication of the service principal")
    return {"service_principal_id": made}


def _body(change: Change, app: Application) -> GraphApplication:
    from msgraph.generated.models.application import Application as GraphApplication
    from msgraph.generated.models.public_client_application import PublicClientApplication
    from msgraph.generated.models.required_resource_access import RequiredResourceAccess
    from msgraph.generated.models.resource_access import ResourceAccess

    return GraphApplication(
        display_name=app.name,
        sign_in_audience=AUDIENCE,
        public_client=PublicClientApplication(redirect_uris=list(change.body["redirect_uris"])),
        required_resource_access=[
            RequiredResourceAccess(
                resource_app_id=api,
                resource_access=[ResourceAccess(id=one, type=kind) for one, kind in access],
            )
            for api, access in change.body["permissions"]
        ],
        tags=list(change.body["tags"]),
    )


def _values(seen: Observed) -> Values:
    known = {
        "app_name": seen.display_name,
        "client_id": seen.client_id,
        "application_object_id": seen.object_id,
        "service_principal_id": seen.service_principal_id,
    }
    return {key: value for key, value in known.items() if value}


STEP = Step(4, "app_registration", "App registration", (), observe, plan, apply)
