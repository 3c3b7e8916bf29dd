"""What a role gives of what is asked: its data actions, without those that it or a condition excludes. Pure.

Actions are patterns, in which `*` stands for anything. Source: "Understand Azure role definitions" in the Azure
documentation.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache

from cloud.permissions import matches

_ACTION_MATCHES = re.compile(r"ActionMatches\s*\{\s*'([^']*)'\s*\}", re.IGNORECASE)

WITHOUT_DATA_ACTIONS = frozenset(
    (
        "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",  # Owner
        "b24988ac-6180-42a0-ab88-20f7382dd24c",  # Contributor
        "acdd72a7-3385-48ef-bd42-f606fba81ae7",  # Reader
        "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",  # User Access Administrator
        "f58310d9-a9f6-439a-9e8d-f62e7b41a168",  # Role Based Access Control Administrator
    )
)
"""The general roles, whose definitions need not be read: they allow to manage resources, and nothing of their data.

Source: "Azure built-in roles" in the Azure documentation.
"""


@dataclass(frozen=True)
class DataPermission:
    """What a role allows of data, apart from what it excludes."""

    actions: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


def gives(permissions: Iterable[DataPermission], action: str, exempt: Collection[str] = ()) -> bool:
    """Whether a role allows all of an action, which may be a pattern itself.

    What it excludes counts only where it isn't `exempt` as well: what the asking role excludes isn't asked.
    """
    return any(
        matches(permission.actions, action)
        and not any(_overlap(pattern, action) and not matches(exempt, pattern) for pattern in permission.excluded)
        for permission in permissions
    )


def condition_excludes(condition: str, action: str) -> bool:
    """Whether the condition of an assignment may exclude an action: it targets the action, or names none.

    A condition applies to the actions that its `ActionMatches` name; others are granted. Source: "Azure role assignment
    condition format and syntax" in the Azure documentation.
    """
    targets = _ACTION_MATCHES.findall(condition)
    return bool(condition) and (not targets or any(_overlap(target, action) for target in targets))


@cache
def _overlap(first: str, second: str) -> bool:
    """Whether any action matches both patterns."""
    if not first or not second:
        return not (first + second).strip("*")
    if first[0] == "*":
        return _overlap(first[1:], second) or _overlap(first, second[1:])
    if second[0] == "*":
        return _overlap(second, first)
    return first[0].lower() == second[0].lower() and _overlap(first[1:], second[1:])
