"""Endpoints, and what step 7 plans for them."""

from __future__ import annotations

from dataclasses import replace

from engine.change import AnyChange
from engine.context import Removal
from engine.record import Record
from engine.step import Plan
from steps.shared.event_routing import Endpoint, FoundEndpoint
from steps.step_07_endpoints.inputs import DesiredEndpoints
from steps.step_07_endpoints.observed import ObservedEndpoints
from steps.step_07_endpoints.step import STEP
from tests.plans.facts import NOTHING_RECORDED, TARGET, record
from tests.plans.routing_facts import (
    HUB,
    HUB_ID,
    existing,
)

RULES = {"bus": "send"}
OTHER_HUB = replace(HUB, destination=HUB_ID.replace("Twins", "other"))
OURS = record(*HUB.owns)


def plan(
    found: tuple[FoundEndpoint, ...],
    desired: tuple[Endpoint, ...] | None,
    recorded: Record = NOTHING_RECORDED,
    *,
    renew_keys: bool = False,
    **observed: object,
) -> Plan:
    """Plan from what is observed. Rules are found unless said otherwise."""
    facts = replace(ObservedEndpoints(existing(*found), rules=RULES), **observed)  # type: ignore[arg-type]
    return STEP.plan(facts, DesiredEndpoints(TARGET, desired, renew_keys), recorded, {}, {})


def remove(
    found: tuple[FoundEndpoint, ...],
    recorded: Record,
    *,
    desired: tuple[Endpoint, ...] | None = (HUB,),
    instance_goes: bool = False,
    **observed: object,
) -> Plan:
    facts = replace(ObservedEndpoints(existing(*found)), **observed)  # type: ignore[arg-type]
    return STEP.remove(facts, DesiredEndpoints(TARGET, desired), recorded, {}, Removal(instance_goes=instance_goes))


def only(planned: Plan) -> AnyChange:
    (change,) = planned.changes
    return change
