"""Step 8: the event routes of the instance, on its data plane. One write a route.

Whether they can be read and written depends on a data-plane role, which works only minutes after it was assigned.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from cloud.data_plane import lacks_role, once_permitted
from cloud.errors import Refusal
from steps import routing_commands as commands
from steps.az import az
from steps.model import Change, Context, Plan, Step, Values
from steps.routing import leaving, list_endpoints, list_routes, ours_though_unrecorded
from steps.wanted import Route, Wanted

PREFIX = "route:"


@dataclass(frozen=True)
class Observed:
    """The routes and endpoints of the instance, as far as they can be seen."""

    routes: Mapping[str, Route] | None = field(default_factory=dict)
    """None where the signed-in identity may not read them, or not yet."""
    endpoints: frozenset[str] = frozenset()
    """Lower-cased names."""
    leaving: frozenset[str] = frozenset()
    """Endpoints that are deleted before the routes are set up, and our routes to them with them."""
    made: frozenset[str] = frozenset()
    unrecorded: tuple[str, ...] = ()
    """What of `made` a state file that was lost had recorded."""


async def observe(context: Context) -> Observed:
    """List routes and endpoints, side by side."""
    wanted = context.wanted
    made = context.made | context.begun
    ours = any(one.startswith(PREFIX) for one in made)
    if wanted.routes is None or wanted.instance_goes or not (wanted.routes or ours):
        return Observed(made=made)
    routes, endpoints = await asyncio.gather(list_routes(context), list_endpoints(context))
    goes = leaving(endpoints, wanted, context.made_by_any)
    equal = [f"{PREFIX}{one.name}" for one in wanted.routes if routes and _agree(routes.get(one.name), one)]
    unrecorded = await ours_though_unrecorded(context, equal)
    return Observed(routes, frozenset(endpoints), frozenset(goes), made | {*unrecorded}, unrecorded)


def _agree(found: Route | None, wanted: Route) -> bool:
    return found is not None and _same(found, wanted)


def plan(observed: Observed, wanted: Wanted) -> Plan:
    """Create, correct and delete routes; refuse to touch what we didn't make, and routes to nowhere."""
    ours = {one.removeprefix(PREFIX) for one in observed.made if one.startswith(PREFIX)}
    if wanted.routes is None or not (wanted.routes or ours):
        return Plan(reason="not wanted", skipped=True)
    _refuse_nowhere(observed, wanted)
    known = observed.routes or {}
    changes = []
    for route in wanted.routes:
        found = known.get(route.name)
        if found and route.name in ours and found.endpoint.lower() in observed.leaving:
            found = None  # it is deleted before its endpoint
        if found and not _same(found, route) and route.name not in ours:
            raise _foreign(route, wanted)
        if not (found and _same(found, route)):
            changes.append(_set(route, "change" if found else "create"))
    names = {route.name for route in wanted.routes}
    seen = ours if observed.routes is None else ours & set(known)
    changes += [
        _delete(name)
        for name in sorted(seen - names)
        if name not in known or known[name].endpoint.lower() not in observed.leaving
    ]
    reason = f"{len(names)} route{'s are' if len(names) != 1 else ' is'} there" if names else "there are none"
    gone = _gone(observed, ours)
    here = tuple(one for one in (f"{PREFIX}{name}" for name in sorted(ours)) if one not in gone)
    return Plan(tuple(changes), "" if changes else reason, gone=gone, here=here, unrecorded=observed.unrecorded)


def remove(observed: Observed, wanted: Wanted) -> Plan:
    """Delete our routes, unless they go with the instance."""
    ours = {one.removeprefix(PREFIX) for one in observed.made if one.startswith(PREFIX)}
    if wanted.instance_goes:
        return Plan(reason="they go with the instance", skipped=not ours)
    there = ours if observed.routes is None else ours & set(observed.routes)
    wished = {one.name for one in wanted.routes or ()} - ours
    unrecorded = tuple(f"{PREFIX}{name}" for name in sorted(wished.intersection(observed.routes or ())))
    if not there:
        reason = "nothing to remove"
        return Plan(reason=reason, skipped=True, gone=_gone(observed, ours), unrecorded=unrecorded)
    return Plan(tuple(_delete(name) for name in sorted(there)), gone=_gone(observed, ours), unrecorded=unrecorded)


def _gone(observed: Observed, ours: set[str]) -> tuple[str, ...]:
    absent = ours - set(observed.routes) if observed.routes is not None else ()
    return tuple(f"{PREFIX}{name}" for name in sorted(absent))


def _same(one: Route, other: Route) -> bool:
    return (one.endpoint.lower(), one.filter) == (other.endpoint.lower(), other.filter)


def _refuse_nowhere(observed: Observed, wanted: Wanted) -> None:
    coming = {endpoint.name.lower() for endpoint in wanted.endpoints or ()}
    there = (observed.endpoints - observed.leaving) | coming
    for route in wanted.routes or ():
        if route.endpoint.lower() not in there:
            listed = ", ".join(sorted(there)) or "none"
            raise Refusal(
                f"Route {route.name} leads to endpoint {route.endpoint}, which is neither there nor wanted.",
                why=f"Endpoints of the instance, there or wanted: {listed}.",
                next=f"Add it: --endpoint name={route.endpoint},type=TYPE,destination=WHERE",
                exit_code=2,
            )


def _foreign(route: Route, wanted: Wanted) -> Refusal:
    return Refusal(
        f"There is a route {route.name} already, with other settings, which this tool did not make.",
        next=f"Give yours another name, or remove it: {commands.delete_route(wanted, route.name)}",
        exit_code=2,
    )


def _set(route: Route, verb: str) -> Change:
    title = f"{verb} route {route.name} to endpoint {route.endpoint}"
    detail = "" if route.filter == "true" else f"where {route.filter}"
    return Change(f"set-route:{route.name}", title, detail, body={"route": route}, makes=(f"{PREFIX}{route.name}",))


def _delete(name: str) -> Change:
    return Change(f"delete-route:{name}", f"delete route {name}", body={"delete": name}, unmakes=(f"{PREFIX}{name}",))


async def apply(change: Change, context: Context) -> Values:
    """Create, change or delete a route, as soon as the role works."""
    from azure.digitaltwins.core import DigitalTwinsEventRoute

    client = context.azure.data_plane(context.values["host_name"])

    async def write() -> None:
        if "delete" in change.body:
            with suppress(ResourceNotFoundError):
                await client.delete_event_route(change.body["delete"])
            return
        route: Route = change.body["route"]
        if (
            f"{PREFIX}{route.name}" not in context.made | context.begun
        ):  # it may be somebody's, unseen for want of a role
            with suppress(ResourceNotFoundError):
                found = await client.get_event_route(route.name)
                if not _same(Route(route.name, found.endpoint_name, found.filter), route):
                    raise _foreign(route, context.wanted)
        await client.upsert_event_route(
            route.name, DigitalTwinsEventRoute(endpoint_name=route.endpoint, filter=route.filter)
        )

    try:
        await once_permitted(context.azure, context.wanted.instance_id, write, context.progress)
    except HttpResponseError as error:
        if not lacks_role(error):
            raise
        who = await context.azure.credential.who()
        to_whom = ("--assignee-object-id", who.object_id, "--assignee-principal-type", who.kind)
        role = ("--role", "Azure Digital Twins Data Owner", "--scope", context.wanted.instance_id)
        raise Refusal(
            f"The instance does not let the signed-in identity {change.title}.",
            why="It has no role on the instance that allows it: Azure Digital Twins Data Owner is the usual one. "
            "A role that was just assigned works after up to five minutes.",
            next="Somebody who may assign roles can give it one; then run the same command again.\n"
            f"  {az('role', 'assignment', 'create', *to_whom, *role)}",
            exit_code=3,
        ) from error
    return {}


def hand_off(change: Change, wanted: Wanted) -> str:
    """Return the command."""
    if "delete" in change.body:
        return commands.delete_route(wanted, change.body["delete"])
    return commands.create_route(wanted, change.body["route"])


STEP = Step(8, "routes", "Event routes", ("role", "endpoints"), observe, plan, apply, hand_off, remove, optional=True)
