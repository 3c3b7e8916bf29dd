"""Routes and endpoints that are both recorded and being changed count once; what isn't read is nothing."""

from __future__ import annotations

from steps.shared.event_routing import ROUTE
from steps.step_08_routes.step import STEP, ObservedRoutes
from tests.plans import test_step_08_routes as step_08
from tests.plans.facts import keys, record
from tests.plans.routing_facts import ALL


def test_a_route_that_is_recorded_and_being_changed_is_ours() -> None:
    item = ROUTE.item(ALL.name)
    assert keys(step_08.remove((ALL,), record(item, pending=(item,)))) == keys(step_08.remove((ALL,), record(item)))
    assert len(step_08.remove((ALL,), record(item, pending=(item,))).changes) == 1


def test_routes_that_are_not_read_are_none() -> None:
    assert ObservedRoutes() == ObservedRoutes({}, {}, is_instance_marked=False)


def test_it_may_be_left_out() -> None:
    assert STEP.optional
