"""What comes after other steps: last changes, and steps that follow others however these end."""

from __future__ import annotations

import pytest

from engine.context import Removal
from engine.outcome import Outcome
from tests.plans.engine.small import SmallStep, Trip, Write, always, fail, no_effect


def test_a_change_that_comes_last_follows_the_writes_of_those_that_need_its_step() -> None:
    """Closing the network: the instance is there for the routes, which can't be written afterwards."""
    close = Write(name="close", comes_last=True)
    trip = Trip(
        SmallStep("a", always(Write(name="change-a"), close)),
        SmallStep("b", always(Write(name="write-b")), "a"),
        SmallStep("c", always(Write(name="write-c")), "a", "b", last=True),
    )
    assert trip.outcomes() == {"a": "DONE", "b": "DONE", "c": "DONE"}
    assert trip.place.written == ["change-a", "write-b", "write-c", "close"]


def test_changes_of_two_steps_that_come_last_do_not_wait_for_each_other() -> None:
    steps = [SmallStep(key, always(Write(name=f"close-{key}", comes_last=True))) for key in ("a", "b")]
    trip = Trip(*steps, SmallStep("c", always(Write(name="write-c")), "b"))
    trip.run()
    assert trip.place.written == ["write-c", "close-a", "close-b"]


def test_a_change_that_comes_last_is_made_though_another_step_failed() -> None:
    close = Write(name="close", comes_last=True)
    failing = SmallStep("b", always(Write(name="write-b", effect=fail(OSError()))), "a")
    trip = Trip(SmallStep("a", always(close)), failing)
    assert trip.outcomes() == {"a": "DONE", "b": "FAILED"}
    assert trip.place.written == ["write-b", "close"]


@pytest.mark.parametrize("failing", ["b", "c", ""])
def test_a_last_change_is_not_made_where_it_would_be_in_the_way_of_the_next_run(failing: str) -> None:
    close = Write(name="close", comes_last=True, required=("b",))
    steps = [
        SmallStep(key, always(Write(name=f"write-{key}", effect=fail(OSError()) if key == failing else no_effect)), "a")
        for key in ("b", "c")
    ]
    results = Trip(SmallStep("a", always(Write(name="change"), close)), *steps).run()
    assert (results["a"].outcome, results["a"].remaining) == (
        (Outcome.BLOCKED, (close,)) if failing == "b" else (Outcome.DONE, ())
    )
    assert results["b"].blocks == (failing == "b")


def test_a_step_comes_after_another_however_that_ends_and_looks_again_at_what_it_wrote() -> None:
    for effect, looks in ((no_effect, 2), (fail(OSError()), 1)):
        later = SmallStep("b", always(Write(name="write-b")), after=("a",))
        trip = Trip(later, SmallStep("a", always(Write(name="write-a", effect=effect))))
        assert trip.outcomes()["b"] == "DONE"
        assert (trip.place.written, len(later.contexts)) == (["write-a", "write-b"], looks)


def test_a_removal_keeps_what_another_step_comes_after_until_that_is_removed() -> None:
    for effect, outcomes in (
        (no_effect, {"b": "REMOVED", "a": "REMOVED"}),
        (fail(OSError()), {"b": "FAILED", "a": "BLOCKED"}),
    ):
        steps = (
            SmallStep("b", always(Write(name="delete-b", effect=effect)), after=("a",)),
            SmallStep("a", always(Write(name="delete-a"))),
        )
        trip = Trip(*steps, removal=Removal())
        assert trip.outcomes() == outcomes
        assert trip.place.written == ["delete-b", "delete-a"][: 2 if outcomes["b"] == "REMOVED" else 1]
