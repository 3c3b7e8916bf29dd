"""The plans of the roles on destinations."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from engine.change import Drift, Right
from engine.context import Context, Removal
from engine.refusal import Refusal
from engine.step import Plan
from steps.shared.event_routing import SYSTEM, Endpoint
from steps.shared.role_assignments import Assignment, assignment_id
from steps.step_06_destination_roles.changes import DESTINATION_ROLE, AssignDestinationRole, RevokeDestinationRole
from steps.step_06_destination_roles.inputs import DesiredDestinationRoles, RequiredRole
from steps.step_06_destination_roles.step import STEP, DestinationRoles
from tests.plans.destination_facts import (
    BUS,
    BUS_SENDER,
    DEAD,
    HUB,
    HUB_SENDER,
    KEYED,
    NOT_MENTIONED,
    ON_BUS,
    ON_DEAD,
    ON_HUB,
    OWN,
    TO_BUS,
    TO_HUB,
    WITH_DEAD,
    WRITER,
    desired,
)
from tests.plans.facts import TARGET, keys, record

SYSTEM_ID, OWN_ID = "51500000-0000-0000-0000-000000000000", "0a000000-0000-0000-0000-000000000000"
PRINCIPALS = {SYSTEM: SYSTEM_ID, OWN.lower(): OWN_ID}
HUB_ID, DEAD_ID = assignment_id(HUB, SYSTEM_ID, HUB_SENDER.id), assignment_id(DEAD, SYSTEM_ID, WRITER.id)
BUS_ID = assignment_id(BUS, OWN_ID, BUS_SENDER.id)
HUB_ITEM, DEAD_ITEM, BUS_ITEM = map(DESTINATION_ROLE.item, (HUB_ID, DEAD_ID, BUS_ID))
HUB_KEY = f"assign-role:{HUB_SENDER.id}:systemassigned:{HUB.lower()}"
DEAD_KEY = f"assign-role:{WRITER.id}:systemassigned:{DEAD.lower()}"
BUS_KEY = f"assign-role:{BUS_SENDER.id}:{OWN.lower()}:{BUS.lower()}"
WRITE, DELETE = (f"Microsoft.Authorization/roleAssignments/{verb}" for verb in ("write", "delete"))


def observed(*recorded: Assignment, equal: dict[RequiredRole, Assignment] | None = None) -> DestinationRoles:
    return DestinationRoles(PRINCIPALS, equal or {}, recorded)


def plan(found: DestinationRoles, wish: DesiredDestinationRoles, *recorded: str) -> Plan:
    return STEP.plan(found, wish, record(*recorded), {}, {})


def remove(found: DestinationRoles, wish: DesiredDestinationRoles, *recorded: str) -> Plan:
    return STEP.remove(found, wish, record(*recorded), {}, Removal())


def test_missing_assignments_are_created() -> None:
    found = plan(observed(), desired(WITH_DEAD, TO_BUS))
    assert keys(found) == [HUB_KEY, DEAD_KEY, BUS_KEY]
    assert [change.drift for change in found.changes] == [Drift.MISSING] * 3
    assert [change.owns for change in found.changes] == [(HUB_ITEM,), (DEAD_ITEM,), (BUS_ITEM,)]
    assert [change.releases for change in found.changes] == [()] * 3
    assert [change.rights for change in found.changes] == [(Right(WRITE, scope),) for scope in (HUB, DEAD, BUS)]
    assert [change.detail for change in found.changes] == [f"at {scope}" for scope in (HUB, DEAD, BUS)]
    assert all(change.title for change in found.changes)
    assert [change.az() for change in found.changes] == [
        f"az role assignment create --assignee-object-id {principal} --assignee-principal-type ServicePrincipal "
        f"--role '{role}' --scope {scope}"
        for principal, role, scope in (
            (SYSTEM_ID, HUB_SENDER.name, HUB),
            (SYSTEM_ID, WRITER.name, DEAD),
            (OWN_ID, BUS_SENDER.name, BUS),
        )
    ]
    first = found.changes[0]
    assert isinstance(first, AssignDestinationRole)
    assert (first.principal.kind, first.value) == ("ServicePrincipal", "")
    assert (found.skipped, found.reason) == (False, "")


def test_an_identity_that_is_yet_to_come_is_found_by_the_command() -> None:
    found = plan(DestinationRoles(), desired(TO_HUB, TO_BUS, identities=(SYSTEM, OWN.lower())))
    assert keys(found) == [HUB_KEY, BUS_KEY]
    assert [change.owns for change in found.changes] == [(), ()]
    rest = "--assignee-principal-type ServicePrincipal --role"
    assert [change.az().partition(rest)[0] for change in found.changes] == [
        f"principal=$(az resource show --ids {TARGET.instance_id} --api-version 2023-01-31 --query "
        'identity.principalId --output tsv) && az role assignment create --assignee-object-id "$principal" ',
        f"principal=$(az identity show --ids {OWN} --query principalId --output tsv) && "
        'az role assignment create --assignee-object-id "$principal" ',
    ]


def test_an_identity_that_did_not_come_is_refused_when_it_comes_to_it() -> None:
    (change,) = plan(DestinationRoles(), desired(TO_HUB, identities=(SYSTEM,))).changes
    context = Context(None, TARGET, record(), {})
    with pytest.raises(Refusal) as refusal:
        asyncio.run(change.apply(context))
    assert refusal.value.exit_code == 1
    assert refusal.value.next


@pytest.mark.parametrize("endpoint", [TO_HUB, TO_BUS, replace(TO_HUB, role=None)])
def test_an_identity_that_the_instance_does_not_have_is_refused(endpoint: Endpoint) -> None:
    other = SYSTEM if endpoint.identity == OWN else OWN.lower()
    for found in (DestinationRoles(), DestinationRoles({other: OWN_ID})):
        with pytest.raises(Refusal) as refusal:
            plan(found, desired(endpoint, identities=(other,)))
        assert refusal.value.exit_code == 2
        assert refusal.value.what
        flag = "--system-identity" if endpoint.identity == SYSTEM else f"--user-identity {OWN}"
        assert flag in refusal.value.next


def test_a_role_that_is_of_no_use_is_refused() -> None:
    found = replace(observed(), unfit=("Endpoint hub: it does not allow to send.", "Endpoint bus: it is not known."))
    with pytest.raises(Refusal) as refusal:
        plan(found, desired(TO_HUB))
    assert refusal.value.exit_code == 2
    assert refusal.value.why == "Endpoint hub: it does not allow to send.\nEndpoint bus: it is not known."
    assert refusal.value.next


def test_equal_assignments_are_enough_whoever_created_them() -> None:
    equal = {ON_HUB: Assignment(HUB_ID, False), ON_BUS: Assignment(BUS_ID, False)}
    found = plan(observed(equal=equal), desired(TO_HUB, TO_BUS))
    assert (found.changes, found.skipped, found.vanished, found.adoptable) == ((), False, (), ())
    assert found.reason


def test_of_several_only_what_is_missing_is_assigned() -> None:
    found = plan(observed(equal={ON_HUB: Assignment(HUB_ID, True)}), desired(WITH_DEAD), HUB_ITEM)
    assert (keys(found), found.vanished, found.adoptable) == ([DEAD_KEY], (), ())


def test_only_marked_assignments_of_the_instances_own_identity_are_recorded_again() -> None:
    equal = {ON_HUB: Assignment(HUB_ID, True), ON_DEAD: Assignment(DEAD_ID, False), ON_BUS: Assignment(BUS_ID, True)}
    wish = desired(WITH_DEAD, TO_BUS)
    assert plan(observed(equal=equal), wish).adoptable == (HUB_ITEM,)
    assert plan(observed(equal=equal), wish, HUB_ITEM).adoptable == ()
    kept = remove(observed(equal=equal), wish)
    assert (kept.changes, kept.adoptable, kept.skipped) == ((), (HUB_ITEM,), False)
    assert [HUB_ID in note for note in kept.notes] == [False, False]
    assert [found in note for found, note in zip(sorted((DEAD_ID, BUS_ID)), kept.notes, strict=True)] == [True, True]


def test_ours_that_are_no_longer_required_are_revoked_after_the_others_are_assigned() -> None:
    former = (Assignment(HUB_ID, True, "Sender", "factory"), Assignment(DEAD_ID, True, "Writer", "factory"))
    found = plan(observed(*former), desired(TO_BUS), HUB_ITEM, DEAD_ITEM)
    first, second = sorted((HUB_ID, DEAD_ID))
    assert keys(found) == [BUS_KEY, f"remove-role:{first}", f"remove-role:{second}"]
    revoke = next(change for change in found.changes if change.key == f"remove-role:{HUB_ID}")
    assert isinstance(revoke, RevokeDestinationRole)
    assert (revoke.drift, revoke.owns, revoke.releases) == (Drift.LEFT_OVER, (), (HUB_ITEM,))
    assert revoke.rights == (Right(DELETE, HUB.lower()),)
    assert revoke.detail == f"at {HUB.lower()}"
    assert revoke.az() == f"az role assignment delete --ids {HUB_ID}"
    assert revoke.values == {}
    assert revoke.title
    assert (found.vanished, found.reason) == ((), "")


def test_ours_are_revoked_where_no_endpoint_is_desired() -> None:
    found = plan(observed(Assignment(HUB_ID, True)), desired(), HUB_ITEM)
    assert (keys(found), found.skipped) == ([f"remove-role:{HUB_ID}"], False)


@pytest.mark.parametrize("existing", [(), (Assignment(HUB_ID, False),)])
def test_of_recorded_assignments_what_vanished_is_forgotten(existing: tuple[Assignment, ...]) -> None:
    for found in (plan(observed(*existing), desired(), HUB_ITEM), remove(observed(*existing), desired(), HUB_ITEM)):
        assert (found.changes, found.vanished) == ((), () if existing else (HUB_ITEM,))
        assert found.reason
    assert (found.skipped, len(found.retained)) == (not existing, len(existing))


def test_a_marked_assignment_that_is_not_recorded_is_not_revoked() -> None:
    existing = observed(Assignment(HUB_ID, True))
    assert plan(existing, desired(KEYED)).changes == ()
    assert remove(existing, desired(KEYED)).changes == ()


def test_an_equal_assignment_that_lost_its_mark_is_no_longer_ours() -> None:
    existing = observed(equal={ON_HUB: Assignment(HUB_ID, False)})
    assert plan(existing, desired(TO_HUB), HUB_ITEM).vanished == ()
    found = remove(existing, desired(TO_HUB), HUB_ITEM)
    assert (found.changes, found.vanished, found.skipped, len(found.retained)) == ((), (), False, 1)


def test_a_role_that_is_inherited_is_enough_and_its_place_is_told() -> None:
    existing = replace(observed(), effective={ON_HUB: "Azure Event Hubs Data Owner on resource group shared"})
    found = plan(existing, desired(TO_HUB))
    assert found.changes == ()
    assert ["shared" in note for note in found.notes] == [True]
    assert remove(existing, desired(TO_HUB)).changes == ()


def test_an_assignment_that_an_interrupted_run_created_is_ours() -> None:
    existing, pending = observed(equal={ON_HUB: Assignment(HUB_ID, True)}), record(pending=(HUB_ITEM,))
    found = STEP.plan(existing, desired(TO_HUB), pending, {}, {})
    assert (found.changes, found.adoptable, found.vanished) == ((), (), ())
    removed = STEP.remove(existing, desired(TO_HUB), pending, {}, Removal())
    assert keys(removed) == [f"remove-role:{HUB_ID}"]


def test_what_the_step_does_not_look_at_is_left_alone() -> None:
    for found in (
        plan(DestinationRoles(), NOT_MENTIONED, HUB_ITEM),
        remove(DestinationRoles(), NOT_MENTIONED, HUB_ITEM),
    ):
        assert (found.changes, found.skipped, found.vanished) == ((), True, ())
        assert found.reason
    for wish in (desired(), desired(KEYED), desired(replace(TO_HUB, role=None))):
        found = plan(observed(), wish)
        assert (found.changes, found.skipped) == ((), True)
    assert not plan(observed(), desired(), HUB_ITEM).skipped


def test_destroy_deletes_what_is_recorded_and_marked() -> None:
    equal = {ON_HUB: Assignment(HUB_ID, True), ON_DEAD: Assignment(DEAD_ID, False)}
    found = remove(
        observed(Assignment(BUS_ID, True, "Sender", "Own"), equal=equal),
        desired(WITH_DEAD),
        HUB_ITEM,
        DEAD_ITEM,
        BUS_ITEM,
    )
    assert keys(found) == [f"remove-role:{assignment}" for assignment in sorted((HUB_ID, BUS_ID))]
    roles = {change.assignment.id: change.assignment.role for change in found.changes}  # type: ignore[attr-defined]
    assert roles == {HUB_ID: HUB_SENDER.name, BUS_ID: "Sender"}
    assert (found.skipped, found.reason, found.vanished) == (False, "", ())
    assert [DEAD_ID in line for line in found.retained] == [True]
    assert found.notes == ()  # an assignment that is recorded was not there before


def test_destroy_keeps_what_was_there_before() -> None:
    found = remove(observed(equal={ON_BUS: Assignment(BUS_ID, False)}), desired(TO_BUS))
    assert (found.changes, found.skipped, len(found.notes)) == ((), False, 1)
    assert found.reason


def test_destroy_has_nothing_to_do_where_nothing_is_assigned() -> None:
    found = remove(observed(), desired(TO_HUB))
    assert (found.changes, found.skipped, found.notes) == ((), True, ())
    assert found.reason


def test_the_identity_is_named_in_words() -> None:
    assert ON_BUS.who != ON_HUB.who
    assert "Own" in ON_BUS.who


def test_the_step_waits_for_the_instance() -> None:
    assert (STEP.number, STEP.key, STEP.needs, STEP.inputs) == (6, "destination_roles", ("instance",), ())
    assert (STEP.optional, STEP.last, STEP.kinds) == (True, False, (DESTINATION_ROLE,))
