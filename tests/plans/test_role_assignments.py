"""Role assignments: by their GUID, and those that are both recorded and being changed once."""

from __future__ import annotations

import pytest

from engine.record import Kind
from steps.shared.role_assignments import Asked, Assigned, Assignment, place, recorded_ids
from tests.plans.facts import record


def test_an_assignment_counts_that_is_recorded_and_being_changed() -> None:
    kind = Kind("role-assignment", 1)
    assert recorded_ids(kind, record(kind.item("/a"), pending=(kind.item("/a"),))) == {"/a"}


def test_an_assignment_is_called_by_its_guid() -> None:
    assert Assignment("/scope/providers/microsoft.authorization/roleassignments/guid", True).name == "guid"


@pytest.mark.parametrize(
    ("asked", "is_equal"),
    [
        (("/Scope", "Principal", "Role"), True),
        (("/scop", "principal", "role"), False),
        (("/scope/inner", "principal", "role"), False),
        (("/scope", "another", "role"), False),
        (("/scope", "somebody", "role"), False),
        (("/scope", "principal", "other"), False),
        (("/scope", "principal", "some"), False),
    ],
)
def test_an_assignment_is_that_of_its_scope_principal_and_role_in_any_case(
    asked: tuple[str, str, str], is_equal: bool
) -> None:
    assert Assigned(Assignment("/id", marked=True), "/scope", "principal", "role").is_equal(*asked) is is_equal


def test_scopes_of_one_name_are_told_apart() -> None:
    scopes = (
        "/subscriptions/main",
        "/subscriptions/sub/resourceGroups/main",
        "/subscriptions/sub/resourceGroups/group/providers/Microsoft.DigitalTwins/digitalTwinsInstances/main",
        "/providers/Microsoft.Management/managementGroups/main",
        "/",
    )
    assert len({place(scope) for scope in scopes}) == len(scopes)


def test_a_principal_is_known_to_the_directory_unless_it_is_said_to_be_lost() -> None:
    assert not Asked(of_its_own=True).is_lost
