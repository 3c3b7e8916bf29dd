"""The input of the models. Pure, but for reading the files when they are first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from engine.context import Target
from engine.input import Given, Input, file_problem, list_of
from steps.step_10_models.model_files import read_models
from steps.step_10_models.models import Model

INPUTS = (
    Input(
        "models",
        "DTDL models to upload: a file, or a folder with its .json and .dtdl files.",
        "PATH",
        file_problem,
        kind="list",
        path=True,
        group="Models",
    ),
)


@dataclass(frozen=True)
class DesiredModels:
    """The models that the instance is to have."""

    target: Target
    paths: tuple[Path, ...] | None
    """None: not mentioned, left as they are. Empty: what this tool uploaded is deleted."""

    @cached_property
    def models(self) -> tuple[Model, ...]:
        """The models in the files, read once in a run: what is uploaded is what was confirmed.

        BadInput for files that can't be used.
        """
        return read_models(self.paths or ())


def desired_state(given: Mapping[str, Given], target: Target) -> DesiredModels:
    """Return the paths of the models."""
    paths = list_of(given, "models")
    return DesiredModels(target, None if paths is None else tuple(map(Path, paths)))
