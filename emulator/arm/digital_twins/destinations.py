"""Destinations of events: whether an event hub or topic exists, and whether a key may send to it.

An endpoint of Digital Twins reaches destinations by host name, not by Resource Manager id, so those of other tenants
too. The functions return the destination's id or raise `Unreachable`. Whether an identity may send there is nobody's
question: Azure doesn't look.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import Literal
from urllib.parse import urlsplit

from emulator.arm.core import access_keys, resources
from emulator.arm.core.resource_bodies import TOPIC
from emulator.arm.core.resources import RESOURCES
from emulator.arm.messaging.buses import DOMAIN, EVENT_HUBS, SERVICE_BUS, Bus
from emulator.messages import Json
from emulator.world import World

Why = Literal["malformed", "not found", "wrong key", "not permitted", "disabled"]
EndpointType = Literal["EventHub", "ServiceBus"]

_BUSES: dict[str, Bus] = {"EventHub": EVENT_HUBS, "ServiceBus": SERVICE_BUS}
_PARTS = ("Endpoint", "SharedAccessKeyName", "SharedAccessKey", "EntityPath")


class Unreachable(Exception):
    """A destination can't be reached: `why` is for code, the text for people. The text has no key in it."""

    def __init__(self, why: Why, message: str) -> None:
        super().__init__(message)
        self.why = why


def by_connection_string(world: World, kind: EndpointType, connection_string: str) -> str:
    """Return the event hub or topic of a connection string that may send, in any tenant.

    `EntityPath` names it; the connection string of a namespace has none: Unreachable "malformed".
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
        for place in (found, namespace["id"])
        if (rule := RESOURCES.find(world, f"{place}/authorizationRules/{name}"))
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


def event_grid_topic(world: World, endpoint: str, access_key: str) -> str:
    """Return the Event Grid topic at an endpoint URL, in any tenant; checks the access key."""
    for topic in resources.of_type(world, "", TOPIC):
        if topic["properties"]["endpoint"].lower() == endpoint.rstrip("/").lower() and not RESOURCES.is_busy(topic):
            if topic["properties"].get("disableLocalAuth"):
                raise Unreachable("disabled", f"Local authentication is disabled for topic '{topic['name']}'.")
            if not _is_one_of(access_key, access_keys.of(world, topic["id"])):
                raise Unreachable("wrong key", f"The topic '{topic['name']}' refused the key.")
            return str(topic["id"])
    raise Unreachable("not found", _absent(endpoint))


def refuses_key(world: World, properties: Json, secret: str) -> str | None:
    """Return why a key-based endpoint can't be set up, or None. `secret` is a connection string or an access key.

    A destination with `disableLocalAuth` takes no key either, but that shows only when events are sent.
    """
    kind = properties["endpointType"]
    try:
        if kind == "EventGrid":
            event_grid_topic(world, properties["TopicEndpoint"], secret)
        else:
            by_connection_string(world, kind, secret)
    except Unreachable as unreachable:
        return None if unreachable.why == "disabled" else str(unreachable)
    return None


def parts_of(connection_string: str) -> dict[str, str]:
    """Return the parts of a connection string by lower-cased name; empty if an endpoint needs a missing part."""
    parts = [part.split("=", 1) for part in connection_string.strip(";").split(";") if "=" in part]
    found = {name.strip().lower(): value.strip() for name, value in parts}
    return found if all(found.get(name.lower()) for name in _PARTS) else {}


def _namespace(world: World, kind: EndpointType, uri: str) -> Json:
    parts = urlsplit(uri)
    host = (parts.hostname or "").lower()
    if parts.scheme.lower() != "sb" or not host:
        raise Unreachable("malformed", f"'{uri}' is not of the form sb://NAMESPACE.{DOMAIN}/.")
    for namespace in resources.of_type(world, "", _BUSES[kind].type):
        if f"{namespace['name'].lower()}.{DOMAIN}" == host and not RESOURCES.is_busy(namespace):
            return namespace
    raise Unreachable("not found", _absent(uri))


def _in(world: World, kind: EndpointType, namespace: Json, entity_path: str) -> str:
    bus = _BUSES[kind]
    found = RESOURCES.find(world, f"{namespace['id']}/{bus.entities}/{entity_path}")
    if found is None:
        raise Unreachable(
            "not found",
            _absent(f"sb://{namespace['name']}.{DOMAIN}/{entity_path}"),
        )
    return str(found["id"])


def _absent(where: str) -> str:
    return f"The destination '{where}' does not exist or cannot be reached."


def _is_one_of(key: str, keys: Iterable[str]) -> bool:
    return any(hmac.compare_digest(key.encode(), known.encode()) for known in keys)
