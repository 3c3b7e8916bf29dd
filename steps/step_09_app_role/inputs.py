"""The input of the application's role, and the role that it asks for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cloud.identifiers import SHORT_ROLES, Role, built_in_role
from engine.context import Target
from engine.input import Given, Input, OneOf, flag_of, text_of
from steps.shared.role_assignments import is_of_its_own

INPUTS = (
    Input(
        "app_role",
        "Data-plane role of the app itself on the instance.",
        "owner|reader|none",
        OneOf(*SHORT_ROLES, "none"),
        group="App registration",
    ),
)


@dataclass(frozen=True)
class DesiredAppRole:
    """Which role the application is to have on the instance."""

    target: Target
    role: Role | None
    """None for no role."""
    left_out: bool = False
    """The app registration is left out, and its role with it."""
    of_its_own: bool = False
    """Only an assignment at the instance itself counts."""


def desired_app_role(given: Mapping[str, Given], target: Target) -> DesiredAppRole:
    """Return the role; by default there is none."""
    name = SHORT_ROLES.get(text_of(given, "app_role") or "")
    role, left_out = built_in_role(name) if name else None, bool(flag_of(given, "no_app"))
    return DesiredAppRole(target, role, left_out, is_of_its_own(given))
