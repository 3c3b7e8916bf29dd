"""What a removal keeps though it is recorded as ours."""

from __future__ import annotations

import pytest

from engine.context import Removal
from engine.outcome import Outcome, Result
from engine.step import Plan
from engine.walk import exit_code
from tests.plans.engine.small import Place, SmallStep, Trip, Write, always


def test_what_is_kept_blocks_what_it_needs_only_where_the_plan_says_so() -> None:
    """In `destroy` b, which needs a, goes first."""
    for blocks, expected in ((False, "REMOVED"), (True, "BLOCKED")):
        steps = (
            SmallStep("a", always(Write(name="one"))),
            SmallStep("b", always(Write(name="two"), retained=("in use",), blocks=blocks), "a"),
        )
        trip = Trip(*steps, removal=Removal())
        trip.run()
        assert trip.outcomes() == {"b": "RETAINED", "a": expected}


def test_what_is_kept_is_an_error_that_says_why_and_what_to_do() -> None:
    step = SmallStep("a", always(Write(name="one"), retained=("in use", "changed")))
    results = Trip(step, removal=Removal()).run()
    error = results["a"].error
    assert error
    assert (error.why.splitlines(), error.next) == (["in use", "changed"], step.kept_next)
    assert exit_code(results) == 1


@pytest.mark.parametrize("removes", [True, False])
def test_a_step_looks_again_where_a_removal_that_keeps_something_has_removed_something_else(removes: bool) -> None:
    place = Place({"a"})
    changes = (Write(name="remove-b", deleted=("a",)),) if removes else ()
    trip = Trip(
        SmallStep("a", lambda facts: Plan(reason="in use") if facts.exists else Plan((Write(name="remove-a"),))),
        SmallStep("b", always(*changes, retained=("changed",)), "a"),
        place=place,
        removal=Removal(),
    )
    assert trip.outcomes() == {"b": "RETAINED", "a": "REMOVED" if removes else "KEPT"}
    assert place.asked == (["b", "a", "a"] if removes else ["b", "a"])


@pytest.mark.parametrize(("changes", "outcome"), [((Write(name="one"),), "DONE"), ((), "UNCHANGED")])
def test_what_a_deployment_keeps_is_no_error_and_blocks_nothing(changes: tuple[Write, ...], outcome: str) -> None:
    trip = Trip(
        SmallStep("a", always(*changes, retained=("in use",), blocks=True)),
        SmallStep("b", always(Write(name="two")), "a"),
    )
    results = trip.run()
    assert {key: result.outcome.name for key, result in results.items()} == {"a": outcome, "b": "DONE"}
    assert exit_code(results) == 0


def test_a_result_without_a_plan_has_written_nothing_and_blocks_nothing() -> None:
    result = Result(Outcome.RETAINED)
    assert (result.has_written, result.blocks) == (False, False)
