"""Whether an endpoint reaches its destination: is it there, is the key right, has the identity the role to send.

Destinations are resources (documents of kind `resource`, keyed by id) with access keys (documents of kind `accessKey`,
keyed by the id of their owner and `primary` or `secondary`; `secret` is the key). Namespaces and topics are found by
their host names, in whatever subscription: a key opens every door, a role only those of its own tenant.

Dead-letter destinations are not looked at: Azure lets an endpoint be made with any.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from emulator import rbac
from emulator.web import Json
from emulator.world import World

_DOMAIN = ".servicebus.windows.net"
_BUSES = {
    "EventHub": ("Microsoft.EventHub", "eventhubs"),
    "ServiceBus": ("Microsoft.ServiceBus", "topics"),
}


def parts_of(connection_string: str) -> dict[str, str]:
    """Return the parts of a connection string by lower-cased name; empty if it has not all that an endpoint needs."""
    parts = dict(part.split("=", 1) for part in connection_string.strip(";").split(";") if "=" in part)
    found = {name.strip().lower(): value.strip() for name, value in parts.items()}
    needed = ("endpoint", "sharedaccesskeyname", "sharedaccesskey", "entitypath")
    return found if all(found.get(name) for name in needed) else {}


def refuses_key(world: World, properties: Json, secret: str) -> str | None:
    """Return why a destination refuses a key-based endpoint: `secret` is a connection string or an access key."""
    if properties["endpointType"] == "EventGrid":
        return _refuses_topic_key(world, properties["TopicEndpoint"], secret)
    parts = parts_of(secret)
    entity = _entity(world, properties["endpointType"], parts["endpoint"], parts["entitypath"])
    if entity is None:
        return _absent(f"{parts['endpoint']}{parts['entitypath']}")
    namespace = entity["id"].rsplit("/", 2)[0]
    for owner in (entity["id"], namespace):
        rule = world.store.get("resource", f"{owner}/authorizationRules/{parts['sharedaccesskeyname']}")
        if rule and parts["sharedaccesskey"] in _keys(world, rule["id"]):
            allowed = "Send" in rule["properties"]["rights"]
            return None if allowed else f"The rule '{rule['name']}' does not have the right Send on '{entity['name']}'."
    return f"The shared access key was refused by '{entity['name']}': the rule does not exist or its key is another."


def refuses_principal(world: World, properties: Json, principal: str | None) -> str | None:
    """Return why a destination refuses an identity; a role that it has not learnt of yet does not count.

    Counts as an observation of every assignment that lets it send. History connections have destinations that are not
    played: nothing refuses them.
    """
    if "endpointType" not in properties:
        return None
    kind = properties["endpointType"]
    entity = _entity(world, kind, properties["endpointUri"], properties["entityPath"])
    if entity is None:
        return _absent(f"{properties['endpointUri']}/{properties['entityPath']}")
    action = f"{_BUSES[kind][0]}/namespaces/messages/send/action"
    if principal and world.store.get("servicePrincipal", principal):
        granting = rbac.granting(world, principal, action, entity["id"], data=True)
        if [one for one in granting if not world.lag.pending(rbac.effect_key(one))]:
            return None
    return f"The identity '{principal}' is not authorized to send to '{entity['id']}'."


def _entity(world: World, kind: str, uri: str, name: str) -> Json | None:
    provider, entities = _BUSES[kind]
    host = (urlsplit(uri).hostname or "").lower()
    if not host.endswith(_DOMAIN):
        return None
    for _, body in world.store.list("resource"):
        same = body["name"].lower() == host.removesuffix(_DOMAIN)
        if same and body["type"].lower() == f"{provider}/namespaces".lower():
            return world.store.get("resource", f"{body['id']}/{entities}/{name}")
    return None


def _refuses_topic_key(world: World, uri: str, secret: str) -> str | None:
    host = (urlsplit(uri).hostname or "").lower()
    for _, body in world.store.list("resource"):
        own = urlsplit(body["properties"].get("endpoint") or "").hostname or ""
        if body["type"].lower() == "microsoft.eventgrid/topics" and own.lower() == host:
            return None if secret in _keys(world, body["id"]) else f"The topic '{body['name']}' refused the key."
    return _absent(uri)


def _keys(world: World, owner: str) -> list[str]:
    found = [world.store.get("accessKey", f"{owner}/{name}") for name in ("primary", "secondary")]
    return [str(record["secret"]) for record in found if record]


def _absent(where: str) -> str:
    return f"The destination '{where}' does not exist or cannot be reached."
