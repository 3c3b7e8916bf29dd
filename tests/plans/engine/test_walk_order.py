"""When steps start, and how they end."""

from __future__ import annotations

import asyncio

import pytest

from engine.context import Context, Removal
from engine.outcome import Outcome, Result, StepLook
from engine.record import PriorRuns, Values
from engine.refusal import Refusal
from engine.step import NeedsYou, Plan
from engine.walk import exit_code
from tests.plans.engine.small import BOX, Place, SmallStep, Trip, Write, always, fail, meet, refuse, until_there


def test_a_step_starts_when_what_it_needs_has_ended() -> None:
    trip = Trip(
        SmallStep("a", always(Write(name="write-a"), Write(name="write-more"))),
        SmallStep("b", always(Write(name="write-b")), "a"),
        SmallStep("c", always(Write(name="write-c")), "b", "a"),
    )
    assert trip.outcomes() == {"a": "DONE", "b": "DONE", "c": "DONE"}
    assert trip.place.written == ["write-a", "write-more", "write-b", "write-c"]
    assert trip.recorded.events == [
        ("planned", "a"),
        ("about to", "a", "write-a"),
        ("done", "a", "write-a"),
        ("about to", "a", "write-more"),
        ("done", "a", "write-more"),
        ("ended", "a", "DONE"),
        ("planned", "b"),
        ("about to", "b", "write-b"),
        ("done", "b", "write-b"),
        ("ended", "b", "DONE"),
        ("planned", "c"),
        ("about to", "c", "write-c"),
        ("done", "c", "write-c"),
        ("ended", "c", "DONE"),
    ]
    assert trip.shown.events == [
        ("started", "a", "write-a"),
        ("started", "a", "write-more"),
        ("ended", "a", "DONE"),
        ("started", "b", "write-b"),
        ("ended", "b", "DONE"),
        ("started", "c", "write-c"),
        ("ended", "c", "DONE"),
    ]


def test_steps_that_need_nothing_of_each_other_run_side_by_side() -> None:
    met = asyncio.Barrier(3)
    steps = [SmallStep(key, always(Write(name=f"write-{key}", effect=meet(met)))) for key in "abc"]
    assert set(Trip(*steps).outcomes().values()) == {"DONE"}


async def take_long(context: Context[Place]) -> Values:
    """Let everything else go on that can."""
    for _ in range(100):
        await asyncio.sleep(0)
    context.clients.written.append("at last")
    return {}


def test_the_last_step_waits_for_the_slowest() -> None:
    trip = Trip(
        SmallStep("a", always()),
        SmallStep("b", always(Write(name="write-b", effect=take_long))),
        SmallStep("c", always(Write(name="write-c")), last=True),
    )
    trip.run()
    assert trip.place.written == ["write-b", "at last", "write-c"]


def test_the_last_step_waits_for_every_other_however_these_end() -> None:
    steps = [
        SmallStep("a", always(Write(name="write-a", effect=fail(OSError("no"))))),
        SmallStep("b", always(Write(name="write-b")), "a"),
        SmallStep("c", always(Write(name="write-c"))),
        SmallStep("d", always(Write(name="write-d")), last=True),
    ]
    trip = Trip(*steps)
    assert trip.outcomes() == {"a": "FAILED", "b": "BLOCKED", "c": "DONE", "d": "DONE"}
    ends = [event for event in trip.recorded.events if event[0] == "ended"]
    assert trip.recorded.events.index(("planned", "d")) > max(map(trip.recorded.events.index, ends[:3]))
    assert trip.place.written[-1] == "write-d"


def test_a_step_that_is_not_last_does_not_wait_for_others() -> None:
    opened = asyncio.Event()

    async def wait(context: Context[Place]) -> Values:
        await asyncio.wait_for(opened.wait(), 10)
        return {}

    async def open_(context: Context[Place]) -> Values:
        opened.set()
        return {}

    first = SmallStep("a", always(Write(name="write-a", effect=wait)))
    trip = Trip(first, SmallStep("b", always(Write(name="write-b", effect=open_))))
    assert trip.outcomes() == {"a": "DONE", "b": "DONE"}


def test_what_needs_a_failed_step_is_blocked_and_says_what_remains() -> None:
    writes = Write(name="one"), Write(name="two", effect=fail(OSError("no"))), Write(name="three")
    blocked = Write(name="write-b"), Write(name="write-more")
    trip = Trip(
        SmallStep("a", always(*writes)),
        SmallStep("b", always(*blocked), "a"),
        SmallStep("c", always(Write(name="write-c")), "b", "a"),
        SmallStep("d", refuse(OSError("lost")), "a"),
        SmallStep("e", always(Write(name="write-e"))),
    )
    results = trip.run()
    assert {key: result.outcome.name for key, result in results.items()} == {
        "a": "FAILED", "b": "BLOCKED", "c": "BLOCKED", "d": "BLOCKED", "e": "DONE",
    }  # fmt: skip
    assert results["a"].remaining == writes[1:]
    assert results["b"].remaining == blocked
    assert results["d"].remaining == ()
    assert results["b"].values == {}
    assert "Step a" in results["b"].reason
    assert "Step a, Step b" in results["c"].reason
    assert "Step c" not in results["c"].reason
    assert exit_code(results) == 1
    assert [key for key in trip.place.written if key not in ("one", "two")] == ["write-e"]
    assert ("ended", "b", "BLOCKED") in trip.recorded.events
    assert ("ended", "b", "BLOCKED") in trip.shown.events
    assert ("planned", "b") not in trip.recorded.events


def test_a_failed_look_fails_the_step_alone() -> None:
    trip = Trip(SmallStep("a", refuse(OSError("lost"))), SmallStep("b", always(Write(name="write-b"))))
    results = trip.run()
    assert (results["a"].outcome, results["b"].outcome) == (Outcome.FAILED, Outcome.DONE)
    error = results["a"].error
    assert error
    assert error.what == "Can't look at the step a."
    assert (results["a"].plan, results["a"].remaining, results["a"].exit_code) == (None, (), 1)
    assert trip.recorded.events[0] != ("planned", "a")


def test_how_steps_end_without_changes() -> None:
    asks = NeedsYou("sign it")
    trip = Trip(
        SmallStep("a", always(reason="it is there", values={"id": "1"})),
        SmallStep("b", always(skipped=True, reason="not desired"), optional=True),
        SmallStep("c", always(needs_you=asks)),
        SmallStep("d", always(Write(name="write-d"), needs_you=asks, reason="later")),
        SmallStep("e", always(Write(name="write-e"), skipped=True)),
    )
    results = trip.run()
    assert {key: result.outcome.name for key, result in results.items()} == {
        "a": "UNCHANGED", "b": "SKIPPED", "c": "NEEDS_YOU", "d": "NEEDS_YOU", "e": "SKIPPED",
    }  # fmt: skip
    assert (results["a"].reason, results["a"].values) == ("it is there", {"id": "1"})
    assert (results["b"].reason, results["d"].reason) == ("not desired", "")
    assert results["c"].plan
    assert results["c"].plan.needs_you is asks
    assert all(result.exit_code == 0 for result in results.values())
    assert [outcome.value for outcome in Outcome] == [
        "done", "already done", "needs you", "skipped", "failed", "blocked", "removed", "nothing to do", "kept",
    ]  # fmt: skip


def test_an_idle_step_is_not_blocked() -> None:
    trip = Trip(
        SmallStep("a", always(Write(name="write-a", effect=fail(OSError("no"))))),
        SmallStep("b", always(skipped=True), "a", optional=True),
        SmallStep("c", always(skipped=True), "a"),
        SmallStep("d", always(), "a", optional=True),
        SmallStep("e", always(Write(name="write-e")), "b"),
    )
    assert trip.outcomes() == {"a": "FAILED", "b": "SKIPPED", "c": "BLOCKED", "d": "BLOCKED", "e": "DONE"}


def test_an_idle_step_is_not_blocked_while_removing() -> None:
    prior = PriorRuns(owned={"b": frozenset({BOX.item("b")})})
    trip = Trip(
        SmallStep("a", always(skipped=True)),
        SmallStep("b", always(Write(name="remove-b", deleted=("b",), effect=fail(OSError("no")))), "a"),
        prior=prior,
        removal=Removal(),
    )
    assert trip.outcomes() == {"b": "FAILED", "a": "SKIPPED"}


@pytest.mark.parametrize(
    ("plan", "optional", "removing", "idle"),
    [
        (Plan(skipped=True), True, False, True),
        (Plan(skipped=True), False, True, True),
        (Plan(skipped=True), True, True, True),
        (Plan(skipped=True), False, False, False),
        (Plan(), True, True, False),
        (None, True, True, False),
    ],
)
def test_there_is_nothing_to_tell_of_an_idle_step(
    plan: Plan | None, optional: bool, removing: bool, idle: bool
) -> None:
    step = SmallStep("a", always(), optional=optional)
    assert StepLook(plan).is_idle(step, removing=removing) is idle
    assert Result(Outcome.SKIPPED, plan).is_idle(step, removing=removing) is idle
    if not removing:
        assert StepLook(plan).is_idle(step) is idle
        assert Result(Outcome.SKIPPED, plan).is_idle(step) is idle


def test_a_result_is_modest() -> None:
    result = Result(Outcome.DONE)
    assert (result.plan, result.values, result.error, result.reason, result.remaining) == (None, {}, None, "", ())
    assert result.exit_code == 0
    assert Result(Outcome.FAILED, error=Refusal("No.", exit_code=3)).exit_code == 3


def test_a_second_run_has_nothing_to_do() -> None:
    place = Place()
    step = SmallStep("a", until_there(Write(name="write-a", boxes=("a",))))
    assert Trip(step, place=place).outcomes() == {"a": "DONE"}
    assert Trip(step, place=place).outcomes() == {"a": "UNCHANGED"}
    assert place.written == ["write-a"]


def test_a_walk_knows_its_direction() -> None:
    steps = (
        SmallStep("a", always()),
        SmallStep("b", always(), "a"),
        SmallStep("c", always(), "a"),
        SmallStep("d", always(), "b", "c"),
    )
    walk = Trip(*steps).walk
    assert not walk.removes
    assert walk.steps == steps
    assert [walk.needs(step) for step in steps] == [(), ("a",), ("a",), ("b", "c")]
    back = Trip(*steps, removal=Removal()).walk
    assert back.removes
    assert back.steps == steps[::-1]
    assert [back.needs(step) for step in steps] == [("b", "c"), ("d",), ("d",), ()]
