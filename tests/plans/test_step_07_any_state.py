"""Endpoints in each state, and what their writes are told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.refusal import BadInput
from steps.step_07_endpoints.changes import Reason
from steps.step_07_endpoints.inputs import DesiredEndpoints
from steps.step_07_endpoints.observed import ObservedEndpoints
from steps.step_07_endpoints.step import STEP
from tests.plans.facts import NAMES, NOTHING_RECORDED, TARGET, given, record
from tests.plans.routing_facts import BUS, FOUND_BUS, FOUND_GRID, FOUND_HUB, GRID, HUB, existing, in_state


def test_a_canceled_endpoint_of_someone_else_is_set_up_as_a_failed_one() -> None:
    reasons = {}
    for state in ("Canceled", "Failed", "Deleting"):
        facts = ObservedEndpoints(existing(in_state(FOUND_HUB, state)))
        (change,) = STEP.plan(facts, DesiredEndpoints(TARGET, (HUB,)), NOTHING_RECORDED, {}, {}).changes
        reasons[state] = getattr(change, "reason", None)
    assert reasons == {"Canceled": Reason.REPLACED, "Failed": Reason.REPLACED, "Deleting": Reason.MISSING}


@pytest.mark.parametrize("state", ["Provisioning", "Succeeded"])
def test_writes_are_told_the_authorization_rule(state: str) -> None:
    facts = ObservedEndpoints(existing(in_state(FOUND_BUS, state)), rules={"bus": "send"})
    desired = DesiredEndpoints(TARGET, (BUS,), renew_keys=True)
    (change,) = STEP.plan(facts, desired, record(*BUS.owns), {}, {}).changes
    assert getattr(change, "rule", None) == "send"


def test_keys_are_renewed_only_on_request() -> None:
    assert not DesiredEndpoints(TARGET, ()).renew_keys


def test_every_endpoint_is_looked_at() -> None:
    facts = ObservedEndpoints(existing(replace(FOUND_GRID, type="EventHub")))
    with pytest.raises(BadInput):
        STEP.plan(facts, DesiredEndpoints(TARGET, (HUB, GRID)), NOTHING_RECORDED, {}, {})
    keyed = {"name": "bus", "type": "eventhub", "destination": "a/b", "auth": "key"}
    ours = {"name": "hub", "type": "eventhub", "destination": "a/b"}
    with pytest.raises(BadInput):
        STEP.desired(given(endpoint=[keyed, ours], system_identity=False), TARGET, NAMES)


def test_it_may_be_left_out() -> None:
    assert STEP.optional


@pytest.mark.parametrize("name", ["a", "z"])
def test_only_its_name_tells_an_endpoint(name: str) -> None:
    assert not DesiredEndpoints(TARGET, (replace(GRID, name="m"),)).has(name)
    assert DesiredEndpoints(TARGET, (replace(GRID, name="M"),)).has("m")
