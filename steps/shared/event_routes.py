"""What steps 7 and 8 share of event routes: their deletion, and `az` commands for them. Pure, but for `apply`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cloud.azure_clouds import DATA_PLANE
from engine.change import Change, Drift
from engine.context import Context
from engine.record import Values
from engine.script import Command
from steps.shared.az_commands import az, line, value
from steps.shared.event_routing import ROUTE

if TYPE_CHECKING:
    from cloud.clients import Azure

DATA_VERSION = "2023-10-31"
"""The api-version of the data plane."""


@dataclass(frozen=True, kw_only=True)
class DeleteRoute(Change["Azure"]):
    """Delete a route of ours."""

    instance_id: str
    name: str
    why: str = ""
    """Why it has to be deleted, where that isn't that nobody desires it any more: a clause."""
    drift = Drift.LEFT_OVER

    @property
    def key(self) -> str:
        return f"delete-route:{self.name}"

    @property
    def title(self) -> str:
        return f"delete route {self.name}" + (f", {self.why}" if self.why else "")

    @property
    def releases(self) -> tuple[str, ...]:
        return (ROUTE.item(self.name),)

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.shared.azure_event_routing import delete_route

        await delete_route(context, self.name, self.title)
        return {}

    def commands(self) -> tuple[Command, ...]:
        return (route_request(self.instance_id, "delete", self.name),)


def delete_route_command(instance_id: str, name: str) -> str:
    """Return the command that deletes a route, as a line."""
    return line(route_request(instance_id, "delete", name))


def route_request(instance_id: str, method: str, name: str, *rest: str) -> Command:
    """Return the request to the instance's data plane."""
    host = value("host", instance_id, "properties.hostName")
    url = ("https://", host, f"/eventroutes/{name}?api-version={DATA_VERSION}")
    return az("rest", "--method", method, "--resource", DATA_PLANE, "--url", url, *rest)
