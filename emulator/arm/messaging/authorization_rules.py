"""Authorization rules of namespaces, event hubs and topics, and their keys, which need `listKeys/action` to be read."""

from __future__ import annotations

from functools import partial

from emulator.arm.core import access_keys, groups, resources
from emulator.arm.core.guards import may_act, may_delete, may_read, may_write
from emulator.arm.core.resources import RESOURCES
from emulator.arm.core.routes import GROUP, ROUTER
from emulator.arm.core.shape import check
from emulator.arm.messaging import hubs_and_topics, namespaces
from emulator.arm.messaging.buses import (
    BUSES,
    KEY_SIZE,
    RIGHTS,
    RULE_SHAPE,
    Bus,
    bad_request,
    connection_string,
    missing,
)
from emulator.arm.messaging.buses import rule as new_rule
from emulator.messages import Json, Reply, Request
from emulator.store import public
from emulator.world import World

_KEYS = {"PrimaryKey": "primary", "SecondaryKey": "secondary"}


def list_rules(bus: Bus, world: World, request: Request, **names: str) -> Reply:
    """List the rules of a namespace, an event hub or a topic."""
    kind, scope = _asked(bus, names)
    may_read(world, request, f"{kind}/read", scope)
    parent = _parent(world, bus, names)
    found = resources.of_type(world, parent["id"], kind)
    return Reply(body={"value": [public(rule) for rule in found]})


def get_rule(bus: Bus, world: World, request: Request, **names: str) -> Reply:
    """Return one rule, without its keys."""
    kind, scope = _asked(bus, names)
    may_read(world, request, f"{kind}/read", scope)
    return Reply(body=public(_existing(world, bus, names)))


def put_rule(bus: Bus, world: World, request: Request, **names: str) -> Reply:
    """Create a rule with new keys, or change its rights; 200 both times."""
    kind, scope = _asked(bus, names)
    may_write(world, request, f"{kind}/write", scope)
    parent = _parent(world, bus, names)
    body = request.json()
    check(body, RULE_SHAPE)
    rights = body["properties"]["rights"]
    if not rights or not set(rights) <= set(RIGHTS):
        raise bad_request(f"The value supplied for 'Rights' is invalid: it must be some of {', '.join(RIGHTS)}.")
    if "Manage" in rights and set(rights) != set(RIGHTS):
        raise bad_request("Manage permission should also include Send and Listen.")
    result = new_rule(parent, names["rule"], rights)
    RESOURCES.put(world, result)
    access_keys.create(world.store, result["id"], KEY_SIZE)
    return Reply(200, public(result))


def delete_rule(bus: Bus, world: World, request: Request, **names: str) -> Reply:
    """Delete a rule and its keys: 200, or 204 if there is none."""
    kind, scope = _asked(bus, names)
    may_delete(world, request, f"{kind}/delete", scope)
    found = RESOURCES.find(world, f"{_parent(world, bus, names)['id']}/authorizationRules/{names['rule']}")
    if found is None:
        return Reply(204)
    RESOURCES.remove(world, found)
    return Reply(200)


def list_keys(bus: Bus, world: World, request: Request, **names: str) -> Reply:
    """Return the keys of a rule and their connection strings."""
    kind, scope = _asked(bus, names)
    may_act(world, request, f"{kind}/listKeys/action", scope)
    return Reply(body=_keys(world, _existing(world, bus, names)))


def regenerate_keys(bus: Bus, world: World, request: Request, **names: str) -> Reply:
    """Replace one of the keys and return both."""
    kind, scope = _asked(bus, names)
    may_act(world, request, f"{kind}/regenerateKeys/action", scope)
    found = _existing(world, bus, names)
    which = _KEYS.get(request.json().get("keyType", ""))
    if which is None:
        raise bad_request("The value supplied for 'KeyType' is invalid: it must be PrimaryKey or SecondaryKey.")
    access_keys.regenerate(world.store, found["id"], which, KEY_SIZE)
    return Reply(body=_keys(world, found))


def _keys(world: World, rule: Json) -> Json:
    primary, secondary = access_keys.of(world, rule["id"])
    return {
        "keyName": rule["name"],
        "primaryKey": primary,
        "secondaryKey": secondary,
        "primaryConnectionString": connection_string(rule["id"], primary),
        "secondaryConnectionString": connection_string(rule["id"], secondary),
    }


def _asked(bus: Bus, names: dict[str, str]) -> tuple[str, str]:
    """Return the type of the rules and the scope that the request names."""
    scope = namespaces.id_of(bus, groups.id_of(names["subscription"], names["group"]), names["namespace"])
    kind = bus.type
    if "entity" in names:
        kind, scope = bus.entity_type, f"{scope}/{bus.entities}/{names['entity']}"
    rule = f"/authorizationRules/{names['rule']}" if "rule" in names else ""
    return f"{kind}/authorizationRules", scope + rule


def _parent(world: World, bus: Bus, names: dict[str, str]) -> Json:
    place = {name: names[name] for name in ("subscription", "group", "namespace")}
    if "entity" in names:
        return hubs_and_topics.existing(world, bus, **place, name=names["entity"])
    return namespaces.existing(world, bus, *place.values())


def _existing(world: World, bus: Bus, names: dict[str, str]) -> Json:
    identifier = f"{_parent(world, bus, names)['id']}/authorizationRules/{names['rule']}"
    found = RESOURCES.find(world, identifier)
    if found is None:
        raise missing(identifier)
    return found


for _bus in BUSES:
    _namespace = GROUP + f"/providers/{_bus.type}" + "/{namespace}"
    for _place in (_namespace, f"{_namespace}/{_bus.entities}/{{entity}}"):
        _rules = f"{_place}/authorizationRules"
        _rule = _rules + "/{rule}"
        ROUTER.add("GET", _rules)(partial(list_rules, _bus))
        ROUTER.add("GET", _rule)(partial(get_rule, _bus))
        ROUTER.add("PUT", _rule, latency="write")(partial(put_rule, _bus))
        ROUTER.add("DELETE", _rule, latency="write")(partial(delete_rule, _bus))
        ROUTER.add("POST", _rule + "/listKeys")(partial(list_keys, _bus))
        ROUTER.add("POST", _rule + "/regenerateKeys", latency="write")(partial(regenerate_keys, _bus))
