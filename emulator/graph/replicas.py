"""Replication: what a read of the directory shows, and when. All reads and writes of Graph's objects use it.

Writes change the truth at once, and unique keys (`uniqueName`, `appId`) are always checked against it, so an upsert
never creates two. Reads, lists and the look-ups that a dependent write makes are answered by a replica, which may still
show the object as it was before its last write: missing after a create, unchanged after an update, present after a
delete.

- Timed: there are three replicas, which have seen a write after one, two and three thirds of the `replication` time.
  They answer in turn, so a later read can miss what an earlier one saw.
- Counted: the first read that the write makes a difference to gets the old state, all later ones the new.

A write to an object whose last write is still under way goes on from what the replicas show: once one of them has
shown the present state, that is the old state of the next.
"""

from __future__ import annotations

from collections.abc import Callable

from emulator.messages import Json
from emulator.world import World

REPLICAS = 3


def next_replica(world: World) -> None:
    """Choose the next replica to answer, once a request. Counted worlds have a single one."""
    if not world.lag.latency.counted:
        world.store.put("world", "replica", {"number": (_replica(world) + 1) % REPLICAS})


def write(world: World, kind: str, key: str, body: Json | None) -> None:
    """Store `body` as the object's state; None deletes it."""
    truth = world.store.get(kind, key)
    lag = _lag(kind, key)
    if world.store.get("shadow", f"{kind}/{key}") is None or _seen_by_some(world, lag):
        world.store.put("shadow", f"{kind}/{key}", {"before": truth})
    world.lag.begin(lag, "replication")
    if body is None:
        world.store.delete(kind, key)
    else:
        world.store.put(kind, key, body)


def read(world: World, kind: str, key: str) -> Json | None:
    """Return the object as the answering replica shows it, or None."""
    return _shown(world, kind, key, world.store.get(kind, key))


def select(world: World, kind: str, matches: Callable[[Json], bool]) -> list[Json]:
    """Return the matching objects as the answering replica shows them, in order of key.

    Only objects that match before or after their last write are observed.
    """
    truths = dict(world.store.list(kind))
    before = {key.partition("/")[2]: kept["before"] for key, kept in world.store.list("shadow", f"{kind}/")}
    found = []
    for key in sorted(truths.keys() | before.keys()):
        truth, old = truths.get(key), before.get(key)
        if not any(body is not None and matches(body) for body in (truth, old)):
            continue
        shown = _shown(world, kind, key, truth)
        if shown is not None and matches(shown):
            found.append(shown)
    return found


def truth(world: World, kind: str, name: str, value: str) -> Json | None:
    """Return the object whose property `name` is `value` (whatever the case), replicated or not."""
    for _, body in world.store.list(kind):
        if str(body.get(name) or "").lower() == value.lower():
            return body
    return None


def unseen(world: World, kind: str, key: str) -> bool:
    """Whether a dependent write meets a replica that does not show the object yet; counts as an observation."""
    kept = world.store.get("shadow", f"{kind}/{key}")
    if kept is None or kept["before"] is not None:
        return world.store.get(kind, key) is None
    return read(world, kind, key) is None


def _shown(world: World, kind: str, key: str, truth: Json | None) -> Json | None:
    kept = world.store.get("shadow", f"{kind}/{key}")
    if kept is None:
        return truth
    lag = _lag(kind, key)
    if world.lag.latency.counted or world.lag.elapsed(lag) >= 1.0:
        behind = world.lag.pending(lag)
    else:
        behind = world.lag.elapsed(lag) < (_replica(world) + 1) / REPLICAS
    if behind:
        before: Json | None = kept["before"]
        return before
    if not world.lag.active(lag):
        world.store.delete("shadow", f"{kind}/{key}")
    return truth


def _seen_by_some(world: World, lag: str) -> bool:
    if world.lag.latency.counted:
        return not world.lag.active(lag)
    return world.lag.elapsed(lag) >= 1 / REPLICAS


def _replica(world: World) -> int:
    kept = world.store.get("world", "replica")
    return int(kept["number"]) if kept else 0


def _lag(kind: str, key: str) -> str:
    return f"graph/{kind}/{key}"
