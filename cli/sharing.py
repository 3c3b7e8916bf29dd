"""Deployments of a settings file that share a resource group: whose it is, and with which of them it goes.

Each has recorded the group as created by this tool, so it goes with the last of them. What all of them tag it with is
its tags; what only some do is on their instances alone.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from cli.sources import BY_NAME, gather
from cli.state_files import Read, read_states
from cli.stores import Place, places_in
from engine.refusal import BadInput
from state.document import StateDocument, serialized

if TYPE_CHECKING:
    from cli.resolve import Resolved
    from engine.record import PriorRuns
    from steps.step_01_resource_group.inputs import DesiredGroup

STEP, ITEM = "resource_group", "resource-group"


@dataclass(frozen=True)
class Sharer:
    """A deployment, its group and what it has to do with it."""

    name: str
    group_id: str
    """Lower-cased."""
    instance_id: str
    tags: Mapping[str, str] | None
    owns: bool
    """It has recorded the group as created by this tool."""
    exists: bool = True
    """Something of it is recorded: it was deployed, and not destroyed."""


def sharer_of(name: str, document: Mapping[str, Any]) -> Sharer | None:
    """Return a deployment as its state file's document has it; None for what is no such document."""
    with suppress(KeyError, TypeError, AttributeError):
        inputs, steps = document["inputs"], document["steps"]
        group = f"/subscriptions/{document['belongs_to']['subscription']}/resourceGroups/{inputs['resource_group']}"
        instance = f"{group}/providers/Microsoft.DigitalTwins/digitalTwinsInstances/{inputs['instance']}"
        tags = inputs.get("tag")
        made = [item for record in steps.values() for item in record.get("made") or ()]
        tags = tags if isinstance(tags, dict) else None
        return Sharer(name, group.lower(), instance, tags, ITEM in made, ITEM in made or "instance" in made)
    return None


def recorded_sharers(config: Path | None, but: Collection[str], *, local: bool) -> list[Sharer]:
    """Return the deployments of a settings file, `but` some, that have a state; a trial's, where that is `local`.

    A state that can't be read tells nothing: a group that is not empty is kept anyway. One in a blob is read only where
    the settings name a group: the default ones are one deployment's own.
    """
    try:
        places = places_in(config, local=local)
    except BadInput:  # told where it matters
        places = {}
    outside = {name: place for name, place in places.items() if name not in but}
    blobs = read_states({name: (place, {"config": config, "deployment": (name,)}) for name, place in outside.items()
                         if not isinstance(place, Path) and _names_a_group(config, name)})  # fmt: skip
    found: list[Sharer] = []
    for name, place in outside.items():
        with suppress(OSError, ValueError):
            sharer = sharer_of(name, _content(place, blobs.get(name)))
            found += [sharer] if sharer and sharer.exists else []
    return found


def _content(place: Place, blob: Read) -> Any:
    if isinstance(place, Path):
        return json.loads(place.read_text(encoding="utf-8-sig"))
    return json.loads(serialized(blob)) if isinstance(blob, StateDocument) else {}


def _names_a_group(config: Path | None, deployment: str) -> bool:
    return bool(gather({}, config, {}, (BY_NAME["resource_group"],), deployment=deployment))


def sharer_in_run(name: str, resolved: Resolved, prior: PriorRuns) -> Sharer:
    """Return a deployment whose inputs are settled."""
    target, desired = resolved.target, cast("DesiredGroup", resolved.desired[STEP])
    owns = any(ITEM in items for known in (prior.owned, prior.pending) for items in known.values())
    return Sharer(name, target.group_id.lower(), target.instance_id, desired.tags, owns)


def last_of(sharers: Sequence[Sharer]) -> Sharer:
    """Return the one that the group goes with: the last that has recorded it, else the last."""
    return ([sharer for sharer in sharers if sharer.owns] or sharers)[-1]


def share(
    settled: Mapping[str, tuple[Resolved, PriorRuns]], outside: Sequence[Sharer], *, removing: bool
) -> tuple[dict[str, Resolved], dict[str, set[str]]]:
    """Return the inputs of the deployments of a run, with what their sharing of groups means.

    With it, in a removal, which of them have to have ended before one takes the group with it. `outside` are other
    deployments of the file.
    """
    sharers = {name: sharer_in_run(name, *known) for name, known in settled.items()}
    groups: dict[str, list[Sharer]] = {}
    for sharer in sharers.values():
        groups.setdefault(sharer.group_id, []).append(sharer)
    found: dict[str, Resolved] = {}
    after: dict[str, set[str]] = {}
    for name, sharer in sharers.items():
        beside = [other for other in groups[sharer.group_id] if other.name != name]
        resolved = settled[name][0]
        if not removing:
            found[name] = with_sharers(resolved, [*outside, *beside])
        elif beside and last_of(groups[sharer.group_id]) is sharer:
            found[name] = with_sharers(resolved, outside, beside, removing=True)
            after[name] = {other.name for other in beside}
        else:
            found[name] = with_sharers(resolved, [*outside, *beside], removing=True)
    return found, after


def with_sharers(
    resolved: Resolved, others: Iterable[Sharer], going: Iterable[Sharer] = (), *, removing: bool = False
) -> Resolved:
    """Return the inputs with what the other deployments in the same group mean for it.

    `going` are those that are removed before this one; `others` all other ones.
    """
    group_id = resolved.target.group_id.lower()
    sharing = [other for other in others if other.group_id == group_id]
    before = [other for other in going if other.group_id == group_id]
    if not (sharing or before):
        return resolved
    desired = cast("DesiredGroup", resolved.desired[STEP])
    owners = [other.name for other in sharing if other.owns]
    changed = replace(
        desired,
        tags=desired.tags if removing else _common(desired.tags, [other.tags for other in sharing]),
        shared=bool(sharing),
        created_by_others=bool(owners),
        kept_for=", ".join(owners) if removing else "",
        going=tuple(other.instance_id for other in before),
    )
    return replace(resolved, desired={**resolved.desired, STEP: changed})


def _common(own: Mapping[str, str] | None, others: Iterable[Mapping[str, str] | None]) -> dict[str, str] | None:
    """Return the tags that all have with the same value; None where none has any."""
    every = [own, *others]
    if all(tags is None for tags in every):
        return None
    rest = [{name.lower(): value for name, value in (tags or {}).items()} for tags in every[1:]]
    return {name: value for name, value in (own or {}).items() if all(tags.get(name.lower()) == value for tags in rest)}
