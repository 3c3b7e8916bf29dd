"""What every step's folder has in common."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

import steps
from engine.step import AnyStep
from steps.shared import target

FOLDERS = sorted(file.parent.name for file in (Path(__file__).resolve().parents[2] / "steps").glob("step_*/step.py"))


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_step_is_named_as_its_folder(folder: str) -> None:
    step: AnyStep = importlib.import_module(f"steps.{folder}.step").STEP
    assert folder == f"step_{step.number:02}_{step.key.replace('-', '_')}"


def test_an_input_belongs_to_one_step() -> None:
    all_steps: list[AnyStep] = [importlib.import_module(f"steps.{folder}.step").STEP for folder in FOLDERS]
    names = [row.name for step in all_steps for row in step.inputs]
    assert len(names) == len(set(names))


def test_default_names_depend_on_tenant_and_subscription_in_any_case() -> None:
    group, instance = target.default_group("T", "s"), target.default_instance("t", "S")
    suffix = target.default_suffix("t", "s")
    assert (group, instance, len(suffix)) == (f"digital-twins-{suffix}", f"adt-{suffix}", 8)
    assert target.default_suffix("s", "t") != suffix


def test_the_steps_are_numbered_without_a_gap() -> None:
    assert sorted(step.number for step in steps.STEPS) == list(range(1, len(FOLDERS) + 1))
    with pytest.raises(AttributeError):
        _ = steps.NOTHING
    with pytest.raises(AttributeError):
        _ = steps.nothing
