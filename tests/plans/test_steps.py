"""What every step's folder has in common."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from engine.step import AnyStep

FOLDERS = sorted(file.parent.name for file in (Path(__file__).resolve().parents[2] / "steps").glob("step_*/step.py"))


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_step_is_named_as_its_folder(folder: str) -> None:
    step: AnyStep = importlib.import_module(f"steps.{folder}.step").STEP
    assert folder == f"step_{step.number:02}_{step.key.replace('-', '_')}"


def test_an_input_belongs_to_one_step() -> None:
    steps: list[AnyStep] = [importlib.import_module(f"steps.{folder}.step").STEP for folder in FOLDERS]
    names = [row.name for step in steps for row in step.inputs]
    assert len(names) == len(set(names))
