"""Destinations for events that every new world has, one of each kind, and one that lies in another tenant."""

from __future__ import annotations

from emulator import seed
from emulator.arm.core import access_keys, resource_bodies
from emulator.arm.core.resources import RESOURCES
from emulator.arm.messaging.buses import (
    EVENT_HUBS,
    KEY_SIZE,
    RIGHTS,
    ROOT_RULE,
    SERVICE_BUS,
    Bus,
    entity,
    namespace,
    rule,
)
from emulator.messages import Json
from emulator.store import Store

EVENT_HUB = ("contoso-events", "twin-events")
"""A namespace and the event hub in it."""
TOPIC = ("contoso-messages", "twin-messages")
"""A namespace and the Service Bus topic in it."""
EVENT_GRID_TOPIC = "contoso-twin-topic"
CONTAINER = ("contosodeadletters", "dead-letters")
"""A storage account and the container in it."""
SENDER_RULE = "send"
"""The authorization rule of the event hub and of the topic, which may only send."""

FOREIGN_TENANT = "f0000000-0000-4000-8000-00000000000f"
FOREIGN_SUBSCRIPTION = "f1c0ffee-0000-4000-8000-000000000001"
FOREIGN_EVENT_HUB = ("fabrikam-events", "telemetry")
"""A namespace and an event hub of another tenant."""

_PROVIDERS = (EVENT_HUBS.provider, SERVICE_BUS.provider, resource_bodies.EVENT_GRID, resource_bodies.STORAGE)


def seed_destinations(store: Store) -> None:
    """Add destinations to a world that has none."""
    if store.get("world", "destinations"):
        return
    for subscription in seed.SUBSCRIPTIONS:
        state = "Registered" if subscription == seed.REGISTERED_SUBSCRIPTION else "NotRegistered"
        for provider in _PROVIDERS:
            store.put("provider", f"{subscription}/{provider}", {"registrationState": state})
    group, location = seed.OTHER_GROUP
    place = f"/subscriptions/{seed.REGISTERED_SUBSCRIPTION}/resourceGroups/{group}/providers"
    _entity(store, EVENT_HUBS, place, location, EVENT_HUB)
    _entity(store, SERVICE_BUS, place, location, TOPIC)
    topic = resource_bodies.topic(f"{place}/{resource_bodies.TOPIC}/{EVENT_GRID_TOPIC}", location)
    _put(store, topic)
    access_keys.create(store, topic["id"], resource_bodies.TOPIC_KEY_SIZE)
    account = resource_bodies.account(f"{place}/{resource_bodies.ACCOUNT}/{CONTAINER[0]}", location, seed.SEEDED_AT)
    _put(store, account)
    access_keys.create(store, account["id"], resource_bodies.ACCOUNT_KEY_SIZE)
    _put(store, resource_bodies.container(account["id"], CONTAINER[1], seed.SEEDED_AT))
    store.put("foreignSubscription", FOREIGN_SUBSCRIPTION, {"tenantId": FOREIGN_TENANT})
    place = f"/subscriptions/{FOREIGN_SUBSCRIPTION}/resourceGroups/fabrikam/providers"
    _entity(store, EVENT_HUBS, place, location, FOREIGN_EVENT_HUB)
    store.put("world", "destinations", {"version": 1})


def _entity(store: Store, bus: Bus, place: str, location: str, names: tuple[str, str]) -> None:
    outer = namespace(bus, f"{place}/{bus.type}/{names[0]}", location, seed.SEEDED_AT)
    inner = entity(bus, f"{outer['id']}/{bus.entities}/{names[1]}", location, seed.SEEDED_AT)
    rules = (rule(outer, ROOT_RULE, list(RIGHTS)), rule(inner, SENDER_RULE, ["Send"]))
    for resource in (outer, inner, *rules):
        _put(store, resource)
    for owner in rules:
        access_keys.create(store, owner["id"], KEY_SIZE)


def _put(store: Store, resource: Json) -> None:
    store.put(RESOURCES.kind, resource["id"], resource)
