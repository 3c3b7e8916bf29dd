"""The plans of the resource group."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.change import Drift, Right
from engine.context import Removal
from engine.refusal import BadInput
from engine.step import Plan
from steps.shared.tags import FORMER_TAG, GROUP_TAG, MARK, mark_tags, mark_value
from steps.step_01_resource_group.changes import RESOURCE_GROUP
from steps.step_01_resource_group.inputs import DesiredGroup
from steps.step_01_resource_group.observed import Group, ObservedGroup, Resource
from steps.step_01_resource_group.step import STEP
from tests.plans.facts import NAMES, NOTHING_RECORDED, TARGET, given, keys, record

ITEM, OURS = RESOURCE_GROUP.item(), mark_tags(TARGET.instance_id)
DESIRED = DesiredGroup(TARGET)
RECORDED = record(ITEM)
FOREIGN = Group("Twins", "westus2")
MARKED = replace(FOREIGN, tags=OURS)
IDENTITY = f"{TARGET.group_id}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/one"
INSTANCE = Resource(TARGET.instance_id.upper(), True)
LINK = Resource(IDENTITY.upper(), True)
WRITE = "Microsoft.Resources/subscriptions/resourceGroups/write"


def with_tags(**tags: str) -> DesiredGroup:
    return replace(DESIRED, tags=tags)


def remove(observed: ObservedGroup, *, recorded: bool = True, desired: DesiredGroup = DESIRED) -> Plan:
    return STEP.remove(observed, desired, RECORDED if recorded else NOTHING_RECORDED, {}, Removal(instance_goes=True))


def test_inputs_say_tags_and_identities() -> None:
    assert STEP.desired({}, TARGET, NAMES) == DesiredGroup(TARGET, None, ())
    desired = STEP.desired(given(tag={"env": "dev"}, user_identity=["one"]), TARGET, NAMES)
    assert desired == DesiredGroup(TARGET, {"env": "dev"}, (IDENTITY,))
    with pytest.raises(BadInput):
        STEP.desired(given(user_identity=["a/b"]), TARGET, NAMES)


def test_the_state_file_remembers_group_and_region() -> None:
    assert STEP.settled(DESIRED) == {"resource_group": "twins", "location": "westus2"}
    named = {row.name: (row.group, row.identifies, row.kind) for row in STEP.inputs}
    assert named == {
        "resource_group": ("Where", True, "text"),
        "location": ("Where", False, "text"),
        "tag": ("Where", False, "pairs"),
    }


def test_a_missing_group_is_created_with_our_tag() -> None:
    (change,) = STEP.plan(ObservedGroup(), DESIRED, NOTHING_RECORDED, {}, {}).changes
    assert (change.key, change.drift) == ("create-resource-group", Drift.MISSING)
    assert (change.owns, change.releases) == ((ITEM,), ())
    assert change.rights == (Right(WRITE, TARGET.subscription_id),)
    assert change.detail == ""
    assert change.az() == (
        f"az group create --subscription {TARGET.subscription} --name twins --location westus2 "
        f"--tags {MARK}={mark_value(TARGET.instance_id)}"
    )


def test_a_missing_group_is_created_with_the_desired_tags() -> None:
    (change,) = STEP.plan(ObservedGroup(), with_tags(Env="de v"), NOTHING_RECORDED, {}, {}).changes
    assert change.owns == (ITEM, GROUP_TAG.item("env"))
    assert change.az().endswith(f" --tags {MARK}={mark_value(TARGET.instance_id)} 'Env=de v'")
    assert change.title


def test_a_group_that_is_being_deleted_is_created_again_afterwards() -> None:
    deleting = replace(MARKED, state="Deleting")
    recorded = record(ITEM, GROUP_TAG.item("old"))
    plan = STEP.plan(ObservedGroup(deleting, (INSTANCE,)), DESIRED, recorded, {}, {})
    (change,) = plan.changes
    assert (change.key, bool(change.detail), change.releases) == ("create-resource-group", True, ())
    assert (plan.values, plan.adoptable) == ({}, ())


@pytest.mark.parametrize("group", [FOREIGN, MARKED])
@pytest.mark.parametrize("tags", [None, {}])
def test_an_existing_group_is_used_whoever_created_it(group: Group, tags: dict[str, str] | None) -> None:
    plan = STEP.plan(ObservedGroup(group), replace(DESIRED, tags=tags), NOTHING_RECORDED, {}, {})
    assert (plan.changes, plan.values, plan.adoptable, plan.notes) == ((), {"resource_group": "Twins"}, (), ())
    assert plan.reason


@pytest.mark.parametrize(("location", "notes"), [("westeurope", 1), ("West US 2", 0)])
def test_a_group_elsewhere_is_used_as_it_is(location: str, notes: int) -> None:
    plan = STEP.plan(ObservedGroup(replace(FOREIGN, location=location)), DESIRED, NOTHING_RECORDED, {}, {})
    assert (plan.changes, len(plan.notes)) == ((), notes)


def test_tags_are_set_and_removed_and_those_of_others_kept() -> None:
    group = replace(FOREIGN, tags={"cost": "42", "Env": "prod", "Old": "1"})
    recorded = record(GROUP_TAG.item("old"), GROUP_TAG.item("vanished"))
    (change,) = STEP.plan(ObservedGroup(group), with_tags(env="dev", team="apes"), recorded, {}, {}).changes
    assert (change.key, change.drift) == ("tag-resource-group", Drift.DIFFERS)
    assert change.owns == (GROUP_TAG.item("team"),)
    assert change.releases == (GROUP_TAG.item("old"), GROUP_TAG.item("vanished"))
    assert change.rights == (Right(WRITE, TARGET.group_id),)
    update = f"az tag update --resource-id {TARGET.group_id} --operation"
    assert change.az() == f"{update} Merge --tags Env=dev team=apes && {update} Delete --tags Old=1"
    told = [(one.name, one.before, one.after) for one in change.differences]
    assert told == [("tag Env", "prod", "dev"), ("tag Old", "1", ""), ("tag team", "", "apes")]
    assert change.title


def test_only_what_differs_is_handed_off() -> None:
    (change,) = STEP.plan(ObservedGroup(FOREIGN), with_tags(env="dev"), NOTHING_RECORDED, {}, {}).changes
    assert change.az() == f"az tag update --resource-id {TARGET.group_id} --operation Merge --tags env=dev"
    assert change.releases == ()


def test_a_marked_group_with_our_instance_in_it_is_adopted_when_nothing_is_known() -> None:
    observed = ObservedGroup(MARKED, (INSTANCE,))
    assert STEP.plan(observed, DESIRED, NOTHING_RECORDED, {}, {}).adoptable == (ITEM,)
    assert remove(observed, recorded=False).adoptable == (ITEM,)


@pytest.mark.parametrize(
    ("observed", "recorded", "values"),
    [
        (ObservedGroup(FOREIGN, (INSTANCE,)), (), {}),  # no tag of ours
        (ObservedGroup(MARKED, ()), (), {}),  # of another deployment
        (ObservedGroup(MARKED, (replace(INSTANCE, marked=False),)), (), {}),  # around someone else's instance
        (ObservedGroup(MARKED, (Resource(TARGET.instance_id + "2", True),)), (), {}),  # around another instance
        (ObservedGroup(MARKED, (INSTANCE,)), (ITEM,), {}),  # recorded already
        (ObservedGroup(MARKED, (INSTANCE,)), (), {"resource_group": "Twins"}),  # known, and not recorded as ours
    ],
)
def test_another_group_is_not_adopted(
    observed: ObservedGroup, recorded: tuple[str, ...], values: dict[str, str]
) -> None:
    assert STEP.plan(observed, DESIRED, record(*recorded), values, {}).adoptable == ()
    if not recorded:
        assert STEP.remove(observed, DESIRED, NOTHING_RECORDED, values, Removal()).adoptable == ()


def test_destroy_deletes_a_group_that_is_recorded_and_marked_and_empty() -> None:
    recorded = record(ITEM, GROUP_TAG.item("env"), "instance")
    (change,) = STEP.remove(ObservedGroup(MARKED), DESIRED, recorded, {}, Removal()).changes
    assert (change.key, change.drift, change.owns) == ("delete-resource-group", Drift.LEFT_OVER, ())
    assert sorted(change.releases) == [GROUP_TAG.item("env"), ITEM]
    assert change.rights == (Right("Microsoft.Resources/subscriptions/resourceGroups/delete", TARGET.group_id),)
    command = change.az()
    assert command.startswith(
        f"if left=$(az resource list --subscription {TARGET.subscription} --resource-group twins --query '[].id' "
        '--output tsv) && test -z "$left"; then '
        f"az group delete --subscription {TARGET.subscription} --name twins --yes; else echo '"
    )
    assert command.endswith('\' "$left" >&2; false; fi')
    assert "twins" in command.partition("else echo ")[2]  # who runs it is told which group is kept
    assert change.title


@pytest.mark.parametrize("group", [FOREIGN, replace(FOREIGN, tags={FORMER_TAG: "someone"})])
def test_destroy_keeps_a_recorded_group_whose_mark_is_gone(group: Group) -> None:
    plan = remove(ObservedGroup(group))
    assert (plan.changes, plan.adoptable, plan.skipped) == ((), (), False)
    assert plan.reason
    assert len(plan.retained) == 1


@pytest.mark.parametrize(
    ("tags", "deleted"),
    [
        ({FORMER_TAG: MARK}, True),  # of an earlier version
        ({MARK: "0123abcd"}, True),  # several deployments share a group
        ({MARK: "0123abcd", FORMER_TAG: "olivia@contoso.com"}, True),  # a policy's tag says nothing of ours
        ({MARK: "somebody"}, False),
    ],
)
def test_a_group_is_this_tools_by_the_tag_of_any_deployment(tags: dict[str, str], deleted: bool) -> None:
    plan = remove(ObservedGroup(replace(FOREIGN, tags=tags)))
    assert (bool(plan.changes), len(plan.retained)) == (deleted, 0 if deleted else 1)


def test_our_group_of_an_earlier_version_gets_the_new_tag_which_is_no_drift() -> None:
    observed = ObservedGroup(replace(FOREIGN, tags={FORMER_TAG: MARK, "cost": "42"}), (INSTANCE,))
    for recorded in (RECORDED, NOTHING_RECORDED):
        (change,) = STEP.plan(observed, DESIRED, recorded, {}, {}).changes
        assert (change.key, change.drift) == ("tag-resource-group", Drift.NONE)
        assert change.az().endswith(f" --operation Merge --tags {MARK}={mark_value(TARGET.instance_id)}")
    (change,) = STEP.plan(observed, with_tags(env="dev"), RECORDED, {}, {}).changes
    assert change.drift is Drift.DIFFERS
    assert STEP.plan(observed, DESIRED, NOTHING_RECORDED, {"resource_group": "twins"}, {}).changes == ()  # another's


def test_destroy_keeps_a_marked_group_that_is_not_recorded() -> None:
    plan = remove(ObservedGroup(MARKED), recorded=False)
    assert plan.changes == ()
    assert plan.reason
    assert plan.reason != remove(ObservedGroup(FOREIGN)).reason  # why it is kept is another matter


def test_destroy_removes_our_tags_from_a_group_that_is_kept() -> None:
    group = replace(FOREIGN, tags={"env": "dev", "cost": "42"})
    recorded = record(GROUP_TAG.item("env"))
    (change,) = STEP.remove(ObservedGroup(group), with_tags(env="dev"), recorded, {}, Removal()).changes
    assert (change.key, change.releases) == ("tag-resource-group", (GROUP_TAG.item("env"),))
    assert change.az() == f"az tag update --resource-id {TARGET.group_id} --operation Delete --tags env=dev"


def test_destroy_leaves_a_tag_that_has_another_value_by_now() -> None:
    group = ObservedGroup(replace(FOREIGN, tags={"env": "theirs", "team": "apes"}))
    recorded = record(GROUP_TAG.item("env"), GROUP_TAG.item("team"))
    plan = STEP.remove(group, with_tags(env="dev", team="apes"), recorded, {}, Removal())
    (change,) = plan.changes
    assert (change.releases, plan.vanished) == ((GROUP_TAG.item("team"),), (GROUP_TAG.item("env"),))


def test_destroy_has_nothing_to_do_without_a_group() -> None:
    plan = remove(ObservedGroup())
    assert plan.changes == ()
    assert plan.reason


def test_what_is_deleted_with_the_instance_does_not_keep_the_group() -> None:
    desired = replace(DESIRED, user_identities=(IDENTITY, IDENTITY + "2"))
    assert keys(remove(ObservedGroup(MARKED, (INSTANCE, LINK)), desired=desired)) == ["delete-resource-group"]
    assert keys(remove(ObservedGroup(MARKED, (INSTANCE,)), desired=desired)) == ["delete-resource-group"]


@pytest.mark.parametrize(
    ("resources", "desired"),
    [
        ((INSTANCE, LINK), DESIRED),  # an identity that isn't the instance's
        ((INSTANCE, replace(LINK, marked=False)), replace(DESIRED, user_identities=(IDENTITY,))),  # someone else's
        ((LINK,), replace(DESIRED, user_identities=(IDENTITY,))),  # without the instance
        ((INSTANCE, Resource(TARGET.instance_id + "2", True)), DESIRED),  # another instance
    ],
)
def test_destroy_keeps_a_group_with_anything_else_in_it(resources: tuple[Resource, ...], desired: DesiredGroup) -> None:
    plan = remove(ObservedGroup(MARKED, resources), desired=desired)
    assert (plan.changes, plan.adoptable) == ((), ())
    assert resources[-1].id.rpartition("/")[2] in plan.reason


def test_an_instance_that_is_kept_keeps_the_group() -> None:
    plan = STEP.remove(ObservedGroup(MARKED, (INSTANCE,)), DESIRED, RECORDED, {}, Removal(instance_goes=False))
    assert plan.changes == ()
