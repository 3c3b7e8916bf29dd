"""What holds of endpoints in whatever order they are listed or given."""

from __future__ import annotations

from steps.shared.event_routing import leaving, unrecorded_as_desired
from tests.plans.routing_facts import FOUND_BUS, FOUND_HUB, HUB, existing, in_state


def test_ours_is_deleted_also_behind_one_that_is_not() -> None:
    assert leaving(existing(FOUND_BUS, FOUND_HUB), (), HUB.owns).keys() == {"hub"}


def test_one_that_failed_to_be_set_up_is_recorded_like_any_other() -> None:
    assert [*unrecorded_as_desired(existing(in_state(FOUND_HUB, "Canceled")), (HUB,), ())] == [*HUB.owns]
