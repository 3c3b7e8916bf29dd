"""The group of a deployment whose state file was lost, and groups in other regions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from steps.shared.tags import mark_tags
from steps.step_01_resource_group.changes import RESOURCE_GROUP
from steps.step_01_resource_group.inputs import DesiredGroup
from steps.step_01_resource_group.observed import Group, ObservedGroup, Resource
from steps.step_01_resource_group.step import STEP
from tests.plans.facts import NOTHING_RECORDED, TARGET

DESIRED = DesiredGroup(TARGET)
MARKED = Group("Twins", "westus2", tags=mark_tags(TARGET.instance_id))


@pytest.mark.parametrize("resource", ["/a", f"{TARGET.instance_id}z"])
def test_only_the_instance_itself_says_whose_the_group_is(resource: str) -> None:
    others = ObservedGroup(MARKED, resources=(Resource(resource, True),))
    assert STEP.plan(others, DESIRED, NOTHING_RECORDED, {}, {}).adoptable == ()
    ours = ObservedGroup(MARKED, resources=(Resource(TARGET.instance_id, True),))
    assert STEP.plan(ours, DESIRED, NOTHING_RECORDED, {}, {}).adoptable == (RESOURCE_GROUP.item(),)


@pytest.mark.parametrize("region", ["eastus", "westus3"])
def test_a_group_in_another_region_is_used_and_said(region: str) -> None:
    plan = STEP.plan(ObservedGroup(replace(MARKED, location=region)), DESIRED, NOTHING_RECORDED, {}, {})
    assert (plan.changes, len(plan.notes)) == ((), 1)


def test_a_group_in_a_state_of_azures_is_there_unless_it_is_being_deleted() -> None:
    assert not replace(MARKED, state="Canceled").is_being_deleted
    assert replace(MARKED, state="Deleting").is_being_deleted
