"""Scopes of authorisation: a subscription, a resource group, a resource or something inside it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from emulator.arm import groups, instances, resources
from emulator.arm.errors import resource_not_found
from emulator.arm.guards import subscription_for
from emulator.web import Refused
from emulator.world import World

_SCOPE = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)"
    r"(?:/resourceGroups/(?P<group>[^/]+)(?:/providers/(?P<kind>[^/]+/[^/]+)/(?P<name>[^/]+)(?P<rest>(?:/[^/]+/[^/]+)*))?)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Scope:
    """A scope as a path names it."""

    id: str
    subscription: str
    group: str | None
    kind: str | None
    name: str | None
    rest: str
    """What lies inside the resource: `/eventhubs/telemetry`."""

    def existing(self, world: World) -> str:
        """Return the scope's id in the case first given to it; refuse (404) what does not exist."""
        if self.group is None:
            return f"/subscriptions/{self.subscription}"
        within = groups.existing(world, self.subscription, self.group)
        if self.kind is None or self.name is None:
            return str(within["id"])
        identifier = f"{within['id']}/providers/{self.kind}/{self.name}"
        found = resources.find(world, identifier + self.rest) or instances.find(world, identifier)
        if found is None:
            raise resource_not_found(self.kind, self.name, self.group)
        return str(found["id"])


def parse(world: World, path: str) -> Scope:
    """Return the scope that a path names; refuse what is none and an unknown subscription."""
    match = _SCOPE.fullmatch("/" + path.strip("/"))
    if not match:
        raise Refused(404, "InvalidScope", f"The scope '{path}' is not valid.")
    subscription_for(world, match[0])
    return Scope(match[0], match["subscription"], match["group"], match["kind"], match["name"], match["rest"] or "")
