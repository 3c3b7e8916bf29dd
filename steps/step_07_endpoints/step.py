"""Step 7: the endpoints of the instance. One write an endpoint; routes of ours that use one are deleted before it.

Azure deletes no endpoint that a route uses ("Nested endpoint routes found", terraform-provider-azurerm#11713).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.context import Context, Removal, Target
from engine.input import Given, Lookup
from engine.record import Record, Values
from engine.step import Plan, Step
from steps.shared.event_routing import (
    ENDPOINT,
    SENDS_TO,
    Endpoint,
    endpoint_lookups,
    leaving,
    note_of_unrecorded,
    unrecorded_as_desired,
    vanished_and_confirmed,
)
from steps.shared.names import Names
from steps.step_07_endpoints.changes import Reason
from steps.step_07_endpoints.comparison import Comparison
from steps.step_07_endpoints.inputs import INPUTS, DesiredEndpoints, desired_state
from steps.step_07_endpoints.observed import ObservedEndpoints

if TYPE_CHECKING:
    from cloud.clients import Azure


class EndpointsStep(Step["Azure", Names, DesiredEndpoints, ObservedEndpoints]):
    """Creates, changes and deletes endpoints."""

    number, key, title = 7, "endpoints", "Endpoints"
    needs = ("instance", "destination_roles")
    inputs = INPUTS
    kinds = (ENDPOINT, SENDS_TO)
    optional = True

    def lookups(self, given: Mapping[str, Given], target: Target) -> tuple[Lookup, ...]:
        return endpoint_lookups(given, target)

    def desired(self, given: Mapping[str, Given], target: Target, names: Names) -> DesiredEndpoints:
        return desired_state(given, target, names)

    async def observe(self, context: Context[Azure], desired: DesiredEndpoints) -> ObservedEndpoints:
        """List the endpoints and, side by side, look for the destinations of the desired endpoints."""
        from asyncio import gather

        from steps.shared.azure_event_routing import is_instance_marked, list_endpoints, read_routes
        from steps.step_07_endpoints.azure_destinations import look_for_destinations

        owned, target = _owned(context.record), context.target
        if desired.endpoints is None or (context.removal and context.removal.instance_goes):
            return ObservedEndpoints()
        if not (desired.endpoints or ENDPOINT.names(owned)):
            return ObservedEndpoints()
        coming = desired.endpoints if context.removal is None else ()
        endpoints, destinations = await gather(
            context.read(list_endpoints, context.clients, target.resource_group, target.instance),
            gather(*(look_for_destinations(context, endpoint) for endpoint in coming)),
        )
        by_name = {endpoint.name: found for endpoint, found in zip(coming, destinations, strict=True)}
        unrecorded = any(unrecorded_as_desired(endpoints, desired.endpoints, owned))
        marked = unrecorded and await is_instance_marked(context)
        observed = ObservedEndpoints(
            endpoints,
            absent={name: why for name, (why, _rule) in by_name.items() if why},
            rules={name: rule for name, (_why, rule) in by_name.items() if rule},
            is_instance_marked=marked,
        )
        owned |= {*_adoptable(observed, coming, owned)}
        if context.removal or leaving(endpoints, desired.endpoints, owned):
            return replace(observed, routes=await read_routes(context) or {})
        return observed

    def plan(
        self,
        observed: ObservedEndpoints,
        desired: DesiredEndpoints,
        record: Record,
        values: Values,
        answers: Mapping[str, bool],
    ) -> Plan:
        """Create, change, replace and delete endpoints; refuse to touch those that this tool did not create."""
        del values, answers
        owned, endpoints = _owned(record), desired.endpoints
        if endpoints is None or not (endpoints or ENDPOINT.names(owned)):
            return Plan(reason="not desired", skipped=True)
        adoptable = _adoptable(observed, endpoints, owned)
        comparison = Comparison(observed, desired, owned.union(adoptable))
        comparison.refuse_destinations()
        comparison.refuse_foreign()
        comparison.refuse_too_many()
        reasons, by_name = comparison.leaving, {endpoint.name.lower(): endpoint for endpoint in endpoints}
        kept = comparison.used_by_others(reasons.keys() - by_name.keys())
        coming = [comparison.set_up(endpoint) for name, endpoint in by_name.items() if name not in reasons]
        going = comparison.delete({name: why for name, why in reasons.items() if name not in kept})
        changes = [
            *((*going, *coming) if comparison.is_full else (*coming, *going)),
            *(comparison.set(by_name[name], Reason.REPLACED) for name in reasons if name in by_name),
        ]
        plan = _plan(comparison, kept)
        count = f"{len(endpoints)} endpoint{'s exist' if len(endpoints) != 1 else ' exists'}"
        planned = tuple(change for change in changes if change)
        reason = "" if planned else count if endpoints else "there are none"
        notes = (*plan.notes, *comparison.unwell())
        return replace(plan, changes=planned, reason=reason, notes=notes, adoptable=adoptable)

    def remove(
        self, observed: ObservedEndpoints, desired: DesiredEndpoints, record: Record, values: Values, removal: Removal
    ) -> Plan:
        """Delete our endpoints, unless they are deleted with the instance."""
        del values
        owned = _owned(record)
        if removal.instance_goes:
            return Plan(reason="deleted with the instance", skipped=not ENDPOINT.names(owned))
        comparison = Comparison(observed, desired, owned)
        ours = comparison.ours
        kept = comparison.used_by_others(ours)
        changes = tuple(comparison.delete(dict.fromkeys(sorted(ours - kept.keys()), "")))
        others = [name for name in observed.endpoints if name not in ours]
        unrecorded = [observed.endpoints[name].name for name in others if desired.has(name)]
        marked = observed.is_instance_marked
        plan = _plan(comparison, kept)
        reason = "others' routes use them: kept" if kept else "nothing to remove"
        return replace(
            plan,
            changes=changes,
            reason="" if changes else reason,
            notes=plan.notes if marked or not unrecorded else (*plan.notes, note_of_unrecorded(ENDPOINT, unrecorded)),
            skipped=not (ours or unrecorded),
            adoptable=tuple(map(ENDPOINT.item, unrecorded)) if marked else (),
        )


def _owned(record: Record) -> frozenset[str]:
    """Return what any step owns, and what an interrupted run was about to own."""
    return record.owned_by_any | record.pending


def _adoptable(observed: ObservedEndpoints, endpoints: tuple[Endpoint, ...], owned: frozenset[str]) -> tuple[str, ...]:
    """Return what a lost state file had recorded: in an instance that this tool created, what is as desired."""
    if not observed.is_instance_marked:
        return ()
    return tuple(sorted({*unrecorded_as_desired(observed.endpoints, endpoints, owned)} - owned))


def _plan(comparison: Comparison, kept: Mapping[str, list[str]]) -> Plan:
    """Return a plan with what is known of the recorded endpoints, and notes of those that are `kept` for others."""
    vanished, confirmed = vanished_and_confirmed(comparison.observed.endpoints, comparison.owned)
    notes = (f"Endpoint {name} is kept: others' routes use it: {', '.join(kept[name])}." for name in kept)
    return Plan(notes=tuple(notes), vanished=vanished, confirmed=confirmed)


STEP = EndpointsStep()
