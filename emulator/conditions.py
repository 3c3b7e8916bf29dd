"""Conditions of role assignments (ABAC), in the form that delegates the assignment of roles.

Each clause compares an attribute of the role assignment that is asked for with a list, and all clauses must hold.
Source: "Examples to delegate Azure role assignment management with conditions". Other forms count as fulfilled.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_CLAUSE = re.compile(
    r"@(?P<source>Request|Resource)\[Microsoft\.Authorization/roleAssignments:(?P<name>\w+)\]\s*"
    r"(?P<quantor>ForAnyOfAnyValues|ForAnyOfAllValues):(?P<operator>\w+)\s*\{(?P<values>[^}]*)\}",
    re.IGNORECASE,
)
_ACTIONS = {"request": "microsoft.authorization/roleassignments/write"}
_ACTIONS |= {"resource": "microsoft.authorization/roleassignments/delete"}


def is_fulfilled(condition: str, action: str, attributes: Mapping[str, str]) -> bool:
    """Whether a condition lets `action` be done to a role assignment of these attributes.

    They are RoleDefinitionId, PrincipalId and PrincipalType. One that isn't known is among no values.
    """
    known = {name.lower(): value.lower() for name, value in attributes.items()}
    for clause in _CLAUSE.finditer(condition):
        if _ACTIONS[clause["source"].lower()] != action.lower():
            continue
        values = {value.strip(" '\"\n\t").lower() for value in clause["values"].split(",")}
        is_among = known.get(clause["name"].lower(), "") in values
        if is_among == ("not" in clause["operator"].lower()):
            return False
    return True
