"""The inventory of a world, in a stable order, so that two worlds with the same content compare equal."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from emulator.messages import Json


@dataclass(frozen=True)
class Item:
    """An entry of the inventory."""

    kind: str
    """The plural noun it is listed under: `resourceGroups`, `applications`."""
    label: str
    """Stands for its generated ids where those are left out; the same in worlds with the same content."""
    body: Json
    generated: tuple[str, ...] = ()
    """Ids that the service generated."""
    volatile: tuple[str, ...] = ()
    """Fields, at any depth of `body`, that differ from run to run: times, keys, etags."""


def render(items: Iterable[Item], *, volatile: bool) -> dict[str, list[Json]]:
    """Return the items by kind, sorted. Without `volatile`, such fields are left out and generated ids are labels."""
    everything = list(items)
    labels = {found.lower(): f"<{item.label}>" for item in everything for found in item.generated}
    out: dict[str, list[Json]] = {}
    for item in everything:
        body = item.body if volatile else _stable(item.body, item.volatile, labels)
        out.setdefault(item.kind, []).append(body)
    return {kind: sorted(out[kind], key=lambda body: json.dumps(body, sort_keys=True)) for kind in sorted(out)}


def _stable(value: Any, volatile: tuple[str, ...], labels: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _stable(part, volatile, labels) for key, part in value.items() if key not in volatile}
    if isinstance(value, list):
        parts = [_stable(part, volatile, labels) for part in value]
        return sorted(parts, key=lambda part: json.dumps(part, sort_keys=True))
    if isinstance(value, str):
        for found, label in labels.items():
            if found in value.lower():
                start = value.lower().index(found)
                value = value[:start] + label + value[start + len(found) :]
        return value
    return value
