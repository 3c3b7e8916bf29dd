"""Tags of a group, an instance or an identity: which have to be set or removed, and this tool's own among them.

Others' tags are kept; names ignore case. Pure.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from engine.change import Difference, Drift
from engine.record import Kind

MARK = "azure-digital-twins-deploy"
"""What this tool creates carries it: as a tag's name, in an assignment's `description`, in an application's `tags`."""
FORMER_TAG = "created-by"
"""The name of the tag of earlier versions, with MARK as its value. Policies that tag what is new write it too."""
MARK_WORDS = "tag it as managed by this tool"

GROUP_TAG, INSTANCE_TAG = Kind("group-tag", 1, is_setting=True), Kind("tag", 1, is_setting=True)
"""The tags that this tool has added, by their lower-cased names."""


@dataclass(frozen=True)
class TagChange:
    """What becomes of the tags. `words` is empty when they are as desired."""

    after: Mapping[str, str]
    """All of them: Azure replaces the tags it is sent as a whole."""
    words: tuple[str, ...] = ()
    owns: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()

    def differences(self, before: Mapping[str, str]) -> tuple[Difference, ...]:
        """Return how the tags differ from those before, by name."""
        names = dict.fromkeys((*before, *self.after))
        pairs = ((name, before.get(name, ""), self.after.get(name, "")) for name in names)
        return tuple(Difference(f"tag {name}", was, becomes) for name, was, becomes in pairs if was != becomes)


def change_tags(
    kind: Kind, present: Mapping[str, str], desired: Mapping[str, str] | None, owned: Collection[str]
) -> TagChange:
    """Merge the desired tags into those present, and remove those that this tool added and are no longer desired.

    None desires nothing: all stay as they are. A tag of others that gets another value stays theirs.
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
        tuple(kind.item(low) for low in wrong if low not in spelling),
        tuple(kind.item(low) for low in stale),
    )


def taken_over(
    kind: Kind, present: Mapping[str, str], asked: Mapping[str, str] | None, owned: Collection[str]
) -> frozenset[str]:
    """Return the recorded tags that have another value than was asked for: somebody else has given it, and it stays."""
    values = {name.lower(): value for name, value in present.items()}
    return frozenset(
        kind.item(low)
        for low, value in ((name.lower(), value) for name, value in (asked or {}).items())
        if kind.item(low) in owned and values.get(low, value) != value
    )


def mark_value(instance_id: str) -> str:
    """Return the value of a deployment's tag: eight hexadecimal digits that depend on the instance's id alone."""
    return hashlib.sha256(instance_id.lower().encode()).hexdigest()[:8]


def mark_tags(instance_id: str) -> dict[str, str]:
    """Return the tag of what the deployment of this instance creates."""
    return {MARK: mark_value(instance_id)}


def mark_text(instance_id: str) -> str:
    """Return the mark of what has no tags but a description."""
    return f"{MARK}:{mark_value(instance_id)}"


def is_marked(tags: Mapping[str, str] | None, instance_id: str) -> bool:
    """Whether these tags say that the deployment of this instance created the resource.

    The tag of another deployment says that it did not, whatever the tag of earlier versions says.
    """
    value, former = _marks(tags)
    return former == MARK if value is None else value == mark_value(instance_id)


def is_marked_group(tags: Mapping[str, str] | None) -> bool:
    """Whether these tags say that this tool created the group: several deployments may share one."""
    value, former = _marks(tags)
    return former == MARK if value is None else bool(re.fullmatch("[0-9a-f]{8}", value))


def is_marked_text(text: str | None, instance_id: str) -> bool:
    """Whether a description says that the deployment of this instance created it; or any did, in earlier versions."""
    return text in {mark_text(instance_id), MARK}


def describe_marks(tags: Mapping[str, str] | None, instance_id: str) -> str:
    """Say what became of the tag that something was created with by the deployment of this instance."""
    value, former = _marks(tags)
    if value is not None:
        return f"its tag {MARK} says {value}, which is another deployment's"
    if former is not None:
        return f"it has no tag {MARK}={mark_value(instance_id)}, and its tag {FORMER_TAG} says {former}"
    return f"its tag {MARK}={mark_value(instance_id)} is gone"


def with_mark(change: TagChange, instance_id: str) -> TagChange:
    """Return the change with the tag of this deployment, where there is only that of earlier versions."""
    value, former = _marks(change.after)
    if value is not None or former != MARK:
        return change
    return replace(change, after={**change.after, **mark_tags(instance_id)}, words=(*change.words, MARK_WORDS))


def drift_of(before: Mapping[str, str], after: Mapping[str, str]) -> Drift:
    """Return how Azure differs while its tags are those before: not at all where only this deployment's is added."""
    differing = {name for name, _ in before.items() ^ after.items()}
    return Drift.NONE if differing == {MARK} else Drift.DIFFERS


def _marks(tags: Mapping[str, str] | None) -> tuple[str | None, str | None]:
    """Return the values of the tag and of that of earlier versions; None where there is none."""
    by_name = {name.lower(): value for name, value in (tags or {}).items()}
    return by_name.get(MARK), by_name.get(FORMER_TAG)
