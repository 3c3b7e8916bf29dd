"""What the plans of step 3 produce and say of roles that are left as they are, and where names come from."""

from __future__ import annotations

import pytest

from engine.context import Removal
from engine.step import Plan
from steps.step_03_role.changes import ROLE_ASSIGNMENT
from steps.step_03_role.inputs import INPUTS
from steps.step_03_role.observed import FoundRoles
from steps.step_03_role.step import STEP
from tests.plans.facts import NOTHING_RECORDED, TARGET, given, keys, record
from tests.plans.test_step_03_role import DESIRED, MINE, OWNS, READS, ROWS, of

ELSEWHERE = {MINE: "Owner on the subscription"}
LEFT = of(OWNS)


def plan(observed: FoundRoles, **values: str) -> Plan:
    return STEP.plan(observed, ROWS, record(ROLE_ASSIGNMENT.item(LEFT.id)), values, {})


@pytest.mark.parametrize(
    "observed",
    [
        FoundRoles({MINE: of(MINE), READS: of(READS)}),  # a role is assigned
        FoundRoles({MINE: of(MINE), READS: of(READS)}, {OWNS: "Owner"}, (LEFT,)),  # another is revoked
    ],
)
def test_a_plan_with_changes_gives_no_reason_for_having_none(observed: FoundRoles) -> None:
    found = plan(observed)
    assert (len(found.changes), found.reason) == (1, "")


def test_what_is_inherited_is_noted_beside_what_is_revoked() -> None:
    found = STEP.plan(FoundRoles({}, ELSEWHERE, (LEFT,)), DESIRED, record(ROLE_ASSIGNMENT.item(LEFT.id)), {}, {})
    assert keys(found) == [f"remove-role:{LEFT.name}"]
    (note,) = found.notes
    assert ELSEWHERE[MINE] in note


def test_the_known_assignment_is_forgotten_only_where_the_first_role_is_inherited() -> None:
    known = {"role_assignment_id": "former"}
    assert plan(FoundRoles({}, ELSEWHERE), **known).values == {"role_assignment_id": ""}
    assert plan(FoundRoles({}, ELSEWHERE)).values == {}
    assert plan(FoundRoles(), **known).values == {}  # the assignment that is made tells its own


def test_each_role_is_assigned_and_only_the_first_one_is_an_output() -> None:
    every = STEP.plan(FoundRoles(), ROWS, NOTHING_RECORDED, {}, {}).changes
    assert len({change.key for change in every}) == 3
    assert [vars(change)["value"] for change in every] == ["role_assignment_id", "", ""]


def test_destroy_says_why_it_has_nothing_to_do_where_nothing_is_assigned() -> None:
    removed = STEP.remove(FoundRoles(), DESIRED, NOTHING_RECORDED, {}, Removal())
    assert removed.changes == ()
    assert removed.reason


def test_a_name_that_is_looked_up_says_which_setting_gave_it() -> None:
    inputs = given("twins.toml", assignee="bob@contoso.com", role="owner", access=[{"who": "Bob", "role": "reader"}])
    names = ["assignee", "role", "access", "access"]
    assert [lookup.source for lookup in STEP.lookups(inputs, TARGET)] == [f"{name} (from twins.toml)" for name in names]


def test_a_row_of_access_needs_a_holder_and_a_role_and_is_told_from_others_by_both() -> None:
    (access,) = (row for row in INPUTS if row.name == "access")
    assert [(field.name, field.required) for field in access.fields] == [("who", True), ("role", True), ("type", False)]
    assert access.distinct == ("who", "role")
