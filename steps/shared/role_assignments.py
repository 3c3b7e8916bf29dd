"""Role assignments as steps 3, 6 and 9 observe and plan them. Pure.

An assignment is ours when it is recorded as ours and its description is this tool's mark.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.input import Given, text_of
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
class Assigned:
    """A role assignment that applies to a principal: its own or a group's, at a scope or above. Ids are lower-cased."""

    assignment: Assignment
    scope: str
    principal: str
    role_id: str
    """The GUID of its definition."""
    condition: str = ""
    principal_kind: str = ""
    """`principalType`."""

    def is_equal(self, scope: str, principal: str, role_id: str) -> bool:
        """Whether it is the assignment of this scope, principal and role."""
        return (self.scope, self.principal, self.role_id) == (scope.lower(), principal.lower(), role_id.lower())


@dataclass(frozen=True)
class Asked:
    """What counts as having a role."""

    of_its_own: bool
    """Only an assignment of its own at the scope counts: what is inherited, or a group's, does not."""
    action: str = ""
    """The data action that is asked for; "" for all that the role gives."""
    is_lost: bool = False
    """The directory no longer knows the principal: only an assignment that was left behind is looked for."""


def is_of_its_own(given: Mapping[str, Given]) -> bool:
    """Whether only assignments of their own at the scope count, by the input `role_scope`."""
    return text_of(given, "role_scope") == "instance"


def subscription_of(scope: str) -> str:
    """Return the resource id of the subscription that a scope is in."""
    return "/".join(scope.split("/")[:3])


def place(scope: str) -> str:
    """Say where a role is assigned, by the scope's resource id."""
    parts, name = scope.strip("/").lower().split("/"), scope.rpartition("/")[2]
    if parts[0] == "subscriptions":
        kinds = {2: "the subscription", 4: f"resource group {name}"}
        return kinds.get(len(parts), name)
    return f"management group {name}" if name else "the root of all management groups"


@dataclass(frozen=True)
class Assignments:
    """What is assigned to a principal at a scope, and what exists of earlier runs' assignments."""

    equal: Assignment | None = None
    """An assignment of the desired principal, role and scope, whatever its name."""
    recorded: tuple[Assignment, ...] = ()
    """Other assignments that the record names and that exist."""
    effective: str = ""
    """What has the effect of an equal assignment, where there is none, in words: inherited, or a group's."""

    @property
    def equals(self) -> tuple[Assignment, ...]:
        """The equal assignment, if there is one."""
        return (self.equal,) if self.equal else ()

    @property
    def existing(self) -> tuple[Assignment, ...]:
        """All of them."""
        return (*self.equals, *self.recorded)


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


def former(recorded: Iterable[Assignment]) -> tuple[Assignment, ...]:
    """Return our assignments among those that are recorded and no longer desired."""
    return tuple(assignment for assignment in recorded if assignment.marked)


def vanished(kind: Kind, existing: Iterable[Assignment], record: Record) -> tuple[str, ...]:
    """Return what is recorded of assignments that no longer exist."""
    there = {assignment.id for assignment in existing}
    return tuple(kind.item(found) for found in sorted(recorded_ids(kind, record) - there))


def retained(kind: Kind, existing: Iterable[Assignment], record: Record) -> tuple[str, ...]:
    """Say of the assignments that are recorded as ours, and no longer marked as ours, why they are not deleted."""
    recorded = recorded_ids(kind, record)
    return tuple(
        f"Role assignment {assignment.id}: its description is no longer this deployment's mark."
        for assignment in existing
        if assignment.id in recorded and not assignment.marked
    )


def adoptable(kind: Kind, equals: Iterable[Assignment], record: Record) -> tuple[str, ...]:
    """Return the equal assignments that are marked and recorded by no step: a state file was lost."""
    recorded = recorded_ids(kind, record) | {item.partition(":")[2] for item in record.owned_by_any}
    return tuple(kind.item(equal.id) for equal in equals if equal.marked and equal.id not in recorded)
