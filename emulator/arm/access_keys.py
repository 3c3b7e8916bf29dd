"""Access keys: made at random for each owner (an authorization rule, a topic, an account), and kept.

They are secrets: kept apart from the resources, so that nothing that shows a resource shows a key.
"""

from __future__ import annotations

import base64
import secrets

from emulator.store import Store
from emulator.world import World

KIND = "accessKey"
NAMES = ("primary", "secondary")


def make(store: Store, owner: str, size: int = 32) -> None:
    """Give `owner` (a resource id) two keys of `size` bytes, unless it has them."""
    for name in NAMES:
        if store.get(KIND, f"{owner}/{name}") is None:
            regenerate(store, owner, name, size)


def regenerate(store: Store, owner: str, name: str, size: int = 32) -> None:
    """Replace one key of `owner`."""
    store.put(KIND, f"{owner}/{name}", {"secret": base64.b64encode(secrets.token_bytes(size)).decode()})


def of(world: World, owner: str) -> tuple[str, ...]:
    """Return the keys of `owner`: primary, secondary; none if it has none."""
    found = [world.store.get(KIND, f"{owner}/{name}") for name in NAMES]
    return tuple(str(record["secret"]) for record in found if record)


def forget(world: World, scope: str) -> None:
    """Forget the keys of what lies at `scope` and below it."""
    for key, _ in world.store.list(KIND, f"{scope}/"):
        world.store.delete(KIND, key)
