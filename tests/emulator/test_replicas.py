"""Replication in the embedded Azure's Graph, timed: three replicas that disagree for a while."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.graph import replicas
from emulator.lag import Lag, Latency
from emulator.store import Store
from emulator.tokens import TokenAuthority
from emulator.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    store = Store(tmp_path / "azure.sqlite3")
    yield World(
        store=store,
        lag=Lag(store, Latency(scale=1000.0)),
        tokens=TokenAuthority(store, "https://127.0.0.1:1"),
        data=tmp_path,
        arm_endpoint="https://127.0.0.1:1",
    )
    store.close()


def pass_time(world: World, share: float) -> None:
    """Let `share` of the replication time be over."""
    duration = world.lag.latency.delay("replication")
    for key, record in world.store.list("lag"):
        world.store.put("lag", key, {**record, "begun": time.time() - share * duration})


def shown(world: World) -> list[str | None]:
    """What three requests in a row are shown."""
    found: list[str | None] = []
    for _ in range(replicas.REPLICAS):
        replicas.next_replica(world)
        body = replicas.read(world, "application", "1")
        found.append(str(body["name"]) if body else None)
    return found


def test_a_later_read_can_miss_what_an_earlier_one_saw(world: World) -> None:
    replicas.write(world, "application", "1", {"id": "1", "name": "new"})
    counts = []
    for share in (0.1, 0.4, 0.7, 1.1):
        pass_time(world, share)
        counts.append(shown(world).count("new"))
    assert counts == [0, 1, 2, 3]
    replicas.write(world, "application", "1", None)
    pass_time(world, 0.4)
    assert sorted(shown(world), key=str) == [None, "new", "new"]


def test_a_write_goes_on_from_what_the_replicas_show(world: World) -> None:
    replicas.write(world, "application", "1", {"id": "1", "name": "first"})
    replicas.write(world, "application", "1", {"id": "1", "name": "second"})
    assert shown(world) == [None] * 3
    pass_time(world, 0.4)
    replicas.write(world, "application", "1", {"id": "1", "name": "third"})
    assert shown(world) == ["second"] * 3
    assert replicas.truth(world, "application", "name", "third")
