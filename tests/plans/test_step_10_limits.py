"""How many models are named, and what of a definition is a need: the edges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.refusal import BadInput, Unchangeable
from steps.step_10_models.changes import named
from steps.step_10_models.model_files import read_models
from steps.step_10_models.models import FoundModel, Model, digest_of, needed, needs_of, requests
from steps.step_10_models.step import STEP, ObservedModels
from tests.plans.facts import record
from tests.plans.test_step_10_models import (
    ALL,
    DOOR,
    LIFT,
    ROOM,
    SPACE,
    deleted,
    dtmi,
    found,
    model,
    ours,
    plan,
    remove,
)


@pytest.mark.parametrize(("count", "more"), [(1, ""), (8, ""), (9, "1"), (12, "4")])
def test_of_many_names_eight_are_told_and_the_rest_is_counted(count: int, more: str) -> None:
    names = [f"n{number}" for number in range(count)]
    told = named(names)
    assert [name for name in names if name in told.replace(",", "").split()] == names[:8]
    assert [word for word in told.split() if word.isdigit()] == [more][: len(more)]


@pytest.mark.parametrize(("count", "lines"), [(1, 1), (10, 10), (11, 11), (13, 11)])
def test_of_many_problems_ten_are_told_and_the_rest_is_counted(tmp_path: Path, count: int, lines: int) -> None:
    files = [tmp_path / f"{number}.json" for number in range(count)]
    with pytest.raises(BadInput) as unread:
        read_models(files)
    many = tuple(model(f"M{number}", "Missing") for number in range(count))
    with pytest.raises(BadInput) as changed:
        plan(many, found(changed=many))
    with pytest.raises(BadInput) as lacking:
        plan(many, {})
    for refused in (unread, changed, lacking):
        told = refused.value.why.splitlines()
        assert len(told) == lines
        if count > 10:
            assert [word for word in told[-1].split() if word.isdigit()] == [str(count - 10)]


@pytest.mark.parametrize(("count", "lines"), [(1, 1), (10, 10), (11, 11), (13, 11)])
def test_of_many_models_that_twins_use_ten_are_told(count: int, lines: int) -> None:
    many = tuple(model(f"M{number:02}") for number in range(count))
    told = remove(found(*many), ours(*many), twins={one.id: 2 for one in many}).retained
    assert len(told) == lines
    if count > 10:
        assert [word for word in told[-1].split() if word.isdigit()] == [str(count - 10)]
    assert [one.id in " ".join(told) for one in many] == [number < 10 for number in range(count)]


@pytest.mark.parametrize(
    ("definition", "needs"),
    [
        ({}, set()),
        ({"extends": "a"}, {"a"}),
        ({"extends": ["a", "b", {"@id": "inline"}, None, 1]}, {"a", "b"}),
        ({"contents": {"@type": "Component", "schema": "c"}}, {"c"}),
        ({"contents": [{"@type": ["Component", "Other"], "schema": "c"}, "odd", None]}, {"c"}),
        ({"contents": [{"@type": "Component", "schema": {"@type": "Interface"}}, {"@type": "Component"}]}, set()),
        ({"contents": [{"@type": "Relationship", "target": "d", "schema": "d"}, {"schema": "d"}]}, set()),
        ({"contents": [{"@type": "Component", "schema": "c"}], "extends": "a"}, {"a", "c"}),
    ],
)
def test_a_model_needs_what_it_extends_and_its_components(definition: dict[str, Any], needs: set[str]) -> None:
    assert needs_of(definition) == needs


def test_what_stays_keeps_what_it_needs_and_nothing_else() -> None:
    needs = {"a": frozenset("b"), "b": frozenset("c"), "c": frozenset("a"), "d": frozenset("e"), "x": frozenset("f")}
    candidates = {"a", "b", "c", "d", "e", "f"}
    assert needed(candidates, (), needs) == {"f"}
    assert needed(candidates, ("a",), needs) == {"a", "b", "c", "f"}
    assert needed(candidates, ("e", "unknown"), {"d": frozenset("e")}) == {"e"}
    assert needed((), ("a",), needs) == set()


def test_a_request_has_up_to_250_models() -> None:
    """The service's limit of a request: one more would be refused, fewer would take more requests."""
    uploads = requests([model(f"M{number}") for number in range(251)])
    assert [len(batch) for batch in uploads] == [250, 1]


def test_a_model_that_needs_itself_is_a_circle() -> None:
    with pytest.raises(BadInput) as refused:
        plan((model("Snake", "Snake"),), {})
    assert refused.value.what.count(" needs ") == 1


def test_of_what_a_model_needs_only_what_is_missing_is_named() -> None:
    both = model("Both", [SPACE.id, DOOR.id])
    with pytest.raises(BadInput) as refused:
        plan((both,), found(SPACE, LIFT))
    assert [one.id in refused.value.why for one in (both, DOOR, SPACE, LIFT)] == [True, True, False, False]


def test_a_digest_stays_the_same_in_every_version_of_this_tool() -> None:
    """State files hold it: with another, no recorded model would be known for ours."""
    content = {"@id": SPACE.id, "contents": [{"@type": "Property", "name": "höhe", "default": 2.0, "step": 0.25}]}
    assert digest_of(content) == "cae9d4e57bcb4857"


def test_numbers_with_other_decimals_are_another_content() -> None:
    assert len({digest_of({"a": number}) for number in (0, 0.25, 0.5, 1, 1.5)}) == 5


@pytest.mark.parametrize("digest", ["0", "g"])
def test_a_content_that_is_not_what_was_uploaded_is_not_ours(digest: str) -> None:
    """Whichever digest sorts first."""
    exist = {SPACE.id: FoundModel(digest)}
    removed = remove(exist, ours(SPACE))
    assert (removed.changes, removed.confirmed, len(removed.retained)) == ((), (), 1)
    undesired = plan((), exist, ours(SPACE), paths=())
    assert (undesired.changes, undesired.vanished) == ((), (SPACE.item,))
    with pytest.raises(Unchangeable):
        plan((SPACE,), exist, marked=True)


def test_what_twins_use_is_not_told_again_as_what_others_need() -> None:
    used, needs = remove(found(ROOM, SPACE), ours(ROOM, SPACE), twins={ROOM.id: 1}).retained
    assert [one.id in used for one in (ROOM, SPACE)] == [True, False]
    assert [one.id in needs for one in (ROOM, SPACE)] == [False, True]


def test_a_model_without_a_known_line_is_told_by_its_file() -> None:
    assert Model(SPACE.id, {}, "/models/a.json").where == "/models/a.json"
    assert Model(SPACE.id, {}, "/models/a.json", 1).where != "/models/a.json"


def test_the_body_is_sent_as_it_is_written() -> None:
    assert Model("dtmi:a;1", {"displayName": "Räume"}).body == '{"displayName": "Räume"}'.encode()


def test_destroy_has_something_to_say_where_models_are_kept_or_changed() -> None:
    kept = remove(found(SPACE), ours(SPACE), twins={SPACE.id: 1})
    changed = remove(found(changed=(ROOM,)), ours(ROOM))
    vanished = remove({}, ours(ROOM))
    going = remove(found(ROOM), ours(ROOM))
    assert [one.skipped for one in (kept, changed, vanished, going)] == [False, False, True, False]
    assert [bool(one.reason) for one in (kept, changed, vanished, going)] == [True, True, True, False]
    assert [len(one.retained) for one in (kept, changed, vanished, going)] == [1, 1, 0, 0]
    assert [len(one.vanished) for one in (kept, changed, vanished, going)] == [0, 0, 1, 0]
    assert [one.blocks for one in (kept, changed, vanished, going)] == [True, False, False, False]


def test_of_a_model_that_is_recorded_twice_the_content_that_is_there_counts() -> None:
    both = remove(found(SPACE), record(SPACE.item, Model(SPACE.id, {"@id": SPACE.id}).item))
    assert (deleted(both), both.retained) == ([[SPACE.id]], ())
    assert len(both.vanished) == 1


def test_models_of_others_are_neither_deleted_nor_forgotten() -> None:
    exist = {**found(SPACE), dtmi("Theirs"): FoundModel("digest")}
    planned = plan((), exist, ours(SPACE), paths=())
    assert (deleted(planned), planned.vanished, planned.confirmed) == ([[SPACE.id]], (), (SPACE.item,))
    assert planned.notes == ()


def test_a_plan_with_changes_gives_no_reason_for_having_none() -> None:
    assert plan((SPACE,), {}).reason == ""
    assert plan((), found(SPACE), ours(SPACE), paths=()).reason == ""
    assert plan((SPACE,), found(SPACE)).reason


def test_the_models_that_stay_in_the_files_keep_what_they_need() -> None:
    planned = plan((LIFT, ROOM), found(*ALL), ours(*ALL))
    assert planned.changes == ()
    assert all(one.id in planned.notes[0] for one in (DOOR, SPACE))
    assert LIFT.id not in planned.notes[0]


def test_models_that_are_not_read_are_none() -> None:
    assert ObservedModels() == ObservedModels((), {}, {}, is_instance_marked=False, closed=None)
    assert STEP.optional
