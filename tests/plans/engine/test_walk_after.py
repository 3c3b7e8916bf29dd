"""What comes after other steps: last changes, and steps that follow others however these end."""

from __future__ import annotations

import asyncio

import pytest

from engine.context import Context, Removal
from engine.outcome import Outcome
from engine.record import Values
from tests.plans.engine.small import Place, SmallStep, Trip, Write, always, fail, no_effect, produce


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


def test_a_step_can_have_several_changes_that_come_last() -> None:
    last = [Write(name=name, comes_last=True) for name in ("close", "lock")]
    trip = Trip(SmallStep("a", always(Write(name="open"), *last)), SmallStep("b", always(Write(name="write-b")), "a"))
    assert trip.outcomes() == {"a": "DONE", "b": "DONE"}
    assert trip.place.written == ["open", "write-b", "close", "lock"]


async def slow(context: Context[Place]) -> Values:
    """Take longer than a step that waits for nobody."""
    for _ in range(20):
        await asyncio.sleep(0)
    return {}


@pytest.mark.parametrize(("closing", "other"), ["ab", "ba"])
def test_a_change_that_comes_last_waits_for_every_other_step_and_shows_that(closing: str, other: str) -> None:
    trip = Trip(
        SmallStep(closing, always(Write(name="close", comes_last=True))),
        SmallStep(other, always(Write(name="write", effect=slow))),
    )
    trip.run()
    assert trip.recorded.events.index(("ended", other, "DONE")) < trip.recorded.events.index(
        ("about to", closing, "close")
    )
    assert [event[:2] for event in trip.shown.events if event[0] == "waiting"] == [("waiting", closing)]


def test_a_change_that_comes_last_waits_for_nobody_where_there_is_no_other_step() -> None:
    trip = Trip(SmallStep("a", always(Write(name="close", comes_last=True))))
    assert trip.outcomes() == {"a": "DONE"}
    assert [event[0] for event in trip.shown.events] == ["started", "ended"]


def test_a_change_that_comes_last_and_what_follows_it_are_not_recorded_as_begun_while_it_waits() -> None:
    """A run that is interrupted while it waits was not making it."""
    close = Write(name="close", comes_last=True)
    trip = Trip(
        SmallStep("a", always(Write(name="open"), close, Write(name="tidy"))),
        SmallStep("b", always(Write(name="write-b")), "a"),
    )
    trip.run()
    assert [event for event in trip.recorded.events if event[0] in ("about to", "done")] == [
        (what, step, change)
        for step, change in (("a", "open"), ("b", "write-b"), ("a", "close"), ("a", "tidy"))
        for what in ("about to", "done")
    ]


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
    results = Trip(SmallStep("a", always(Write(name="change", effect=produce(id="1")), close)), *steps).run()
    assert (results["a"].outcome, results["a"].remaining) == (
        (Outcome.BLOCKED, (close,)) if failing == "b" else (Outcome.DONE, ())
    )
    assert results["a"].values == {"id": "1"}
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
