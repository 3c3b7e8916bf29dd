"""Event Grid topics and their keys. A topic's name is unique in its region: it is in the host name of its endpoint."""

from __future__ import annotations

import re
from functools import partial

from emulator.arm.core import access_keys, groups, resources
from emulator.arm.core.guards import may_act, may_delete, may_read, may_write
from emulator.arm.core.locations import refuse_moved, region_of
from emulator.arm.core.providers import require_registered
from emulator.arm.core.resource_bodies import EVENT_GRID as PROVIDER
from emulator.arm.core.resource_bodies import TOPIC as TYPE
from emulator.arm.core.resource_bodies import TOPIC_KEY_SIZE, topic
from emulator.arm.core.resources import RESOURCES
from emulator.arm.core.routes import GROUP, ROUTER
from emulator.arm.core.shape import ANY, TAGS, Shape, check
from emulator.arm.core.type_lists import serve_lists
from emulator.messages import Json, Refused, Reply, Request
from emulator.store import public
from emulator.world import World

_TOPIC = GROUP + f"/providers/{TYPE}/{{name}}"
_NAME = re.compile(r"[A-Za-z0-9-]{3,50}")
_KEYS = {"key1": "primary", "key2": "secondary"}
_CHANGEABLE = {
    "dataResidencyBoundary": ("WithinGeopair", "WithinRegion"),
    "disableLocalAuth": bool,
    "eventTypeInfo": dict,
    "inboundIpRules": list,
    "minimumTlsVersionAllowed": ("1.0", "1.1", "1.2"),
    "publicNetworkAccess": ("Disabled", "Enabled", "SecuredByPerimeter"),
}
_PROPERTIES = {
    **dict.fromkeys(("endpoint", "metricResourceId", "privateEndpointConnections", "provisioningState"), ANY),
    **_CHANGEABLE,
    "inputSchema": ("EventGridSchema", "CustomEventSchema", "CloudEventSchemaV1_0"),
    "inputSchemaMapping": dict,
}
_DEFINITION = Shape(
    "Topic",
    {
        **dict.fromkeys(("id", "name", "type", "systemData", "kind", "extendedLocation", "sku"), ANY),
        "location": str,
        "tags": TAGS,
        "identity": dict,
        "properties": Shape("TopicProperties", _PROPERTIES),
    },
)
_PATCH = Shape(
    "TopicUpdateParameters",
    {
        "tags": TAGS,
        "identity": dict,
        "sku": ANY,
        "properties": Shape("TopicUpdateParameterProperties", _CHANGEABLE),
    },
)


def _served(found: Json) -> Json:
    """Return the topic as it is served: without an endpoint while it is created (recorded)."""
    properties = found["properties"]
    if properties["provisioningState"] == "Creating":
        properties = {"provisioningState": "Creating", "endpoint": None, "minimumTlsVersionAllowed": "1.0"}
    return public({"systemData": None, **found, "properties": properties})


serve_lists(TYPE, partial(resources.of_type, kind=TYPE), _served)


@ROUTER.add("GET", _TOPIC)
def get_topic(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Return one topic, without its keys; counts as an observation of work under way."""
    may_read(world, request, f"{TYPE}/read", _id(groups.id_of(subscription, group), name))
    return Reply(body=_served(_existing(world, subscription, group, name)))


@ROUTER.add("PUT", _TOPIC, latency="write")
def put_topic(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Create or update a topic: 201 both times; a creation goes on after the answer (`Azure-AsyncOperation`)."""
    may_write(world, request, f"{TYPE}/write", _id(groups.id_of(subscription, group), name))
    within = groups.writable(world, subscription, group)
    body = request.json()
    check(body, _DEFINITION)
    require_registered(world, subscription, PROVIDER)
    region = region_of(body.get("location"))
    if not _NAME.fullmatch(name):
        raise Refused(
            400,
            "InvalidRequest",
            "Topic name must be between 3 and 50 characters in length, and use alphanumeric characters and hyphens "
            "only.",
        )
    found = RESOURCES.find(world, _id(within["id"], name))
    if found is not None:
        refuse_moved(found, region)
        RESOURCES.refuse_busy(found)
        return Reply(201, _served(_changed(world, found, body)))
    created = topic(_id(within["id"], name), region.name)
    endpoint = created["properties"]["endpoint"]
    if any(other["properties"]["endpoint"] == endpoint for other in resources.of_type(world, "", TYPE)):
        raise Refused(409, "Conflict", f"Topic name '{name}' is already in use in location '{region.name}'.")
    _changed(world, created, body)
    access_keys.create(world.store, created["id"], TOPIC_KEY_SIZE)
    resources.begin_creation(world, created, "Creating")
    headers = RESOURCES.poll(world, request, created)
    del headers["Location"]
    return Reply(201, _served(created), headers)


@ROUTER.add("PATCH", _TOPIC, latency="write")
def patch_topic(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Change tags or properties of a topic."""
    may_write(world, request, f"{TYPE}/write", _id(groups.id_of(subscription, group), name))
    groups.writable(world, subscription, group)
    found = _existing(world, subscription, group, name)
    body = request.json()
    check(body, _PATCH)
    RESOURCES.refuse_busy(found)
    return Reply(200, _served(_changed(world, found, body)))


@ROUTER.add("DELETE", _TOPIC, latency="write")
def delete_topic(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Begin the deletion (202 with `Location`); 204 if there is none."""
    may_delete(world, request, f"{TYPE}/delete", _id(groups.id_of(subscription, group), name))
    within = groups.existing(world, subscription, group)
    return resources.delete(world, request, _id(within["id"], name))


@ROUTER.add("POST", _TOPIC + "/listKeys")
def list_keys(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Return the two keys."""
    may_act(world, request, f"{TYPE}/listKeys/action", _id(groups.id_of(subscription, group), name))
    return Reply(body=_keys(world, _existing(world, subscription, group, name)))


@ROUTER.add("POST", _TOPIC + "/regenerateKey", latency="write")
def regenerate_key(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Replace one of the keys and return both."""
    may_act(world, request, f"{TYPE}/regenerateKey/action", _id(groups.id_of(subscription, group), name))
    found = _existing(world, subscription, group, name)
    which = _KEYS.get(request.json().get("keyName", ""))
    if which is None:
        raise Refused(400, "InvalidRequest", "Key name must be 'key1' or 'key2'.")
    access_keys.regenerate(world.store, found["id"], which, TOPIC_KEY_SIZE)
    return Reply(body=_keys(world, found))


def _keys(world: World, found: Json) -> Json:
    return dict(zip(_KEYS, access_keys.of(world, found["id"]), strict=True))


def _id(group: str, name: str) -> str:
    return f"{group}/providers/{TYPE}/{name}"


def _existing(world: World, subscription: str, group: str, name: str) -> Json:
    within = groups.existing(world, subscription, group)
    found = RESOURCES.find(world, _id(within["id"], name), observe=True)
    if found is None:
        raise Refused(404, "ResourceNotFound", f"Topic {name} is not found.")
    return found


def _changed(world: World, found: Json, body: Json) -> Json:
    if body.get("tags") is not None:
        found["tags"] = body["tags"]
    names = (*_CHANGEABLE, "inputSchema", "inputSchemaMapping")
    asked = body.get("properties") or {}
    found["properties"] |= {name: asked[name] for name in names if asked.get(name) is not None}
    RESOURCES.put(world, found)
    return found
