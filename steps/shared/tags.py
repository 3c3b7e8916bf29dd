"""Tags of a group or an instance: which have to be set or removed. Others' tags are kept; names ignore case. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from engine.record import Kind

MARK = "azure-digital-twins-deploy"
"""What this tool creates carries it: the tag `created-by` of resources, a `description`, an application's `tags`."""
MARK_TAG = "created-by"

GROUP_TAG, INSTANCE_TAG = Kind("group-tag", 1), Kind("tag", 1)
"""The tags that this tool has set, by their lower-cased names."""


@dataclass(frozen=True)
class TagChange:
    """What becomes of the tags. `words` is empty when they are as desired."""

    after: Mapping[str, str]
    """All of them: Azure replaces the tags it is sent as a whole."""
    words: tuple[str, ...] = ()
    owns: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()


def change_tags(
    kind: Kind, present: Mapping[str, str], desired: Mapping[str, str] | None, owned: Collection[str]
) -> TagChange:
    """Merge the desired tags into those present, and remove those that this tool set and are no longer desired.

    None desires nothing: all stay as they are.
    """
    if desired is None:
        return TagChange(present)
    spelling = {name.lower(): name for name in present}
    asked = {name.lower(): (spelling.get(name.lower(), name), value) for name, value in desired.items()}
    wrong = {low: pair for low, pair in asked.items() if present.get(pair[0]) != pair[1]}
    stale = sorted(kind.names(owned) - asked.keys())
    removed = [spelling[low] for low in stale if low in spelling]
    after = {name: value for name, value in present.items() if name not in removed}
    return TagChange(
        {**after, **dict(wrong.values())},
        (*(f"set tag {name}={value}" for name, value in wrong.values()), *(f"remove tag {name}" for name in removed)),
        tuple(kind.item(low) for low in wrong),
        tuple(kind.item(low) for low in stale),
    )


def is_marked(tags: Mapping[str, str] | None) -> bool:
    """Whether these tags say that this tool created the resource."""
    return any(name.lower() == MARK_TAG and value == MARK for name, value in (tags or {}).items())
