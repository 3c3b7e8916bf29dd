"""The inputs of the data-plane role, and the assignment that they ask for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cloud.identifiers import DATA_OWNER, Principal, Role
from engine.context import Target
from engine.input import FROM_STATE, Given, Input, Lookup, OneOf, text_of
from steps.shared.names import Names
from steps.shared.role_assignments import is_of_its_own

INPUTS = (
    Input(
        "assignee",
        "Who gets the role: UPN, e-mail, exact name, object id or client id. Default: the signed-in user.",
        "WHO",
        group="Instance",
    ),
    Input(
        "assignee_type",
        "What the assignee is. With an object id, the directory isn't asked.",
        "User|ServicePrincipal|Group",
        OneOf("User", "ServicePrincipal", "Group"),
        group="Instance",
    ),
    Input(
        "role",
        "Role on the instance, by name or id. Default: Azure Digital Twins Data Owner.",
        "ROLE",
        group="Instance",
    ),
    Input(
        "role_scope",
        "Whether roles that are inherited, or a group's, count, or only those assigned at the instance. Default: any.",
        "any|instance",
        OneOf("any", "instance"),
        group="Instance",
    ),
)


@dataclass(frozen=True)
class DesiredRole:
    """Who is to have which role on the instance."""

    target: Target
    assignee: Principal
    role: Role
    of_its_own: bool = False
    """Only an assignment at the instance itself counts."""


def lookups(given: Mapping[str, Given], target: Target) -> tuple[Lookup, ...]:
    """Return the assignee, where one is given, and the role."""
    found = []
    if "assignee" in given:
        remembered = _is_remembered(given, "assignee")
        # A remembered kind is that of the remembered assignee.
        kind = text_of(given, "assignee_type") if remembered or not _is_remembered(given, "assignee_type") else None
        found.append(Lookup("principal", str(given["assignee"].value), type=kind or "", remembered=remembered))
    role = text_of(given, "role") or DATA_OWNER
    return (*found, Lookup("role", role, target.subscription_id, remembered=_is_remembered(given, "role")))


def _is_remembered(given: Mapping[str, Given], name: str) -> bool:
    return name in given and given[name].source == FROM_STATE


def desired_role(given: Mapping[str, Given], target: Target, names: Names) -> DesiredRole:
    """Return the assignment; by default Data Owner for the signed-in user."""
    role = names.role(text_of(given, "role") or DATA_OWNER, target.subscription_id)
    return DesiredRole(target, names.principal(text_of(given, "assignee") or ""), role, is_of_its_own(given))
