"""Where events can go: is there such an event hub, topic or container, and does a key or an identity open it?

For whoever sends there, as an endpoint of Digital Twins does: it reaches destinations by host name, not by Resource
Manager id, and so those of other tenants too. A `Destination` says what it found; `Unreachable` what Azure would not.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from emulator import rbac, seed
from emulator.arm import access_keys, resources, shared_access
from emulator.arm.documents import ACCOUNT, TOPIC, container_id
from emulator.arm.messaging import DOMAIN, EVENT_HUBS, SERVICE_BUS, Bus
from emulator.web import Json
from emulator.world import World

Why = Literal["malformed", "not found", "wrong key", "not permitted", "other tenant", "disabled"]
EndpointType = Literal["EventHub", "ServiceBus"]

_BUSES: dict[str, Bus] = {"EventHub": EVENT_HUBS, "ServiceBus": SERVICE_BUS}
_WRITE_BLOB = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write"
_PARTS = ("Endpoint", "SharedAccessKeyName", "SharedAccessKey", "EntityPath")
_BLOB_HOST = re.compile(r"(?P<account>[a-z0-9]{3,24})\.blob\.core\.windows\.net")


class Unreachable(Exception):
    """A destination that can't be reached as asked: `why` for code, the text for people, which holds no key."""

    def __init__(self, why: Why, message: str) -> None:
        super().__init__(message)
        self.why = why


@dataclass(frozen=True)
class Destination:
    """Something events can go to."""

    id: str
    """Its Resource Manager id: an event hub, a Service Bus topic, an Event Grid topic, a blob container."""
    data_action: str
    """What a role must allow at it, or above, for an identity to send there; empty: identities can't."""


def entity(world: World, kind: EndpointType, endpoint_uri: str, entity_path: str) -> Destination:
    """Return the event hub or topic at `sb://NAMESPACE.servicebus.windows.net/`, by which an identity reaches it.

    One of another tenant is refused ("other tenant"): an identity is only known in its own.
    """
    namespace = _namespace(world, kind, endpoint_uri)
    if _is_foreign(world, namespace["id"]):
        raise Unreachable("other tenant", f"The namespace at '{endpoint_uri}' lies in another tenant.")
    return _in(world, kind, namespace, entity_path)


def by_connection_string(world: World, kind: EndpointType, connection_string: str) -> Destination:
    """Return the event hub or topic that a connection string with the right to send opens, in any tenant.

    Its `EntityPath` says which; the connection string of a namespace has none and is refused ("malformed").
    """
    parts = parts_of(connection_string)
    if not parts:
        raise Unreachable("malformed", f"The connection string must have {', '.join(_PARTS)}.")
    namespace = _namespace(world, kind, parts["endpoint"])
    found = _in(world, kind, namespace, parts["entitypath"])
    if namespace["properties"].get("disableLocalAuth"):
        raise Unreachable("disabled", f"Local authentication is disabled for namespace '{namespace['name']}'.")
    name, key = parts["sharedaccesskeyname"], parts["sharedaccesskey"]
    opened = [
        rule
        for place in (found.id, namespace["id"])
        if (rule := resources.find(world, f"{place}/authorizationRules/{name}"))
        and _is_one_of(key, access_keys.of(world, rule["id"]))
    ]
    if not opened:
        raise Unreachable(
            "wrong key",
            f"The shared access key was refused by '{parts['entitypath']}': the rule does not exist or "
            "its key is another.",
        )
    if not any("Send" in rule["properties"]["rights"] for rule in opened):
        raise Unreachable(
            "not permitted", f"The rule '{name}' does not have the right Send on '{parts['entitypath']}'."
        )
    return found


def event_grid_topic(world: World, endpoint: str, access_key: str) -> Destination:
    """Return the Event Grid topic at an endpoint URL that an access key opens, in any tenant."""
    for topic in resources.everywhere(world, TOPIC):
        if topic["properties"]["endpoint"].lower() == endpoint.rstrip("/").lower() and not resources.is_busy(topic):
            if topic["properties"].get("disableLocalAuth"):
                raise Unreachable("disabled", f"Local authentication is disabled for topic '{topic['name']}'.")
            if not _is_one_of(access_key, access_keys.of(world, topic["id"])):
                raise Unreachable("wrong key", f"The topic '{topic['name']}' refused the key.")
            return Destination(topic["id"], "")
    raise Unreachable("not found", _absent(endpoint))


def container(world: World, uri: str) -> Destination:
    """Return the container at `https://ACCOUNT.blob.core.windows.net/CONTAINER`, by which an identity reaches it."""
    account, found = _container(world, uri)
    if _is_foreign(world, account["id"]):
        raise Unreachable("other tenant", f"The storage account '{account['name']}' lies in another tenant.")
    return found


def container_by_sas(world: World, secret: str) -> Destination:
    """Return the container that a URL with a shared access signature opens for writing, in any tenant."""
    account, found = _container(world, secret)
    sas = dict(parse_qsl(urlsplit(secret).query, keep_blank_values=True))
    if "sig" not in sas:
        raise Unreachable("malformed", "The dead letter secret has no shared access signature.")
    if account["properties"].get("allowSharedKeyAccess") is False:
        raise Unreachable("disabled", f"Key based authentication is not permitted on account '{account['name']}'.")
    keys = access_keys.of(world, account["id"])
    verdict = shared_access.verify(sas, account["name"], found.id.rpartition("/")[2], keys, "w")
    if verdict == "not permitted":
        raise Unreachable("not permitted", "The shared access signature does not allow to write to the container.")
    if verdict != "right":
        raise Unreachable("wrong key", f"The shared access signature is {verdict}.")
    return found


def refuses_key(world: World, properties: Json, secret: str) -> str | None:
    """Return why the destination of a key-based endpoint refuses it: `secret` is a connection string or access key."""
    kind = properties["endpointType"]
    try:
        if kind == "EventGrid":
            event_grid_topic(world, properties["TopicEndpoint"], secret)
        else:
            by_connection_string(world, kind, secret)
    except Unreachable as unreachable:
        return str(unreachable)
    return None


def refuses_principal(world: World, properties: Json, principal: str | None) -> str | None:
    """Return why the destination of an identity-based endpoint refuses an identity, given by its object id.

    Counts as an observation of every assignment that lets it send. The destinations of data history connections, which
    have no `endpointType`, are not played: nothing refuses them.
    """
    if "endpointType" not in properties:
        return None
    try:
        found = entity(world, properties["endpointType"], properties["endpointUri"], properties["entityPath"])
    except Unreachable as unreachable:
        return str(unreachable)
    return _unless_may_send(world, principal, found)


def refuses_dead_letter(world: World, where: str, principal: str | None = None) -> str | None:
    """Return why dead letters can't go to a container: a URL with a SAS, or without and with whose role counts."""
    try:
        if "?" in where:
            container_by_sas(world, where)
            return None
        return _unless_may_send(world, principal, container(world, where))
    except Unreachable as unreachable:
        return str(unreachable)


def parts_of(connection_string: str) -> dict[str, str]:
    """Return the parts of a connection string by lower-cased name; empty if it has not all that an endpoint needs."""
    parts = [part.split("=", 1) for part in connection_string.strip(";").split(";") if "=" in part]
    found = {name.strip().lower(): value.strip() for name, value in parts}
    return found if all(found.get(name.lower()) for name in _PARTS) else {}


def may_send(world: World, object_id: str, destination: Destination) -> bool:
    """Whether a service principal has a role to send there; counts as an observation of each that is on its way."""
    action = destination.data_action
    if not action or world.store.get("servicePrincipal", object_id) is None:
        return False
    granting = rbac.granting(world, object_id, action, destination.id, data=True)
    return bool([assignment for assignment in granting if not world.lag.pending(rbac.effect_key(assignment))])


def _unless_may_send(world: World, principal: str | None, destination: Destination) -> str | None:
    if principal and may_send(world, principal, destination):
        return None
    return f"The identity '{principal}' is not authorized to send to '{destination.id}'."


def _namespace(world: World, kind: EndpointType, uri: str) -> Json:
    parts = urlsplit(uri)
    host = (parts.hostname or "").lower()
    if parts.scheme.lower() != "sb" or not host:
        raise Unreachable("malformed", f"'{uri}' is not of the form sb://NAMESPACE.{DOMAIN}/.")
    for namespace in resources.everywhere(world, _BUSES[kind].type):
        if f"{namespace['name'].lower()}.{DOMAIN}" == host and not resources.is_busy(namespace):
            return namespace
    raise Unreachable("not found", _absent(uri))


def _in(world: World, kind: EndpointType, namespace: Json, entity_path: str) -> Destination:
    bus = _BUSES[kind]
    found = resources.find(world, f"{namespace['id']}/{bus.entities}/{entity_path}")
    if found is None:
        raise Unreachable(
            "not found",
            _absent(f"sb://{namespace['name']}.{DOMAIN}/{entity_path}"),
        )
    return Destination(found["id"], f"{bus.provider}/namespaces/messages/send/action")


def _container(world: World, uri: str) -> tuple[Json, Destination]:
    parts = urlsplit(uri)
    match, name = _BLOB_HOST.fullmatch((parts.hostname or "").lower()), parts.path.strip("/")
    if parts.scheme.lower() != "https" or not match or not name or "/" in name:
        raise Unreachable("malformed", "The dead letter URI is not https://ACCOUNT.blob.core.windows.net/CONTAINER.")
    for account in resources.everywhere(world, ACCOUNT):
        if account["name"] == match["account"] and not resources.is_busy(account):
            found = resources.find(world, container_id(account["id"], name))
            if found is not None:
                return account, Destination(found["id"], _WRITE_BLOB)
    raise Unreachable("not found", _absent(f"https://{match['account']}.blob.core.windows.net/{name}"))


def _absent(where: str) -> str:
    return f"The destination '{where}' does not exist or cannot be reached."


def _is_foreign(world: World, identifier: str) -> bool:
    subscription = world.store.get("subscription", identifier.split("/")[2])
    return subscription is None or subscription["tenantId"] != seed.TENANT


def _is_one_of(key: str, keys: Iterable[str]) -> bool:
    return any(hmac.compare_digest(key.encode(), known.encode()) for known in keys)
