"""The plans of the data-plane role."""

from __future__ import annotations

import pytest

from cloud.identifiers import DATA_OWNER, DATA_READER
from engine.change import Drift, Right
from engine.context import Removal
from engine.input import FROM_STATE, Lookup
from steps.shared.role_assignments import Assignment, Assignments, assignment_id
from steps.step_03_role.changes import ROLE_ASSIGNMENT, RevokeDataRole
from steps.step_03_role.inputs import DesiredRole
from steps.step_03_role.step import STEP
from tests.plans.facts import ADA, BOB, NAMES, NOTHING_RECORDED, TARGET, given, keys, record

DESIRED = STEP.desired({}, TARGET, NAMES)
ID = assignment_id(TARGET.instance_id, ADA.object_id, DESIRED.role.id)
OTHER_ID = assignment_id(TARGET.instance_id, BOB.object_id, DESIRED.role.id)
MARKED, FOREIGN = Assignment(ID, True), Assignment(ID, False, spelling=ID.upper())
FORMER = Assignment(OTHER_ID, True, DATA_OWNER, BOB.label)


def test_by_default_the_signed_in_identity_becomes_data_owner() -> None:
    assert (DESIRED.assignee, DESIRED.role.name) == (ADA, DATA_OWNER)
    assert STEP.settled(DESIRED) == {"assignee": ADA.object_id, "role": DATA_OWNER}


def test_a_given_assignee_and_role_are_looked_up_and_used() -> None:
    inputs = given(assignee="bob@contoso.com", role=DATA_READER)
    assert STEP.lookups(inputs, TARGET) == (
        Lookup("principal", "bob@contoso.com"),
        Lookup("role", DATA_READER, TARGET.subscription_id),
    )
    desired = STEP.desired(inputs, TARGET, NAMES)
    assert (desired.assignee, desired.role.name) == (BOB, DATA_READER)


def test_only_what_the_state_file_remembers_may_be_taken_from_it() -> None:
    for source, expected in ((FROM_STATE, True), ("--flag", False), ("your answer", False), ("twins.toml", False)):
        inputs = given(source, assignee="bob@contoso.com", role="Twin Reader")
        assert [lookup.remembered for lookup in STEP.lookups(inputs, TARGET)] == [expected, expected]


def test_the_default_role_is_resolved_and_remembered_too() -> None:
    assert STEP.lookups({}, TARGET) == (Lookup("role", DATA_OWNER, TARGET.subscription_id),)


def test_a_missing_assignment_is_created_under_a_name_of_our_choosing() -> None:
    plan = STEP.plan(Assignments(), DESIRED, NOTHING_RECORDED, {}, {})
    (change,) = plan.changes
    assert change.key == f"assign-role:{ID.rpartition('/')[2]}"
    assert change.drift is Drift.MISSING
    assert change.owns == (ROLE_ASSIGNMENT.item(ID),)
    assert change.releases == ()
    assert change.rights == (Right("Microsoft.Authorization/roleAssignments/write", TARGET.instance_id),)
    assert change.az().startswith(f"az role assignment create --assignee-object-id {ADA.object_id} ")


def test_the_scope_is_the_instance_as_azure_spells_it() -> None:
    spelling = TARGET.instance_id.upper()
    (change,) = STEP.plan(Assignments(), DESIRED, NOTHING_RECORDED, {"instance_id": spelling}, {}).changes
    assert change.rights[0].scope == spelling


def test_an_equal_assignment_is_enough_whoever_created_it() -> None:
    plan = STEP.plan(Assignments(FOREIGN), DESIRED, NOTHING_RECORDED, {}, {})
    assert (plan.changes, plan.values, plan.adoptable) == ((), {"role_assignment_id": ID.upper()}, ())
    assert plan.reason


def test_a_marked_assignment_that_nobody_recorded_is_recorded_again() -> None:
    plan = STEP.plan(Assignments(MARKED), DESIRED, NOTHING_RECORDED, {}, {})
    assert plan.adoptable == (ROLE_ASSIGNMENT.item(ID),)


def test_a_former_assignee_loses_the_role_after_the_new_one_has_it() -> None:
    recorded = record(ROLE_ASSIGNMENT.item(OTHER_ID))
    plan = STEP.plan(Assignments(recorded=(FORMER,)), DESIRED, recorded, {}, {})
    assert keys(plan) == [f"assign-role:{ID.rpartition('/')[2]}", f"remove-role:{FORMER.name}"]
    revoke = plan.changes[1]
    assert revoke.drift is Drift.LEFT_OVER
    assert revoke.releases == (ROLE_ASSIGNMENT.item(OTHER_ID),)
    assert revoke.rights == (Right("Microsoft.Authorization/roleAssignments/delete", TARGET.instance_id.lower()),)
    assert revoke.az() == f"az role assignment delete --ids {OTHER_ID}"


@pytest.mark.parametrize("existing", [(), (Assignment(OTHER_ID, False),)])
def test_of_recorded_assignments_what_vanished_is_forgotten_and_what_lost_its_mark_is_kept(
    existing: tuple[Assignment, ...],
) -> None:
    recorded = record(ROLE_ASSIGNMENT.item(OTHER_ID))
    for plan in (
        STEP.plan(Assignments(MARKED, existing), DESIRED, recorded, {}, {}),
        STEP.remove(Assignments(MARKED, existing), DESIRED, recorded, {}, Removal()),
    ):
        assert (plan.changes, plan.vanished) == ((), () if existing else (ROLE_ASSIGNMENT.item(OTHER_ID),))
    assert len(plan.retained) == len(existing)


def test_destroy_deletes_an_assignment_that_is_recorded_and_marked() -> None:
    recorded = record(ROLE_ASSIGNMENT.item(ID))
    plan = STEP.remove(Assignments(MARKED, (FORMER,)), DESIRED, recorded, {}, Removal())
    assert keys(plan) == [f"remove-role:{MARKED.name}", f"remove-role:{FORMER.name}"]
    first, second = plan.changes
    assert isinstance(first, RevokeDataRole)
    assert isinstance(second, RevokeDataRole)
    assert first.assignment == Assignment(ID, True, DATA_OWNER, ADA.label)
    assert second.assignment == FORMER


@pytest.mark.parametrize("equal", [FOREIGN, None])
def test_destroy_keeps_a_recorded_assignment_whose_mark_is_gone(equal: Assignment | None) -> None:
    plan = STEP.remove(Assignments(equal), DESIRED, record(ROLE_ASSIGNMENT.item(ID)), {}, Removal())
    assert (plan.changes, plan.vanished) == ((), () if equal else (ROLE_ASSIGNMENT.item(ID),))
    assert len(plan.retained) == (1 if equal else 0)
    assert (ADA.label in plan.reason) is (equal is not None)


def test_destroy_keeps_a_marked_assignment_that_is_not_recorded() -> None:
    plan = STEP.remove(Assignments(MARKED), DESIRED, NOTHING_RECORDED, {}, Removal())
    assert (plan.changes, plan.adoptable) == ((), (ROLE_ASSIGNMENT.item(ID),))


def test_an_assignment_that_an_interrupted_run_created_is_ours() -> None:
    plan = STEP.plan(Assignments(MARKED), DESIRED, record(pending=(ROLE_ASSIGNMENT.item(ID),)), {}, {})
    assert (plan.adoptable, plan.vanished) == ((), ())


def test_a_role_that_is_inherited_is_enough_and_nothing_of_it_is_recorded() -> None:
    observed = Assignments(effective="Azure Digital Twins Data Owner on the subscription")
    plan = STEP.plan(observed, DESIRED, NOTHING_RECORDED, {"role_assignment_id": "former"}, {})
    assert (plan.changes, plan.values, plan.adoptable) == ((), {"role_assignment_id": ""}, ())
    assert observed.effective in plan.reason
    removed = STEP.remove(observed, DESIRED, NOTHING_RECORDED, {}, Removal())
    assert (removed.changes, removed.retained, removed.adoptable) == ((), (), ())
    assert observed.effective in removed.reason
    former = Assignments(recorded=(FORMER,), effective=observed.effective)
    recorded = record(ROLE_ASSIGNMENT.item(OTHER_ID))
    assert keys(STEP.plan(former, DESIRED, recorded, {}, {})) == [f"remove-role:{FORMER.name}"]


def test_an_assignment_of_its_own_can_be_insisted_on() -> None:
    assert not DESIRED.of_its_own
    assert not STEP.desired(given(role_scope="any"), TARGET, NAMES).of_its_own
    assert STEP.desired(given(role_scope="instance"), TARGET, NAMES).of_its_own


def test_what_the_assignee_is_holds_for_that_assignee_alone() -> None:
    inputs = given(assignee="bob@contoso.com", assignee_type="Group")
    assert STEP.lookups(inputs, TARGET)[0].type == "Group"
    inputs = given(assignee="bob@contoso.com") | given(FROM_STATE, assignee_type="Group")
    assert not STEP.lookups(inputs, TARGET)[0].type
    inputs = given(FROM_STATE, assignee="bob@contoso.com", assignee_type="Group")
    assert STEP.lookups(inputs, TARGET)[0].type == "Group"


def test_the_desired_state_holds_the_target() -> None:
    assert DesiredRole(TARGET, ADA, DESIRED.role) == DESIRED
