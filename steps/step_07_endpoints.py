"""Step 7: the endpoints of the instance. One write an endpoint; routes of ours that stand in the way of one go first.

Azure deletes no endpoint that a route uses ("Nested endpoint routes found", terraform-provider-azurerm#11713).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from azure.core.exceptions import ResourceNotFoundError

from cloud import endpoint_operations
from cloud.data_plane import once_permitted
from cloud.destinations import why_absent
from cloud.endpoint_operations import BUSY
from cloud.errors import Refusal
from cloud.event_endpoints import by_identity, by_key, sending_rule
from steps import routing_commands as commands
from steps.model import Change, Context, Plan, Right, Step, Values
from steps.routing import (
    SYSTEM,
    Found,
    agrees,
    as_wanted,
    gone_and_here,
    key_rights,
    leaving,
    list_endpoints,
    list_routes,
    ours_though_unrecorded,
    recorded,
    sends,
)
from steps.wanted import Endpoint, Wanted

ENDPOINTS = "Microsoft.DigitalTwins/digitalTwinsInstances/endpoints"


@dataclass(frozen=True)
class Observed:
    """The endpoints by lower-cased name, the routes in the way, and why wanted ones can't be."""

    endpoints: Mapping[str, Found] = field(default_factory=dict)
    made: frozenset[str] = frozenset()
    routes: Mapping[str, str] = field(default_factory=dict)
    """Endpoints by the names of the routes that use them; read only when an endpoint is to be deleted."""
    impossible: tuple[str, ...] = ()
    """Destinations that don't exist, lie in another tenant or have no key to give."""
    rules: Mapping[str, str] = field(default_factory=dict)
    """The authorization rules whose keys are used, by the names of the endpoints."""
    unrecorded: tuple[str, ...] = ()
    """What of `made` a state file that was lost had recorded."""


async def observe(context: Context) -> Observed:
    """List the endpoints and, side by side, look for the destinations of those that are wanted."""
    wanted = context.wanted
    made = context.made_by_any | context.begun
    ours = any(one.startswith("endpoint:") for one in made)
    if wanted.endpoints is None or wanted.instance_goes or not (wanted.endpoints or ours):
        return Observed(made=made)
    coming = () if context.removing else wanted.endpoints
    names = [endpoint.name for endpoint in coming]
    endpoints, looks = await asyncio.gather(
        list_endpoints(context), asyncio.gather(*(_destination(context, one) for one in coming))
    )
    unrecorded = await ours_though_unrecorded(context, tuple(as_wanted(endpoints, coming, made)))
    made |= {*unrecorded}
    impossible = tuple(f"Endpoint {name}: {why}" for name, (why, _) in zip(names, looks, strict=True) if why)
    rules = {name: rule for name, (_, rule) in zip(names, looks, strict=True)}
    routes = await _routes(context) if context.removing or leaving(endpoints, wanted, made) else {}
    return Observed(endpoints, made, routes, impossible, rules, unrecorded)


async def _destination(context: Context, endpoint: Endpoint) -> tuple[str, str]:
    """Return why events can't go where the endpoint wants to send them, and the rule whose key it would use."""
    places: list[tuple[str, str]] = [(endpoint.type, endpoint.destination)]
    if endpoint.dead_letter:
        places.append(("DeadLetter", endpoint.dead_letter))
    whys = await asyncio.gather(*(why_absent(context.azure, kind, place) for kind, place in places))
    if absent := [why for why in whys if why]:
        return absent[0], ""
    if endpoint.identity is not None or endpoint.type == "EventGrid":
        return "", ""
    rule = await sending_rule(context.azure, endpoint.type, endpoint.destination)
    return "" if rule else f"no authorization rule of {endpoint.destination} may send: add one with Send.", rule


async def _routes(context: Context) -> Mapping[str, str]:
    # Where they can't be read, Azure names the routes in the way when it refuses to delete an endpoint.
    return {name: route.endpoint.lower() for name, route in (await list_routes(context) or {}).items()}


def plan(observed: Observed, wanted: Wanted) -> Plan:
    """Create, correct, recreate and delete endpoints; refuse to touch what we didn't make."""
    if wanted.endpoints is None or not (wanted.endpoints or _ours(observed)):
        return Plan(reason="not wanted", skipped=True)
    if observed.impossible:
        raise Refusal(
            "Events can't be sent there.",
            why="\n".join(observed.impossible),
            next="Correct it, or have it made first. A short name means one in the instance's group; any other "
            "is named by its id: az resource list --name NAME --query [].id --output tsv",
            exit_code=2,
        )
    goes = leaving(observed.endpoints, wanted, observed.made)
    _refuse_foreign(observed, wanted, goes)
    wishes = {endpoint.name.lower(): endpoint for endpoint in wanted.endpoints}
    changes = [
        change
        for name, endpoint in wishes.items()
        if name not in goes and (change := _change(observed, wanted, endpoint))
    ]
    kept, notes = _used_by_others(observed, {name for name in goes if name not in wishes})
    goes = {name: why for name, why in goes.items() if name not in kept}
    changes += _away(observed, wanted, goes)
    changes += [_set(observed, wanted, wishes[name], "again") for name in goes if name in wishes]
    reason = f"{len(wishes)} endpoint{'s are' if len(wishes) != 1 else ' is'} there" if wishes else "there are none"
    gone, here = gone_and_here(observed.endpoints, observed.made)
    return Plan(tuple(changes), "" if changes else reason, notes, gone=gone, here=here, unrecorded=observed.unrecorded)


def remove(observed: Observed, wanted: Wanted) -> Plan:
    """Delete our endpoints, unless they go with the instance."""
    if wanted.instance_goes:
        return Plan(reason="they go with the instance", skipped=not _ours(observed))
    ours = {name for name, found in observed.endpoints.items() if f"endpoint:{found.name}" in observed.made}
    kept, notes = _used_by_others(observed, ours)
    changes = tuple(_away(observed, wanted, dict.fromkeys(sorted(ours - kept), "")))
    reason = "others' routes use them: kept" if kept else "nothing to remove"
    wished = {one.name.lower() for one in wanted.endpoints or ()} - ours
    unrecorded = tuple(f"endpoint:{found.name}" for low, found in observed.endpoints.items() if low in wished)
    gone, here = gone_and_here(observed.endpoints, observed.made)
    reason = "" if changes else reason
    return Plan(changes, reason, notes, skipped=not ours, gone=gone, here=here, unrecorded=unrecorded)


def _ours(observed: Observed) -> bool:
    return any(one.startswith("endpoint:") for one in observed.made)


def _refuse_foreign(observed: Observed, wanted: Wanted, goes: Mapping[str, str]) -> None:
    for endpoint in wanted.endpoints or ():
        found = observed.endpoints.get(endpoint.name.lower())
        if found is None:
            continue
        foreign = f"endpoint:{found.name}" not in observed.made
        if foreign and not agrees(found, endpoint, observed.made):
            raise Refusal(
                f"There is an endpoint {found.name} already, with other settings, which this tool did not make.",
                next=f"Give yours another name, or remove it: {commands.delete_endpoint(wanted, found.name)}",
                exit_code=2,
            )
        others = _foreign_routes(observed, endpoint.name)
        if endpoint.name.lower() in goes and others:
            raise Refusal(
                f"Endpoint {found.name} must be created again, as {goes[endpoint.name.lower()]}.",
                why=f"Routes that this tool did not make use it: {', '.join(others)}.",
                next=f"Remove them, and set them up again afterwards: {commands.delete_route(wanted, others[0])}",
                exit_code=2,
            )


def _foreign_routes(observed: Observed, endpoint: str) -> list[str]:
    used = [route for route, to in observed.routes.items() if to == endpoint.lower()]
    return [route for route in used if f"route:{route}" not in observed.made]


def _used_by_others(observed: Observed, names: set[str]) -> tuple[set[str], tuple[str, ...]]:
    kept = {name: others for name in sorted(names) if (others := _foreign_routes(observed, name))}
    notes = (f"Endpoint {name} is kept: others' routes use it: {', '.join(kept[name])}." for name in kept)
    return set(kept), tuple(notes)


def _change(observed: Observed, wanted: Wanted, endpoint: Endpoint) -> Change | None:
    found = observed.endpoints.get(endpoint.name.lower())
    if found is None or found.state == "Deleting":
        return _set(observed, wanted, endpoint, "")
    if not agrees(found, endpoint, observed.made):
        return _set(observed, wanted, endpoint, "correct")
    if found.state in BUSY:  # an earlier run began it, or somebody is at it
        change = _set(observed, wanted, endpoint, "again")
        title = f"wait for endpoint {endpoint.name}, which is {found.state}"
        return replace(change, key=f"await-endpoint:{endpoint.name}", title=title, makes=(), unmakes=())
    if found.state in ("Failed", "Canceled"):
        return _set(observed, wanted, endpoint, "again")
    if wanted.renew_keys and endpoint.identity is None and f"endpoint:{found.name}" in observed.made:
        return _set(observed, wanted, endpoint, "renew")
    return None


def _set(observed: Observed, wanted: Wanted, endpoint: Endpoint, how: str) -> Change:
    way = "by key" if endpoint.identity is None else "by identity"
    title = f"create endpoint {endpoint.name}{' again' if how == 'again' else ''} to {_short(endpoint)}, {way}"
    if how == "correct":
        title = f"change endpoint {endpoint.name} to send to {_short(endpoint)}, {way}"
    elif how == "renew":
        title = f"give endpoint {endpoint.name} the present key of {_short(endpoint)}"
    makes = (f"endpoint:{endpoint.name}", *((sends(endpoint),) if endpoint.identity is None else ()))
    rights = [Right(f"{ENDPOINTS}/write", wanted.instance_id), *key_rights(endpoint)]
    return Change(
        f"set-endpoint:{endpoint.name}",
        title,
        detail=f"dead letters to {endpoint.dead_letter}" if endpoint.dead_letter else "",
        body={"endpoint": endpoint, "rule": observed.rules.get(endpoint.name, "")},
        makes=makes,
        unmakes=tuple(one for one in recorded(endpoint.name, observed.made) if one not in makes),
        rights=tuple(rights),
    )


def _short(endpoint: Endpoint) -> str:
    return f"{endpoint.type} {endpoint.destination.rpartition('/')[2]}"


def _away(observed: Observed, wanted: Wanted, goes: Mapping[str, str]) -> list[Change]:
    routes = [route for route, to in observed.routes.items() if to in goes and f"route:{route}" in observed.made]
    changes = [
        Change(f"delete-route:{route}", f"delete route {route}, as its endpoint goes", body={"route": route},
               unmakes=(f"route:{route}",))
        for route in sorted(routes)
    ]  # fmt: skip
    for name, why in goes.items():
        found = observed.endpoints[name]
        changes.append(
            Change(
                f"delete-endpoint:{found.name}",
                f"delete endpoint {found.name}" + (f", as {why}" if why else ""),
                body={"delete": found.name},
                unmakes=recorded(found.name, observed.made),
                rights=(Right(f"{ENDPOINTS}/delete", wanted.instance_id),),
            )
        )
    return changes


async def apply(change: Change, context: Context) -> Values:
    """Create, change or delete an endpoint, wait for one, or delete a route in the way."""
    azure, body = context.azure, change.body
    place = (azure, context.wanted.resource_group, context.wanted.instance)
    if "route" in body:
        await _delete_route(context, body["route"])
    elif "delete" in body:
        await endpoint_operations.delete(*place, body["delete"], context.progress)
    elif not (change.key.startswith("await-") and await _ends_well(context, body["endpoint"].name)):
        endpoint: Endpoint = body["endpoint"]
        where = (azure, endpoint.type, endpoint.destination, endpoint.dead_letter)
        keyed = endpoint.identity is None
        held = await by_key(*where, body["rule"]) if keyed else await by_identity(*where, endpoint.identity or SYSTEM)
        await endpoint_operations.set_up(*place, endpoint.name, held, context.progress)
    return {}


async def _ends_well(context: Context, endpoint: str) -> bool:
    wanted = context.wanted
    place = (context.azure, wanted.resource_group, wanted.instance)
    return await endpoint_operations.settled(*place, endpoint, context.progress) == "Succeeded"


async def _delete_route(context: Context, route: str) -> None:
    client = context.azure.data_plane(context.values["host_name"])

    async def delete() -> None:
        with suppress(ResourceNotFoundError):
            await client.delete_event_route(route)

    await once_permitted(context.azure, context.wanted.instance_id, delete, context.progress)


def hand_off(change: Change, wanted: Wanted) -> str:
    """Return the command."""
    if "route" in change.body:
        return commands.delete_route(wanted, change.body["route"])
    if "delete" in change.body:
        return commands.delete_endpoint(wanted, change.body["delete"])
    return commands.create_endpoint(wanted, change.body["endpoint"], change.body["rule"])


STEP = Step(
    7,
    "endpoints",
    "Endpoints",
    ("instance", "destination_roles"),
    observe,
    plan,
    apply,
    hand_off,
    remove,
    optional=True,
)
