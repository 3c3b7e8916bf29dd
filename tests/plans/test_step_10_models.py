"""The plans of the models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.change import Drift
from engine.context import Removal
from engine.record import Record
from engine.refusal import BadInput, Refusal
from engine.step import Plan
from steps.step_10_models.changes import DeleteModels, UploadModels, counted, named
from steps.step_10_models.inputs import INPUTS, DesiredModels
from steps.step_10_models.models import MODEL, MOST, FoundModel, Model, digest_of, levels, requests
from steps.step_10_models.refusals import about
from steps.step_10_models.step import STEP, ObservedModels
from tests.plans.facts import NAMES, NOTHING_RECORDED, TARGET, given, keys, record

FILES = (Path("/models"),)


def dtmi(name: str) -> str:
    return f"dtmi:test:{name};1"


def model(name: str, extends: Any = None, component: str = "", **more: Any) -> Model:
    content: dict[str, Any] = {"@id": dtmi(name), "@type": "Interface", **more}
    if extends is not None:
        content["extends"] = extends if not isinstance(extends, str) else dtmi(extends)
    if component:
        content["contents"] = [{"@type": ["Component"], "name": "part", "schema": dtmi(component)}, "odd"]
    return Model(dtmi(name), content, f"/models/{name}.json", 2)


SPACE, ROOM, LIFT = model("Space"), model("Room", "Space"), model("Lift", component="Door")
DOOR = model("Door", [dtmi("Space")])
ALL = (ROOM, LIFT, SPACE, DOOR)


def found(*models: Model, changed: tuple[Model, ...] = ()) -> dict[str, FoundModel]:
    as_uploaded = {one.id: FoundModel(one.digest, one.needs) for one in models}
    return {**as_uploaded, **{one.id: FoundModel("another", one.needs) for one in changed}}


def ours(*models: Model) -> Record:
    return record(*(one.item for one in models))


def plan(
    wanted: tuple[Model, ...],
    exist: Mapping[str, FoundModel] | None,
    recorded: Record = NOTHING_RECORDED,
    *,
    paths: tuple[Path, ...] | None = FILES,
    twins: Mapping[str, int] | None = None,
    marked: bool = False,
) -> Plan:
    observed = ObservedModels(wanted, exist, twins or {}, marked)
    return STEP.plan(observed, DesiredModels(TARGET, paths), recorded, {}, {})


def remove(
    exist: Mapping[str, FoundModel],
    recorded: Record,
    *,
    twins: Mapping[str, int] | None = None,
    instance_goes: bool = False,
) -> Plan:
    observed = ObservedModels((), exist, twins or {})
    removal = Removal(instance_goes=instance_goes)
    return STEP.remove(observed, DesiredModels(TARGET, FILES), recorded, {}, removal)


def deleted(planned: Plan) -> list[list[str]]:
    return [[name for name, _ in change.models] for change in planned.changes if isinstance(change, DeleteModels)]


def test_models_are_given_by_their_paths() -> None:
    desired = STEP.desired(given(models=["/a", "/b", "/a"]), TARGET, NAMES)
    assert desired == DesiredModels(TARGET, (Path("/a"), Path("/b")))
    assert STEP.desired({}, TARGET, NAMES).paths is None
    assert STEP.desired(given(models=[]), TARGET, NAMES).models == ()
    (row,) = INPUTS
    assert (row.name, row.kind, row.path, row.kept) == ("models", "list", True, True)


@pytest.mark.parametrize(("paths", "recorded"), [(None, ours(ROOM)), ((), NOTHING_RECORDED)])
def test_models_that_nobody_desires_or_owns_are_left_alone(paths: tuple[Path, ...] | None, recorded: Record) -> None:
    planned = plan((), found(ROOM, SPACE), recorded, paths=paths)
    assert (planned.skipped, planned.changes, planned.vanished, planned.confirmed) == (True, (), (), ())
    assert planned.reason


@pytest.mark.parametrize("exist", [{}, None])
def test_missing_models_are_uploaded_after_what_they_need(exist: Mapping[str, FoundModel] | None) -> None:
    planned = plan(ALL, exist)
    (change,) = planned.changes
    assert isinstance(change, UploadModels)
    assert [one.id for one in change.models] == [SPACE.id, DOOR.id, ROOM.id, LIFT.id]
    assert (change.key, change.drift) == (f"upload-models:{SPACE.id}", Drift.MISSING)
    assert change.owns == tuple(one.item for one in (SPACE, DOOR, ROOM, LIFT))
    assert (change.releases, change.rights, change.az()) == ((), (), "")
    assert (planned.reason, planned.skipped, planned.vanished) == ("", False, ())


def test_models_that_are_there_are_left_alone() -> None:
    planned = plan(ALL, found(*ALL))
    assert (planned.changes, planned.adoptable, planned.confirmed, planned.notes) == ((), (), (), ())
    assert keys(plan(ALL, found(SPACE, DOOR))) == [f"upload-models:{LIFT.id}"]
    reasons = {plan(ALL, found(*ALL)).reason, plan((SPACE,), found(SPACE)).reason, plan((), {}, ours(SPACE)).reason}
    assert len(reasons) == 3


def test_the_order_of_names_and_the_form_of_numbers_make_no_other_content() -> None:
    assert digest_of({"a": 1.0, "b": [True, 0.5]}) == digest_of({"b": [True, 0.5], "a": 1})
    others = [{"a": 1, "b": [0.5, True]}, {"a": 1, "b": [1, 0.5]}, {"a": "1", "b": [True, 0.5]}]
    assert digest_of({"a": 1, "b": [True, 0.5]}) not in map(digest_of, others)


def test_a_request_has_no_more_models_than_the_service_takes_and_nothing_it_needs_comes_later() -> None:
    many = [model(f"M{number}", f"M{number // 3}" if number else None) for number in reversed(range(2 * MOST + 1))]
    batches = requests(many)
    assert [len(batch) for batch in batches] == [MOST, MOST, 1]
    known: set[str] = set()
    for batch in batches:
        known |= {one.id for one in batch}
        assert all(one.needs <= known for one in batch)
    assert len({change.key for change in plan(tuple(many), {}).changes}) == 3


def test_models_in_a_circle_are_refused() -> None:
    with pytest.raises(BadInput) as refused:
        list(levels({"a": frozenset("b"), "b": frozenset("c"), "c": frozenset("a"), "d": frozenset()}))
    assert refused.value.what.count(" needs ") == 3


@pytest.mark.parametrize("recorded", [NOTHING_RECORDED, ours(SPACE)])
def test_another_content_of_an_id_is_refused(recorded: Record) -> None:
    for changed in ((SPACE,), (SPACE, DOOR)):
        with pytest.raises(BadInput) as refused:
            plan(ALL, found(changed=changed), recorded)
        assert [one.where in refused.value.why for one in ALL] == [one in changed for one in ALL]
    many = tuple(model(f"M{number}") for number in range(12))
    with pytest.raises(BadInput) as refused:
        plan(many, found(changed=many), recorded)
    assert len(refused.value.why.splitlines()) == 11


def test_what_models_need_is_in_the_files_or_in_the_instance() -> None:
    assert keys(plan((ROOM,), found(SPACE))) == [f"upload-models:{ROOM.id}"]
    assert keys(plan((ROOM,), None)) == [f"upload-models:{ROOM.id}"]
    with pytest.raises(BadInput) as refused:
        plan((ROOM, DOOR, model("Other")), {})
    assert [one.where in refused.value.why for one in (ROOM, DOOR)] == [True, True]
    assert SPACE.id in refused.value.why


def test_models_of_ours_that_are_no_longer_desired_are_deleted_dependents_first() -> None:
    planned = plan((), found(*ALL, model("Theirs")), ours(*ALL), paths=())
    assert deleted(planned) == [[LIFT.id], [DOOR.id, ROOM.id], [SPACE.id]]
    assert keys(planned) == [f"delete-models:{one.id}" for one in (LIFT, DOOR, SPACE)]
    assert {change.drift for change in planned.changes} == {Drift.LEFT_OVER}
    assert [change.releases for change in planned.changes][::2] == [(LIFT.item,), (SPACE.item,)]
    assert planned.confirmed == tuple(one.item for one in (DOOR, LIFT, ROOM, SPACE))
    assert deleted(plan((ROOM, SPACE), found(*ALL), ours(*ALL))) == [[LIFT.id], [DOOR.id]]


def test_models_in_use_are_kept_and_named() -> None:
    planned = plan((), found(*ALL), ours(*ALL), paths=(), twins={LIFT.id: 3})
    assert deleted(planned) == [[ROOM.id]]
    assert all(one.id in planned.notes[0] for one in (LIFT, DOOR, SPACE))
    needed = plan((ROOM,), found(SPACE), ours(SPACE))
    assert keys(needed) == [f"upload-models:{ROOM.id}"]
    assert SPACE.id in needed.notes[0]


def test_many_models_are_deleted_in_several_writes() -> None:
    many = tuple(model(f"M{number}") for number in range(MOST + 1))
    assert [len(part) for part in deleted(remove(found(*many), ours(*many)))] == [MOST, 1]


def test_in_an_instance_of_ours_models_as_in_the_files_are_recorded_again() -> None:
    planned = plan(ALL, found(SPACE, DOOR), marked=True)
    assert planned.adoptable == (SPACE.item, DOOR.item)
    assert len(planned.notes) == 1
    assert plan(ALL, found(*ALL), ours(*ALL), marked=True).adoptable == ()
    assert not MODEL.shown
    assert MODEL.in_instance


def test_recorded_models_that_vanished_or_were_replaced_are_forgotten() -> None:
    former = Model(SPACE.id, {"@id": SPACE.id})
    planned = plan((SPACE,), found(SPACE), record(former.item, ROOM.item, pending=(SPACE.item, "route:a")))
    assert set(planned.vanished) == {former.item, ROOM.item}
    assert planned.confirmed == (SPACE.item,)
    assert plan((SPACE,), None, ours(SPACE, ROOM)).vanished == ()
    removed = remove(found(SPACE), record(former.item, ROOM.item, pending=(SPACE.item,)))
    assert (deleted(removed), set(removed.vanished)) == ([[SPACE.id]], {former.item, ROOM.item})


def test_destroy_deletes_our_models_and_keeps_what_is_in_use_or_changed() -> None:
    planned = remove(found(*ALL), ours(*ALL))
    assert deleted(planned) == [[LIFT.id], [DOOR.id, ROOM.id], [SPACE.id]]
    assert (planned.skipped, planned.reason, planned.retained, planned.vanished) == (False, "", (), ())
    assert (planned.blocks, remove(found(changed=(ROOM,)), ours(ROOM)).blocks) == (False, False)

    kept = remove(found(DOOR, SPACE, changed=(LIFT,)), ours(*ALL), twins={DOOR.id: 1})
    assert (kept.changes, kept.skipped, kept.vanished) == ((), False, (ROOM.item,))
    assert [one.id in " ".join(kept.retained) for one in (DOOR, SPACE, LIFT)] == [True] * 3
    assert (kept.confirmed, kept.blocks) == ((DOOR.item, SPACE.item), True)
    assert kept.reason

    theirs = found(SPACE, model("Theirs", "Space"))
    assert len(remove(theirs, ours(SPACE)).retained) == 1
    many = tuple(model(f"M{number}") for number in range(12))
    used = {one.id: number + 1 for number, one in enumerate(many)}
    assert len(remove(found(*many), ours(*many), twins=used).retained) == 11
    assert planned.notes == ()


def test_destroy_says_that_no_model_is_recorded() -> None:
    lost = remove({}, NOTHING_RECORDED)
    assert (lost.changes, lost.skipped, len(lost.notes)) == ((), False, 1)
    nothing = STEP.remove(ObservedModels(), DesiredModels(TARGET, None), NOTHING_RECORDED, {}, Removal())
    assert (nothing.skipped, nothing.notes) == (True, ())


@pytest.mark.parametrize(("recorded", "skipped"), [(ours(ROOM), False), (record("route:all"), True)])
def test_models_are_deleted_with_their_instance(recorded: Record, skipped: bool) -> None:
    planned = remove({}, recorded, instance_goes=True)
    assert (planned.changes, planned.skipped, planned.vanished, planned.retained) == ((), skipped, (), ())
    assert planned.reason


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (f"{ROOM.id}'s property 'contents' is wrong", [ROOM]),
        ("dtmi:test:Room:_contents:__part;1 has value", [ROOM]),
        ("failed to resolve requisite references to element(s): dtmi:test:Door;1 (referenced in 1 place)", [LIFT]),
        ("dtmi:test:Room;10 and dtmi:test:Roo", []),
        ("Something else", []),
    ],
)
def test_a_refusal_of_the_service_is_told_by_file_and_line(message: str, told: list[Model]) -> None:
    refusal = about(Refusal("no", why=message), message, (ROOM, LIFT, SPACE))
    assert [one.where in refusal.why for one in (ROOM, LIFT, SPACE)] == [one in told for one in (ROOM, LIFT, SPACE)]
    assert (refusal.exit_code, refusal.why.splitlines()[0]) == (2, message)
    assert refusal.next


def test_what_is_written_is_counted_and_named() -> None:
    assert {counted(1), counted(2), counted(2500)} == {"1 model", "2 models", "2,500 models"}
    assert named(["a", "b"]) == "a, b"
    assert named([str(number) for number in range(10)]).endswith("7 and 2 more")
    upload = UploadModels(models=ALL)
    deletion = DeleteModels(models=((ROOM.id, ROOM.digest),))
    assert ROOM.id in upload.detail
    assert ROOM.id in deletion.detail
    assert upload.title != deletion.title


@pytest.mark.parametrize(
    ("recorded", "is_told"),
    [(ours(SPACE, ROOM), False), (ours(SPACE), True), (ours(SPACE, ROOM, LIFT), True), (NOTHING_RECORDED, True)],
)
def test_a_closed_instance_has_what_is_recorded_and_is_told_where_that_is_not_what_is_desired(
    recorded: Record, *, is_told: bool
) -> None:
    closed = Refusal("closed")
    observed = ObservedModels((SPACE, ROOM), None, closed=closed)
    desired = DesiredModels(TARGET, FILES)
    for one in (recorded, replace(recorded, pending=frozenset({LIFT.item}))):
        if is_told or one.pending:
            with pytest.raises(Refusal) as refused:
                STEP.plan(observed, desired, one, {}, {})
            assert refused.value is closed
        else:
            planned = STEP.plan(observed, desired, one, {}, {})
            assert (planned.changes, len(planned.notes), planned.skipped, planned.vanished) == ((), 1, False, ())
