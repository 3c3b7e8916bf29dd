"""Step 10: the models of the instance, on its data plane. One write a request.

Whether they can be read and written depends on a data-plane role, which works only minutes after it was assigned.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.context import Context, Removal, Target
from engine.input import Given
from engine.record import Record, Values
from engine.refusal import Refusal
from engine.step import Plan, Step
from steps.shared.names import Names
from steps.step_10_models.changes import DeleteModels, UploadModels, counted, named
from steps.step_10_models.inputs import INPUTS, DesiredModels, desired_state
from steps.step_10_models.models import MODEL, MOST, FoundModel, Model, levels, needed, requests
from steps.step_10_models.refusals import MOST_TOLD, refuse_changed, refuse_unknown

if TYPE_CHECKING:
    from cloud.clients import Azure
    from engine.change import AnyChange


NONE_RECORDED = (
    "No model is recorded as uploaded by this tool: those in the instance are kept. A run whose state was lost may "
    "have uploaded some."
)


@dataclass(frozen=True)
class ObservedModels:
    """The models in the files and in the instance."""

    wanted: tuple[Model, ...] = ()
    present: Mapping[str, FoundModel] | None = field(default_factory=dict)
    """By id; None where the signed-in identity may not read them."""
    twins: Mapping[str, int] = field(default_factory=dict)
    """How many twins there are, by model; read only of models that may be deleted."""
    is_instance_marked: bool = False
    """The instance has this tool's tag; read only when a model could be adopted."""
    closed: Refusal | None = None
    """Why none can be read from here: the instance is closed to public networks."""


class ModelsStep(Step["Azure", Names, DesiredModels, ObservedModels]):
    """Uploads models, and deletes those of ours that are no longer desired."""

    number, key, title = 10, "models", "Models"
    needs = ("role",)
    after = ("private_endpoint",)  # the way to an instance that is closed already
    inputs = INPUTS
    kinds = (MODEL,)
    optional = True
    kept_next = (
        "Delete the twins, or the models of others, that use them, and run destroy again; or leave them. A model whose "
        "content somebody else has changed is theirs."
    )

    def desired(self, given: Mapping[str, Given], target: Target, names: Names) -> DesiredModels:
        del names
        return desired_state(given, target)

    async def observe(self, context: Context[Azure], desired: DesiredModels) -> ObservedModels:
        """Read the files, and list the models of the instance."""
        from asyncio import to_thread

        from steps.shared.azure_event_routing import is_instance_marked
        from steps.step_10_models.azure import look_at_models, read_twins

        removal, ours = context.removal, _recorded(context.record)
        is_desired = desired.paths is not None and bool(desired.paths or ours)
        if not ((ours and not removal.instance_goes) if removal else is_desired):
            return ObservedModels()
        wanted = () if removal else await to_thread(lambda: desired.models)
        found, closed = await look_at_models(context)
        existing = _existing(found or {}, ours)
        twins = await read_twins(context, existing.keys() - {model.id for model in wanted})
        unrecorded = {model.id for model in wanted} & ((found or {}).keys() - existing.keys())
        is_marked = bool(unrecorded) and await is_instance_marked(context)
        return ObservedModels(wanted, found, twins, is_marked, closed)

    def plan(
        self,
        observed: ObservedModels,
        desired: DesiredModels,
        record: Record,
        values: Values,
        answers: Mapping[str, bool],
    ) -> Plan:
        """Upload what is missing, and delete what is left over; refuse what is there with another content."""
        del values, answers
        ours, found = _recorded(record), observed.present or {}
        if desired.paths is None or not (desired.paths or ours):
            return Plan(reason="not desired", skipped=True)
        if observed.closed:
            return _unseen(observed, record, observed.closed)
        wanted = {model.id: model for model in observed.wanted}
        refuse_changed(observed.wanted, found)
        if observed.present is not None:
            refuse_unknown(observed.wanted, (*wanted, *found))
        existing = _existing(found, ours)
        adoptable = [model.item for name, model in wanted.items() if name in found and name not in existing]
        adoptable = adoptable if observed.is_instance_marked else []
        leaving = {name: digest for name, digest in existing.items() if name not in wanted}
        needs = {**_needs(found), **_needs(wanted)}
        kept = needed(leaving, observed.twins, needs)
        uploads = tuple(
            UploadModels(models=some)
            for some in requests([model for model in observed.wanted if model.id not in found])
        )
        notes = [f"{counted(len(adoptable))} found as in the files: recorded as its own again."] if adoptable else []
        if kept:
            notes.append(f"Models kept, as twins or other models use them: {named(sorted(kept))}.")
        changes = (*uploads, *_deletions(leaving, kept, needs))
        return Plan(
            changes,
            reason="" if changes else _there(len(wanted)),
            notes=tuple(notes),
            vanished=() if observed.present is None else _others(ours, existing),
            confirmed=_items(existing),
            adoptable=tuple(adoptable),
        )

    def remove(
        self, observed: ObservedModels, desired: DesiredModels, record: Record, values: Values, removal: Removal
    ) -> Plan:
        """Delete our models, unless they are deleted with the instance; keep those that twins or others' models use."""
        del values
        ours, found, paths = _recorded(record), observed.present or {}, desired.paths
        if removal.instance_goes:
            return Plan(reason="deleted with the instance", skipped=not ours)
        existing = _existing(found, ours)
        needs = _needs(found)
        kept = needed(existing, observed.twins, needs)
        changed = sorted({name for _, name in ours.values() if name in found and name not in existing})
        changes = tuple(_deletions(existing, kept, needs))
        unrecorded = bool(paths) and not ours
        return Plan(
            changes,
            reason="" if changes else "nothing to remove",
            notes=(NONE_RECORDED,) if unrecorded else (),
            skipped=not (changes or kept or changed or unrecorded),
            vanished=tuple(item for item in _others(ours, existing) if ours[item][1] not in changed),
            confirmed=_items(existing),
            retained=_retained(kept, observed.twins, changed),
            blocks=bool(kept),  # to remove them later takes the role
        )


def _unseen(observed: ObservedModels, record: Record, closed: Refusal) -> Plan:
    """Return the plan where the instance is closed to this machine; raise why, unless what is desired is recorded."""
    if record.pending or _recorded(record).keys() != {model.item for model in observed.wanted}:
        raise closed
    return Plan(
        reason=f"{counted(len(observed.wanted))} recorded as uploaded",
        notes=(
            "Models are not looked at, as the instance is closed to public networks: they are recorded as uploaded.",
        ),
    )


def _recorded(record: Record) -> dict[str, tuple[str, ...]]:
    """Return what is recorded of models, and what this step was about to upload: by item, the digest and the id."""
    return MODEL.among(record.owned | record.pending)


def _existing(found: Mapping[str, FoundModel], ours: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Return which of our models are in the instance with the content that we uploaded: by id, the digest."""
    return {name: digest for digest, name in ours.values() if name in found and found[name].digest == digest}


def _needs(models: Mapping[str, Model | FoundModel]) -> dict[str, frozenset[str]]:
    return {name: model.needs for name, model in models.items()}


def _items(models: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(MODEL.item(digest, name) for name, digest in sorted(models.items()))


def _others(ours: Mapping[str, tuple[str, ...]], existing: Mapping[str, str]) -> tuple[str, ...]:
    """Return what is recorded of models that don't exist with that content."""
    return tuple(item for item, (digest, name) in ours.items() if existing.get(name) != digest)


def _deletions(
    leaving: Mapping[str, str], kept: frozenset[str], needs: Mapping[str, frozenset[str]]
) -> Iterator[AnyChange]:
    """Yield the deletions in the order in which the service takes them: what needs others goes before these."""
    going = {name: needs[name] for name in leaving if name not in kept}
    for level in reversed([*levels(going)]):
        for start in range(0, len(level), MOST):
            yield DeleteModels(models=tuple((name, leaving[name]) for name in level[start : start + MOST]))


def _there(count: int) -> str:
    return "there are none" if not count else f"{counted(count)} {'exists' if count == 1 else 'exist'}"


def _retained(kept: frozenset[str], twins: Mapping[str, int], changed: list[str]) -> tuple[str, ...]:
    """Return what is kept of our models, with why; a line each for the first of those that twins use."""
    used = sorted(name for name in kept if name in twins)
    lines = [f"{name} has {twins[name]:,} twin{'s' if twins[name] > 1 else ''}." for name in used[:MOST_TOLD]]
    if len(used) > MOST_TOLD:
        lines.append(f"{len(used) - MOST_TOLD:,} more models have twins.")
    if kept - twins.keys():
        lines.append(f"Models that are kept need {named(sorted(kept - twins.keys()))}.")
    if changed:
        lines.append(f"The content of {named(changed)} is not what was uploaded.")
    return tuple(lines)


STEP = ModelsStep()
