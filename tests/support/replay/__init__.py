"""Asks an embedded Azure what the real one was asked when its answers were recorded, with what each question needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.support.replay.asking import Replay
from tests.support.replay.data_plane import data_plane
from tests.support.replay.directory import graph, providers, resource_groups
from tests.support.replay.management import management
from tests.support.replay.resources import destinations, errors, identities, roles

__all__ = ["GROUPS", "Replay"]

GROUPS: Mapping[str, Callable[[Replay], None]] = {
    "digital twins, management": management,
    "digital twins, data plane": data_plane,
    "graph": graph,
    "resource groups": resource_groups,
    "providers": providers,
    "role assignments and definitions": roles,
    "user-assigned identities": identities,
    "destinations": destinations,
    "errors met in recordings of other services": errors,
}
"""What plays each group of the recordings."""
