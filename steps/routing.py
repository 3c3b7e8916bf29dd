"""What the steps of routing events know of endpoints: as Azure shows them, compared with what is wanted."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from cloud.data_plane import lacks_role
from cloud.destinations import names
from steps.model import Context, Right
from steps.tags import marked
from steps.wanted import Endpoint, Route, Wanted

SYSTEM = "SystemAssigned"


@dataclass(frozen=True)
class Found:
    """An endpoint of the instance. Of a key-based one Azure shows neither key nor, but for Event Grid, destination."""

    name: str
    type: str
    identity: str | None
    """`SystemAssigned`, the lower-cased id of a user-assigned identity, or None: based on a key."""
    destination: tuple[str, ...]
    """The lower-cased names of the namespace and the entity, or of the topic; empty where it isn't shown."""
    dead_letter: tuple[str, ...]
    """Those of the storage account and the container; empty for none, or where it isn't shown."""
    state: str


async def list_endpoints(context: Context) -> Mapping[str, Found]:
    """Return the endpoints of the instance by lower-cased name; none when there is no instance."""
    wanted, twins = context.wanted, context.azure.twins.digital_twins_endpoint
    try:
        return {str(one.name).lower(): seen(one) async for one in twins.list(wanted.resource_group, wanted.instance)}
    except ResourceNotFoundError:
        return {}


async def list_routes(context: Context) -> Mapping[str, Route] | None:
    """Return the routes of the instance by name; None where the signed-in identity may not read them, or not yet.

    There are none when there is no instance, or it is being deleted: its host then has no name any more.
    """
    instance = await _instance(context)
    if instance is None or not instance.host_name or instance.provisioning_state == "Deleting":
        return {}
    try:
        listing = context.azure.data_plane(instance.host_name).list_event_routes()
        return {str(one.id): Route(str(one.id), one.endpoint_name, one.filter) async for one in listing}
    except HttpResponseError as error:
        if not lacks_role(error):
            raise
        return None


async def ours_though_unrecorded(context: Context, things: Collection[str]) -> tuple[str, ...]:
    """Return those of `things`, found in the instance and as wanted, that nobody recorded, if the instance is marked.

    Endpoints and routes carry no mark; in an instance that this tool created, a state file that was lost had them.
    """
    missing = tuple(sorted({*things} - context.made_by_any - context.begun))
    if context.removing or not missing:
        return ()
    instance = await _instance(context)
    return missing if instance is not None and marked(instance.tags) else ()


async def _instance(context: Context) -> Any:
    try:
        return await context.azure.twins.digital_twins.get(context.wanted.resource_group, context.wanted.instance)
    except ResourceNotFoundError:
        return None


def seen(resource: Any) -> Found:
    """Return an endpoint as the SDK gives it."""
    held = resource.properties
    destination = _address(getattr(held, "endpoint_uri", None), getattr(held, "entity_path", None))
    return Found(
        resource.name,
        str(held.endpoint_type),
        _identity(held),
        _address(held.topic_endpoint) if held.endpoint_type == "EventGrid" else destination,
        _address(held.dead_letter_uri, urlsplit(held.dead_letter_uri or "").path.strip("/")),
        str(held.provisioning_state or ""),
    )


def _identity(held: Any) -> str | None:
    if held.authentication_type != "IdentityBased":
        return None
    user = held.identity.user_assigned_identity if held.identity else None
    return str(user).lower() if user else SYSTEM


def _address(url: str | None, *rest: str | None) -> tuple[str, ...]:
    """Return the first label of an URL's host, which is the resource's name, and what follows."""
    host = urlsplit(url or "").hostname
    return tuple(str(part).lower() for part in (host.partition(".")[0], *rest)) if host else ()


def gone_and_here(endpoints: Mapping[str, Found], made: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what is recorded of endpoints that are not there, and of those that are.

    Routes count as here: the step that makes them looks for them itself.
    """
    names = {one.removeprefix("endpoint:") for one in made if one.startswith("endpoint:")}
    absent = sorted(name for name in names if name.lower() not in endpoints)
    gone = tuple(thing for name in absent for thing in recorded(name, made))
    kinds = ("endpoint:", "sends:", "route:")
    return gone, tuple(sorted(one for one in made if one.startswith(kinds) and one not in gone))


def goes_along(endpoints: Mapping[str, Found], made: Collection[str]) -> str:
    """Return what is told of an instance that goes: what goes with it that this tool is not known to have made."""
    others = sorted(one.name for one in endpoints.values() if f"endpoint:{one.name}" not in made)
    named = f" So do endpoints that are not recorded as made here: {', '.join(others)}." if others else ""
    return f"Models, twins and routes in the instance go with it.{named}"


def sends(endpoint: Endpoint) -> str:
    """Return what is recorded of a key-based endpoint: where it sends, as Azure doesn't tell."""
    return f"sends:{endpoint.name}:{endpoint.destination.lower()}:{endpoint.dead_letter.lower()}"


def recorded(name: str, made: Collection[str]) -> tuple[str, ...]:
    """Return all that is recorded of the endpoint `name`."""
    return tuple(sorted(one for one in made if one == f"endpoint:{name}" or one.startswith(f"sends:{name}:")))


def agrees(found: Found, wanted: Endpoint, made: Collection[str]) -> bool:
    """Whether an endpoint is as wanted, as far as that can be seen."""
    if not same_kind(found, wanted):
        return False
    shown = found.destination in ((), _names(wanted.type, wanted.destination))
    if wanted.identity is None:
        known = [one for one in recorded(wanted.name, made) if one.startswith("sends:")]
        return shown and known in ([], [sends(wanted)])
    dead_letter = _names("DeadLetter", wanted.dead_letter) if wanted.dead_letter else ()
    identity = wanted.identity if wanted.identity == SYSTEM else wanted.identity.lower()
    return shown and found.identity == identity and found.dead_letter == dead_letter


def as_wanted(endpoints: Mapping[str, Found], wanted: Collection[Endpoint], made: Collection[str]) -> Iterator[str]:
    """Yield what would be recorded of the endpoints that are as wanted, and recorded as nobody's."""
    for one in wanted:
        found = endpoints.get(one.name.lower())
        if found and f"endpoint:{found.name}" not in made and found.state != "Deleting" and agrees(found, one, made):
            yield from (f"endpoint:{found.name}", *((sends(one),) if one.identity is None else ()))


def same_kind(found: Found, wanted: Endpoint) -> bool:
    """Whether an endpoint can become the wanted one: its type and way of authentication stay what they are."""
    return found.type == wanted.type and (found.identity is None) == (wanted.identity is None)


def _names(kind: str, identifier: str) -> tuple[str, ...]:
    return tuple(name.lower() for name in names(kind, identifier))


def leaving(endpoints: Mapping[str, Found], wanted: Wanted, made: Collection[str]) -> dict[str, str]:
    """Return our endpoints that are to be deleted, for good or to be created again, by name with the reason."""
    wishes = {endpoint.name.lower(): endpoint for endpoint in wanted.endpoints or ()}
    reasons: dict[str, str] = {}
    for name, found in endpoints.items():
        if wanted.endpoints is None or f"endpoint:{found.name}" not in made:
            continue
        wish = wishes.get(name)
        if wish is None:
            reasons[name] = "it is not wanted any more"
        elif not same_kind(found, wish):
            reasons[name] = "its type, or a key instead of an identity, can't be changed"
        elif found.state in ("Failed", "Canceled"):
            reasons[name] = f"it is {found.state}"
    return reasons


def key_rights(endpoint: Endpoint) -> list[Right]:
    """Return the rights that reading the keys of an endpoint takes."""
    if endpoint.identity is not None:
        return []
    actions = {
        "EventHub": "Microsoft.EventHub/namespaces/eventhubs/authorizationRules/listKeys/action",
        "ServiceBus": "Microsoft.ServiceBus/namespaces/topics/authorizationRules/listKeys/action",
        "EventGrid": "Microsoft.EventGrid/topics/listKeys/action",
    }
    rights = [Right(actions[endpoint.type], endpoint.destination)]
    if endpoint.dead_letter:
        account = endpoint.dead_letter.lower().partition("/blobservices/")[0]
        rights.append(Right("Microsoft.Storage/storageAccounts/listKeys/action", account))
    return rights
