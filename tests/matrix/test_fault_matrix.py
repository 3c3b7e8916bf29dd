"""A sample of the fault matrix, drawn anew each time; `python3 -m tests.matrix --fault` runs all of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

from tests.conftest import SEED
from tests.matrix import faults
from tests.matrix.cases import USER
from tests.matrix.catalogue import Affliction, afflictions
from tests.matrix.lab import Lab

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
