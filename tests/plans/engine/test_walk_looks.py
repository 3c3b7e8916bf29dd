"""What steps are told when they look, and when they look again."""

from __future__ import annotations

import asyncio

import pytest

from engine.context import Context, Reads, Removal
from engine.record import PriorRuns, Values
from engine.refusal import BadInput, Refusal
from engine.step import Plan
from engine.walk import refuse_bad_input
from tests.plans.engine.small import (
    BOX,
    Facts,
    Place,
    SmallStep,
    Trip,
    Write,
    always,
    produce,
    refuse,
    until_there,
)
from tests.plans.facts import TARGET


def test_a_look_writes_nothing_and_plans_every_step() -> None:
    steps = SmallStep("a", always(Write(name="write-a"))), SmallStep("b", always(reason="there"), "a")
    trip = Trip(*steps)
    looks = asyncio.run(trip.walk.look())
    assert {key: look.plan for key, look in looks.items()} == {
        "a": Plan((Write(name="write-a"),)),
        "b": Plan(reason="there"),
    }
    assert (trip.place.written, trip.recorded.events, trip.shown.events) == ([], [], [])
    assert [look.error for look in looks.values()] == [None, None]


def test_steps_are_told_what_was_given() -> None:
    step = SmallStep("a", always())
    prior = PriorRuns(
        {"id": "1"},
        {"a": frozenset({"box:mine"}), "b": frozenset({"box:other"})},
        {"a": "write-a", "b": "write-b"},
        {"a": frozenset({"box:new"}), "b": frozenset({"box:newer"})},
        frozenset({"a"}),
    )
    trip = Trip(step, SmallStep("b", always()), prior=prior, answers={"purge": True})
    asyncio.run(trip.walk.look())
    (facts,) = step.planned
    assert facts.desired == "desired a"
    assert (facts.values, facts.answers, facts.removal) == ({"id": "1"}, {"purge": True}, None)
    record = facts.record
    assert record.owned == {"box:mine"}
    assert record.owned_by_any == {"box:mine", "box:other"}
    assert record.pending == {"box:new"}
    assert record.in_progress == "write-a"
    assert record.removed
    (context,) = step.contexts
    assert (context.record, context.values, context.answers) == (record, {"id": "1"}, {"purge": True})
    assert (context.clients, context.target, context.removal) == (trip.place, TARGET, None)
    assert trip.walk.target is TARGET
    context.progress("Azure")
    context.reveal("secret", "text")
    assert trip.shown.events == [("waiting", "a", "Azure"), ("reveal", "secret", "text")]


def test_a_step_without_a_record_is_told_of_none() -> None:
    step = SmallStep("b", always())
    trip = Trip(step, prior=PriorRuns(removed=frozenset({"a"})))
    asyncio.run(trip.walk.look())
    record = step.planned[0].record
    assert (record.owned, record.owned_by_any, record.pending) == (frozenset(), frozenset(), frozenset())
    assert (record.in_progress, record.removed) == ("", False)
    assert trip.walk.answers == {}


def test_values_that_are_news_make_those_that_need_them_look_again() -> None:
    steps = (
        SmallStep("a", always(values={"id": "new"})),
        SmallStep("b", always(), "a"),
        SmallStep("c", always()),
        SmallStep("d", always(), "b"),
    )
    trip = Trip(*steps, prior=PriorRuns({"id": "old", "other": "kept"}))
    asyncio.run(trip.walk.look())
    assert [[facts.values["id"] for facts in step.planned] for step in steps] == [
        ["old"],
        ["old", "new"],
        ["old"],
        ["old"],
    ]
    assert steps[1].planned[1].values["other"] == "kept"
    assert trip.place.asked == ["a", "b", "c", "d"]


def test_values_that_were_known_are_no_news() -> None:
    steps = SmallStep("a", always(values={"id": "old"})), SmallStep("b", always(), "a")
    asyncio.run(Trip(*steps, prior=PriorRuns({"id": "old"})).walk.look())
    assert [len(step.planned) for step in steps] == [1, 1]


def test_bad_input_found_by_a_look_is_its_steps_own_and_refused_before_a_write() -> None:
    trip = Trip(
        SmallStep("a", refuse(Refusal("Forbidden.", exit_code=3))),
        SmallStep("b", refuse(BadInput("Wrong."))),
        SmallStep("c", refuse(BadInput("Wrong too."))),
        SmallStep("d", always()),
    )
    looks = asyncio.run(trip.walk.look())
    assert [look.error.exit_code if look.error else 0 for look in looks.values()] == [3, 2, 2, 0]
    with pytest.raises(Refusal, match=r"\n- Wrong\.\n- Wrong too\.$"):
        refuse_bad_input(looks)
    with pytest.raises(BadInput) as alone:
        refuse_bad_input({key: looks[key] for key in "acd"})
    assert alone.value is looks["c"].error
    refuse_bad_input({key: looks[key] for key in "ad"})


def test_a_failure_is_no_bad_input() -> None:
    """The other steps go on."""
    refuse_bad_input(asyncio.run(Trip(SmallStep("a", refuse(Refusal("Failed.", exit_code=1)))).walk.look()))


def test_any_other_refusal_is_kept_for_the_end() -> None:
    trip = Trip(SmallStep("a", refuse(Refusal("Forbidden.", exit_code=3))))
    look = asyncio.run(trip.walk.look())["a"]
    assert look.plan is None
    assert look.error
    assert (look.error.what, look.error.exit_code) == ("Forbidden.", 3)


def test_a_look_shares_reads_with_what_was_asked_before() -> None:
    async def run() -> None:
        place, reads = Place(), Reads()
        await reads(place.has, "a")
        await Trip(SmallStep("a", always()), place=place, reads=reads).walk.look()
        assert place.asked == ["a"]

    asyncio.run(run())


def test_a_step_looks_again_after_a_write_that_it_needed() -> None:
    step = SmallStep("b", until_there(Write(name="write-b")), "a")
    first = SmallStep("a", always(Write(name="write-a", boxes=("b",), effect=produce(id="new"))))
    trip = Trip(first, step)
    results = trip.run()
    assert {key: result.outcome.name for key, result in results.items()} == {"a": "DONE", "b": "UNCHANGED"}
    assert trip.place.asked == ["a", "b", "b"]
    assert trip.place.written == ["write-a"]
    assert [facts.values for facts in step.planned] == [{}, {"id": "new"}]


def test_a_look_that_failed_is_repeated_after_any_earlier_write() -> None:
    """Opening the network changes the instance, not what is between it and the routes."""

    def planner(facts: Facts) -> Plan:
        if not facts.exists:
            raise Refusal("Closed.")
        return Plan(reason="it is there")

    first = SmallStep("a", always(Write(name="open", boxes=("c",))))
    steps = first, SmallStep("b", always(), "a"), SmallStep("c", planner, "b")
    assert Trip(*steps).outcomes() == {"a": "DONE", "b": "UNCHANGED", "c": "UNCHANGED"}


def test_a_look_that_failed_is_not_repeated_when_nothing_was_written() -> None:
    trip = Trip(SmallStep("a", always()), SmallStep("b", refuse(Refusal("Closed.")), "a"))
    assert trip.outcomes() == {"a": "UNCHANGED", "b": "FAILED"}
    assert trip.place.asked == ["a", "b"]


def test_what_a_later_look_finds_is_told_to_those_that_need_it() -> None:
    def planner(facts: Facts) -> Plan:
        return Plan((Write(name="write-b"),), values={"id": "found"} if facts.exists else {})

    step = SmallStep("c", always(), "b")
    Trip(SmallStep("a", always(Write(name="write-a", boxes=("b",)))), SmallStep("b", planner, "a"), step).run()
    assert [facts.values for facts in step.planned] == [{}, {"id": "found"}]


def test_a_step_does_not_look_again_when_nothing_changed() -> None:
    trip = Trip(
        SmallStep("a", always()),
        SmallStep("b", always(skipped=True), optional=True),
        SmallStep("c", always(Write(name="write-c"))),
        SmallStep("d", always(), "a", "b"),
        SmallStep("e", always(), "a", "c"),
    )
    trip.run()
    assert trip.place.asked == ["a", "b", "c", "d", "e", "e"]


def test_a_step_looks_again_after_a_removal_that_it_needed() -> None:
    """`destroy` goes from b to a: what b removed may be what kept a from being removed."""
    place = Place({"a"})
    step = SmallStep("a", lambda facts: Plan((Write(name="remove-a"),)) if not facts.exists else Plan(reason="in use"))
    trip = Trip(
        step, SmallStep("b", always(Write(name="remove-b", deleted=("a",))), "a"), place=place, removal=Removal()
    )
    assert trip.outcomes() == {"b": "REMOVED", "a": "REMOVED"}
    assert place.written == ["remove-b", "remove-a"]
    assert place.asked == ["b", "a", "a"]


def test_a_removal_that_had_nothing_to_do_makes_nobody_look_again() -> None:
    trip = Trip(SmallStep("a", always()), SmallStep("b", always(), "a"), removal=Removal())
    assert trip.outcomes() == {"b": "KEPT", "a": "KEPT"}
    assert trip.place.asked == ["b", "a"]


def test_a_look_that_failed_is_made_good_by_a_later_one() -> None:
    def planner(facts: Facts) -> Plan:
        if not facts.exists:
            raise OSError("lost")
        return Plan((Write(name="write-b"),))

    trip = Trip(SmallStep("a", always(Write(name="write-a", boxes=("b",)))), SmallStep("b", planner, "a"))
    assert trip.outcomes() == {"a": "DONE", "b": "DONE"}


def test_a_change_reads_anew_and_is_told_what_was_produced() -> None:
    seen: list[Values] = []

    async def effect(context: Context[Place]) -> Values:
        seen.append(dict(context.values))
        await context.read(context.clients.has, "a")
        context.progress("Azure")
        return {"second": "2"}

    changes = Write(name="one", boxes=("one",), effect=produce(first="1")), Write(name="two", effect=effect)
    step = SmallStep("a", always(*changes, values={"plan": "0", "second": "1"}))
    trip = Trip(step)
    results = trip.run()
    assert seen == [{"plan": "0", "first": "1", "second": "1"}]
    assert results["a"].values == {"plan": "0", "first": "1", "second": "2"}
    assert trip.recorded.values == {"one": {"first": "1"}, "two": {"second": "2"}}
    assert trip.place.asked == ["a", "a"]
    assert ("waiting", "a", "Azure") in trip.shown.events


def test_the_target_of_a_removal_and_its_extent_are_told() -> None:
    removal = Removal(instance_goes=True)
    step = SmallStep("a", always())
    trip = Trip(step, removal=removal, prior=PriorRuns(owned={"a": frozenset({BOX.item("a")})}))
    asyncio.run(trip.walk.look())
    assert step.planned[0].removal is removal
    assert step.contexts[0].removal is removal
