"""The steps, in order, and the inputs of all of them.

Importing this package loads the inputs alone, as `--help` needs no more; STEPS loads the steps when it is first used.
No SDK is loaded by either.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from engine.input import Input
from steps.shared import target

if TYPE_CHECKING:
    from engine.step import AnyStep

    STEPS: tuple[AnyStep, ...]

_FOLDERS = (
    "step_01_resource_group",
    "step_02_instance",
    "step_03_role",
    "step_04_app_registration",
    "step_06_destination_roles",
    "step_11_private_endpoint",  # before what is written through it
    "step_07_endpoints",
    "step_08_routes",
    "step_09_app_role",
    "step_10_models",
    "step_05_consent_hints",  # runs last: see docs/decisions.md
)


def _inputs(folder: str) -> tuple[Input, ...]:
    return getattr(import_module(f"{__name__}.{folder}.inputs"), "INPUTS", ())


INPUTS: tuple[Input, ...] = (*target.INPUTS, *(row for folder in _FOLDERS for row in _inputs(folder)))


def __getattr__(name: str) -> tuple[AnyStep, ...]:
    if name != "STEPS":
        raise AttributeError(name)
    steps: tuple[AnyStep, ...] = tuple(import_module(f"{__name__}.{folder}.step").STEP for folder in _FOLDERS)
    globals()[name] = steps
    return steps
