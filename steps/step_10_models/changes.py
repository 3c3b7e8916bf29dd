"""The writes of step 10: some models are uploaded by one request, or deleted by one for each."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.change import Change, Drift
from engine.context import Context
from engine.record import Values
from steps.step_10_models.models import MODEL, Model

if TYPE_CHECKING:
    from cloud.clients import Azure

MOST_NAMED = 8


@dataclass(frozen=True, kw_only=True)
class UploadModels(Change["Azure"]):
    """Upload models, all or none."""

    models: tuple[Model, ...]
    drift = Drift.MISSING

    @property
    def key(self) -> str:
        return f"upload-models:{self.models[0].id}"

    @property
    def title(self) -> str:
        return f"upload {counted(len(self.models))}"

    @property
    def detail(self) -> str:
        return named(self.names)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(model.id for model in self.models)

    @property
    def owns(self) -> tuple[str, ...]:
        return tuple(model.item for model in self.models)

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_10_models.azure import upload

        await upload(context, self.models, self.title)
        return {}


@dataclass(frozen=True, kw_only=True)
class DeleteModels(Change["Azure"]):
    """Delete models of ours that don't need each other."""

    models: tuple[tuple[str, str], ...]
    """Pairs of the id and the digest that is recorded."""
    drift = Drift.LEFT_OVER

    @property
    def key(self) -> str:
        return f"delete-models:{self.models[0][0]}"

    @property
    def title(self) -> str:
        return f"delete {counted(len(self.models))}"

    @property
    def detail(self) -> str:
        return named(self.names)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.models)

    @property
    def releases(self) -> tuple[str, ...]:
        return tuple(MODEL.item(digest, name) for name, digest in self.models)

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_10_models.azure import delete

        await delete(context, self.names, self.title)
        return {}


def counted(count: int) -> str:
    """Return a number of models in words."""
    return "1 model" if count == 1 else f"{count:,} models"


def named(ids: Collection[str]) -> str:
    """Return the first of the ids, and how many more there are."""
    more = f" and {len(ids) - MOST_NAMED:,} more" if len(ids) > MOST_NAMED else ""
    return ", ".join([*ids][:MOST_NAMED]) + more
