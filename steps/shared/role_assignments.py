"""Role assignments as steps 3, 6 and 9 observe and plan them. Pure.

An assignment is ours when it is recorded as ours and its description is this tool's mark.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from engine.record import Kind, Record

ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"


@dataclass(frozen=True)
class Assignment:
    """A role assignment that exists."""

    id: str
    """Lower-cased resource id."""
    marked: bool
    """Its description is this tool's mark."""
    role: str = ""
    who: str = ""
    """Names of the role and of the principal; read only of marked assignments that are to be removed."""
    spelling: str = ""
    """The id as Azure spells it, of an equal assignment: what is produced."""

    @property
    def scope(self) -> str:
        """The lower-cased resource id of what the role is assigned on."""
        return self.id.rpartition(f"/providers/{ASSIGNMENTS.lower()}/")[0]

    @property
    def name(self) -> str:
        """The assignment's GUID."""
        return self.id.rpartition("/")[2]


@dataclass(frozen=True)
class Assignments:
    """What is assigned to a principal at a scope, and what exists of earlier runs' assignments."""

    equal: Assignment | None = None
    """An assignment of the desired principal, role and scope, whatever its name."""
    recorded: tuple[Assignment, ...] = ()
    """Other assignments that the record names and that exist."""


def assignment_name(scope: str, principal: str, role_id: str) -> str:
    """Return the assignment's GUID: the same for the same scope, principal and role, so that a repeat is a repeat."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{scope}|{principal}|{role_id}".lower()))


def assignment_id(scope: str, principal: str, role_id: str) -> str:
    """Return the lower-cased id of the assignment that would be created; "" while the principal isn't known."""
    name = assignment_name(scope, principal, role_id)
    return f"{scope}/providers/{ASSIGNMENTS}/{name}".lower() if principal else ""


def recorded_ids(kind: Kind, record: Record) -> frozenset[str]:
    """Return the lower-cased ids of the assignments that the step created, or was about to create."""
    return kind.names(record.owned | record.pending)


def is_ours(kind: Kind, assignment: Assignment | None, record: Record) -> bool:
    """Whether an assignment is both recorded and marked as ours."""
    return assignment is not None and assignment.marked and assignment.id in recorded_ids(kind, record)


def former(observed: Assignments) -> tuple[Assignment, ...]:
    """Return our other assignments: of another principal, or with another role."""
    return tuple(assignment for assignment in observed.recorded if assignment.marked)


def vanished(kind: Kind, observed: Assignments, record: Record) -> tuple[str, ...]:
    """Return what is recorded of assignments that no longer exist, or are no longer ours."""
    existing = {assignment.id for assignment in former(observed)}
    if observed.equal and is_ours(kind, observed.equal, record):
        existing.add(observed.equal.id)
    return tuple(kind.item(found) for found in sorted(recorded_ids(kind, record) - existing))


def adoptable(kind: Kind, observed: Assignments, record: Record) -> tuple[str, ...]:
    """Return the equal assignment where it is marked and not recorded: a state file was lost."""
    equal = observed.equal
    if equal is None or not equal.marked or is_ours(kind, equal, record):
        return ()
    return (kind.item(equal.id),)
