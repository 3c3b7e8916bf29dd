"""Only what comes from the state file is remembered, and only `none` is no role, whatever else is called."""

from __future__ import annotations

import pytest

from steps.step_07_endpoints.step import STEP
from tests.plans.facts import TARGET, given


@pytest.mark.parametrize("source", ["--endpoint", "zone.yaml"])
@pytest.mark.parametrize("role", ["mine", "zone sender"])
def test_a_role_that_is_given_now_is_looked_up(source: str, role: str) -> None:
    endpoint = {"name": "hub", "type": "eventhub", "destination": "Events/Twins", "role": role}
    (lookup,) = STEP.lookups(given(source, endpoint=[endpoint]), TARGET)
    assert (lookup.name, lookup.remembered) == (role, False)
    assert source in lookup.source
