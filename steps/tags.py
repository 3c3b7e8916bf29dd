"""Tags of a group or an instance: which have to be set or taken away. Others' tags are kept; names ignore case."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from steps.model import MARK

MARK_TAG = "created-by"
ON_GROUP, ON_INSTANCE = "group-tag:", "tag:"
"""`tag:NAME`, in lower case, is recorded for each tag that we have set."""


@dataclass(frozen=True)
class Retagged:
    """What becomes of the tags. `says` is empty when they are as they should be."""

    after: Mapping[str, str]
    """All of them: Azure replaces the tags it is sent as a whole."""
    says: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()
    unmakes: tuple[str, ...] = ()


def retag(kind: str, present: Mapping[str, str], wanted: Mapping[str, str] | None, made: Collection[str]) -> Retagged:
    """Merge what is wanted into what is there, and take away what we set earlier and is no longer wanted."""
    if wanted is None:
        return Retagged(present)
    spelt = {name.lower(): name for name in present}
    asked = {name.lower(): (spelt.get(name.lower(), name), value) for name, value in wanted.items()}
    wrong = {low: one for low, one in asked.items() if present.get(one[0]) != one[1]}
    stale = [one.removeprefix(kind) for one in sorted(made) if one.startswith(kind)]
    gone = {low: spelt[low] for low in stale if low in spelt and low not in asked}
    after = {name: value for name, value in present.items() if name not in gone.values()}
    return Retagged(
        {**after, **dict(wrong.values())},
        (
            *(f"set tag {name}={value}" for name, value in wrong.values()),
            *(f"remove tag {one}" for one in gone.values()),
        ),
        tuple(kind + low for low in wrong),
        tuple(kind + low for low in stale if low not in asked),
    )


def marked(tags: Mapping[str, str] | None) -> bool:
    """Whether these tags say that this tool created what has them."""
    return any(name.lower() == MARK_TAG and value == MARK for name, value in (tags or {}).items())
