"""Step 8: the event routes of the instance, on its data plane. One write a route.

Whether they can be read and written depends on a data-plane role, which works only minutes after it was assigned.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.context import Context, Removal, Target
from engine.input import Given, Lookup
from engine.record import Record, Values
from engine.refusal import BadInput
from engine.step import Plan, Step
from steps.shared.event_routes import DeleteRoute
from steps.shared.event_routing import ROUTE, FoundEndpoint, Route, endpoint_lookups, leaving, note_of_unrecorded
from steps.shared.names import Names
from steps.step_08_routes.changes import SetRoute, foreign_route
from steps.step_08_routes.inputs import INPUTS, DesiredRoutes, desired_state

if TYPE_CHECKING:
    from cloud.clients import Azure
    from engine.change import AnyChange


MOST = 6
"""Event routes of an instance, unless support raised it.

Source: https://learn.microsoft.com/azure/digital-twins/reference-service-limits
"""


@dataclass(frozen=True)
class ObservedRoutes:
    """The routes and endpoints of the instance, as far as they can be read."""

    routes: Mapping[str, Route] | None = field(default_factory=dict)
    """By name; None where the signed-in identity may not read them, or not yet."""
    endpoints: Mapping[str, FoundEndpoint] = field(default_factory=dict)
    """By lower-cased name."""
    is_instance_marked: bool = False
    """The instance has this tool's tag; read only when a route could be adopted."""


class RoutesStep(Step["Azure", Names, DesiredRoutes, ObservedRoutes]):
    """Creates, changes and deletes event routes."""

    number, key, title = 8, "routes", "Event routes"
    needs = ("role", "endpoints")
    after = ("private_endpoint",)  # the way to an instance that is closed already
    inputs = INPUTS
    kinds = (ROUTE,)
    optional = True

    def lookups(self, given: Mapping[str, Given], target: Target) -> tuple[Lookup, ...]:
        return endpoint_lookups(given, target)

    def desired(self, given: Mapping[str, Given], target: Target, names: Names) -> DesiredRoutes:
        return desired_state(given, target, names)

    async def observe(self, context: Context[Azure], desired: DesiredRoutes) -> ObservedRoutes:
        """List routes and endpoints, side by side."""
        from asyncio import gather

        from steps.shared.azure_event_routing import is_instance_marked, list_endpoints, read_routes

        target, recorded = context.target, _names(context.record)
        if desired.routes is None or (context.removal and context.removal.instance_goes):
            return ObservedRoutes()
        if not (desired.routes or recorded):
            return ObservedRoutes()
        routes, endpoints = await gather(
            read_routes(context),
            context.read(list_endpoints, context.clients, target.resource_group, target.instance),
        )
        unrecorded = _as_desired(routes or {}, desired.routes) - recorded
        marked = bool(unrecorded) and await is_instance_marked(context)
        return ObservedRoutes(routes, endpoints, marked)

    def plan(
        self,
        observed: ObservedRoutes,
        desired: DesiredRoutes,
        record: Record,
        values: Values,
        answers: Mapping[str, bool],
    ) -> Plan:
        """Create, change and delete routes; refuse to touch those that this tool did not create, and dead ends."""
        del values, answers
        ours, known = _names(record), observed.routes or {}
        if desired.routes is None or not (desired.routes or ours):
            return Plan(reason="not desired", skipped=True)
        adoptable = _as_desired(known, desired.routes) - ours if observed.is_instance_marked else frozenset()
        ours |= adoptable
        deleted = leaving(observed.endpoints, desired.endpoints, record.owned_by_any)
        _refuse_dead_ends(observed, desired, desired.routes, deleted)
        # Our routes to endpoints that are deleted are deleted before those.
        replaced = {name for name in ours if name in known and known[name].endpoint.lower() in deleted}
        changes = [
            change
            for route in desired.routes
            if (change := _set(desired, route, None if route.name in replaced else known.get(route.name), ours))
        ]
        existing = ours if observed.routes is None else ours & known.keys()
        undesired = existing - {route.name for route in desired.routes} - replaced
        changes += [_delete(desired, name) for name in sorted(undesired)]
        count = len(desired.routes)
        reason = f"{count} route{'s exist' if count != 1 else ' exists'}" if count else "there are none"
        vanished = _vanished(observed, ours)
        return Plan(
            tuple(changes),
            reason="" if changes else reason,
            notes=_note_of_many(known.keys() - undesired, desired.routes),
            vanished=vanished,
            confirmed=tuple(item for item in map(ROUTE.item, sorted(ours)) if item not in vanished),
            adoptable=tuple(map(ROUTE.item, sorted(adoptable))),
        )

    def remove(
        self, observed: ObservedRoutes, desired: DesiredRoutes, record: Record, values: Values, removal: Removal
    ) -> Plan:
        """Delete our routes, unless they are deleted with the instance."""
        del values
        ours = _names(record)
        if removal.instance_goes:
            return Plan(reason="deleted with the instance", skipped=not ours)
        existing = ours if observed.routes is None else ours & observed.routes.keys()
        others = (observed.routes or {}).keys() - ours
        unrecorded = sorted(route.name for route in desired.routes or () if route.name in others)
        marked = observed.is_instance_marked
        return Plan(
            tuple(_delete(desired, name) for name in sorted(existing)),
            reason="" if existing else "nothing to remove",
            notes=() if marked or not unrecorded else (note_of_unrecorded(ROUTE, unrecorded),),
            skipped=not (existing or unrecorded),
            vanished=_vanished(observed, ours),
            adoptable=tuple(map(ROUTE.item, unrecorded)) if marked else (),
        )


def _names(record: Record) -> frozenset[str]:
    """Return the names of the routes that this step owns, and of one that it was about to own."""
    return ROUTE.names(record.owned | record.pending)


def _note_of_many(existing: AbstractSet[str], desired: tuple[Route, ...]) -> tuple[str, ...]:
    """Return a note where there would be more routes than Azure allows by default."""
    count = len(existing | {route.name for route in desired})
    if count <= MOST or existing >= {route.name for route in desired}:
        return ()
    limit = f"Azure's limit is {MOST} unless support raised it: it may refuse the rest."
    return (f"The instance would have {count} event routes. {limit}",)


def _as_desired(routes: Mapping[str, Route], desired: tuple[Route, ...]) -> frozenset[str]:
    """Return the names of the routes that exist as desired."""
    return frozenset(route.name for route in desired if route.name in routes and routes[route.name].agrees_with(route))


def _vanished(observed: ObservedRoutes, ours: frozenset[str]) -> tuple[str, ...]:
    """Return what is recorded of routes that don't exist; nothing where they can't be read."""
    absent = ours - observed.routes.keys() if observed.routes is not None else ()
    return tuple(map(ROUTE.item, sorted(absent)))


def _refuse_dead_ends(
    observed: ObservedRoutes, desired: DesiredRoutes, routes: tuple[Route, ...], deleted: Mapping[str, str]
) -> None:
    """Raise BadInput for a route to an endpoint that neither exists, or is deleted, nor is desired."""
    coming = {endpoint.name.lower() for endpoint in desired.endpoints or ()}
    usable = (observed.endpoints.keys() - deleted) | coming
    for route in routes:
        if route.endpoint.lower() not in usable:
            raise BadInput(
                f"Route {route.name} leads to endpoint {route.endpoint}, which neither exists nor is desired.",
                f"Add it: --endpoint name={route.endpoint},type=TYPE,destination=WHERE",
                why=f"Endpoints of the instance, existing or desired: {', '.join(sorted(usable)) or 'none'}.",
            )


def _set(desired: DesiredRoutes, route: Route, found: Route | None, ours: frozenset[str]) -> AnyChange | None:
    """Return the write of a route; None where it exists as desired. Raises BadInput for a route that isn't ours."""
    instance_id = desired.target.instance_id
    if found and found.agrees_with(route):
        return None
    if found and route.name not in ours:
        raise foreign_route(instance_id, route.name)
    return SetRoute(instance_id=instance_id, route=route, before=found)


def _delete(desired: DesiredRoutes, name: str) -> AnyChange:
    return DeleteRoute(instance_id=desired.target.instance_id, name=name)


STEP = RoutesStep()
