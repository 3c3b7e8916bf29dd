"""The plans of the data-plane role."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cloud.data_actions import WRITE_MODELS
from cloud.identifiers import DATA_OWNER, DATA_READER, Role, built_in_role
from engine.change import Drift, Right
from engine.context import Removal
from engine.input import FROM_STATE, Lookup
from engine.refusal import BadInput, Unknown
from steps.shared.role_assignments import Assignment, assignment_id
from steps.step_03_role.changes import ROLE_ASSIGNMENT, AssignDataRole, RevokeDataRole
from steps.step_03_role.inputs import INPUTS, Access, DesiredRoles
from steps.step_03_role.observed import NOTHING, FoundRoles
from steps.step_03_role.step import STEP
from tests.plans.facts import ADA, BOB, NAMES, NOTHING_RECORDED, TARGET, given, keys, record

DESIRED = STEP.desired({}, TARGET, NAMES)
(MINE,) = DESIRED.rows
ID = assignment_id(TARGET.instance_id, ADA.object_id, MINE.role.id)
OTHER_ID = assignment_id(TARGET.instance_id, BOB.object_id, MINE.role.id)
MARKED, FOREIGN = Assignment(ID, True), Assignment(ID, False, spelling=ID.upper())
FORMER = Assignment(OTHER_ID, True, DATA_OWNER, BOB.label)


def test_by_default_the_signed_in_identity_becomes_data_owner() -> None:
    assert (MINE.holder, MINE.role.name) == (ADA, DATA_OWNER)
    assert STEP.settled(DESIRED) == {"assignee": ADA.object_id, "role": DATA_OWNER}


def test_a_given_assignee_and_role_are_looked_up_and_used() -> None:
    inputs = given(assignee="bob@contoso.com", role=DATA_READER)
    assert STEP.lookups(inputs, TARGET) == (
        Lookup("principal", "bob@contoso.com", followed=True),
        Lookup("role", DATA_READER, TARGET.subscription_id),
    )
    desired = STEP.desired(inputs, TARGET, NAMES)
    (row,) = desired.rows
    assert (row.holder, row.role.name) == (BOB, DATA_READER)


def test_only_what_the_state_file_remembers_may_be_taken_from_it() -> None:
    for source, expected in ((FROM_STATE, True), ("--flag", False), ("your answer", False), ("twins.toml", False)):
        inputs = given(source, assignee="bob@contoso.com", role="Twin Reader")
        assert [lookup.remembered for lookup in STEP.lookups(inputs, TARGET)] == [expected, expected]


def test_the_default_role_is_resolved_and_remembered_too() -> None:
    assert STEP.lookups({}, TARGET) == (Lookup("role", DATA_OWNER, TARGET.subscription_id),)


def test_a_missing_assignment_is_created_under_a_name_of_our_choosing() -> None:
    plan = STEP.plan(FoundRoles(), DESIRED, NOTHING_RECORDED, {}, {})
    (change,) = plan.changes
    assert change.key == f"assign-role:{ID.rpartition('/')[2]}"
    assert change.drift is Drift.MISSING
    assert change.owns == (ROLE_ASSIGNMENT.item(ID),)
    assert change.releases == ()
    assert change.rights == (Right("Microsoft.Authorization/roleAssignments/write", TARGET.instance_id),)
    assert change.az().startswith(f"az role assignment create --assignee-object-id {ADA.object_id} ")


def test_the_scope_is_the_instance_as_azure_spells_it() -> None:
    spelling = TARGET.instance_id.upper()
    (change,) = STEP.plan(FoundRoles(), DESIRED, NOTHING_RECORDED, {"instance_id": spelling}, {}).changes
    assert change.rights[0].scope == spelling


def test_an_equal_assignment_is_enough_whoever_created_it() -> None:
    plan = STEP.plan(FoundRoles({MINE: FOREIGN}), DESIRED, NOTHING_RECORDED, {}, {})
    assert (plan.changes, plan.values, plan.adoptable) == ((), {"role_assignment_id": ID.upper()}, ())
    assert plan.reason


def test_a_marked_assignment_that_nobody_recorded_is_recorded_again() -> None:
    plan = STEP.plan(FoundRoles({MINE: MARKED}), DESIRED, NOTHING_RECORDED, {}, {})
    assert plan.adoptable == (ROLE_ASSIGNMENT.item(ID),)


def test_a_former_assignee_loses_the_role_after_the_new_one_has_it() -> None:
    recorded = record(ROLE_ASSIGNMENT.item(OTHER_ID))
    plan = STEP.plan(FoundRoles(recorded=(FORMER,)), DESIRED, recorded, {}, {})
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
        STEP.plan(FoundRoles({MINE: MARKED}, {}, existing), DESIRED, recorded, {}, {}),
        STEP.remove(FoundRoles({MINE: MARKED}, {}, existing), DESIRED, recorded, {}, Removal()),
    ):
        assert (plan.changes, plan.vanished) == ((), () if existing else (ROLE_ASSIGNMENT.item(OTHER_ID),))
    assert len(plan.retained) == len(existing)


def test_destroy_deletes_an_assignment_that_is_recorded_and_marked() -> None:
    recorded = record(ROLE_ASSIGNMENT.item(ID))
    plan = STEP.remove(FoundRoles({MINE: MARKED}, {}, (FORMER,)), DESIRED, recorded, {}, Removal())
    assert keys(plan) == [f"remove-role:{MARKED.name}", f"remove-role:{FORMER.name}"]
    first, second = plan.changes
    assert isinstance(first, RevokeDataRole)
    assert isinstance(second, RevokeDataRole)
    assert first.assignment == Assignment(ID, True, DATA_OWNER, ADA.label)
    assert second.assignment == FORMER


@pytest.mark.parametrize("equal", [FOREIGN, None])
def test_destroy_keeps_a_recorded_assignment_whose_mark_is_gone(equal: Assignment | None) -> None:
    plan = STEP.remove(
        FoundRoles({MINE: equal} if equal else {}), DESIRED, record(ROLE_ASSIGNMENT.item(ID)), {}, Removal()
    )
    assert (plan.changes, plan.vanished) == ((), () if equal else (ROLE_ASSIGNMENT.item(ID),))
    assert len(plan.retained) == (1 if equal else 0)
    assert (ADA.label in plan.reason) is (equal is not None)


def test_destroy_keeps_a_marked_assignment_that_is_not_recorded() -> None:
    plan = STEP.remove(FoundRoles({MINE: MARKED}), DESIRED, NOTHING_RECORDED, {}, Removal())
    assert (plan.changes, plan.adoptable) == ((), (ROLE_ASSIGNMENT.item(ID),))


def test_an_assignment_that_an_interrupted_run_created_is_ours() -> None:
    plan = STEP.plan(FoundRoles({MINE: MARKED}), DESIRED, record(pending=(ROLE_ASSIGNMENT.item(ID),)), {}, {})
    assert (plan.adoptable, plan.vanished) == ((), ())


def test_a_role_that_is_inherited_is_enough_and_nothing_of_it_is_recorded() -> None:
    observed = FoundRoles(effective={MINE: "Azure Digital Twins Data Owner on the subscription"})
    plan = STEP.plan(observed, DESIRED, NOTHING_RECORDED, {"role_assignment_id": "former"}, {})
    assert (plan.changes, plan.values, plan.adoptable) == ((), {"role_assignment_id": ""}, ())
    assert observed.effective[MINE] in plan.reason
    removed = STEP.remove(observed, DESIRED, NOTHING_RECORDED, {}, Removal())
    assert (removed.changes, removed.retained, removed.adoptable) == ((), (), ())
    assert observed.effective[MINE] in removed.reason
    former = FoundRoles(recorded=(FORMER,), effective=observed.effective)
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
    assert DesiredRoles(TARGET, (Access(ADA, MINE.role),)) == DESIRED


# --- rows of --access -----------------------------------------------------------------------------------------------

NO_DATA = Role("Contributor", "b24988ac-6180-42a0-ab88-20f7382dd24c", ())
READS = Access(BOB, built_in_role(DATA_READER) or NO_DATA)
OWNS = Access(BOB, MINE.role)
ROWS = DesiredRoles(TARGET, (MINE, READS, OWNS))


def of(row: Access, marked: bool = True) -> Assignment:
    identifier = assignment_id(TARGET.instance_id, row.holder.object_id, row.role.id)
    return Assignment(identifier, marked, spelling=identifier)


def test_rows_follow_the_first_one_and_are_looked_for_in_every_run() -> None:
    row = {"who": "bob@contoso.com", "role": "reader"}
    typed = {"who": "bob@contoso.com", "role": "owner", "type": "User"}
    for source, remembered in (("--access", False), (FROM_STATE, True)):
        inputs = given(source, access=[row, typed])
        reader = Lookup("role", DATA_READER, TARGET.subscription_id, remembered)
        assert STEP.lookups(inputs, TARGET)[1:] == (
            Lookup("principal", "bob@contoso.com", remembered=remembered, followed=True),
            reader,
            Lookup("principal", "bob@contoso.com", remembered=remembered, followed=True, type="User"),
            replace(reader, name=DATA_OWNER),
        )
        assert STEP.desired(inputs, TARGET, NAMES).rows == ROWS.rows
    assert STEP.settled(ROWS) == STEP.settled(DESIRED)


def test_what_is_asked_for_twice_in_other_words_is_one_row() -> None:
    names = replace(NAMES, principals={**NAMES.principals, "Bob": replace(BOB, label="Bob")})
    row = {"who": "Bob", "role": DATA_OWNER}
    inputs = given(assignee="bob@contoso.com", role="owner", access=[row])
    assert STEP.desired(inputs, TARGET, names).rows == (OWNS,)
    assert STEP.desired(given(access=[]), TARGET, NAMES) == DESIRED


def test_each_row_that_is_missing_is_assigned() -> None:
    observed = FoundRoles({MINE: of(MINE)}, {OWNS: "Owner on the subscription"}, effects={READS: "may read"})
    plan = STEP.plan(observed, ROWS, NOTHING_RECORDED, {}, {})
    (assign,) = plan.changes
    assert isinstance(assign, AssignDataRole)
    assert assign.owns == (ROLE_ASSIGNMENT.item(of(READS).id),)
    assert (assign.value, assign.title.endswith("may read")) == ("", True)
    assert plan.values == {"role_assignment_id": of(MINE).id}
    assert len(plan.notes) == 1


def test_a_row_that_is_taken_away_is_revoked_where_it_is_ours() -> None:
    recorded = record(*(ROLE_ASSIGNMENT.item(of(row).id) for row in ROWS.rows))
    left = FoundRoles({MINE: of(MINE)}, recorded=(of(READS), of(OWNS, marked=False)))
    plan = STEP.plan(left, DESIRED, recorded, {}, {})
    assert keys(plan) == [f"remove-role:{of(READS).name}"]
    assert plan.changes[0].drift is Drift.LEFT_OVER


def test_when_all_is_there_each_row_says_what_it_gives() -> None:
    observed = FoundRoles(
        {MINE: of(MINE), READS: of(READS)},
        {OWNS: "Owner of all on the subscription"},
        effects={MINE: "may read and write", READS: ""},
    )
    plan = STEP.plan(observed, ROWS, NOTHING_RECORDED, {}, {})
    assert (plan.changes, plan.notes) == ((), ())
    for words in (ADA.label, BOB.label, "may read and write", NOTHING, "Owner of all on the subscription"):
        assert words in plan.reason
    removed = STEP.remove(observed, ROWS, record(ROLE_ASSIGNMENT.item(of(READS).id)), {}, Removal())
    assert keys(removed) == [f"remove-role:{of(READS).name}"]


def test_a_role_without_data_actions_is_refused_unless_it_is_assigned_already() -> None:
    row = Access(BOB, NO_DATA)
    desired = DesiredRoles(TARGET, (MINE, row))
    with pytest.raises(BadInput) as refused:
        STEP.plan(FoundRoles(effects={row: ""}), desired, NOTHING_RECORDED, {}, {})
    assert NO_DATA.name in refused.value.what
    assert STEP.plan(
        FoundRoles({MINE: of(MINE), row: of(row)}, effects={row: ""}), desired, NOTHING_RECORDED, {}, {}
    ).reason
    assert STEP.plan(FoundRoles(), desired, NOTHING_RECORDED, {}, {}).changes  # its definition can't be read


def test_of_a_holder_who_is_nobody_any_more_the_assignment_is_named_with_the_command() -> None:
    lost = Unknown("Nobody.", "look", why="why")
    names = replace(NAMES, lost={"bob@contoso.com": lost})
    desired = STEP.desired(given(access=[{"who": "bob@contoso.com", "role": "reader"}]), TARGET, names)
    with pytest.raises(Unknown) as refused:
        STEP.plan(FoundRoles(), desired, NOTHING_RECORDED, {}, {})
    assert refused.value is lost
    with pytest.raises(Unknown) as refused:
        STEP.plan(FoundRoles({READS: of(READS)}), desired, NOTHING_RECORDED, {}, {})
    assert refused.value.exit_code == 2
    assert f"az role assignment delete --ids {of(READS).spelling}" in refused.value.next
    assert lost.next in refused.value.next  # as that the identity of a resource can be switched on again
    assert of(READS).spelling in refused.value.why
    removed = STEP.remove(
        FoundRoles({READS: of(READS)}), desired, record(ROLE_ASSIGNMENT.item(of(READS).id)), {}, Removal()
    )
    assert keys(removed) == [f"remove-role:{of(READS).name}"]


def test_what_another_step_owns_is_not_taken_over() -> None:
    other = record(by_others=(f"app-role:{ID}",))
    assert STEP.plan(FoundRoles({MINE: MARKED}), DESIRED, other, {}, {}).adoptable == ()


def test_whoever_is_to_hold_a_role_or_may_be_in_a_group_that_is() -> None:
    assert ROWS.has(BOB.object_id)
    assert not any(DESIRED.has(other) for other in (BOB.object_id, "", "00000000-0000-0000-0000-000000000000"))
    group, reads = Access(replace(BOB, kind="Group"), MINE.role), Access(MINE.holder, READS.role)
    assert DesiredRoles(TARGET, (group,)).has("somebody else")
    assert DESIRED.has(MINE.holder.object_id, WRITE_MODELS)
    assert DesiredRoles(TARGET, (reads,)).has(MINE.holder.object_id)
    assert not DesiredRoles(TARGET, (reads, replace(group, role=READS.role))).has(MINE.holder.object_id, WRITE_MODELS)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("ada@contoso.com", True),
        (f"{TARGET.group_id}/providers/Microsoft.Web/sites/app", True),
        (f"{TARGET.group_id}/providers/Microsoft.Web/sites/app/slots/next", True),
        (TARGET.group_id, False),
        ("/subscriptions", False),
    ],
)
def test_a_text_that_begins_with_a_slash_is_a_resource_id(text: str, fits: bool) -> None:
    problems = {row.name: row.problem for row in INPUTS}
    assert (problems["assignee"](text) is None) is fits
