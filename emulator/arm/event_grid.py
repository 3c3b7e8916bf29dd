"""Event Grid topics and their keys. A topic's name is unique in its region: it is in the host name of its endpoint."""

from __future__ import annotations

import re

from emulator.arm import access_keys, groups, resources
from emulator.arm.documents import EVENT_GRID as PROVIDER
from emulator.arm.documents import TOPIC as TYPE
from emulator.arm.documents import TOPIC_KEY_SIZE, topic
from emulator.arm.errors import resource_not_found
from emulator.arm.guards import may_act, may_delete, may_read, may_write, readable
from emulator.arm.namespaces import delete, refuse_moved, region_of
from emulator.arm.providers import require_registered
from emulator.arm.routes import GROUP, ROUTER, SUBSCRIPTION
from emulator.arm.shape import ANY, TAGS, Shape, check
from emulator.web import Json, Refused, Reply, Request
from emulator.world import World

_MANY = f"/providers/{TYPE}"
_ONE = GROUP + _MANY + "/{name}"
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


@ROUTER.add("GET", SUBSCRIPTION + _MANY)
def list_in_subscription(world: World, request: Request, subscription: str) -> Reply:
    """List the topics of a subscription."""
    scope = f"/subscriptions/{subscription}"
    found = readable(world, request, f"{TYPE}/read", scope, resources.under(world, scope, TYPE))
    return Reply(body={"value": [resources.served(one) for one in found]})


@ROUTER.add("GET", GROUP + _MANY)
def list_in_group(world: World, request: Request, subscription: str, group: str) -> Reply:
    """List the topics of a group."""
    scope = groups.id_of(subscription, group)
    found = readable(world, request, f"{TYPE}/read", scope, resources.under(world, scope, TYPE))
    groups.existing(world, subscription, group)
    return Reply(body={"value": [resources.served(one) for one in found]})


@ROUTER.add("GET", _ONE)
def get_topic(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Return one topic, without its keys; counts as an observation of what is being done with it."""
    may_read(world, request, f"{TYPE}/read", _id(groups.id_of(subscription, group), name))
    return Reply(body=resources.served(_existing(world, subscription, group, name)))


@ROUTER.add("PUT", _ONE, latency="write")
def put_topic(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Create or update a topic: 201 both times; a creation goes on after the answer (`Azure-AsyncOperation`)."""
    may_write(world, request, f"{TYPE}/write", _id(groups.id_of(subscription, group), name))
    within = groups.writable(world, subscription, group)
    body = request.json()
    check(body, _DEFINITION)
    require_registered(world, subscription, PROVIDER)
    region = region_of(body)
    if not _NAME.fullmatch(name):
        raise Refused(
            400,
            "InvalidRequest",
            "Topic name must be between 3 and 50 characters in length, and use alphanumeric characters and hyphens "
            "only.",
        )
    found = resources.find(world, _id(within["id"], name))
    if found is not None:
        refuse_moved(found, body)
        resources.refuse_busy(found)
        return Reply(201, resources.served(_changed(world, found, body)))
    made = topic(_id(within["id"], name), region.name)
    endpoint = made["properties"]["endpoint"]
    if any(one["properties"]["endpoint"] == endpoint for one in resources.everywhere(world, TYPE)):
        raise Refused(409, "Conflict", f"Topic name '{name}' is already in use in location '{region.name}'.")
    _changed(world, made, body)
    access_keys.make(world.store, made["id"], TOPIC_KEY_SIZE)
    resources.begin(world, made, "Creating", {"provisioningState": "Succeeded"})
    return Reply(201, resources.served(made), resources.poll(world, request, made))


@ROUTER.add("PATCH", _ONE, latency="write")
def patch_topic(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Change tags or properties of a topic."""
    may_write(world, request, f"{TYPE}/write", _id(groups.id_of(subscription, group), name))
    groups.writable(world, subscription, group)
    found = _existing(world, subscription, group, name)
    body = request.json()
    check(body, _PATCH)
    resources.refuse_busy(found)
    return Reply(200, resources.served(_changed(world, found, body)))


@ROUTER.add("DELETE", _ONE, latency="write")
def delete_topic(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Begin the deletion (202 with `Location`); 204 if there is none."""
    may_delete(world, request, f"{TYPE}/delete", _id(groups.id_of(subscription, group), name))
    within = groups.existing(world, subscription, group)
    return delete(world, request, _id(within["id"], name))


@ROUTER.add("POST", _ONE + "/listKeys")
def list_keys(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Return the two keys."""
    may_act(world, request, f"{TYPE}/listKeys/action", _id(groups.id_of(subscription, group), name))
    return Reply(body=_keys(world, _existing(world, subscription, group, name)))


@ROUTER.add("POST", _ONE + "/regenerateKey", latency="write")
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
    found = resources.find(world, _id(within["id"], name), observe=True)
    if found is None:
        raise resource_not_found(TYPE, name, within["name"])
    return found


def _changed(world: World, found: Json, body: Json) -> Json:
    if body.get("tags") is not None:
        found["tags"] = body["tags"]
    kept = (*_CHANGEABLE, "inputSchema", "inputSchemaMapping")
    wanted = body.get("properties") or {}
    found["properties"] |= {name: wanted[name] for name in kept if wanted.get(name) is not None}
    resources.put(world, found)
    return found
