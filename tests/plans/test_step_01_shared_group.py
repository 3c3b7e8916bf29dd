"""A resource group that several deployments of a settings file share."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.context import Removal
from engine.step import Plan
from steps.shared.tags import GROUP_TAG, mark_tags
from steps.step_01_resource_group.changes import RESOURCE_GROUP, DeleteGroup
from steps.step_01_resource_group.inputs import DesiredGroup
from steps.step_01_resource_group.observed import Group, ObservedGroup, Resource
from steps.step_01_resource_group.step import STEP
from tests.plans.facts import NOTHING_RECORDED, TARGET, keys, record

ITEM, TAG = RESOURCE_GROUP.item(), GROUP_TAG.item("team")
OTHER = f"{TARGET.group_id}/providers/Microsoft.DigitalTwins/digitalTwinsInstances/other"
GROUP = Group("twins", "westus2", tags={**mark_tags(OTHER), "team": "twins"})
"""Created by the other deployment."""
INSTANCE, NEIGHBOUR = Resource(TARGET.instance_id, True), Resource(OTHER.upper(), True)
IDENTITY = Resource(f"{TARGET.group_id}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/one", True)
DESIRED = DesiredGroup(TARGET)
SHARED = replace(DESIRED, shared=True, created_by_others=True, kept_for="dev")


def remove(desired: DesiredGroup, *resources: Resource, owned: tuple[str, ...] = (ITEM, TAG)) -> Plan:
    observed = ObservedGroup(GROUP, resources)
    return STEP.remove(observed, desired, record(*owned), {}, Removal(instance_goes=True))


def test_what_another_deployment_of_the_file_created_is_recorded_too() -> None:
    def adoptable(desired: DesiredGroup, group: Group = GROUP) -> tuple[str, ...]:
        return STEP.plan(ObservedGroup(group), desired, NOTHING_RECORDED, {"resource_group": "twins"}, {}).adoptable

    created = replace(DESIRED, created_by_others=True)
    assert adoptable(created) == (ITEM,)
    assert adoptable(DESIRED) == ()
    assert adoptable(created, replace(GROUP, tags={})) == ()
    assert STEP.plan(ObservedGroup(GROUP), created, record(ITEM), {}, {}).adoptable == ()


def test_it_stays_for_those_who_have_recorded_it() -> None:
    plan = remove(SHARED, INSTANCE, NEIGHBOUR)
    assert (plan.changes, set(plan.vanished), plan.retained) == ((), {ITEM, TAG}, ())
    assert "dev" in plan.reason


def test_it_stays_tagged_where_nobody_has_created_it() -> None:
    shared = replace(DESIRED, shared=True)
    plan = remove(shared, INSTANCE, NEIGHBOUR, owned=(TAG,))
    assert (plan.changes, plan.vanished) == ((), (TAG,))
    assert keys(remove(DESIRED, INSTANCE, NEIGHBOUR, owned=(TAG,))) == ["tag-resource-group"]


def test_only_what_this_deployment_recorded_is_forgotten_where_the_others_keep_it() -> None:
    plan = remove(SHARED, INSTANCE, NEIGHBOUR, owned=(TAG,))
    assert (plan.changes, plan.vanished) == ((), (TAG,))


def test_it_goes_with_the_last_once_the_others_are_removed() -> None:
    last = replace(DESIRED, going=(OTHER,))
    (change,) = remove(last, INSTANCE, NEIGHBOUR, IDENTITY).changes
    assert isinstance(change, DeleteGroup)
    assert change.leaving == {resource.id.lower() for resource in (INSTANCE, NEIGHBOUR, IDENTITY)}
    assert set(change.releases) == {ITEM, TAG}
    assert keys(remove(last, INSTANCE, NEIGHBOUR, replace(IDENTITY, marked=False))) == []
    assert keys(remove(DESIRED, INSTANCE, NEIGHBOUR)) == []


@pytest.mark.parametrize("kind", ["Microsoft.Automation/automationAccounts", "Microsoft.Web/sites"])
def test_what_has_the_tag_of_the_others_goes_with_them_whatever_it_is(kind: str) -> None:
    resource = Resource(f"{TARGET.group_id}/providers/{kind}/one", True)
    assert keys(remove(replace(DESIRED, going=(OTHER,)), INSTANCE, NEIGHBOUR, resource)) == ["delete-resource-group"]


def test_the_others_go_even_where_the_instance_is_gone() -> None:
    last = replace(DESIRED, going=(OTHER,))
    assert keys(remove(last, NEIGHBOUR)) == ["delete-resource-group"]
    assert keys(remove(last)) == ["delete-resource-group"]
    kept = STEP.remove(ObservedGroup(GROUP, (INSTANCE, NEIGHBOUR)), last, record(ITEM), {}, Removal())
    assert keys(kept) == []
