"""Scopes of role assignments, locks and tags: a subscription, a resource group, a resource or a part of one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from emulator.arm.core import groups, lifecycle
from emulator.arm.core.errors import resource_not_found
from emulator.arm.core.guards import subscription_for
from emulator.messages import Json, Refused
from emulator.world import World

_SCOPE = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)"
    r"(?:/resourceGroups/(?P<group>[^/]+)(?:/providers/(?P<resource>[^/]+/[^/]+/[^/]+(?:/[^/]+/[^/]+)*))?)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Scope:
    """A scope as a path names it."""

    id: str
    subscription: str
    group: str | None
    resource: str | None
    """The path after `/providers/`: namespace, then types and names."""

    def existing(self, world: World) -> str:
        """Return the scope's id in its first spelling; refuse (404) a scope that does not exist."""
        return f"/subscriptions/{self.subscription}" if self.group is None else str(self.document(world)[1]["id"])

    def document(self, world: World) -> tuple[str, Json]:
        """Return kind and document of the scope in the store; refuse (404) a scope that does not exist."""
        if self.group is None:
            return "subscription", subscription_for(world, self.id)
        within = groups.existing(world, self.subscription, self.group)
        if self.resource is None:
            return "resourceGroup", within
        identifier = f"{within['id']}/providers/{self.resource}"
        for declared in lifecycle.DECLARED:
            if found := declared.find(world, identifier):
                return declared.kind, found
        kind, _, name = self.resource.rpartition("/")
        raise resource_not_found(kind, name, self.group)


def parse(world: World, path: str) -> Scope:
    """Return the scope that a path names; refuse (404) a malformed path and an unknown subscription."""
    match = _SCOPE.fullmatch("/" + path.strip("/"))
    if not match:
        raise Refused(404, "InvalidScope", f"The scope '{path}' is not valid.")
    subscription_for(world, match[0])
    return Scope(match[0], match["subscription"], match["group"], match["resource"])
