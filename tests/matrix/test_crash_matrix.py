"""A sample of the crash matrix, drawn anew each time; `python3 -m tests.matrix --crash` runs all of it."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.conftest import SEED
from tests.matrix import crash, story
from tests.matrix.cases import USER
from tests.matrix.lab import Lab

BEFORE, AFTER = "before the rename to deploy.state.json", "after the rename to deploy.state.json"
EMPTY = "a temporary file is there and empty"
"""Points of the hook that watches the tool's writes."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A world to break things in."""
    with Lab(tmp_path_factory.mktemp("lab") / "lab", USER) as made:
        yield made


def test_the_hook_sees_the_writes(lab: Lab) -> None:
    """Were nothing observed, nothing would be killed, and the matrix would prove nothing."""
    points = lab.undisturbed.points
    renames = points.count(BEFORE)
    writes = [request for request in lab.undisturbed.requests if request["method"] in ("PUT", "PATCH")]
    assert renames > 2 * len(writes) > 0, "the state is written before and after each write to Azure"
    assert renames == points.count(AFTER)
    assert renames == points.count(EMPTY)


@pytest.mark.parametrize("where", ["before", "after", "write", "twice"])
def test_a_crash_leaves_nothing_half_done(lab: Lab, where: str) -> None:
    rng = random.Random(f"{SEED} {where}")
    print(f"MATRIX_SEED={SEED}")
    if where == "twice":
        (chosen,) = crash.double_crashes(lab, 1, rng)
    else:
        chosen = rng.choice([one for one in crash.crashes(lab) if where in (one.kills[0].phase, one.kills[0].at)])
    for verdict in crash.inflict(lab, chosen):
        assert verdict.converged, verdict.json()
        assert not verdict.problems, verdict.json()


@pytest.mark.parametrize("where", ["after", "write"])
def test_a_crash_with_everything_on_leaves_nothing_half_done(everything: Lab, where: str) -> None:
    print(f"MATRIX_SEED={SEED}")
    kills = [one for one in crash.crashes(everything) if where in (one.kills[0].phase, one.kills[0].at)]
    writes = [one for one in kills if where == "write" or not one.kills[0].what.startswith("GET")]
    for verdict in crash.inflict(everything, random.Random(f"{SEED} everything {where}").choice(writes)):
        assert verdict.converged, verdict.json()
        assert not verdict.problems, verdict.json()


def test_any_story_ends_well(lab: Lab) -> None:
    print(f"MATRIX_SEED={SEED}")
    machine = seed(SEED)(story.of(lab))
    few = settings(
        max_examples=2, stateful_step_count=3, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(machine, settings=few)
