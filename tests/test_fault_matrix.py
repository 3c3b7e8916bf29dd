"""A sample of the fault matrix, drawn anew each time; `python3 -m tests.matrix --fault` runs all of it."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import SEED
from tests.matrix import faults
from tests.matrix.cases import USER
from tests.matrix.catalogue import Affliction, afflictions
from tests.matrix.lab import Lab
from tests.world import ROOT

SORTS: dict[str, Callable[[Affliction], bool]] = {
    "a status": lambda one: one.fault.name[0].isdigit() and not one.every,
    "a connection": lambda one: one.fault.rule["do"] in ("drop", "tls") and not one.every,
    "an answer": lambda one: one.fault.rule["do"].startswith(("body", "truncate", "headers")) and not one.every,
    "silence": lambda one: one.fault.rule["do"] == "hold" and not one.every,
    "an operation": lambda one: one.fault.name.startswith("operation"),
    "every time": lambda one: one.every and not one.fault.clock,
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A world to break things in."""
    with Lab(tmp_path_factory.mktemp("lab") / "lab", USER) as made:
        yield made


def draw(lab: Lab, sort: str) -> Affliction:
    print(f"MATRIX_SEED={SEED}")
    rng = random.Random(f"{SEED} {sort}")
    return rng.choice([one for one in afflictions(lab.undisturbed.requests) if SORTS[sort](one)])


@pytest.mark.parametrize("sort", SORTS)
def test_a_fault_is_ridden_out_or_told_and_mended(lab: Lab, sort: str) -> None:
    verdict = faults.inflict(lab, draw(lab, sort))
    assert verdict.reached, verdict.json()
    assert verdict.converged, verdict.json()
    assert not verdict.problems, verdict.json()


def test_what_is_not_spoilt_on_purpose_keeps_to_the_contracts(lab: Lab, shared: Path) -> None:
    faults.inflict(lab, draw(lab, "an answer"))
    entries = lab.azure.recorded()
    assert sum(1 for entry in entries if entry.get("_injected")) == 1
    command = [sys.executable, str(shared / "tools/check_traffic.py"), str(lab.azure.traffic)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout
    assert ", 0 unrecognised, 0 violations" in done.stdout
