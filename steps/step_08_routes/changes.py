"""The write of step 8. A route is deleted by the write that steps 7 and 8 share."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.change import Change, Difference, Drift
from engine.context import Context
from engine.record import Values
from engine.refusal import BadInput
from engine.script import Command
from steps.shared.event_routes import delete_route_command, route_request
from steps.shared.event_routing import ROUTE, Route

if TYPE_CHECKING:
    from cloud.clients import Azure


@dataclass(frozen=True, kw_only=True)
class SetRoute(Change["Azure"]):
    """Create or change a route."""

    instance_id: str
    route: Route
    before: Route | None = None
    """The route of this name, with other settings."""

    @property
    def key(self) -> str:
        return f"set-route:{self.route.name}"

    @property
    def title(self) -> str:
        return f"{'change' if self.before else 'create'} route {self.route.name} to endpoint {self.route.endpoint}"

    @property
    def detail(self) -> str:
        return "" if self.route.filter == "true" else f"where {self.route.filter}"

    @property
    def drift(self) -> Drift:
        return Drift.DIFFERS if self.before else Drift.MISSING

    @property
    def differences(self) -> tuple[Difference, ...]:
        if self.before is None:
            return ()
        names = ("endpoint", "filter")
        pairs = ((name, getattr(self.before, name), getattr(self.route, name)) for name in names)
        return tuple(Difference(*pair) for pair in pairs if pair[1] != pair[2])

    @property
    def owns(self) -> tuple[str, ...]:
        return (ROUTE.item(self.route.name),)

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.step_08_routes.azure import set_route

        # Where the routes couldn't be read, there may be one of this name that isn't ours.
        is_ours = ROUTE.item(self.route.name) in context.record.owned | context.record.pending
        foreign = None if is_ours else foreign_route(self.instance_id, self.route.name)
        await set_route(context, self.route, self.title, foreign)
        return {}

    def commands(self) -> tuple[Command, ...]:
        body = json.dumps({"endpointName": self.route.endpoint, "filter": self.route.filter})
        return (route_request(self.instance_id, "put", self.route.name, "--body", body),)


def foreign_route(instance_id: str, name: str) -> BadInput:
    """Return the refusal to change a route that this tool did not create."""
    return BadInput(
        f"There is a route {name} already, with other settings, which isn't recorded as created by this tool.",
        f"If an earlier run created it, name that run's state with --state. Else give yours another name, or delete "
        f"it: {delete_route_command(instance_id, name)}",
    )
