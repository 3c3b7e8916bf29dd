"""What the names in inputs stand for: principals and roles, resolved before any desired state is computed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cloud.identifiers import Principal, Role, built_in_role
from engine.refusal import Unknown


@dataclass(frozen=True)
class Names:
    """The resolved names of one run."""

    signed_in: Principal
    principals: Mapping[str, Principal] = field(default_factory=dict)
    """By the name that was given."""
    roles: Mapping[tuple[str, str], Role] = field(default_factory=dict)
    """By the name and the scope that were given."""
    lost: Mapping[str, Unknown] = field(default_factory=dict)
    """Why nobody is any more what a name stood for when it was looked up, by the name that was given."""

    def principal(self, name: str) -> Principal:
        """Return the principal of this name; the signed-in identity for "". KeyError for one that wasn't looked up."""
        return self.principals[name] if name else self.signed_in

    def role(self, name: str, scope: str) -> Role:
        """Return the role of this name or id. KeyError for a role that isn't built in and wasn't looked up."""
        return built_in_role(name) or self.roles[name, scope]
