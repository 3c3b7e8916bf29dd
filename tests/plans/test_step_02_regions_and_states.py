"""An existing instance in each state and region, and its identities."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace

import pytest

from cloud.identifiers import region_code
from engine.input import ASKED, Given
from engine.refusal import BadInput
from engine.step import Plan
from steps.shared.instance import Instance
from steps.step_02_instance.observed import ObservedInstance, UserIdentity
from steps.step_02_instance.step import STEP
from tests.plans.facts import NAMES, NOTHING_RECORDED, TARGET, keys
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


@pytest.mark.parametrize(
    ("region", "refused"),
    [
        (Given("westeurope", "--location"), True),
        (Given("westus3", "--location"), True),
        (Given("westeurope", "ADT_LOCATION"), True),
        (Given("westeurope", "zoo.toml"), True),
        (Given("westeurope", ASKED), False),
        (Given("westeurope", "the state file", quiet=True), False),
        (Given("West US 2", "--location"), False),
        (None, False),
    ],
)
def test_a_region_that_was_given_and_contradicts_the_instance_is_refused(region: Given | None, refused: bool) -> None:
    target = replace(TARGET, location=region_code(str(region.value)) if region else TARGET.location)
    desired = STEP.desired({"location": region} if region else {}, target, NAMES)
    with pytest.raises(BadInput) if refused else nullcontext():
        STEP.plan(ObservedInstance(replace(FOREIGN, location="westus2")), desired, NOTHING_RECORDED, {}, {})


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


def test_what_disabled_access_means_is_noted_before_it_is_disabled() -> None:
    closed = replace(DESIRED, public_network_access="Disabled")
    for observed in (FREE, ObservedInstance(FOREIGN), ObservedInstance(replace(FOREIGN, access=""))):
        for desired, notes in ((closed, 1), (replace(closed, public_network_access="Enabled"), 0)):
            assert len(STEP.plan(observed, desired, NOTHING_RECORDED, {}, {}).notes) == notes


@pytest.mark.parametrize(("others", "notes"), [(9, 0), (10, 1), (11, 1)])
def test_a_region_that_has_as_many_instances_as_azure_allows_by_default_is_noted(others: int, notes: int) -> None:
    region = DESIRED.target.location
    found = STEP.plan(replace(FREE, others_by_region={region: others, "x": 99}), DESIRED, NOTHING_RECORDED, {}, {})
    assert (keys(found), len(found.notes)) == (keys(STEP.plan(FREE, DESIRED, NOTHING_RECORDED, {}, {})), notes)
