"""User-assigned managed identities of the instance: how inputs name them, and what is recorded of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from engine.context import Target
from engine.input import Given, list_of
from engine.record import Kind
from steps.shared.destinations import USER_IDENTITY, required_id

IDENTITY = Kind("identity", 1)
"""A user-assigned identity that this tool created, by its lower-cased id."""
IDENTITY_LINK = Kind("identity-link", 1, is_setting=True)
"""A user-assigned identity that this tool gave the instance, by its lower-cased id."""
SYSTEM_IDENTITY = Kind("system-identity", is_setting=True)
"""The system-assigned identity, where this tool switched it on."""


def user_identity_ids(given: Mapping[str, Given], target: Target) -> tuple[str, ...] | None:
    """Return the resource ids of the identities that the instance is to have; None when none are given.

    BadInput for what is neither a name nor the id of an identity.
    """
    named = list_of(given, "user_identity")
    if named is None:
        return None
    return tuple(required_id(USER_IDENTITY, name, target.group_id, "User identity") for name in named)


def name_of(identifier: str) -> str:
    """Return the name in the resource id of an identity."""
    return identifier.rpartition("/")[2]
