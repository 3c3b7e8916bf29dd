"""An existing instance in each state and region, and its identities."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.step import Plan
from steps.shared.instance import Instance
from steps.step_02_instance.observed import ObservedInstance, UserIdentity
from steps.step_02_instance.step import STEP
from tests.plans.facts import NOTHING_RECORDED, keys
from tests.plans.instance_facts import DESIRED, FOREIGN, FREE, ONE


def plan(instance: Instance) -> Plan:
    return STEP.plan(ObservedInstance(instance), DESIRED, NOTHING_RECORDED, {}, {})


@pytest.mark.parametrize("state", ["Moving", "Provisioning", "Updating"])
def test_an_instance_that_is_being_changed_is_waited_for(state: str) -> None:
    assert len(plan(replace(FOREIGN, state=state)).changes) == len(plan(FOREIGN).changes) + 1


@pytest.mark.parametrize("region", ["eastus", "westus3"])
def test_an_instance_in_another_region_is_used_and_said(region: str) -> None:
    found = plan(replace(FOREIGN, location=region))
    assert (len(found.changes), len(found.notes)) == (len(plan(FOREIGN).changes), len(plan(FOREIGN).notes) + 1)


@pytest.mark.parametrize("registration", ["NotRegistered", "Unregistered", "Registering"])
def test_a_provider_that_is_not_registered_is_registered(registration: str) -> None:
    free = replace(FREE, provider=replace(FREE.provider, registration=registration))
    registered = STEP.plan(FREE, DESIRED, NOTHING_RECORDED, {}, {})
    assert len(keys(STEP.plan(free, DESIRED, NOTHING_RECORDED, {}, {}))) == len(keys(registered)) + 1


@pytest.mark.parametrize("principal", ["a", "z"])
def test_an_identity_that_was_deleted_and_created_again_is_linked_again(principal: str) -> None:
    low = ONE.lower()
    instance = replace(FOREIGN, principals={low: "m"}, user_identities={low: ONE})
    desired = replace(DESIRED, user_identities=(ONE,))

    def planned(observed: str) -> list[str]:
        facts = ObservedInstance(instance, {low: UserIdentity(ONE, observed, {})})
        return keys(STEP.plan(facts, desired, NOTHING_RECORDED, {}, {}))

    assert (planned("m"), len(planned(principal))) == ([], 1)


def test_only_disabled_access_is_told() -> None:
    assert plan(replace(FOREIGN, access="")).notes == plan(FOREIGN).notes
    assert len(plan(replace(FOREIGN, access="Disabled")).notes) == len(plan(FOREIGN).notes) + 1
