"""What a role gives of what is asked: its data actions, without those that it or a condition excludes. Pure.

Actions are patterns, in which `*` stands for anything. Source: "Understand Azure role definitions" in the Azure
documentation.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import cache
from typing import Any

from cloud.identifiers import DATA_OWNER, DATA_READER, DataPermission, Role, built_in_role
from cloud.permissions import matches

_NEGATED = re.compile(r"!\s*\(([^()]*)\)")
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


def data_permissions(definition: Any) -> tuple[DataPermission, ...]:
    """Return what a role's definition, as the SDK has it, allows of data."""
    return tuple(
        DataPermission(tuple(part.data_actions or ()), tuple(part.not_data_actions or ()))
        for part in definition.permissions or ()
    )


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

    Where all its `ActionMatches` are negated, as the portal writes them, a condition applies to the actions that they
    name, and others are granted. One that isn't may grant those alone. Source: "Azure role assignment condition format
    and syntax" in the Azure documentation.
    """
    targets = _ACTION_MATCHES.findall(condition)
    if not targets or _ACTION_MATCHES.search(_NEGATED.sub("", condition)):
        return bool(condition)
    return any(_overlap(target, action) for target in targets)


_PROVIDER = "Microsoft.DigitalTwins"
_OF_THE_DATA = {
    "twins": "digitaltwins",
    "relationships": "digitaltwins/relationships",
    "models": "models",
    "event routes": "eventroutes",
}
"""What there is to read and to write. Source: "Azure resource provider operations" in the Azure documentation."""
_KNOWN = {
    built_in_role(DATA_OWNER): "may read and write",
    built_in_role(DATA_READER): "may read, may not write",
}
"""What the roles of this service allow; their definitions need not be read. Source: "Azure built-in roles"."""
WRITE_MODELS, DELETE_MODELS = f"{_PROVIDER}/models/write", f"{_PROVIDER}/models/delete"
READ_MODELS, READ_ROUTES = f"{_PROVIDER}/models/read", f"{_PROVIDER}/eventroutes/read"
WRITE_ROUTES, DELETE_ROUTES = f"{_PROVIDER}/eventroutes/write", f"{_PROVIDER}/eventroutes/delete"
_MOST_LEFT_OUT = 2
"""Of four kinds: how many are named as left out; of more, those that are left are named."""


def known_effect(role: Role) -> str | None:
    """Return what a role lets its holder do, as `effect` does, where its definition need not be read; else None."""
    return _KNOWN.get(role, None if role.data is None else effect(role.data))


def may_give(role: Role, action: str) -> bool:
    """Whether a role allows a data action of this service, or may: its definition isn't known."""
    if role in _KNOWN:
        return role.name == DATA_OWNER or action.endswith("/read")
    return role.data is None or gives(role.data, action)


def effect(permissions: Collection[DataPermission]) -> str:
    """Return what a role lets its holder do with an instance's data, in words; "" for nothing."""
    if not any(_overlap(action, f"{_PROVIDER}/*") for permission in permissions for action in permission.actions):
        return ""
    reads, writes = (
        [name for name, kind in _OF_THE_DATA.items() if gives(permissions, f"{_PROVIDER}/{kind}/{verb}")]
        for verb in ("read", "write")
    )
    if reads == writes:
        return _may("read and write", reads)
    return f"{_may('read', reads)}, {_may('write', writes)}"


def _may(verb: str, kinds: Collection[str]) -> str:
    left_out = [name for name in _OF_THE_DATA if name not in kinds]
    if not kinds:
        return f"may not {verb.replace(' and ', ' or ')}"
    if not left_out:
        return f"may {verb}"
    if len(left_out) <= _MOST_LEFT_OUT:
        return f"may {verb} all but {' and '.join(left_out)}"
    return f"may {verb} {' and '.join(kinds)}"


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
