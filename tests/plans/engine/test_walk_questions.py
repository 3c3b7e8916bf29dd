"""What steps may ask, and when."""

from __future__ import annotations

import asyncio

import pytest

from engine.refusal import BadInput
from engine.step import Ask, Plan
from engine.walk import exit_code
from tests.plans.engine.small import (
    Facts,
    Place,
    SmallStep,
    Trip,
    Write,
    always,
)


def asks(*about: str) -> Plan:
    return Plan(ask=Ask("purge", "Delete everything?", about))


def ask_first(facts: Facts) -> Plan:
    """Asks, and does as answered."""
    if "purge" not in facts.answers:
        return asks()
    return Plan((Write(name="purge" if facts.answers["purge"] else "keep"),))


@pytest.mark.parametrize(("answer", "written"), [(True, "purge"), (False, "keep")])
def test_an_answer_plans_again_without_asking_azure_again(answer: bool, written: str) -> None:
    other = SmallStep("b", always(), "a")
    trip = Trip(SmallStep("a", ask_first), other, answers={"earlier": True})

    async def run() -> None:
        looks = await trip.walk.look()
        assert looks["a"].plan == asks()
        looks = await trip.walk.answer({"purge": answer})
        assert looks["a"].plan == Plan((Write(name=written),))
        await trip.walk.apply(trip.recorded)

    asyncio.run(run())
    assert trip.walk.answers == {"earlier": True, "purge": answer}
    assert trip.place.written == [written]
    assert trip.place.asked == ["a", "b", "b"]  # b again, as a has written


class Unreliable(Place):
    """Gives no answer to the first question."""

    async def has(self, name: str) -> bool:
        is_first = not self.asked
        there = await super().has(name)
        if is_first:
            raise OSError("no answer")
        return there


def test_after_an_answer_what_could_not_be_read_is_asked_again() -> None:
    trip = Trip(SmallStep("a", always(reason="there")), SmallStep("b", ask_first), place=Unreliable())

    async def run() -> None:
        assert (await trip.walk.look())["a"].error
        look = (await trip.walk.answer({"purge": True}))["a"]
        assert (look.plan, look.error) == (Plan(reason="there"), None)

    asyncio.run(run())
    assert trip.place.asked == ["a", "b", "a"]


def test_bad_input_after_an_answer_is_told() -> None:
    def planner(facts: Facts) -> Plan:
        if facts.answers:
            raise BadInput("Wrong.")
        return asks()

    trip = Trip(SmallStep("a", planner))

    async def run() -> None:
        await trip.walk.look()
        error = (await trip.walk.answer({"purge": True}))["a"].error
        assert error
        assert error.exit_code == 2

    asyncio.run(run())


def test_a_question_that_first_arises_after_a_write_is_refused_and_not_acted_on() -> None:
    """Nobody is asked mid-run, and nothing is done that wasn't planned when questions were asked."""

    def planner(facts: Facts) -> Plan:
        if not facts.exists:
            return Plan((Write(name="careful"),))
        return Plan((Write(name="drastic"),), ask=Ask("purge", "Delete everything?", ("all of it", "for ever")))

    trip = Trip(
        SmallStep("a", always(Write(name="write-a", boxes=("b",)))),
        SmallStep("b", planner, "a"),
        SmallStep("c", always(Write(name="write-c")), "b"),
    )
    results = trip.run()
    assert {key: result.outcome.name for key, result in results.items()} == {
        "a": "DONE", "b": "FAILED", "c": "BLOCKED",
    }  # fmt: skip
    assert trip.place.written == ["write-a"]
    error = results["b"].error
    assert error
    assert (error.what, error.why, error.exit_code) == ("Delete everything?", "all of it\nfor ever", 1)
    assert error.next
    assert exit_code(results) == 1
    assert results["b"].plan is None


def test_another_question_than_before_is_new() -> None:
    step = SmallStep("b", lambda facts: asks("more" if facts.exists else "less"), "a")
    trip = Trip(SmallStep("a", always(Write(name="write-a", boxes=("b",)))), step)
    assert trip.outcomes() == {"a": "DONE", "b": "FAILED"}


def test_a_question_that_was_there_before_is_not_new() -> None:
    """Unanswered, its plan is the careful one."""
    step = SmallStep("b", always(Write(name="careful"), ask=Ask("purge", "Delete everything?")), "a")
    trip = Trip(SmallStep("a", always(Write(name="write-a"))), step)
    assert trip.outcomes() == {"a": "DONE", "b": "DONE"}
    assert trip.place.written == ["write-a", "careful"]


def test_a_question_after_a_look_that_failed_is_new() -> None:
    def planner(facts: Facts) -> Plan:
        if not facts.exists:
            raise OSError("lost")
        return asks()

    trip = Trip(SmallStep("a", always(Write(name="write-a", boxes=("b",)))), SmallStep("b", planner, "a"))
    assert trip.outcomes() == {"a": "DONE", "b": "FAILED"}
