"""Role assignments: by their GUID, and those that are both recorded and being changed once."""

from __future__ import annotations

from engine.record import Kind
from steps.shared.role_assignments import Assignment, recorded_ids
from tests.plans.facts import record


def test_an_assignment_counts_that_is_recorded_and_being_changed() -> None:
    kind = Kind("role-assignment", 1)
    assert recorded_ids(kind, record(kind.item("/a"), pending=(kind.item("/a"),))) == {"/a"}


def test_an_assignment_is_called_by_its_guid() -> None:
    assert Assignment("/scope/providers/microsoft.authorization/roleassignments/guid", True).name == "guid"
