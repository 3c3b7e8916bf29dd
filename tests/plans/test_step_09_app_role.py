"""The plans of the application's own role."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cloud.identifiers import BUILT_IN_ROLES, DATA_OWNER, DATA_READER, Role
from engine.change import Drift, Right
from engine.context import Removal
from engine.script import posix
from engine.step import Plan
from steps.shared.role_assignments import Assignment, Assignments, assignment_id
from steps.step_09_app_role.changes import APP_ROLE, AssignAppRole, RevokeAppRole
from steps.step_09_app_role.inputs import INPUTS, DesiredAppRole
from steps.step_09_app_role.step import STEP
from tests.plans.facts import NAMES, NOTHING_RECORDED, TARGET, given, keys, record

READER = Role(DATA_READER, BUILT_IN_ROLES[DATA_READER])
OWNER = Role(DATA_OWNER, BUILT_IN_ROLES[DATA_OWNER])
DESIRED, NONE = DesiredAppRole(TARGET, READER), DesiredAppRole(TARGET, None)
LEFT_OUT = replace(DESIRED, left_out=True)
APP = "a9900000-0000-0000-0000-000000000000"
KNOWN = {"service_principal_id": APP}
ID, OTHER_ID = (assignment_id(TARGET.instance_id, APP, role.id) for role in (READER, OWNER))
ITEM, OTHER_ITEM = APP_ROLE.item(ID), APP_ROLE.item(OTHER_ID)
MARKED, FOREIGN = Assignment(ID, True), Assignment(ID, False, spelling=ID.upper())
FORMER = Assignment(OTHER_ID, True, DATA_OWNER, "factory-app")


@pytest.mark.parametrize(("name", "role"), [("owner", OWNER), ("reader", READER), ("none", None)])
def test_the_role_is_named_in_short(name: str, role: Role | None) -> None:
    inputs = given(app_role=name)
    assert STEP.lookups(inputs, TARGET) == ()
    assert STEP.desired(inputs, TARGET, NAMES) == DesiredAppRole(TARGET, role)


def test_by_default_there_is_no_role() -> None:
    assert STEP.desired({}, TARGET, NAMES) == NONE
    assert STEP.settled(DESIRED) == {}


def test_the_role_is_left_out_with_the_registration() -> None:
    assert STEP.desired(given(app_role="reader", no_app=True), TARGET, NAMES) == LEFT_OUT
    assert STEP.desired(given(app_role="reader", no_app=False), TARGET, NAMES) == DESIRED


def test_the_input_takes_only_these_roles() -> None:
    (row,) = INPUTS
    assert (row.name, row.group, row.kept, row.answers, row.identifies) == (
        "app_role", "App registration", True, False, False,
    )  # fmt: skip
    assert [row.problem(value) is None for value in ("owner", "reader", "none", "Owner")] == [True, True, True, False]


def plan(observed: Assignments, desired: DesiredAppRole = DESIRED, *recorded: str) -> Plan:
    return STEP.plan(observed, desired, record(*recorded), KNOWN, {})


def remove(observed: Assignments, desired: DesiredAppRole = DESIRED, *recorded: str) -> Plan:
    return STEP.remove(observed, desired, record(*recorded), KNOWN, Removal())


def test_a_missing_assignment_is_created_under_a_name_of_our_choosing() -> None:
    (change,) = plan(Assignments()).changes
    assert isinstance(change, AssignAppRole)
    assert change.key == f"assign-app-role:{ID.rpartition('/')[2]}"
    assert (change.drift, change.owns, change.releases) == (Drift.MISSING, (ITEM,), ())
    assert change.rights == (Right("Microsoft.Authorization/roleAssignments/write", TARGET.instance_id),)
    assert (change.value, change.principal.kind) == ("app_role_assignment_id", "ServicePrincipal")
    assert change.title
    assert change.az() == (
        f"az role assignment create --assignee-object-id {APP} --assignee-principal-type ServicePrincipal "
        f"--role '{DATA_READER}' --scope {TARGET.instance_id}"
    )


def test_the_scope_is_the_instance_as_azure_spells_it() -> None:
    spelling = TARGET.instance_id.upper()
    (change,) = STEP.plan(Assignments(), DESIRED, NOTHING_RECORDED, {**KNOWN, "instance_id": spelling}, {}).changes
    assert change.rights[0].scope == spelling


def test_a_service_principal_that_does_not_exist_yet_has_no_assignment_to_own() -> None:
    (change,) = STEP.plan(Assignments(), DESIRED, NOTHING_RECORDED, {}, {}).changes
    assert (change.key, change.owns) == (f"assign-app-role:{READER.id}", ())
    assert 'principal=$(az ad sp show --id "$app" --query id --output tsv) && az role assignment ' in change.az()
    assert change.rights == (Right("Microsoft.Authorization/roleAssignments/write", TARGET.instance_id),)


def test_a_script_waits_for_the_service_principal_of_an_application_that_it_created() -> None:
    (change,) = STEP.plan(Assignments(), DESIRED, NOTHING_RECORDED, {}, {}).changes
    (line,) = [line for line in posix(change.commands(), is_script=True) if line.startswith("principal=")]
    assert line.startswith("principal=$(patiently az ad sp show ")


def test_an_equal_assignment_is_enough_whoever_created_it() -> None:
    found = plan(Assignments(FOREIGN))
    assert (found.changes, found.values, found.adoptable) == ((), {"app_role_assignment_id": ID.upper()}, ())
    assert (found.skipped, found.vanished) == (False, ())
    assert found.reason


def test_a_marked_assignment_that_nobody_recorded_is_recorded_again() -> None:
    assert plan(Assignments(MARKED)).adoptable == (ITEM,)
    assert plan(Assignments(MARKED), DESIRED, ITEM).adoptable == ()


def test_a_former_role_is_revoked_after_the_new_one_is_assigned() -> None:
    found = plan(Assignments(recorded=(FORMER,)), DESIRED, OTHER_ITEM)
    assert keys(found) == [f"assign-app-role:{ID.rpartition('/')[2]}", f"revoke-app-role:{FORMER.name}"]
    revoke = found.changes[1]
    assert isinstance(revoke, RevokeAppRole)
    assert (revoke.drift, revoke.releases, revoke.owns) == (Drift.LEFT_OVER, (OTHER_ITEM,), ())
    assert revoke.rights == (Right("Microsoft.Authorization/roleAssignments/delete", TARGET.instance_id.lower()),)
    assert revoke.az() == f"az role assignment delete --ids {OTHER_ID}"
    assert revoke.values == {}
    assert revoke.title


def test_a_former_role_is_revoked_where_the_new_one_is_assigned_already() -> None:
    found = plan(Assignments(FOREIGN, (FORMER,)), DESIRED, OTHER_ITEM)
    assert keys(found) == [f"revoke-app-role:{FORMER.name}"]
    assert found.values == {"app_role_assignment_id": ID.upper()}
    assert found.reason == ""


def test_without_a_desired_role_ours_is_revoked_and_its_id_is_blank() -> None:
    found = plan(Assignments(recorded=(FORMER,)), NONE, OTHER_ITEM)
    assert keys(found) == [f"revoke-app-role:{FORMER.name}"]
    (revoke,) = found.changes
    assert isinstance(revoke, RevokeAppRole)
    assert revoke.values == {"app_role_assignment_id": ""}
    assert (found.skipped, found.reason) == (False, "")


def test_without_a_desired_role_there_is_nothing_to_do() -> None:
    found = plan(Assignments(), NONE, ITEM)
    assert (found.changes, found.skipped, found.vanished) == ((), True, (ITEM,))
    assert found.reason


def test_nothing_is_done_where_the_registration_is_left_out() -> None:
    found = plan(Assignments(recorded=(FORMER,)), LEFT_OUT, OTHER_ITEM)
    assert (found.changes, found.skipped, found.vanished, found.adoptable) == ((), True, (), ())
    assert found.reason


@pytest.mark.parametrize("existing", [(), (Assignment(OTHER_ID, False),)])
def test_of_recorded_assignments_what_vanished_is_forgotten(existing: tuple[Assignment, ...]) -> None:
    for found in (
        plan(Assignments(None, existing), NONE, OTHER_ITEM),
        remove(Assignments(None, existing), NONE, OTHER_ITEM),
        plan(Assignments(FOREIGN, existing), DESIRED, OTHER_ITEM),
        remove(Assignments(FOREIGN, existing), DESIRED, OTHER_ITEM),
    ):
        assert (found.changes, found.vanished) == ((), () if existing else (OTHER_ITEM,))


@pytest.mark.parametrize("desired", [DESIRED, LEFT_OUT])
def test_destroy_deletes_an_assignment_that_is_recorded_and_marked(desired: DesiredAppRole) -> None:
    found = remove(Assignments(MARKED, (FORMER,)), desired, ITEM, OTHER_ITEM)
    assert keys(found) == [f"revoke-app-role:{MARKED.name}", f"revoke-app-role:{FORMER.name}"]
    revokes = [change for change in found.changes if isinstance(change, RevokeAppRole)]
    assert [revoke.values for revoke in revokes] == [{"app_role_assignment_id": ""}] * 2
    assert [revoke.assignment.role for revoke in revokes] == [DATA_READER, DATA_OWNER]
    assert (found.reason, found.skipped, found.vanished, found.adoptable) == ("", False, (), ())


def test_destroy_keeps_a_recorded_assignment_without_the_mark() -> None:
    found = remove(Assignments(FOREIGN), DESIRED, ITEM)
    assert (found.changes, found.skipped, found.vanished, found.adoptable) == ((), False, (), ())
    assert len(found.retained) == 1
    assert found.reason


def test_a_role_that_is_inherited_is_enough() -> None:
    found = plan(Assignments(effective="Azure Digital Twins Data Owner on resource group twins"), DESIRED)
    assert (found.changes, found.values, found.skipped) == ((), {}, False)
    assert "twins" in found.reason
    inherited = Assignments(recorded=(FORMER,), effective="Azure Digital Twins Data Owner on resource group twins")
    revoking = STEP.plan(inherited, DESIRED, record(OTHER_ITEM), {**KNOWN, "app_role_assignment_id": "former"}, {})
    assert keys(revoking) == [f"revoke-app-role:{FORMER.name}"]
    assert (revoking.reason, revoking.values) == ("", {"app_role_assignment_id": ""})
    assert not STEP.desired(given(app_role="reader"), TARGET, NAMES).of_its_own
    assert STEP.desired(given(role_scope="instance", app_role="reader"), TARGET, NAMES).of_its_own


def test_destroy_keeps_a_marked_assignment_that_is_not_recorded() -> None:
    found = remove(Assignments(MARKED))
    assert (found.changes, found.skipped, found.vanished, found.adoptable) == ((), False, (), (ITEM,))


def test_destroy_says_so_where_nothing_exists() -> None:
    found = remove(Assignments())
    assert (found.changes, found.skipped) == ((), True)
    assert found.reason


def test_an_assignment_that_an_interrupted_run_created_is_ours() -> None:
    found = STEP.plan(Assignments(MARKED), DESIRED, record(pending=(ITEM,)), KNOWN, {})
    assert (found.adoptable, found.vanished) == ((), ())


def test_the_step_waits_for_the_instance_and_the_registration() -> None:
    assert (STEP.number, STEP.key, STEP.needs) == (9, "app_role", ("instance", "app_registration"))
    assert (STEP.optional, STEP.last, STEP.kinds) == (True, False, (APP_ROLE,))


def test_destroy_is_not_skipped_where_a_recorded_assignment_lost_its_mark() -> None:
    found = remove(Assignments(None, (Assignment(OTHER_ID, False),)), DESIRED, OTHER_ITEM)
    assert (found.changes, found.skipped) == ((), False)
