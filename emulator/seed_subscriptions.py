"""More subscriptions than a new world has: as the registered one, but empty."""

from __future__ import annotations

from emulator import seed
from emulator.store import Store

KIND = "subscription"
FIRST = len(seed.SUBSCRIPTIONS) + 1


def seed_subscriptions(store: Store, count: int) -> None:
    """Add subscriptions where there are fewer than so many more."""
    for number in range(FIRST, FIRST + count):
        subscription = f"{seed.REGISTERED_SUBSCRIPTION[:-4]}{number:04}"
        if store.get(KIND, subscription) is None:
            store.put(KIND, subscription, seed.subscription_body(subscription, f"Contoso {number:04}"))
            store.put("provider", f"{subscription}/Microsoft.DigitalTwins", {"registrationState": "Registered"})
            seed.assign_all(store, subscription)


def names(store: Store) -> dict[str, str]:
    """Return the names of all subscriptions, by their ids."""
    return {str(body["subscriptionId"]): str(body["displayName"]) for _, body in store.list(KIND)}
