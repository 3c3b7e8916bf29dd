"""The virtual network that every new world has, in the group of what others share."""

from __future__ import annotations

from emulator import seed
from emulator.arm.core.resources import RESOURCES
from emulator.arm.network import networks
from emulator.store import Store

NETWORK = (
    f"/subscriptions/{seed.REGISTERED_SUBSCRIPTION}/resourceGroups/{seed.OTHER_GROUP[0]}/providers/{networks.TYPE}"
    "/contoso-network"
)
SUBNET = f"{NETWORK}/subnets/private-endpoints"
OTHER_SUBNET = f"{NETWORK}/subnets/other-endpoints"


def seed_network(store: Store) -> None:
    """Add it to a world that has none."""
    if store.get("world", "network"):
        return
    for subscription in seed.SUBSCRIPTIONS:
        state = "Registered" if subscription == seed.REGISTERED_SUBSCRIPTION else "NotRegistered"
        store.put("provider", f"{subscription}/{networks.PROVIDER}", {"registrationState": state})
    subnets = {"private-endpoints": "10.20.1.0/24", "other-endpoints": "10.20.2.0/24"}
    store.put(RESOURCES.kind, NETWORK, networks.network(NETWORK, seed.OTHER_GROUP[1], "10.20.0.0/16", subnets))
    store.put("world", "network", {"version": 1})
