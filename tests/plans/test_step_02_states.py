"""The plans of step 2 for provisioning states that are seldom seen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.change import Drift
from steps.shared.provisioning import stuck
from steps.step_02_instance.observed import ObservedInstance
from steps.step_02_instance.step import STEP
from tests.plans.facts import NOTHING_RECORDED, keys
from tests.plans.instance_facts import DESIRED, FOREIGN


def test_an_instance_with_a_warning_is_used_and_noted() -> None:
    plan = STEP.plan(ObservedInstance(replace(FOREIGN, state="Warning")), DESIRED, NOTHING_RECORDED, {}, {})
    assert plan.changes == ()
    assert plan.values["instance_id"] == FOREIGN.id
    assert [note for note in plan.notes if "Warning" in note]


@pytest.mark.parametrize("state", ["Provisioning", "Moving", "Suspending", "Restoring", "Hibernating", "Working", ""])
def test_a_state_with_which_something_is_being_done_is_no_drift(state: str) -> None:
    plan = STEP.plan(ObservedInstance(replace(FOREIGN, state=state)), DESIRED, NOTHING_RECORDED, {}, {})
    assert [(change.key, change.drift) for change in plan.changes] == [("await-instance", Drift.UNDER_WAY)]
    assert (plan.values, plan.notes) == ({}, ())


def test_an_instance_that_was_deleted_a_moment_ago_is_created() -> None:
    plan = STEP.plan(ObservedInstance(replace(FOREIGN, state="Deleted")), DESIRED, NOTHING_RECORDED, {}, {})
    assert keys(plan) == ["create-instance"]


def test_a_state_that_is_not_waited_for_is_its_own_code() -> None:
    refusal = stuck("instance factory", "Moving")
    assert (refusal.code, refusal.exit_code) == ("Moving", 1)
