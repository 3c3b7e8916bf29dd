"""Endpoints that are both recorded and being changed count once; what isn't read is nothing."""

from __future__ import annotations

from steps.step_07_endpoints.observed import ObservedEndpoints
from tests.plans.endpoint_facts import plan, remove
from tests.plans.facts import keys, record
from tests.plans.routing_facts import ALL, FOUND_HUB, HUB, routes


def test_an_endpoint_that_is_recorded_and_being_changed_is_ours() -> None:
    both = record(*HUB.owns, pending=HUB.owns)
    assert keys(plan((FOUND_HUB,), (), both)) == keys(plan((FOUND_HUB,), (), record(*HUB.owns)))
    assert len(remove((FOUND_HUB,), both).changes) == 1


def test_endpoints_that_are_not_read_are_none() -> None:
    assert ObservedEndpoints().endpoints == {}


def test_others_routes_to_an_endpoint_that_stays_are_no_matter() -> None:
    assert plan((FOUND_HUB,), (HUB,), record(*HUB.owns), routes=routes(ALL)).notes == ()
