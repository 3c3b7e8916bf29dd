"""The input of the event routes, and the routes that it asks for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cloud.validation import endpoint_name_problem
from engine.context import Target
from engine.input import Field, Given, Input, items_of
from steps.shared.event_routing import Endpoint, Route, desired_endpoints
from steps.shared.names import Names

INPUTS = (
    Input(
        "route",
        "Event route.",
        "name=NAME,endpoint=NAME,...",
        kind="items",
        fields=(
            Field("name", "its name", endpoint_name_problem, required=True),
            Field("endpoint", "where to", endpoint_name_problem, required=True),
            Field("filter", "which events; default true: all", verbatim=True),
        ),
        group="Routing events",
    ),
)


@dataclass(frozen=True)
class DesiredRoutes:
    """The event routes that the instance is to have."""

    target: Target
    routes: tuple[Route, ...] | None
    """None: not mentioned, left as they are. Empty: what this tool created is deleted."""
    endpoints: tuple[Endpoint, ...] | None = None
    """The endpoints that the instance is to have."""


def desired_state(given: Mapping[str, Given], target: Target, names: Names) -> DesiredRoutes:
    """Return the routes. BadInput for an endpoint that contradicts itself."""
    items = items_of(given, "route")
    routes = None
    if items is not None:
        routes = tuple(Route(item["name"], item["endpoint"], item.get("filter", "true")) for item in items)
    return DesiredRoutes(target, routes, desired_endpoints(given, target, names))
