"""The plans of the models after a run that was killed, and after what others did meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.record import Record
from engine.refusal import Refusal, Unchangeable
from steps.step_10_models.changes import DeleteModels, UploadModels
from steps.step_10_models.inputs import DesiredModels
from steps.step_10_models.step import STEP, ObservedModels
from tests.plans.facts import NOTHING_RECORDED, TARGET, keys
from tests.plans.test_step_10_models import ALL, DOOR, FILES, LIFT, ROOM, SPACE, found, ours, plan, remove

ITEMS = {one.item for one in ALL}
UPLOADING = Record(pending=frozenset(ITEMS), in_progress=UploadModels(models=ALL).key)


def test_a_killed_upload_that_took_effect_is_ours_and_not_repeated() -> None:
    resumed = plan(ALL, found(*ALL), UPLOADING)
    assert (resumed.changes, set(resumed.confirmed)) == ((), ITEMS)
    assert set(plan((), found(*ALL), UPLOADING, paths=()).changes[-1].releases) == {SPACE.item}


def test_a_model_that_is_recorded_and_was_about_to_be_uploaded_again_is_ours() -> None:
    both = Record(owned=frozenset(ITEMS), pending=frozenset(ITEMS), in_progress=UploadModels(models=ALL).key)
    assert set(plan(ALL, found(*ALL), both).confirmed) == ITEMS
    assert len(remove(found(*ALL), both).changes) == 3


def test_in_a_closed_instance_a_killed_upload_is_not_taken_for_done() -> None:
    observed = ObservedModels((SPACE, ROOM), None, closed=Refusal("closed"))
    recorded = replace(ours(SPACE), pending=frozenset({ROOM.item}))
    with pytest.raises(Refusal) as refused:
        STEP.plan(observed, DesiredModels(TARGET, FILES), recorded, {}, {})
    assert refused.value is observed.closed


def test_a_killed_upload_that_did_not_is_made_again() -> None:
    resumed = plan(ALL, found(), UPLOADING)
    assert (len(resumed.changes), set(resumed.changes[0].owns), resumed.confirmed) == (1, ITEMS, ())


def test_of_an_upload_in_halves_the_second_is_made() -> None:
    resumed = plan(ALL, found(SPACE, DOOR), UPLOADING)
    (change,) = resumed.changes
    assert set(change.owns) == {ROOM.item, LIFT.item}
    assert set(resumed.confirmed) == {SPACE.item, DOOR.item}


def test_a_killed_deletion_goes_on_and_forgets_what_is_gone() -> None:
    recorded = replace(ours(ROOM, SPACE), in_progress=DeleteModels(models=((ROOM.id, ROOM.digest),)).key)
    resumed = plan((), found(SPACE), recorded, paths=())
    assert (keys(resumed), resumed.vanished) == ([f"delete-models:{SPACE.id}"], (ROOM.item,))
    assert keys(remove(found(SPACE), recorded)) == [f"delete-models:{SPACE.id}"]


@pytest.mark.parametrize("recorded", [NOTHING_RECORDED, ours(SPACE), UPLOADING])
def test_what_somebody_else_replaced_is_refused_whatever_is_recorded(recorded: Record) -> None:
    with pytest.raises(Unchangeable) as refused:
        plan((SPACE,), found(changed=(SPACE,)), recorded)
    assert SPACE.where in refused.value.why


def test_with_a_lost_state_file_nothing_is_taken_away() -> None:
    """Models carry no mark: what is not in the files any more may be anybody's."""
    lost = plan((SPACE,), found(*ALL), NOTHING_RECORDED, marked=True)
    assert (lost.changes, lost.adoptable) == ((), (SPACE.item,))
    assert remove(found(*ALL), NOTHING_RECORDED).changes == ()


def test_what_others_uploaded_needs_is_kept_when_ours_are_taken_away() -> None:
    kept = plan((), found(SPACE, ROOM), ours(SPACE), paths=())
    assert (kept.changes, kept.confirmed, len(kept.notes)) == ((), (SPACE.item,), 1)


def test_while_nothing_may_be_read_nothing_is_forgotten() -> None:
    assert plan((SPACE,), None, ours(SPACE)).vanished == ()


def test_models_that_went_with_their_instance_are_forgotten() -> None:
    gone = plan((SPACE,), found(), ours(SPACE, ROOM))
    assert set(gone.vanished) == {SPACE.item, ROOM.item}
    assert [change.owns for change in gone.changes] == [(SPACE.item,)]
    assert (
        remove(
            found(),
            ours(SPACE),
        ).changes
        == ()
    )
