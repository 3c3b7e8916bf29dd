"""The plans of the instance: created, adopted, waited for and deleted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.change import Drift, Right
from engine.refusal import BadInput, Refusal
from steps.shared.event_routing import SYSTEM
from steps.shared.identities import IDENTITY, IDENTITY_LINK, SYSTEM_IDENTITY
from steps.shared.instance import Instance
from steps.shared.tags import INSTANCE_TAG, MARK, mark_value
from steps.step_02_instance.inputs import DesiredInstance
from steps.step_02_instance.observed import ObservedInstance, Provider
from steps.step_02_instance.step import STEP
from tests.plans.facts import NAMES, NOTHING_RECORDED, TARGET, given, keys, record
from tests.plans.instance_facts import (
    DESIRED,
    FOREIGN,
    FREE,
    ITEM,
    MARKED,
    ONE,
    READY,
    RECORDED,
    TWO,
    WRITE,
    identity,
)


def test_inputs_say_the_settings() -> None:
    assert STEP.desired({}, TARGET, NAMES) == DESIRED
    inputs = given(
        tag={"env": "dev"},
        public_network_access="disabled",
        system_identity=False,
        user_identity=["One", TWO],
        create_identities=True,
        endpoint=[{"name": "Telemetry", "type": "eventhub"}],
    )
    assert STEP.desired(inputs, TARGET, NAMES) == DesiredInstance(
        target=TARGET,
        tags={"env": "dev"},
        public_network_access="Disabled",
        system_identity=False,
        user_identities=(ONE, TWO),
        create_identities=True,
        endpoints=frozenset({"telemetry"}),
    )
    none = STEP.desired(given(user_identity=[], endpoint=[], public_network_access="enabled"), TARGET, NAMES)
    assert (none.user_identities, none.endpoints, none.public_network_access) == ((), frozenset(), "Enabled")


def test_what_names_no_identity_is_refused() -> None:
    with pytest.raises(BadInput):
        STEP.desired(given(user_identity=[TARGET.instance_id]), TARGET, NAMES)


def test_the_table_of_inputs() -> None:
    assert STEP.settled(DESIRED) == {"instance": "factory"}
    assert {row.name for row in STEP.inputs if row.identifies} == {"instance"}
    assert {row.name for row in STEP.inputs if row.answers} == {"yes_break"}
    assert {row.name for row in STEP.inputs if not row.kept} == {"yes_break"}
    assert {row.name: row.kind for row in STEP.inputs if row.kind != "text"} == {
        "system_identity": "flag",
        "user_identity": "list",
        "create_identities": "flag",
        "yes_break": "flag",
    }
    assert {row.group for row in STEP.inputs} == {"Instance"}


def test_a_missing_instance_is_created_with_our_tag() -> None:
    (change,) = STEP.plan(FREE, DESIRED, NOTHING_RECORDED, {}, {}).changes
    assert (change.key, change.drift) == ("create-instance", Drift.MISSING)
    assert (change.owns, change.releases) == ((ITEM,), ())
    assert change.rights == (Right(WRITE, TARGET.group_id),)
    assert change.az() == (
        f"az resource create --id {TARGET.instance_id} --api-version 2023-01-31 --is-full-object --properties "
        f'\'{{"location": "westus2", "tags": {{"{MARK}": "{mark_value(TARGET.instance_id)}"}}}}\''
    )
    assert vars(change)["was_ours"] is False
    assert vars(change)["after_deletion"] is False
    assert change.title


def test_an_unregistered_provider_is_registered_first() -> None:
    unregistered = ObservedInstance(provider=replace(READY, registration="Registering"))
    desired = replace(DESIRED, user_identities=(ONE,), create_identities=True)
    plan = STEP.plan(unregistered, desired, NOTHING_RECORDED, {}, {})
    assert keys(plan) == ["register-provider", f"create-identity:{ONE.lower()}", "create-instance"]
    register = plan.changes[0]
    assert (register.drift, register.owns, register.releases) == (Drift.MISSING, (), ())
    assert register.rights == (Right("Microsoft.DigitalTwins/register/action", TARGET.subscription_id),)
    assert register.az() == (
        f"az provider register --subscription {TARGET.subscription} --namespace Microsoft.DigitalTwins --wait"
    )
    assert register.title


@pytest.mark.parametrize("registration", ["Registered", "NotRegistered"])
def test_a_region_without_the_service_is_refused(registration: str) -> None:
    elsewhere = ObservedInstance(provider=Provider(registration, ("westeurope",)))
    with pytest.raises(Refusal) as refused:
        STEP.plan(elsewhere, DESIRED, NOTHING_RECORDED, {}, {})
    assert refused.value.exit_code == 2
    assert "westeurope" in refused.value.why


def test_a_name_that_is_taken_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        STEP.plan(replace(FREE, name_problem="taken by someone"), DESIRED, NOTHING_RECORDED, {}, {})
    assert refused.value.exit_code == 2
    assert "taken by someone" in refused.value.why


@pytest.mark.parametrize(
    ("recorded", "values"),
    [(replace(NOTHING_RECORDED, removed=True), {}), (NOTHING_RECORDED, {"instance_id": TARGET.instance_id})],
)
def test_the_name_of_our_deleted_instance_is_waited_for(recorded: object, values: dict[str, str]) -> None:
    taken = replace(FREE, name_problem="taken")
    (change,) = STEP.plan(taken, DESIRED, recorded, values, {}).changes  # type: ignore[arg-type]
    assert change.key == "create-instance"
    assert vars(change)["was_ours"] is True
    assert vars(change)["after_deletion"] is False


def test_one_of_others_that_is_no_longer_there_is_created_with_a_warning() -> None:
    """Whoever created it may want to create it again: Bicep, or Terraform."""
    known = {"instance_id": TARGET.instance_id}
    assert len(STEP.plan(FREE, DESIRED, NOTHING_RECORDED, known, {}).notes) == 1
    for recorded, values in ((RECORDED, known), (replace(NOTHING_RECORDED, removed=True), known), (record(), {})):
        assert STEP.plan(FREE, DESIRED, recorded, values, {}).notes == ()


def test_an_instance_that_is_being_deleted_is_created_again_afterwards() -> None:
    deleting = ObservedInstance(replace(MARKED, state="Deleting", location="elsewhere"), identity())
    desired = replace(DESIRED, user_identities=(ONE,), system_identity=True)
    plan = STEP.plan(deleting, desired, record(IDENTITY_LINK.item(ONE.lower())), {}, {})
    (change,) = plan.changes
    assert (change.key, plan.values, plan.adoptable) == ("create-instance", {}, ())
    assert vars(change)["after_deletion"] is True
    assert vars(change)["was_ours"] is True
    assert change.owns == (ITEM, IDENTITY_LINK.item(ONE.lower()), SYSTEM_IDENTITY.item())
    assert change.releases == ()
    assert change.title


@pytest.mark.parametrize("instance", [FOREIGN, MARKED])
def test_an_existing_instance_is_adopted(instance: Instance) -> None:
    plan = STEP.plan(ObservedInstance(instance), DESIRED, RECORDED, {}, {})
    assert (plan.changes, plan.notes, plan.adoptable, plan.vanished, plan.ask) == ((), (), (), (), None)
    assert plan.values == {
        "instance": "Factory",
        "instance_id": TARGET.instance_id,
        "host_name": "factory.example",
        "location": "westus2",
    }
    assert plan.reason


def test_principals_are_told_and_blanked_once_they_are_known() -> None:
    instance = replace(
        FOREIGN,
        location="West US 2",
        principals={TWO.lower(): "p2", SYSTEM: "p0", ONE.lower(): "p1"},
        user_identities={TWO.lower(): TWO, ONE.lower(): ONE},
    )
    plan = STEP.plan(ObservedInstance(instance), DESIRED, NOTHING_RECORDED, {}, {})
    assert plan.values["identity_principal_id"] == "p0"
    assert plan.values["user_identity_principal_ids"] == "One=p1,Two=p2"
    assert plan.values["location"] == "westus2"
    values = {"identity_principal_id": "p0", "user_identity_principal_ids": ""}
    plan = STEP.plan(ObservedInstance(FOREIGN), DESIRED, NOTHING_RECORDED, values, {})
    assert plan.values["identity_principal_id"] == ""
    assert "user_identity_principal_ids" not in plan.values


@pytest.mark.parametrize(
    ("instance", "desired", "notes"),
    [
        (replace(FOREIGN, location="West Europe"), DESIRED, 1),
        (replace(FOREIGN, location="West US 2"), DESIRED, 0),
        (replace(FOREIGN, access="Disabled"), DESIRED, 1),
        (replace(FOREIGN, access="Disabled"), replace(DESIRED, public_network_access="Disabled"), 0),
        (replace(FOREIGN, user_identities={ONE.lower(): ONE}, principals={ONE.lower(): "p1"}), DESIRED, 0),
        (
            replace(FOREIGN, user_identities={ONE.lower(): ONE}, principals={ONE.lower(): "p1"}),
            replace(DESIRED, user_identities=()),
            1,
        ),
        (
            replace(FOREIGN, user_identities={ONE.lower(): ONE}, principals={ONE.lower(): "p1"}),
            replace(DESIRED, user_identities=(ONE,)),
            0,
        ),
    ],
)
def test_what_is_kept_as_it_is_is_noted(instance: Instance, desired: DesiredInstance, notes: int) -> None:
    plan = STEP.plan(ObservedInstance(instance, identity()), desired, NOTHING_RECORDED, {}, {})
    assert (plan.changes, len(plan.notes)) == ((), notes)


@pytest.mark.parametrize("state", ["Failed", "Canceled"])
def test_an_instance_whose_creation_failed_is_created_again(state: str) -> None:
    failed = ObservedInstance(replace(FOREIGN, state=state, location="West Europe"))
    desired = replace(DESIRED, tags={"env": "dev"}, system_identity=True)
    plan = STEP.plan(failed, desired, record(INSTANCE_TAG.item("old")), {}, {})
    (change,) = plan.changes
    assert (change.key, change.drift, plan.values) == ("create-instance", Drift.MISSING, {})
    assert change.owns == (INSTANCE_TAG.item("env"), SYSTEM_IDENTITY.item())
    assert change.releases == (INSTANCE_TAG.item("old"),)
    assert change.rights == (Right(WRITE, TARGET.group_id),)
    assert change.az().endswith(
        '\'{"location": "West Europe", "tags": {"owner": "them", "env": "dev"}, "properties": '
        '{"publicNetworkAccess": "Enabled"}, "identity": {"type": "SystemAssigned"}}\''
    )
    assert vars(change)["after_deletion"] is vars(change)["was_ours"] is False
    assert change.title


def test_an_instance_in_transition_is_waited_for_before_it_is_changed() -> None:
    moving = ObservedInstance(replace(FOREIGN, state="Updating"))
    plan = STEP.plan(moving, replace(DESIRED, tags={"env": "dev"}), NOTHING_RECORDED, {}, {})
    assert keys(plan) == ["await-instance", "change-instance"]
    assert plan.values == {}
    wait = plan.changes[0]
    assert (wait.drift, wait.owns, wait.releases, wait.rights, wait.az()) == (Drift.UNDER_WAY, (), (), (), "")
    assert wait.title
    assert keys(STEP.plan(moving, DESIRED, NOTHING_RECORDED, {}, {})) == ["await-instance"]


def test_a_marked_instance_that_nobody_recorded_is_adopted_with_its_identities() -> None:
    observed = ObservedInstance(MARKED, identity() | identity(TWO, marked=False))
    plan = STEP.plan(observed, DESIRED, NOTHING_RECORDED, {}, {})
    assert plan.adoptable == (ITEM, IDENTITY.item(ONE.lower()))
    assert STEP.plan(observed, DESIRED, record(IDENTITY.item(ONE.lower())), {}, {}).adoptable == (ITEM,)
    assert STEP.plan(observed, DESIRED, RECORDED, {}, {}).adoptable == ()
    assert STEP.plan(replace(observed, instance=FOREIGN), DESIRED, NOTHING_RECORDED, {}, {}).adoptable == ()
    assert STEP.plan(replace(FREE, identities=identity()), DESIRED, NOTHING_RECORDED, {}, {}).adoptable == ()
