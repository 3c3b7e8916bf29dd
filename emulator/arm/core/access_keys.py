"""Access keys: random for each owner (an authorization rule, a topic, an account).

They are stored apart from the resources, so that whatever shows a resource never shows a key.
"""

from __future__ import annotations

import base64
import secrets

from emulator.store import Store
from emulator.world import World

KIND = "accessKey"
NAMES = ("primary", "secondary")


def create(store: Store, owner: str, size: int = 32) -> None:
    """Create two keys of `size` bytes for `owner` (a resource id), unless it has them."""
    for name in NAMES:
        if store.get(KIND, f"{owner}/{name}") is None:
            regenerate(store, owner, name, size)


def regenerate(store: Store, owner: str, name: str, size: int = 32) -> None:
    """Replace one key of `owner`."""
    store.put(KIND, f"{owner}/{name}", {"secret": base64.b64encode(secrets.token_bytes(size)).decode()})


def of(world: World, owner: str) -> tuple[str, ...]:
    """Return the primary and the secondary key of `owner`; empty if it has none."""
    found = [world.store.get(KIND, f"{owner}/{name}") for name in NAMES]
    return tuple(str(record["secret"]) for record in found if record)


def remove_under(world: World, scope: str) -> None:
    """Remove the keys of the resource at `scope` and of those below it."""
    for key, _ in world.store.list(KIND, f"{scope}/"):
        world.store.delete(KIND, key)
