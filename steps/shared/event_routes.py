"""What steps 7 and 8 share of event routes: their deletion, and `az` commands for them. Pure, but for `apply`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.change import Change, Drift
from engine.context import Context
from engine.record import Values
from steps.shared.az_commands import in_double_quotes, value
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

    def az(self) -> str:
        return delete_route_command(self.instance_id, self.name)


def delete_route_command(instance_id: str, name: str) -> str:
    """Return the command that deletes a route."""
    return route_request(instance_id, "delete", name)


def route_request(instance_id: str, method: str, name: str) -> str:
    """Return the request to the instance's data plane, whose audience is what its host name ends with."""
    url = f"https://$host/eventroutes/{in_double_quotes(name)}?api-version={DATA_VERSION}"
    request = f'az rest --method {method} --resource "https://${{host#*.api.*.}}" --url "{url}"'
    return f"host={value(instance_id, 'properties.hostName')} && {request}"
