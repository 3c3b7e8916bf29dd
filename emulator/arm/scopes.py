"""Scopes of authorisation and of tags: a subscription, a resource group, a resource or something inside it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from emulator.arm import children, groups, identities, instances, resources
from emulator.arm.errors import resource_not_found
from emulator.arm.guards import subscription_for
from emulator.web import Json, Refused
from emulator.world import World

_SCOPE = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)"
    r"(?:/resourceGroups/(?P<group>[^/]+)(?:/providers/(?P<resource>[^/]+/[^/]+/[^/]+(?:/[^/]+/[^/]+)*))?)?",
    re.IGNORECASE,
)
_KINDS = ("digitalTwinsInstance", children.KIND, identities.KIND, resources.KIND)
"""What resources are kept as in the store, each under its id."""


@dataclass(frozen=True)
class Scope:
    """A scope as a path names it."""

    id: str
    subscription: str
    group: str | None
    resource: str | None
    """What stands behind `/providers/`: namespace, then types and names."""

    def existing(self, world: World) -> str:
        """Return the scope's id in the case first given to it; refuse (404) what does not exist."""
        return f"/subscriptions/{self.subscription}" if self.group is None else str(self.kept(world)[1]["id"])

    def kept(self, world: World) -> tuple[str, Json]:
        """Return the kind and the document of what the scope is in the store; refuse (404) what does not exist."""
        if self.group is None:
            return "subscription", subscription_for(world, self.id)
        within = groups.existing(world, self.subscription, self.group)
        if self.resource is None:
            return "resourceGroup", within
        identifier = f"{within['id']}/providers/{self.resource}"
        instances.find(world, identifier)  # is it gone by now?
        resources.find(world, identifier)
        for kind in _KINDS:
            if found := world.store.get(kind, identifier):
                return kind, found
        kind, _, name = self.resource.rpartition("/")
        raise resource_not_found(kind, name, self.group)


def parse(world: World, path: str) -> Scope:
    """Return the scope that a path names; refuse what is none and an unknown subscription."""
    match = _SCOPE.fullmatch("/" + path.strip("/"))
    if not match:
        raise Refused(404, "InvalidScope", f"The scope '{path}' is not valid.")
    subscription_for(world, match[0])
    return Scope(match[0], match["subscription"], match["group"], match["resource"])
