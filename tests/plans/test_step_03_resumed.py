"""The plans of rows of access after a run that was killed, a state file that was lost, and what others did."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.context import Removal
from engine.record import Record
from steps.step_03_role.changes import ROLE_ASSIGNMENT
from steps.step_03_role.inputs import DesiredRoles
from steps.step_03_role.observed import FoundRoles
from steps.step_03_role.step import STEP
from tests.plans.facts import NOTHING_RECORDED, TARGET, keys, record
from tests.plans.test_step_03_role import MINE, OWNS, READS, ROWS, of

READ = of(READS)
ITEM = ROLE_ASSIGNMENT.item(READ.id)
ASSIGNING = Record(pending=frozenset((ITEM,)), in_progress=f"assign-role:{READ.name}")
WITHOUT = DesiredRoles(TARGET, (MINE, OWNS))
THERE = {MINE: of(MINE, marked=False), OWNS: of(OWNS, marked=False)}


def test_a_killed_assignment_is_made_again_or_ours_where_it_took_effect() -> None:
    again = STEP.plan(FoundRoles(THERE), ROWS, ASSIGNING, {}, {})
    assert keys(again) == [ASSIGNING.in_progress]
    done = STEP.plan(FoundRoles({**THERE, READS: READ}), ROWS, ASSIGNING, {}, {})
    assert (done.changes, done.adoptable) == ((), ())
    removed = STEP.remove(FoundRoles({**THERE, READS: READ}), ROWS, ASSIGNING, {}, Removal())
    assert keys(removed) == [f"remove-role:{READ.name}"]


@pytest.mark.parametrize("recorded", [ASSIGNING, record(ITEM)])
def test_a_row_that_is_taken_away_is_revoked_also_after_a_kill(recorded: Record) -> None:
    plan = STEP.plan(FoundRoles(THERE, recorded=(READ,)), WITHOUT, recorded, {}, {})
    assert keys(plan) == [f"remove-role:{READ.name}"]
    gone = STEP.plan(FoundRoles(THERE), WITHOUT, recorded, {}, {})
    assert (gone.changes, gone.vanished) == ((), (ITEM,))


def test_after_a_lost_state_file_rows_with_our_mark_are_ours_again_and_go_with_destroy_once_recorded() -> None:
    found = FoundRoles({**THERE, READS: READ})
    assert STEP.plan(found, ROWS, NOTHING_RECORDED, {}, {}).adoptable == (ITEM,)
    lost = STEP.remove(found, ROWS, NOTHING_RECORDED, {}, Removal())
    assert (lost.changes, lost.adoptable) == ((), (ITEM,))
    assert keys(STEP.remove(found, ROWS, record(ITEM), {}, Removal())) == [f"remove-role:{READ.name}"]


def test_a_row_whose_mark_somebody_took_off_is_left_and_told() -> None:
    foreign = replace(READ, marked=False)
    assert STEP.plan(FoundRoles(THERE, recorded=(foreign,)), WITHOUT, record(ITEM), {}, {}).changes == ()
    removed = STEP.remove(FoundRoles({**THERE, READS: foreign}), ROWS, record(ITEM), {}, Removal())
    assert (removed.changes, len(removed.retained)) == ((), 1)
