"""The inputs of the data-plane role, and the assignment that they ask for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cloud.identifiers import DATA_OWNER, Principal, Role
from engine.context import Target
from engine.input import FROM_STATE, Given, Input, Lookup, text_of
from steps.shared.names import Names

INPUTS = (
    Input(
        "assignee",
        "Who gets the role: UPN, e-mail, object id or client id. Default: the signed-in user.",
        "WHO",
        group="Instance",
    ),
    Input(
        "role",
        "Role on the instance, by name or id. Default: Azure Digital Twins Data Owner.",
        "ROLE",
        group="Instance",
    ),
)


@dataclass(frozen=True)
class DesiredRole:
    """Who is to have which role on the instance."""

    target: Target
    assignee: Principal
    role: Role


def lookups(given: Mapping[str, Given], target: Target) -> tuple[Lookup, ...]:
    """Return the assignee, where one is given, and the role."""
    found = []
    if "assignee" in given:
        found.append(Lookup("principal", str(given["assignee"].value), remembered=_is_remembered(given, "assignee")))
    role = text_of(given, "role") or DATA_OWNER
    return (*found, Lookup("role", role, target.subscription_id, remembered=_is_remembered(given, "role")))


def _is_remembered(given: Mapping[str, Given], name: str) -> bool:
    return name in given and given[name].source == FROM_STATE


def desired_role(given: Mapping[str, Given], target: Target, names: Names) -> DesiredRole:
    """Return the assignment; by default Data Owner for the signed-in user."""
    role = names.role(text_of(given, "role") or DATA_OWNER, target.subscription_id)
    return DesiredRole(target, names.principal(text_of(given, "assignee") or ""), role)
