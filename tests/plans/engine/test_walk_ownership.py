"""What is recorded as ours while a walk goes on."""

from __future__ import annotations

import asyncio

import pytest

from engine.context import Context, Removal
from engine.record import PriorRuns, Values
from engine.step import Plan
from tests.plans.engine.small import (
    BOX,
    LABEL,
    PART,
    Facts,
    Place,
    SmallStep,
    Trip,
    Write,
    always,
    fail,
    meet,
)


def box(*names: str) -> frozenset[str]:
    return frozenset(BOX.item(name) for name in names)


def owned_after(planner_of_a: Plan, *, removal: Removal | None = None, **prior: frozenset[str]) -> SmallStep:
    """Run step a by its plan; return step z, which looked at the record after it."""
    first = SmallStep("a", lambda _: planner_of_a, *(("z",) if removal else ()))
    then = SmallStep("z", always(), *(() if removal else ("a",)))
    Trip(*((then, first) if removal else (first, then)), prior=PriorRuns(owned=prior), removal=removal).run()
    return then


def test_what_a_write_creates_is_ours_afterwards() -> None:
    step = owned_after(Plan((Write(name="one", boxes=("new", "newer")),)), a=box("old"), z=box("z"))
    assert [facts.record.owned_by_any for facts in step.planned] == [box("old", "z"), box("old", "z", "new", "newer")]
    assert [facts.record.owned for facts in step.planned] == [box("z"), box("z")]


def test_what_a_write_releases_is_nobodys_afterwards() -> None:
    """A deleted group takes what other steps created in it along."""
    step = owned_after(Plan((Write(name="one", deleted=("a", "z")),)), a=box("a", "b"), z=box("z", "y"))
    assert step.planned[-1].record.owned == box("y")
    assert step.planned[-1].record.owned_by_any == box("b", "y")


def test_a_write_can_replace_what_it_releases() -> None:
    step = owned_after(Plan((Write(name="one", deleted=("a",), boxes=("a",)),)), a=box("a"))
    assert step.planned[-1].record.owned_by_any == box("a")


def test_what_vanished_is_forgotten() -> None:
    plan = Plan((Write(name="one"),), vanished=(BOX.item("a"), BOX.item("z")))
    step = owned_after(plan, a=box("a", "b"), z=box("z"))
    assert step.planned[-1].record.owned_by_any == box("b")


def test_what_is_adoptable_is_ours() -> None:
    step = owned_after(Plan((Write(name="one"),), adoptable=(BOX.item("found"),)), a=box("a"))
    assert step.planned[-1].record.owned_by_any == box("a", "found")


def test_destroy_adopts_nothing() -> None:
    plan = Plan((Write(name="one"),), adoptable=(BOX.item("found"),))
    step = owned_after(plan, removal=Removal(), a=box("a"))
    assert step.planned[-1].record.owned_by_any == box("a")


def test_a_step_that_did_not_look_again_has_its_new_record_in_a_change() -> None:
    records = []

    async def keep(context: Context[Place]) -> Values:
        records.append(context.record.owned)
        return {}

    changes = Write(name="one", boxes=("one",)), Write(name="two", effect=keep)
    plan = Plan(changes, vanished=(BOX.item("old"),), adoptable=(BOX.item("found"),))
    Trip(SmallStep("a", lambda _: plan), prior=PriorRuns(owned={"a": box("old")})).run()
    assert records == [box("one", "found")]


def test_a_failed_write_owns_and_releases_nothing() -> None:
    bad = Write(name="one", boxes=("new",), deleted=("a",), effect=fail(OSError("no")))
    last = SmallStep("z", always(Write(name="write-z")), "b", last=True)
    trip = Trip(
        SmallStep("a", always(bad)),
        SmallStep("b", always(Write(name="write-b"))),
        last,
        prior=PriorRuns(owned={"a": box("a")}),
    )
    trip.run()
    assert last.planned[-1].record.owned_by_any == box("a")
    assert ("about to", "a", "one") in trip.recorded.events
    assert ("done", "a", "one") not in trip.recorded.events


def test_destroy_counts_what_an_interrupted_run_was_about_to_create() -> None:
    step = SmallStep("a", always())
    prior = PriorRuns(owned={"a": box("a"), "b": box("b")}, pending={"a": box("a", "new"), "b": box("newer")})
    Trip(step, SmallStep("b", always()), SmallStep("c", always()), prior=prior, removal=Removal()).run()
    record = step.planned[0].record
    assert record.owned == box("a", "new")
    assert record.owned_by_any == box("a", "new", "b", "newer")
    assert record.pending == box("a", "new")


def test_deploy_does_not_own_what_an_interrupted_run_was_about_to_create() -> None:
    step = SmallStep("a", always())
    Trip(step, prior=PriorRuns(pending={"a": box("new")})).run()
    assert step.planned[0].record.owned == box()


def test_destroy_walks_backwards() -> None:
    """Each step goes before what it needed."""
    trip = Trip(
        SmallStep("a", always(Write(name="remove-a", deleted=("a",)))),
        SmallStep("b", always(Write(name="remove-b")), "a"),
        SmallStep("c", always(), "a"),
        SmallStep("d", always(skipped=True), "b", "c"),
        SmallStep("e", always(Write(name="remove-e")), last=True),
        prior=PriorRuns(owned={"a": box("a")}),
        removal=Removal(),
    )
    results = trip.run()
    assert list(results) == ["e", "d", "c", "b", "a"]
    assert {key: result.outcome.name for key, result in results.items()} == {
        "a": "REMOVED", "b": "REMOVED", "c": "KEPT", "d": "SKIPPED", "e": "REMOVED",
    }  # fmt: skip
    assert trip.place.written.index("remove-b") < trip.place.written.index("remove-a")


def test_in_destroy_the_last_step_waits_for_nobody() -> None:
    met = asyncio.Barrier(2)
    trip = Trip(
        SmallStep("a", always(Write(name="remove-a"))),
        SmallStep("b", always(Write(name="remove-b", effect=meet(met))), last=True),
        SmallStep("c", always(Write(name="remove-c", effect=meet(met)))),
        removal=Removal(),
    )
    assert trip.outcomes() == {"c": "REMOVED", "b": "REMOVED", "a": "REMOVED"}


def test_a_failed_removal_blocks_what_it_needed() -> None:
    trip = Trip(
        SmallStep("a", always(Write(name="remove-a"))),
        SmallStep("b", always(Write(name="remove-b", effect=fail(OSError("no")))), "a"),
        removal=Removal(),
    )
    results = trip.run()
    assert {key: result.outcome.name for key, result in results.items()} == {"b": "FAILED", "a": "BLOCKED"}
    assert [change.key for change in results["a"].remaining] == ["remove-a"]


@pytest.mark.parametrize("removal", [None, Removal()])
def test_a_note_tells_of_what_is_found_with_our_tag(removal: Removal | None) -> None:
    items = (BOX.item("found"), BOX.item("more"), LABEL.item("quiet"), "unknown:thing")
    trip = Trip(SmallStep("a", always(adoptable=items, notes=("before",))), removal=removal)
    plan = trip.run()["a"].plan
    assert plan
    assert plan.adoptable == items
    assert plan.notes[0] == "before"
    (note,) = plan.notes[1:]
    assert note.startswith("Step a: ")
    assert note.endswith(" box found, box more.")
    assert ("kept" in note) is (removal is not None)
    assert "quiet" not in note
    assert trip.recorded.plans["a"] is plan


@pytest.mark.parametrize("found", [LABEL.item("quiet"), BOX.item("pending"), "unknown:thing"])
def test_no_note_tells_of_details_and_of_what_an_interrupted_run_created(found: str) -> None:
    prior = PriorRuns(pending={"a": box("pending")})
    step = SmallStep("a", always(adoptable=(found,), notes=("before",), reason="there"))
    plan = Trip(step, prior=prior).run()["a"].plan
    assert plan
    assert (plan.notes, plan.reason) == (("before",), "there")
    assert plan.adoptable == ((found,) if found != BOX.item("pending") else ())


def test_a_note_leaves_out_what_an_interrupted_run_created() -> None:
    prior = PriorRuns(pending={"a": box("pending")})
    step = SmallStep("a", always(adoptable=(BOX.item("pending"), BOX.item("found"))))
    plan = Trip(step, prior=prior).run()["a"].plan
    assert plan
    assert plan.adoptable == (BOX.item("found"),)
    assert "pending" not in plan.notes[0]


def test_titles_decide_nothing() -> None:
    """What is planned, recorded, removed and concluded is the same when every title is an x."""

    def walk(titles: dict[str, str], removal: Removal | None) -> tuple[object, ...]:
        def planner(facts: Facts) -> Plan:
            return Plan(
                (
                    Write(name="one", words=titles.get("one", "x"), boxes=("new",)),
                    Write(name="two", words=titles.get("two", "x"), deleted=("a",)),
                ),
                adoptable=(BOX.item("found"),),
            )

        bad = Write(name="bad", words=titles.get("bad", "x"), effect=fail(OSError("no")))
        last = SmallStep("z", always(), last=True)
        steps = SmallStep("a", planner), SmallStep("b", always(bad)), SmallStep("c", always(bad), "b"), last
        trip = Trip(*steps, prior=PriorRuns(owned={"a": box("a")}), removal=removal)
        results = trip.run()
        facts = [
            (key, result.outcome, result.exit_code, [change.key for change in result.remaining], result.values)
            for key, result in results.items()
        ]
        return facts, trip.recorded.events, trip.shown.events, trip.place.written, last.planned

    titles = {"one": "create a", "two": "delete the box a", "bad": "wait for b"}
    for removal in (None, Removal()):
        assert walk({}, removal) == walk(titles, removal)


def test_a_step_is_told_what_any_step_owns_in_the_instance() -> None:
    """It is deleted with the instance, whichever step created it."""
    step = SmallStep("a", always())
    inside = {"a": frozenset({PART.item("one")}), "b": frozenset({PART.item("two")})}
    beside = {"a": box("three", PART.name), "b": frozenset({LABEL.item("four")})}
    prior = PriorRuns(owned={key: inside[key] | beside[key] for key in inside})
    Trip(step, SmallStep("b", always()), prior=prior).run()
    assert step.planned[0].record.owned_in_instance == inside["a"] | inside["b"]
